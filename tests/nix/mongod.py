"""As much of a mongod as our initialisation asks: TLS, a replica set to be initiated, users by SCRAM-SHA-256.

It is our own imitation, made from MongoDB's documentation, and no proof that a real one agrees. What it is strict
about: nobody but an authenticated user may do anything once there is a user, the first one may be made by anybody
in ``admin``, users are made only while the set has a primary, and a user manages those of the databases it may.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bson

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
ITERATIONS = 4096
UNAUTHORIZED, WRONG_PASSWORD, INITIATED, NOT_PRIMARY, USER_EXISTS = 13, 18, 23, 10107, 51003


class Refused(Exception):
    """An answer with an error's code."""

    def __init__(self, code: int, why: str) -> None:
        self.answer = {"ok": 0.0, "code": code, "errmsg": why}


@dataclass
class Data:
    """What is on its disk, which outlives it."""

    set_name: str = ""
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By database and name."""


class Mongod:
    """A server on a port of loopback.

    Args:
        data: its disk.
        certificate: file with key and certificate.
        dies_after: how many commands it carries out before it is gone without an answer to the last one, and back.
        port: any free one by default.
    """

    def __init__(self, data: Data, certificate: Path, dies_after: int | None = None, port: int = 0) -> None:
        self.data = data
        self._left = dies_after
        self._elected_in = 2
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def died(self) -> bool:
        return self._left == 0

    def close(self) -> None:
        # Shut down first, or the thread that waits in accept would keep it open.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            contextlib.suppress(OSError, ssl.SSLError, EOFError),
            self._context.wrap_socket(plain, server_side=True) as s,
        ):
            self._open.add(s)
            client = _Client(self)
            while True:
                length, request, _, kind = struct.unpack("<iiii", _exactly(s, 16))
                body = _exactly(s, length - 16)
                if kind == OP_QUERY:
                    start = body.index(b"\0", 4) + 9
                    answer = bson.encode(client.answer(bson.decode(body[start:]), "admin"))
                    s.sendall(_message(OP_REPLY, request, struct.pack("<iqii", 0, 0, 0, 1) + answer))
                else:
                    assert kind == OP_MSG
                    (size,) = struct.unpack_from("<i", body, 5)
                    command = bson.decode(body[5 : 5 + size])
                    answered = client.answer(command, command["$db"])
                    if self._gone(next(iter(command))):
                        return
                    s.sendall(_message(OP_MSG, request, b"\0\0\0\0\0" + bson.encode(answered)))

    def _gone(self, name: str) -> bool:
        """Whether this was its last command; the greetings of the client's monitors do not count."""
        if self._left is None or self._left == 0 or name == "hello":
            return False
        self._left -= 1
        if self._left:
            return False
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        return True

    def hello(self) -> dict[str, Any]:
        """What it says of itself."""
        said: dict[str, Any] = {"ok": 1.0, "maxWireVersion": 21, "minWireVersion": 0, "helloOk": True}
        if not self.data.set_name:
            return {**said, "isreplicaset": True, "isWritablePrimary": False, "ismaster": False}
        self._elected_in = max(0, self._elected_in - 1)
        primary = self._elected_in == 0
        here = f"127.0.0.1:{self.port}"
        return {
            **said,
            "setName": self.data.set_name,
            "hosts": [here],
            "me": here,
            "isWritablePrimary": primary,
            "ismaster": primary,
            "secondary": not primary,
        }

    def must_be_primary(self) -> None:
        if not self.data.set_name or self._elected_in:
            raise Refused(NOT_PRIMARY, "not primary")


class _Client:
    """One connection: who it is, and what it may."""

    def __init__(self, server: Mongod) -> None:
        self._server = server
        self._user = ""
        self._first = b""
        self._said = b""
        self._asks_for = ""

    def answer(self, command: dict[str, Any], database: str) -> dict[str, Any]:
        name = next(iter(command))
        try:
            return self._do(name, command, database)
        except Refused as refused:
            return refused.answer

    def _do(self, name: str, command: dict[str, Any], database: str) -> dict[str, Any]:
        server, users = self._server, self._server.data.users
        match name:
            case "hello" | "ismaster" | "isMaster":
                known = command.get("saslSupportedMechs", "") in users
                return {**server.hello(), **({"saslSupportedMechs": ["SCRAM-SHA-256"]} if known else {})}
            case "ping" | "endSessions":
                return {"ok": 1.0}
            case "saslStart":
                return self._begin(command, database)
            case "saslContinue":
                return self._prove(command)
            case "replSetInitiate":
                self._must_be_let("", "")
                if server.data.set_name:
                    raise Refused(INITIATED, "already initialized")
                (member,) = command[name]["members"]
                assert member == {"_id": 0, "host": f"127.0.0.1:{server.port}"}
                server.data.set_name = command[name]["_id"]
            case "createUser" | "updateUser":
                server.must_be_primary()
                self._must_be_let("userAdmin", database)
                full = f"{database}.{command[name]}"
                if name == "createUser" and full in users:
                    raise Refused(USER_EXISTS, "exists")
                roles = {(each["role"], each["db"]) for each in command["roles"]}
                users[full] = {"password": command["pwd"], "roles": roles}
            case _:
                raise AssertionError(f"a command that nobody expected: {name}")
        return {"ok": 1.0}

    def _must_be_let(self, role: str, database: str) -> None:
        """Somebody with this role; while there is no user, anybody, in ``admin``."""
        users = self._server.data.users
        if not users and database in ("", "admin"):
            return
        if (role, database) not in users.get(self._user, {}).get("roles", ()):
            raise Refused(UNAUTHORIZED, "not authorized")

    def _begin(self, command: dict[str, Any], database: str) -> dict[str, Any]:
        self._first = command["payload"].removeprefix(b"n,,")
        fields = dict(each.split(b"=", 1) for each in self._first.split(b","))
        self._asks_for = f"{database}.{fields[b'n'].decode()}"
        if self._asks_for not in self._server.data.users or command["mechanism"] != "SCRAM-SHA-256":
            raise Refused(WRONG_PASSWORD, "Authentication failed.")
        salt = base64.b64encode(secrets.token_bytes(28))
        nonce = fields[b"r"] + base64.b64encode(secrets.token_bytes(18))
        self._said = b"r=%s,s=%s,i=%d" % (nonce, salt, ITERATIONS)
        return {"ok": 1.0, "conversationId": 1, "done": False, "payload": self._said}

    def _prove(self, command: dict[str, Any]) -> dict[str, Any]:
        without, _, proof = command["payload"].partition(b",p=")
        password = self._server.data.users[self._asks_for]["password"].encode()
        salt = base64.b64decode(self._said.split(b",")[1].removeprefix(b"s="))
        salted = hashlib.pbkdf2_hmac("sha256", password, salt, ITERATIONS)
        exchanged = b",".join((self._first, self._said, without))
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), exchanged, "sha256")
        if bytes(a ^ b for a, b in zip(key, signature, strict=True)) != base64.b64decode(proof):
            raise Refused(WRONG_PASSWORD, "Authentication failed.")
        self._user = self._asks_for
        ours = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), exchanged, "sha256")
        return {"ok": 1.0, "conversationId": 1, "done": True, "payload": b"v=" + base64.b64encode(ours)}


def _exactly(s: ssl.SSLSocket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = s.recv(size - len(got))
        if not piece:
            raise EOFError
        got += piece
    return got


def _message(kind: int, request: int, body: bytes) -> bytes:
    return struct.pack("<iiii", 16 + len(body), 0, request, kind) + body


def main() -> None:
    """As a unit starts it: with options of a mongod, whose files must be as a mongod wants them."""
    given = dict(each.partition("=")[::2] for each in sys.argv[1:])
    key = Path(given["--keyFile"])
    assert key.stat().st_mode & 0o077 == 0 and len(key.read_text()) > 6
    (Path(given["--dbpath"]) / "mongod.lock").write_text("")
    Path(given["--tlsCAFile"]).read_text()
    Mongod(Data(), Path(given["--tlsCertificateKeyFile"]), port=int(given["--port"]))
    threading.Event().wait()


if __name__ == "__main__":
    main()

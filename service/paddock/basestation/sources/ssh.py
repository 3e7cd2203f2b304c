"""A connection to a car's SSH server: a key says who we are, and its host key, which is always checked, who it is.

The car needs nothing new: the user's public key in ``authorized_keys``, which ``ssh-copy-id`` puts there. Host keys
are those that ``ssh`` knows (``~/.ssh/known_hosts``), and the car may be named as in ``~/.ssh/config``.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
from pathlib import Path
from typing import Any

import asyncssh

from paddock.basestation.sources.place import SftpPlace, SshLogin
from paddock.errors import PaddockError, Rejected, Unavailable

_CONNECT_S = 30
"""For name, TCP, keys and login together: on a link with losses each of their packets may take seconds."""
_KEEPALIVE_S = 5
_KEEPALIVES = 2
"""A car that has vanished is noticed after three of these intervals without a sign."""
_GLOBAL_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")


async def connect(place: SftpPlace, login: SshLogin) -> asyncssh.SSHClientConnection:
    """A connection that has logged in.

    Raises:
        Unavailable: the car is away.
        Rejected: somebody must do something: ``host_key_unknown``, ``host_key_changed``, ``ssh_key``.
    """
    known = await asyncio.to_thread(_known_hosts)
    keys: dict[str, Any] = {}
    if login.key is not None:
        keys = {"client_keys": [await asyncio.to_thread(_read_key, login.key)], "agent_path": None}
    client = _HostKey(known, login.accept_host_key)
    try:
        connection: asyncssh.SSHClientConnection = await asyncssh.connect(
            place.host,
            () if place.port == 22 else place.port,  # ~/.ssh/config may know another one
            username=place.user or (),
            **keys,
            client_factory=lambda: client,
            known_hosts=known,
            preferred_auth=["publickey"],
            # The fastest for computers with AES in hardware; those without get what the server prefers.
            encryption_algs="^aes128-gcm@openssh.com",
            compression_algs=["none"],  # logs are compressed already
            connect_timeout=_CONNECT_S,
            login_timeout=_CONNECT_S,
            keepalive_interval=_KEEPALIVE_S,
            keepalive_count_max=_KEEPALIVES,
        )
    except asyncssh.KeyExchangeFailed as error:
        raise await _of_another_kind(place, known, error) from None
    except (asyncssh.Error, OSError, ValueError) as error:
        raise client.refusal or _not_connected(place, login.key, error) from None
    finally:
        if client.accepted:
            await asyncio.to_thread(_remember, client.accepted)
    return connection


class _HostKey(asyncssh.SSHClient):
    """Judges a host key that is not among the known ones of its host."""

    def __init__(self, known: asyncssh.SSHKnownHosts, accept: bool) -> None:
        self._known = known
        self._accept = accept
        self.refusal: Rejected | None = None
        self.accepted = ""
        """The line of known_hosts of a host that was not known before."""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        former = _keys_of(self._known, host, addr, port)
        if former:
            self.refusal = _changed(host, port, former, key)
        elif self._accept:
            self.accepted = f"{_name(host, port)} {_public(key)}"
        else:
            self.refusal = _unknown(host, port, key)
        return bool(self.accepted)


def _keys_of(known: asyncssh.SSHKnownHosts, host: str, addr: str, port: int) -> list[asyncssh.SSHKey]:
    return list(known.match(host, addr, None if port == 22 else port)[0])


def _unknown(host: str, port: int, key: asyncssh.SSHKey) -> Rejected:
    scan = f"ssh-keyscan -p {port} {shlex.quote(host)} >> ~/.ssh/known_hosts"
    return Rejected(
        f"This computer does not know {_name(host, port)} yet. It has the host key {_fingerprint(key)}; on the "
        f"car, ssh-keygen -lf /etc/ssh/ssh_host_{_kind(key)}_key.pub prints the same if nobody is in between. Then "
        f'run paddock offload with --accept-host-key once, or "{scan}".',
        code="host_key_unknown",
    )


def _changed(host: str, port: int, former: list[asyncssh.SSHKey], key: asyncssh.SSHKey) -> Rejected:
    was = ", ".join(dict.fromkeys(_fingerprint(each) for each in former))
    return Rejected(
        f"{_name(host, port)} has another host key than before: {_fingerprint(key)} instead of {was}. Either the "
        "car's computer was set up anew, or another computer answers in its place. Nothing was read. On the car, "
        f"ssh-keygen -lf /etc/ssh/ssh_host_{_kind(key)}_key.pub prints the new key if it is the car's; then forget "
        f"the old one: ssh-keygen -R {shlex.quote(_name(host, port))}, and run paddock offload with "
        "--accept-host-key once.",
        code="host_key_changed",
    )


async def _of_another_kind(
    place: SftpPlace, known: asyncssh.SSHKnownHosts, error: asyncssh.KeyExchangeFailed
) -> PaddockError:
    """Why there is no host key that both sides know: the car has one of another kind now, or really none."""
    try:
        key = await asyncssh.get_server_host_key(place.host, place.port)
    except (asyncssh.Error, OSError, ValueError):
        key = None
    if key is not None and (former := _keys_of(known, place.host, "", place.port)):
        return _changed(place.host, place.port, former, key)
    return Unavailable(f"{place.host} and this computer find no way to encrypt: {error}.", code="ssh_failed")


def _not_connected(place: SftpPlace, key: Path | None, error: Exception) -> PaddockError:
    where = _name(place.host, place.port)
    if isinstance(error, asyncssh.PermissionDenied):
        user = place.user or "this user"
        offered = f"the key of {key}" if key else "no key of this computer (~/.ssh, SSH agent)"
        port = "" if place.port == 22 else f"-p {place.port} "
        login = shlex.quote(f"{place.user}@{place.host}" if place.user else place.host)
        return Rejected(
            f"{where} does not let {user} in: it takes {'not ' if key else ''}{offered}. From this computer, "
            f"ssh-copy-id {port}{login} makes the key known there (ssh-keygen makes one).",
            code="ssh_key",
        )
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return Rejected(f"The host key of {where} is not to be trusted: {error}.", code="host_key_changed")
    if isinstance(error, socket.gaierror):
        return Unavailable(f"No computer named {place.host} is in this network.", code="away")
    if isinstance(error, ConnectionRefusedError):
        return Unavailable(f"{where} is on, but no SSH server listens there.", code="away")
    if isinstance(error, TimeoutError | asyncssh.ConnectionLost):
        return Unavailable(f"{where} does not answer.", code="away")
    if isinstance(error, ValueError):  # of ~/.ssh/config
        return Rejected(f"SSH on this computer is not set up right: {error}.", code="ssh_setup")
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Unavailable(f"{where} cannot be reached: {reason}.", code="away")


def _read_key(path: Path) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(path)
    except OSError as error:
        raise Rejected(f"The key {path} cannot be read: {error.strerror}.", code="ssh_key") from None
    except ValueError as error:
        message = f"{path} is no private key. Name the file without .pub that ssh-keygen has made."
        if "passphrase" in str(error).lower():
            unlock = f"ssh-add {shlex.quote(str(path))}"
            message = f"The key {path} has a passphrase: unlock it with {unlock}, and leave --key out."
        raise Rejected(message, code="ssh_key") from None


def _known_hosts() -> asyncssh.SSHKnownHosts:
    known = asyncssh.SSHKnownHosts()
    for path in (_known_hosts_file(), _GLOBAL_KNOWN_HOSTS):
        try:
            known.load(path.read_text(errors="surrogateescape"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise Rejected(f"The host keys in {path} cannot be read: {error}.", code="ssh_setup") from None
    return known


def _remember(line: str) -> None:
    path = _known_hosts_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+") as file:
            before = file.read()
            file.write((b"\n" if before and not before.endswith(b"\n") else b"") + line.encode() + b"\n")
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}. The host key is not kept.") from None


def _known_hosts_file() -> Path:
    return Path.home() / ".ssh/known_hosts"


def _name(host: str, port: int) -> str:
    """As known_hosts has it."""
    return host if port == 22 else f"[{host}]:{port}"


def _fingerprint(key: asyncssh.SSHKey) -> str:
    return f"{key.get_fingerprint()} ({_kind(key).upper()})"


def _kind(key: asyncssh.SSHKey) -> str:
    algorithm = key.get_algorithm()
    return next((kind for kind in ("ed25519", "ecdsa", "rsa") if kind in algorithm), algorithm)


def _public(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])

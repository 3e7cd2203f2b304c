"""A loopback proxy between an adapter and its server that does to requests what networks and busy stores do."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

SLOW_DOWN = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 103\r\nConnection: close\r\n\r\n"
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Slower.</Message></Error>  '
    b"  "
)
NONSENSE = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\n<html>hello<p>"


class FaultyProxy:
    """Passes TCP connections on, one request each, and fails the next ``failures`` of them in the way of ``fault``.

    ``busy`` answers 503, ``nonsense`` no S3 at all, ``cut`` ends the connection before an answer, ``half`` after
    ``half_bytes`` of the answer, ``slow`` says nothing for ``slow_s`` and then ends it.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.fault = "none"
        self.failures = 0
        self.half_bytes = 10_000
        self.slow_s = 3.0
        self.requests = 0
        self._lock = threading.Lock()

    def fail(self, fault: str, failures: int = 10**9) -> None:
        with self._lock:
            self.fault, self.failures, self.requests = fault, failures, 0

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _connection(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = self._head(client)
            if not head:
                return
            with self._lock:
                self.requests += 1
                fault = self.fault if self.failures > 0 else "none"
                self.failures -= 1
            if fault in ("busy", "nonsense"):
                client.sendall(SLOW_DOWN if fault == "busy" else NONSENSE)
                _drain(client)
            elif fault == "slow":
                time.sleep(self.slow_s)
            elif fault != "cut":
                self._pass_on(client, head, self.half_bytes if fault == "half" else None)

    @staticmethod
    def _head(client: socket.socket) -> bytes:
        """What came first, with ``Connection: close``, so that each request is a connection of its own."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = client.recv(65_536)
            if not piece:
                return b""
            data += piece
        return data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)

    def _pass_on(self, client: socket.socket, head: bytes, limit: int | None) -> None:
        with socket.create_connection(self._target) as server:
            server.sendall(head)
            threading.Thread(target=_copy, args=(client, server, None), daemon=True).start()
            _copy(server, client, limit)
            # Also wakes the other thread.
            client.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    copied = 0
    with contextlib.suppress(OSError):
        while (limit is None or copied < limit) and (piece := source.recv(65_536)):
            piece = piece if limit is None else piece[: limit - copied]
            target.sendall(piece)
            copied += len(piece)


def _drain(client: socket.socket) -> None:
    """Read what is still coming: closing before would reset the connection and lose the answer."""
    client.shutdown(socket.SHUT_WR)
    while client.recv(65_536):
        pass


@contextlib.contextmanager
def proxying(target: str) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(target)
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()

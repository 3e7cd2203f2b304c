"""An HTTP server that answers with whatever bytes a test wants, and may stop in the middle."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

Answer = Callable[[str, dict[str, str]], bytes]
"""All bytes of an answer to a request line with its headers."""


@dataclass
class HostileServer:
    """Closes each connection after one answer."""

    answer: Answer
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> HostileServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            line, *headers = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            named = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in headers)}
            self.asked.append((line, named))
            try:
                connection.sendall(self.answer(line, named))
            except OSError:
                return


def said(status: str, body: bytes = b"", **headers: str) -> bytes:
    """An answer; headers by their names with ``_`` for ``-``, Content-Length unless given as empty."""
    named = {"content_length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items() if value]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "connection: close", "", ""]).encode("latin-1") + body

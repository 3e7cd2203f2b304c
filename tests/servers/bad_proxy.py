"""A loopback proxy that counts what goes to a server, cuts every connection at given bytes, and answers for it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

_PIECE = 16 * 1024
_RESET_AT_ONCE = struct.pack("ii", 1, 0)


class BadProxy:
    """Passes TCP connections on to ``target``.

    Args:
        target: the server's URL.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.sent_bytes = 0
        """What went to the server over all connections, heads of requests included."""
        self.connections = 0
        self.is_cut = False
        """While it is, nothing answers."""
        self._cuts: list[int] = []
        self._answers: list[tuple[bytes, bytes]] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def cut_at(self, sent_bytes: Iterable[int]) -> None:
        """Reset all connections each time that so many bytes have gone to the server."""
        with self._lock:
            self._cuts = sorted(sent_bytes)

    @property
    def cuts_left(self) -> int:
        with self._lock:
            return len(self._cuts)

    def answer(self, method: str, *responses: bytes) -> None:
        """Answer the next requests that begin a connection with this method, one each, and end the connection."""
        with self._lock:
            self._answers += [(method.encode() + b" ", response) for response in responses]

    def close(self) -> None:
        """End everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connection, args=(client,), daemon=True).start()

    def _connection(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if self.is_cut:
                return
            with socket.create_connection(self._target) as server:
                with self._lock:
                    self._open |= {client, server}
                back = threading.Thread(target=self._back, args=(server, client), daemon=True)
                back.start()
                with contextlib.suppress(OSError):
                    self._forth(client, server)
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_WR)
                back.join()
                with self._lock:
                    self._open -= {client, server}

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        while piece := client.recv(_PIECE):
            if response := self._answer_for(piece):
                client.sendall(response)
                client.shutdown(socket.SHUT_WR)
                while client.recv(_PIECE):
                    pass
                return
            with self._lock:
                is_cut = bool(self._cuts) and self.sent_bytes + len(piece) >= self._cuts[0]
                if is_cut:
                    piece = piece[: max(0, self._cuts.pop(0) - self.sent_bytes)]
                self.sent_bytes += len(piece)
            server.sendall(piece)
            if is_cut:
                self._reset()
                return

    def _answer_for(self, piece: bytes) -> bytes | None:
        with self._lock:
            if self._answers and piece.startswith(self._answers[0][0]):
                return self._answers.pop(0)[1]
        return None

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := server.recv(_PIECE):
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)

    def _reset(self) -> None:
        with self._lock:
            ended, self._open = self._open, set()
        for each in ended:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
                each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def bad_proxy(target: str) -> Iterator[BadProxy]:
    """One, for as long as the block lasts."""
    proxy = BadProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()


def response(status: int, body: bytes = b"", media_type: str = "application/problem+json") -> bytes:
    """An answer of HTTP, after which the connection ends."""
    heads = (
        f"HTTP/1.1 {status} X",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*heads, "", "")).encode() + body

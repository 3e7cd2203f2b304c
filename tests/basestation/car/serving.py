"""The car's server on loopback, asked by a client or byte by byte."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx

from paddock.basestation.car.server import CarServer
from paddock.basestation.car.service import Car


@contextlib.contextmanager
def served(car: Car) -> Iterator[httpx.Client]:
    """A client of its server. The car looks when the test says so."""
    server = CarServer(car, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}", trust_env=False) as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()


def said_to(client: httpx.Client, request: bytes) -> bytes:
    """What the server answers to these very bytes, until it closes the connection."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), 20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))

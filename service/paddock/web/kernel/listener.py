"""The socket on which a site answers."""

from __future__ import annotations

import errno
import socket

from paddock.errors import Unavailable


def listen(host: str, port: int, what_to_do: str, *, tries: int = 1) -> socket.socket:
    """A bound socket, made before anything else starts, so that a taken port is one clear line.

    Args:
        host: an address or a name of this machine.
        port: the one that is wanted; 0 for any.
        what_to_do: the end of the sentence for who cannot have it.
        tries: how many ports may be tried, the next one up while one is taken.

    Raises:
        Unavailable: it cannot be had (code ``port_in_use``).
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for further in range(tries):
        # asyncio sends small writes at once only on sockets that say they are TCP. Without, the body of every
        # answer waits for the reader to confirm its head: 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port + further))
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE or further == tries - 1:
                raise Unavailable(
                    f"Cannot listen on {host}:{port} ({error.strerror}): {what_to_do}.", code="port_in_use"
                ) from None
        else:
            return listener
    raise AssertionError("unreachable: the last try returns or raises")

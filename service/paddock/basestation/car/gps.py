"""Who on the car knows the time: a GPS daemon, or any command that prints it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from paddock.domain.instants import NS_PER_S, from_rfc3339
from paddock.errors import PaddockError, Rejected

Tell = Callable[[int], None]
"""Called with the time that a source says, in nanoseconds since the Unix epoch."""

EVERY_S = 60.0
"""How often it is asked once it has answered."""
RETRY_S = 5.0
_PATIENCE_S = 10.0
_GPSD_PORT = 2947
_WATCH = b'?WATCH={"enable":true,"json":true}\n'
_LONGEST_LINE = 64 * 1024
_FIX = 2


class _Report(msgspec.Struct):
    """What a line of gpsd says; only reports of a position (TPV) with a fix have a time to be relied on."""

    class_: str = msgspec.field(name="class", default="")
    time: str = ""
    mode: int = 0


class TimeSource:
    """Asks for the time again and again, until the program ends.

    Args:
        place: ``HOST:PORT`` or the path of a socket where gpsd, or what speaks like it, sends lines of JSON; or
            ``command:LINE``, a line for the shell that prints seconds since 1970 or a time as RFC 3339 has it.
        tell: is given each answer.

    Raises:
        Rejected: nobody can tell what is meant (code ``bad_gps``).
    """

    def __init__(self, place: str, tell: Tell) -> None:
        self._tell = tell
        kind, _, self._command = place.partition(":")
        self._is_command = kind == "command"
        self._address: str | tuple[str, int] = place
        if not self._is_command and not place.startswith("/"):
            host, _, port = place.rpartition(":") if ":" in place else (place, "", str(_GPSD_PORT))
            if not host or not port.isdecimal():
                raise Rejected(
                    f"--gps takes HOST:PORT, the path of a socket or command:LINE, not {place!r}.", code="bad_gps"
                )
            self._address = (host.strip("[]"), int(port))

    def follow(self, ends: threading.Event) -> None:
        """Ask until ``ends`` is set."""
        while not ends.is_set():
            told = False
            # A receiver may be switched on later, and say nothing that makes sense until it sees the sky.
            with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError, PaddockError):
                told = self.ask()
            ends.wait(EVERY_S if told else RETRY_S)

    def ask(self) -> bool:
        """Ask once, and pass the time on; whether there was one."""
        if self._is_command:
            done = subprocess.run(
                ["/bin/sh", "-c", self._command], capture_output=True, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL
            )
            text = done.stdout.decode().strip()
            if done.returncode or not text:
                return False
            self._tell(_instant_ns(text))
            return True
        for line in self._lines():
            report = msgspec.json.decode(line, type=_Report)
            if report.class_ == "TPV" and report.mode >= _FIX and report.time:
                self._tell(_instant_ns(report.time))
                return True
        return False

    def _lines(self) -> Iterator[bytes]:
        ends_at = time.monotonic() + _PATIENCE_S
        if isinstance(self._address, str):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(_PATIENCE_S)
            connection.connect(self._address)
        else:
            connection = socket.create_connection(self._address, _PATIENCE_S)
        with connection:
            connection.sendall(_WATCH)
            rest = b""
            while time.monotonic() < ends_at and len(rest) < _LONGEST_LINE:
                piece = connection.recv(4096)
                if not piece:
                    return
                *lines, rest = (rest + piece).split(b"\n")
                yield from (line for line in lines if line.strip())


def _instant_ns(text: str) -> int:
    try:
        return round(float(text) * NS_PER_S)
    except ValueError:
        return from_rfc3339(text)

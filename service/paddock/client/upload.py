"""Sending one log: announce it, send what is missing in parts side by side, complete."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import msgspec

from paddock.client.connection import PIECE_BYTES, TRIES, Connection, pause
from paddock.client.streams import MOST, Streams
from paddock.domain.sidecar import Sidecar
from paddock.errors import Conflict, NotFound, PaddockError, Unavailable

Read = Callable[[int, int], Iterator[bytes]]
"""The bytes of a log from an offset, so many; anew for each try."""

_SENT_AT_ONCE = 64 * 1024
"""Given to the line at once: little enough for a limit to be even."""

Progress = Callable[[int], None]
"""Told how many more bytes are through."""


class Announcement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is said of a log before it is sent, as ``POST /api/uploads`` takes it."""

    sha256: str
    size_bytes: int
    name: str
    metadata: Mapping[str, str] = {}
    metadata_source: str = "person"
    clock_offset_ns: int | None = None
    part_size_bytes: int | None = None


class Line(msgspec.Struct, frozen=True):
    """How the bytes of a log are brought to the line."""

    streams: Streams
    """How many parts are sent side by side."""
    pace: Progress = lambda _: None
    """Told before so many bytes go. It may wait, to keep a limit, and raise, to stop."""
    sent: Progress = lambda _: None
    """Told about bytes that arrived for good, also in earlier tries."""
    goes_on: Callable[[], bool] = lambda: True
    """Asked before each part: with False the parts that are being sent are the last ones."""
    left_out: Callable[[str], None] = lambda _: None
    """Told in a sentence what a base station says and recordings cannot have."""
    drained: Callable[[], None] = lambda: None
    """Told once all parts are on their way: another log may begin beside this one."""


def sha256_of(path: Path, hashed: Progress) -> tuple[str, int]:
    """SHA-256 of a file in hexadecimal, and its size in bytes.

    Args:
        path: of the file.
        hashed: told about bytes that were read.
    """
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
            hashed(len(piece))
    return digest.hexdigest(), size_bytes


def upload(
    connection: Connection,
    path: Path,
    announcement: Announcement,
    sent: Progress,
    known: Callable[[Any], None] | None = None,
) -> Any:
    """The recording's JSON. What has arrived of an earlier try is not sent again.

    Args:
        connection: to the service.
        path: the log.
        announcement: of it.
        sent: told about bytes that arrived.
        known: told the recording's JSON as it was, where the service has the log already.
    """
    if known is not None:
        with contextlib.suppress(NotFound):
            known(connection.call("GET", f"/api/recordings/{announcement.sha256}"))
    return send(connection, path, announcement, Line(Streams(), sent=sent))


def say_along(connection: Connection, announcement: Announcement, sidecar: Sidecar) -> Any:
    """Tell a service what car or base station say of a log, before or after it is sent: its answer."""
    said = msgspec.structs.replace(
        announcement,
        metadata=sidecar.metadata,
        metadata_source="base_station",
        clock_offset_ns=sidecar.clock_offset_ns,
    )
    return connection.call("POST", "/api/uploads", json=msgspec.to_builtins(said))


def send(connection: Connection, log: Path | Read, announcement: Announcement, line: Line) -> Any:
    """Send a log whose hash is known, over a line that may be bad.

    Where a connection ends, the next announcement tells what has arrived; it is given up after ``TRIES`` in a row
    that brought nothing.

    Returns:
        The recording's JSON; None where ``line.goes_on`` said no before all parts were sent.

    Raises:
        PaddockError: what the service says is wrong, or that it does not answer.
    """
    arrived = 0
    failures = 0
    while True:
        plan = connection.call("POST", "/api/uploads", json=msgspec.to_builtins(announcement))
        for sentence in plan["left_out"]:
            line.left_out(sentence)
        if plan["recording"] is not None:
            line.sent(announcement.size_bytes - arrived)
            return _checked(connection, plan["recording"], announcement)
        now = announcement.size_bytes - sum(part["size_bytes"] for part in plan["parts"])
        if now > arrived:
            line.sent(now - arrived)
            arrived, failures = now, 0
        try:
            parts = Parts(connection, log, line)
            try:
                whole = parts.send(plan["parts"])
            finally:
                arrived += parts.arrived
            if not whole:
                return None
            answer = connection.call("POST", f"/api/uploads/{plan['id']}/complete")
            return _checked(connection, answer["recording"], announcement)
        except PaddockError as error:
            # A link has run out on a slow line, a connection ended, or a part is missing after all: announcing it
            # again tells what is missing. What the service says of the log itself no second try changes.
            again = isinstance(error, Conflict) or parts.failed
            failures = 0 if parts.arrived else failures + 1
            if not again or error.code == "disk_full" or failures == TRIES:
                raise
            pause(failures)


def _checked(connection: Connection, recording: Any, announcement: Announcement) -> Any:
    if recording["id"] != announcement.sha256:
        raise Unavailable(
            f"{connection.url} answers with another log than was sent: is it a Paddock?", code="wrong_answer"
        )
    return recording


class Parts:
    """The parts of one plan on their way.

    Args:
        connection: to whoever takes them.
        log: a file, or what reads it.
        line: how its bytes are brought to the line.
    """

    def __init__(self, connection: Connection, log: Path | Read, line: Line) -> None:
        self._connection = connection
        self._read = _reader(log) if isinstance(log, Path) else log
        self._line = line
        self._lock = threading.Lock()
        self.arrived = 0
        """So many bytes of whole parts."""
        self.failed = False
        """Whether a part did not get through."""

    def send(self, parts: list[Mapping[str, Any]]) -> bool:
        """Send them all, as many side by side as the line's streams want; whether all were sent.

        Args:
            parts: ``offset`` and ``size_bytes`` in the log, and the ``url`` that takes them by PUT.

        Raises:
            PaddockError: one did not get through. Those that had begun were let end.
        """
        streams, line = self._line.streams, self._line
        waiting = list(reversed(parts))
        running: set[Future[None]] = set()
        failure: BaseException | None = None
        with ThreadPoolExecutor(MOST, thread_name_prefix="parts") as pool:
            while waiting or running:
                goes_on = waiting and failure is None and line.goes_on()
                while goes_on and streams.take(waiting[-1]["size_bytes"]):
                    running.add(pool.submit(self._send_part, waiting.pop()))
                    goes_on = waiting and line.goes_on()
                if not waiting:
                    line.drained()
                if not running and not goes_on:
                    break
                # Not for ever: there may be room for more streams while none of these has ended.
                ended, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                if not ended and not running:
                    time.sleep(0.02)
                for each in ended:
                    failure = failure or each.exception()
        if failure is not None:
            self.failed = True
            if isinstance(failure, Unavailable):
                streams.cut()
            raise failure
        return not waiting

    def _send_part(self, part: Mapping[str, Any]) -> None:
        try:
            # Once: a second try would send again what has arrived of the first.
            self._connection.call(
                "PUT",
                part["url"],
                content=lambda: self._pieces(part),
                headers={"Content-Length": str(part["size_bytes"])},
                tries=1,
            )
        finally:
            self._line.streams.give_back()
        with self._lock:
            self.arrived += part["size_bytes"]
        self._line.sent(part["size_bytes"])

    def _pieces(self, part: Mapping[str, Any]) -> Iterator[bytes]:
        for piece in self._read(part["offset"], part["size_bytes"]):
            self._line.pace(len(piece))
            yield piece
            self._line.streams.passed(len(piece))


def _reader(path: Path) -> Read:
    def read(offset: int, size_bytes: int) -> Iterator[bytes]:
        left = size_bytes
        with path.open("rb") as file:
            file.seek(offset)
            while left and (piece := file.read(min(left, _SENT_AT_ONCE))):
                left -= len(piece)
                yield piece

    return read

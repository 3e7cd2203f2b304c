"""Room on the station's disk: a reserve is kept, and copies that every server confirmed make room for new logs."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Collection, Sequence

from paddock.basestation.ledger import Ledger
from paddock.basestation.still_stored import still_stored
from paddock.client.connection import Connection
from paddock.domain.words import size
from paddock.errors import PaddockError, Unavailable

_TIMEOUT_S = 10.0
"""How long servers may take to say that they still have the copies; logs wait for the room meanwhile."""
_MOST_BY_ITSELF = 1_000_000_000
_SHARE = 20


class Room:
    """On the disk of one ledger.

    Args:
        ledger: whose logs may go.
        servers: a log may go when all of them have confirmed it.
        keep_free_bytes: what stays free; None for a twentieth of the disk, at most 1 GB.
    """

    def __init__(self, ledger: Ledger, servers: Sequence[str], keep_free_bytes: int | None) -> None:
        self._ledger = ledger
        self._servers = servers
        total = shutil.disk_usage(ledger.folder).total
        self.keep_free_bytes = min(_MOST_BY_ITSELF, total // _SHARE) if keep_free_bytes is None else keep_free_bytes
        self._promised = 0
        self._lock = threading.Lock()

    def take(self, size_bytes: int) -> None:
        """Make sure that so many bytes can be written, and hold them until ``give_back``.

        Raises:
            Unavailable: they cannot (code ``disk_full``).
        """
        with self._lock:
            needed = self.keep_free_bytes + self._promised + size_bytes
            if self.free_bytes() < needed:
                self._make(needed)
            if (free := self.free_bytes()) < needed:
                raise Unavailable(
                    f"The disk here is full: {size(free)} are free, {size(self.keep_free_bytes)} of them stay so, "
                    f"and {size(size_bytes)} are to come. Free some room; pulling goes on by itself.",
                    code="disk_full",
                )
            self._promised += size_bytes

    def give_back(self, size_bytes: int) -> None:
        """So many of the bytes that were taken are written, or will not be."""
        with self._lock:
            self._promised -= size_bytes

    def free_bytes(self) -> int:
        """What may be written, the reserve included."""
        return shutil.disk_usage(self._ledger.folder).free

    def _make(self, needed: int) -> None:
        """Remove what every server has, the oldest first."""
        droppable = self._ledger.droppable(self._servers)
        stored = self._still_stored([log.sha256 for log in droppable])
        for log in droppable:
            if self.free_bytes() >= needed:
                return
            if log.sha256 not in stored:
                continue
            self._ledger.dropped(log.sha256)
            self._ledger.path_of(log).unlink(missing_ok=True)

    def _still_stored(self, logs: Sequence[str]) -> Collection[str]:
        """Those that no server has lost since. Of one that does not answer, as at a track, the last word counts."""
        stored = set(logs)
        for server in self._servers if logs else ():
            with (
                contextlib.closing(Connection(server, _TIMEOUT_S)) as connection,
                contextlib.suppress(PaddockError),
            ):
                stored &= set(still_stored(self._ledger, connection, server, logs))
        return stored

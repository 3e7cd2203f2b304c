"""Looks at the logs once a second: which one is being recorded, which are closed, which were cut off."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from paddock.basestation.car.clock import RIGHT_NS, Clock
from paddock.basestation.car.folder import Folder, Stamp
from paddock.basestation.car.recorders.recorder import RUNS, RecorderState
from paddock.basestation.car.sidecars import Sidecars
from paddock.basestation.car.store import Beginning, KnownLog, Store
from paddock.basestation.sources.source import SeenFile
from paddock.domain.instants import NS_PER_S
from paddock.domain.sidecar import sidecar_name
from paddock.errors import NotFound, Unavailable

SETTLED_NS = 15 * NS_PER_S
"""A log that has not changed for so long counts as closed, where neither recorder nor kernel say whether it is."""
COPIED_NS = 60 * NS_PER_S
"""A file that appears and was changed so long ago was brought here: it did not begin now."""
_BOOT = "boot of the last look"


class LogState(StrEnum):
    """What is known of a log's end."""

    RECORDING = "recording"
    CLOSED = "closed"
    CUT = "cut"
    """Closed, without the end that a whole one has."""
    SETTLING = "settling"
    """Nobody can say yet whether it is written into."""


class Log(msgspec.Struct):
    """One log as it was at the last look."""

    stamp: Stamp
    state: LogState = LogState.SETTLING
    changed_ns: int | None = None
    """When it was seen to change, by the clock that never steps; None where it has not since we started."""
    looked_ns: int = 0
    """Since when it is known as it is, by the same clock."""
    sha256: str | None = None
    beginning: Beginning | None = None
    """None for a log that was there before, or came from elsewhere."""
    owed: Mapping[str, str] | None = None
    """Metadata that could not be written beside it yet."""
    trouble: str | None = None
    """Why it cannot be read, as a sentence."""

    @property
    def is_closed(self) -> bool:
        """Whether it can be taken and hashed."""
        return self.state in (LogState.CLOSED, LogState.CUT)


class LogOnCar(SeenFile, frozen=True):
    """What ``GET /logs`` says of a log."""

    state: LogState = LogState.SETTLING
    etag: str = ""


class Watch:
    """The logs of a folder. ``look`` is called by one thread, the rest by any.

    Args:
        folder: where they lie.
        store: what was known before.
        clock: the machine's.
        sidecars: those of the folder.
        metadata: those of the log that begins next.
    """

    def __init__(
        self,
        folder: Folder,
        store: Store,
        clock: Clock,
        sidecars: Sidecars,
        metadata: Callable[[], Mapping[str, str]],
    ) -> None:
        self.folder, self._store, self._clock, self._sidecars = folder, store, clock, sidecars
        self._metadata = metadata
        self._lock = threading.RLock()
        self._logs = {
            name: Log(known.stamp, sha256=known.sha256, beginning=known.beginning)
            for name, known in store.logs().items()
        }
        # What has appeared since the last look began since then, if the machine was not started anew meanwhile.
        self._watched = store.fact(_BOOT, str) == clock.boot
        self._boot_is_kept = self._watched
        self._orphans: frozenset[str] = frozenset()
        self._troubles: Mapping[str, str] = {}
        self.recording: str | None = None
        """The log that is being recorded; of several the one that was changed last."""
        self.complaint = ""
        """What is wrong with the folder or with what this program remembers; empty where all is well."""

    def look(self, recorder: RecorderState) -> None:
        """Look at everything, and write sidecars.

        Args:
            recorder: what it does now, as far as anybody knows.

        Raises:
            Unavailable: the folder is away (code ``no_logs_folder``).
        """
        found = self.folder.look()
        self._sidecars.look(found)
        now_ns, begun, complaint = self._clock.begins().begun_ns, {}, ""
        newest = max(found.logs, key=lambda name: found.logs[name].modified_ns, default=None)
        with self._lock:
            gone = self._logs.keys() - found.logs.keys()
            for name in gone:
                del self._logs[name]
            for name, stamp in found.logs.items():
                known = self._logs.get(name)
                log = self._seen(name, stamp, now_ns)
                replaced = known is not None and log is not known
                if not log.is_closed:
                    try:
                        log.state = self._state(name, log, now_ns, recorder, is_newest=name == newest)
                        log.trouble = None
                    except NotFound:
                        continue  # removed since
                    except (Unavailable, OSError) as error:
                        log.trouble = error.message if isinstance(error, Unavailable) else str(error.strerror)
                if self._begins(log, is_new=log is not known):
                    stale = replaced or log.beginning is not None or sidecar_name(name) in self._orphans
                    self._begin(name, log, stale=stale)
                    begun[name] = log
                elif log is not known:
                    begun[name] = log
            self._troubles = found.troubles
            records = [name for name, log in self._logs.items() if log.state is LogState.RECORDING]
            self.recording = max(records, key=lambda name: found.logs[name].modified_ns, default=None)
            self._orphans = frozenset(found.sidecars) - {sidecar_name(name) for name in found.logs}
        try:
            self._keep(begun, gone)
        except Unavailable as error:
            complaint = error.message
        self._watched = True
        self._write_sidecars()
        self.complaint = complaint or self._sidecars.complaint

    def _seen(self, name: str, stamp: Stamp, now_ns: int) -> Log:
        """The log as it is now; a new one where the file is another one than before."""
        log = self._logs.get(name)
        if log is None or log.stamp.inode != stamp.inode or log.stamp.size_bytes > stamp.size_bytes:
            # At the very first look nobody knows whether it has just appeared.
            changed_ns = now_ns if self._watched or log is not None else None
            log = self._logs[name] = Log(stamp, changed_ns=changed_ns, looked_ns=now_ns)
        elif log.stamp != stamp:
            log.stamp, log.sha256, log.state, log.trouble = stamp, None, LogState.SETTLING, None
            log.changed_ns = log.looked_ns = now_ns
        elif not log.looked_ns:
            log.looked_ns = now_ns
        return log

    def _state(self, name: str, log: Log, now_ns: int, recorder: RecorderState, *, is_newest: bool) -> LogState:
        records = recorder.doing in RUNS
        if records and recorder.file and _is_named(recorder.file, self.folder.root, name):
            return LogState.RECORDING
        written = self.folder.is_being_written(name)
        if written or (written is None and records and not recorder.file and is_newest):
            return LogState.RECORDING
        if written is None and now_ns - log.looked_ns < SETTLED_NS:
            return LogState.SETTLING if log.changed_ns is None else LogState.RECORDING
        return LogState.CUT if self.folder.is_cut(name) else LogState.CLOSED

    def _begins(self, log: Log, *, is_new: bool) -> bool:
        if log.state is LogState.RECORDING:
            # Nobody goes on writing into a log of an earlier day: it is a new one under the old name.
            return log.beginning is None or log.beginning.boot != self._clock.boot
        recent = abs(self._clock.begins().wall_ns - log.stamp.modified_ns) < COPIED_NS
        return is_new and self._watched and recent

    def _begin(self, name: str, log: Log, *, stale: bool) -> None:
        log.beginning = self._clock.begins()
        if stale:
            self._sidecars.forget(name)
        log.owed = {**self._metadata(), **self._sidecars.of(name).metadata}

    def _keep(self, begun: Mapping[str, Log], gone: set[str]) -> None:
        """How a log began is kept at once; how it grows need not be."""
        if begun or gone:
            self._store.keep({name: KnownLog(log.stamp, None, log.beginning) for name, log in begun.items()}, gone)
        if not self._boot_is_kept:
            self._store.keep_fact(_BOOT, self._clock.boot)
            self._boot_is_kept = True

    def _write_sidecars(self) -> None:
        """Write down what is known by now; until the first that cannot be written."""
        with self._lock, contextlib.suppress(Unavailable):
            for name, log in self._logs.items():
                before = self._sidecars.of(name)
                offset_ns = self._clock.offset_of(log.beginning)
                if not _differs(offset_ns, before.clock_offset_ns):
                    offset_ns = before.clock_offset_ns
                metadata = before.metadata if log.owed is None else dict(log.owed)
                now = msgspec.structs.replace(before, metadata=metadata, clock_offset_ns=offset_ns)
                if now != before:
                    self._sidecars.change(name, now)
                log.owed = None

    def describe_recording(self, metadata: Mapping[str, str]) -> None:
        """Have these beside the log that is being recorded, instead of what is there."""
        with self._lock:
            if self.recording is not None and self.recording in self._logs:
                self._logs[self.recording].owed = dict(metadata)
        self._write_sidecars()

    def logs(self) -> list[LogOnCar]:
        """All of them, the newest first; then folders that cannot be read, each with its trouble."""
        with self._lock:
            logs = sorted(self._logs.items(), key=lambda each: each[1].stamp.modified_ns, reverse=True)
            troubles = [LogOnCar(name, 0, 0, trouble=trouble) for name, trouble in self._troubles.items()]
            return [self._on_car(name, log) for name, log in logs] + troubles

    def _on_car(self, name: str, log: Log) -> LogOnCar:
        sidecar = self._sidecars.of(name)
        closed = None if log.state is LogState.SETTLING else log.state is not LogState.RECORDING
        return LogOnCar(
            name=name,
            size_bytes=log.stamp.size_bytes,
            modified_ns=log.stamp.modified_ns,
            closed=closed,
            sha256=log.sha256,
            metadata=sidecar.metadata,
            clock_offset_ns=sidecar.clock_offset_ns,
            trouble=log.trouble,
            state=log.state,
            etag=log.stamp.etag,
        )

    def log(self, name: str) -> Log | None:
        """One of them; None where none of that name was seen."""
        with self._lock:
            return self._logs.get(name)

    def to_hash(self) -> tuple[str, Stamp] | None:
        """The newest closed log that has no hash."""
        with self._lock:
            wanted = [
                (name, log)
                for name, log in self._logs.items()
                if log.is_closed and log.sha256 is None and log.trouble is None
            ]
        if not wanted:
            return None
        name, log = max(wanted, key=lambda each: each[1].stamp.modified_ns)
        return name, log.stamp

    def hashed(self, name: str, stamp: Stamp, sha256: str) -> None:
        """Remember the hash of a log, if it is still the same."""
        with self._lock:
            log = self._logs.get(name)
            if log is None or log.stamp != stamp:
                return
            log.sha256 = sha256
            known = KnownLog(stamp, sha256, log.beginning)
        # Worked out anew after the next start.
        with contextlib.suppress(Unavailable):
            self._store.keep({name: known})

    def unreadable(self, name: str, stamp: Stamp, why: str) -> None:
        """A log's bytes cannot be read; it is tried again once it has changed, or after the next start."""
        with self._lock:
            log = self._logs.get(name)
            if log is not None and log.stamp == stamp:
                log.trouble = why

    def removed(self, name: str) -> None:
        """A log was taken away, with its sidecar."""
        with self._lock:
            self._logs.pop(name, None)
            with contextlib.suppress(OSError):
                self._sidecars.remove(name)
        with contextlib.suppress(Unavailable):
            self._store.keep({}, {name})


def _differs(offset_ns: int | None, noted_ns: int | None) -> bool:
    """Whether it is worth writing anew: the same by two clocks differs in milliseconds."""
    return offset_ns is not None and (noted_ns is None or abs(offset_ns - noted_ns) > RIGHT_NS)


def _is_named(said: str, root: Path, name: str) -> bool:
    """Whether the recorder means this log: by its path, or by its name alone."""
    if "/" not in said:
        return name.rpartition("/")[2] == said
    return os.path.realpath(said) == os.path.realpath(root / name) or said == name

"""The car's program as a whole: what it looks at, what it does in the background, what it can be told."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from paddock.basestation.car.background import give_way
from paddock.basestation.car.clock import Clock, ClockState
from paddock.basestation.car.disk import Disk, DiskGauge
from paddock.basestation.car.folder import Folder
from paddock.basestation.car.gps import TimeSource
from paddock.basestation.car.hashing import Hasher
from paddock.basestation.car.recorders.named import recorder_named
from paddock.basestation.car.recorders.recorder import Doing, RecorderState
from paddock.basestation.car.sidecars import Sidecars
from paddock.basestation.car.store import Store
from paddock.basestation.car.watch import LogOnCar, Watch
from paddock.domain.fields import EVERY_TEAMS
from paddock.domain.sidecar import MetadataTexts
from paddock.errors import Conflict, PaddockError, Unavailable

LOOK_S = 1.0
_LOOK_SHARE = 20
"""A look at thousands of logs takes its time: then there is one as seldom as that takes a twentieth of it."""
ASK_RECORDER_S = 2.0
AFTER_MISTAKE_S = 5.0
FIRST_LOOK_S = 10.0
"""How long an answer waits for the first look at the logs: many on a slow card take some seconds."""
_NEXT = "metadata of the next log"


class CarState(msgspec.Struct, frozen=True):
    """What the page of the phone shows."""

    name: str
    """The name of the computer."""
    recorder: RecorderState
    can_start: bool
    recording: str | None
    recording_bytes: int
    recording_s: float | None
    """How long the log has been recorded, as far as this program saw."""
    metadata: Mapping[str, str]
    """What is said of the next log."""
    recording_metadata: Mapping[str, str] | None
    disk: Disk | None
    clock: ClockState
    logs: int
    to_hash: int
    complaints: list[str]


class Car:
    """Threads that look, hash and ask; ``close`` ends them.

    Args:
        root: the directory of the logs.
        state: the directory for what must not be forgotten.
        recorder: as ``recorders.named`` takes it, and likewise ``stop`` and ``status``.
        gps: as ``gps.TimeSource`` takes it; empty for none.
        clock: makes the clock; tests have their own.

    Raises:
        Unavailable: a directory cannot be used.
        Rejected: a recorder or GPS that nobody understands.
    """

    def __init__(
        self,
        root: Path,
        state: Path,
        recorder: str = "",
        *,
        stop: str = "",
        status: str = "",
        gps: str = "",
        clock: Callable[[Store], Clock] = Clock,
    ) -> None:
        self.name = socket.gethostname()
        self._ends = threading.Event()
        self.folder = Folder(root)
        self.folder.look()  # refused at once where it is not there
        self._store = Store(state)
        self.clock = clock(self._store)
        self.recorder = recorder_named(recorder, stop, status, store=self._store, state=state)
        self._recorder_lock = threading.Lock()
        self._recorder_state = RecorderState(Doing.UNKNOWN)
        self._metadata: dict[str, str] = self._store.fact(_NEXT, MetadataTexts) or {}
        sidecars = Sidecars(root, self.name)
        self.watch = Watch(self.folder, self._store, self.clock, sidecars, lambda: self._metadata)
        self._gauge = DiskGauge(root)
        self._hasher = Hasher(self.folder, lambda: self.watch.recording is not None, self._ends)
        self._complaint = ""
        self._away: Unavailable | None = None
        self._looked = threading.Event()
        self._look_again = threading.Event()
        time_source = TimeSource(gps, lambda true_ns: self.clock.tell(true_ns, "gps")) if gps else None
        self._work = [self._look_on, self._ask_recorder, self._hash]
        if time_source is not None:
            self._work.append(lambda: time_source.follow(self._ends))
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to work; returns at once."""
        self.folder.remove_half_sidecars()
        self._threads = [threading.Thread(target=self._keep_on, args=(each,), daemon=True) for each in self._work]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the threads."""
        self._ends.set()
        self._look_again.set()
        for thread in self._threads:
            thread.join()
        self._store.close()

    def look(self) -> None:
        """Look at everything once."""
        self.clock.look()
        try:
            self.watch.look(self._recorder_state)
        except Unavailable as error:
            self._away, self._complaint = error, error.message
            return
        finally:
            self._looked.set()
        self._away, self._complaint = None, self.watch.complaint
        name = self.watch.recording
        log = self.watch.log(name) if name is not None else None
        self._gauge.sample(time.monotonic_ns(), name, log.stamp.size_bytes if log is not None else 0)

    def _keep_on(self, work: Callable[[], None]) -> None:
        """Work until the end. A mistake of ours in one part is no reason to stop serving logs."""
        while not self._ends.is_set():
            try:
                work()
            except Exception:
                traceback.print_exc()
                self._complaint = "Something went wrong in paddock car itself; what it printed has the cause."
                self._ends.wait(AFTER_MISTAKE_S)

    def _look_on(self) -> None:
        while not self._ends.is_set():
            began = time.monotonic()
            self.look()
            self._look_again.wait(max(LOOK_S, _LOOK_SHARE * (time.monotonic() - began)))
            self._look_again.clear()

    def _ask_recorder(self) -> None:
        while not self._ends.is_set():
            if self._recorder_lock.acquire(blocking=False):  # else it is being started or stopped
                try:
                    self._recorder_state = self.recorder.state()
                finally:
                    self._recorder_lock.release()
            self._ends.wait(ASK_RECORDER_S)

    def _hash(self) -> None:
        give_way()
        while not self._ends.is_set():
            wanted = self.watch.to_hash()
            if wanted is None:
                self._ends.wait(LOOK_S)
                continue
            try:
                sha256 = self._hasher.sha256(*wanted)
            except Unavailable as error:
                self.watch.unreadable(*wanted, error.message)
                continue
            if sha256 is not None:
                self.watch.hashed(*wanted, sha256)
            else:
                self._ends.wait(LOOK_S)

    def start_recording(self) -> RecorderState:
        """Have the recorder record; harmless where it does.

        Raises:
            Unavailable: it does not start (code ``recorder``).
        """
        return self._tell_recorder(Doing.STARTING, lambda: self.recorder.start(self._metadata))

    def stop_recording(self) -> RecorderState:
        """Have the recorder close its log; harmless where it does not record.

        Raises:
            Unavailable: it does not stop (code ``recorder``).
        """
        return self._tell_recorder(Doing.STOPPING, self.recorder.stop)

    def _tell_recorder(self, doing: Doing, tell: Callable[[], None]) -> RecorderState:
        with self._recorder_lock:
            before = self._recorder_state
            if doing is Doing.STOPPING or before.doing is not Doing.RECORDING:
                self._recorder_state = RecorderState(doing)
            try:
                tell()
            except PaddockError as error:
                now = self.recorder.state()
                failed = Doing.DIED if now.doing is Doing.STOPPED and doing is Doing.STARTING else now.doing
                self._recorder_state = RecorderState(failed, error.message, now.file)
                raise
            self._recorder_state = self.recorder.state()
        self._look_again.set()
        return self._recorder_state

    def describe(self, metadata: Mapping[str, str], *, also_recording: bool = False) -> None:
        """Say what the next logs are of, until somebody says otherwise.

        Args:
            metadata: by the names of the team's fields. Those that every team has are checked as Paddock does.
            also_recording: whether it is said of the log too that is being recorded.

        Raises:
            Rejected: a value that its field cannot have (code ``bad_metadata``).
            Unavailable: it cannot be kept (code ``no_state``).
        """
        checked = {}
        for name, value in metadata.items():
            field = EVERY_TEAMS.by_name.get(name)
            text = field.check(value) if field is not None else value.strip()
            if text:
                checked[name] = text
        self._store.keep_fact(_NEXT, checked)
        self._metadata = checked
        if also_recording:
            self.watch.describe_recording(checked)

    def tell_time(self, true_ns: int, source: str, round_trip_ns: int) -> ClockState:
        """Somebody outside says what the time is; see ``Clock.tell``."""
        self.clock.tell(true_ns, source, round_trip_ns=round_trip_ns)
        self._look_again.set()
        return self.clock.state()

    def disk(self) -> Disk | None:
        """None while it does not answer."""
        with contextlib.suppress(OSError):
            return self._gauge.read()
        return None

    def remove(self, name: str, expected: Callable[[str, str | None], bool]) -> None:
        """Take a log off the car, with its sidecar.

        Args:
            expected: whether it is what somebody means, by its ETag and its hash, where that is known.

        Raises:
            NotFound: it is not there.
            Conflict: it is being recorded (code ``being_recorded``), or is another one (``changed``).
            Unavailable: it cannot be removed (code ``not_removed``).
        """
        with self.folder.opened(name) as (_, stamp):
            log = self.watch.log(name)
            sha256 = log.sha256 if log is not None and log.stamp == stamp else None
            if not expected(stamp.etag, sha256):
                raise Conflict("The log is not what it was: look again, then decide.", code="changed")
        if name == self.watch.recording or log is None or not log.is_closed or self.folder.is_being_written(name):
            raise Conflict("The log is being recorded, or may be: it stays.", code="being_recorded")
        try:
            self.folder.remove(name)
        except OSError as error:
            raise Unavailable(
                f"The log cannot be removed: {error.strerror}. May this program write into the folder?",
                code="not_removed",
            ) from None
        self.watch.removed(name)

    def logs(self) -> list[LogOnCar]:
        """All logs, the newest first.

        Raises:
            Unavailable: nobody has been able to look; an empty list would say that there are none.
        """
        if not self._looked.wait(FIRST_LOOK_S):
            raise Unavailable("The car has only just started, and looks for its logs: ask again.", code="starting")
        if self._away is not None:
            raise self._away
        return self.watch.logs()

    def state(self) -> CarState:
        """Everything that a person wants to know."""
        logs = self.watch.logs()
        recording = next((log for log in logs if log.name == self.watch.recording), None)
        log = self.watch.log(recording.name) if recording is not None else None
        since = log.beginning if log is not None else None
        return CarState(
            name=self.name,
            recorder=self._recorder_state,
            can_start=self.recorder.can_start,
            recording=recording.name if recording is not None else None,
            recording_bytes=recording.size_bytes if recording is not None else 0,
            recording_s=(self.clock.begins().begun_ns - since.begun_ns) / 1e9 if since is not None else None,
            metadata=self._metadata,
            recording_metadata=recording.metadata if recording is not None else None,
            disk=self.disk(),
            clock=self.clock.state(),
            logs=len(logs),
            to_hash=sum(each.closed is True and each.sha256 is None for each in logs),
            complaints=[each for each in (self._complaint, self._store.complaint) if each],
        )

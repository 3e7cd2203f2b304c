"""What goes wrong at a track, each as a function that lets it happen, ends it, and lets the offload end its work.

``test_faults.py`` runs each of them small, ``tests.scripts.offload_faults`` all of them at full size. Afterwards
every closed log is in the cloud, with equal hash, once; what went over the cables beyond the logs' bytes is told.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from tests.basestation.cars import Car, SftpCar
from tests.basestation.trackside import Trackside, made_log, power_off
from tests.servers.namespaces import wait_until

KIB = 1024
HANG_GUARD_S = 300
FAST_BYTES_PER_S = 20_000_000
RUNS = 6
"""After so many runs without a fault all that is closed has to be in the cloud."""
SETTLED = ("--settle", "0")
"""Nobody records here: what is there is closed."""
_numbers = iter(range(1, 1_000_000))
"""No two logs of a session are the same."""


@dataclass(frozen=True)
class Moved:
    """What went over the two cables, in bytes inside TCP segments, and what had to."""

    least: int
    pulled: int
    sent: int

    @property
    def pulled_beyond(self) -> float:
        """Share of the least."""
        return self.pulled / self.least - 1

    @property
    def sent_beyond(self) -> float:
        return self.sent / self.least - 1

    def __str__(self) -> str:
        return f"{self.least:,} bytes; beyond them pulled {self.pulled_beyond:.2%}, sent {self.sent_beyond:.2%}"


class Evening:
    """Logs on a car, and what their way to the cloud costs.

    Args:
        here: whose car gets them.
        car: is started when the logs are there.
        sizes: of the logs, in bytes, by name.
    """

    def __init__(self, here: Trackside, car: Car, sizes: dict[str, int]) -> None:
        self.here = here
        self.car = car
        for name, size_bytes in sizes.items():
            write(here, name, size_bytes)
        self.hashes = set(here.closed_logs().values())
        """Those of all logs that have to arrive."""
        self._before = self._carried()

    @property
    def total(self) -> int:
        return sum((self.here.logs / name).stat().st_size for name in self.here.closed_logs())

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.here.start_offload("--once", *SETTLED, "--source", self.car.place, *arguments)

    def once(self, *arguments: str) -> int:
        return self.here.offload_once(*SETTLED, "--source", self.car.place, *arguments)

    def finish(self, *arguments: str) -> Moved:
        """Run it without faults, as cron does, until it says that all is in the cloud; then look whether it is."""
        for _ in range(RUNS):
            if (code := self.once(*arguments)) == 0:
                break
        assert code == 0, self.here.said()[-4000:]
        self.hashes |= set(self.here.closed_logs().values())
        self.here.must_be_safe(self.hashes)
        pulled, sent = self._carried()
        return Moved(self.total, pulled - self._before[0], sent - self._before[1])

    def wait_for(self, process: subprocess.Popen[bytes], moment: Callable[[], bool]) -> None:
        """Return at the moment, or when the process has ended before it."""
        wait_until(lambda: moment() or process.poll() is not None, "the moment")

    def moved_bytes(self) -> int:
        return sum(self._carried())

    def has_moved(self, moved_bytes: int) -> bool:
        return self.moved_bytes() >= moved_bytes

    def pulled_bytes(self) -> int:
        return self._carried()[0]

    def has_pulled(self, pulled_bytes: int) -> bool:
        return self.pulled_bytes() >= pulled_bytes

    def _carried(self) -> tuple[int, int]:
        return self.here.pit.carried().to_right.payload, self.here.uplink.carried().to_right.payload


def write(here: Trackside, name: str, size_bytes: int) -> None:
    """A log with bytes that no other one has; what was under the name is replaced."""
    path = here.logs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made_log(next(_numbers), size_bytes))


@contextmanager
def evening(
    here: Trackside, name: str, make: Callable[[Trackside], Car], sizes: dict[str, int]
) -> Iterator[Evening]:
    """A new car and ledger; good cables before and after."""
    here.begin(name)
    car = make(here)
    run = Evening(here, car, sizes)
    car.start()
    try:
        yield run
    finally:
        car.kill()
        here.mend()


# ---- the link


def link_cut(run: Evening, chance: random.Random, times: int = 1) -> None:
    """The radio loses the car at some byte, and the car has been started anew when it is back."""
    here = run.here
    process = run.start()
    for _ in range(times):
        here.pit.set(cut_after=chance.randrange(run.total // times))
        run.wait_for(process, lambda: here.pit.carried().cut)
        run.car.kill()
        here.pit.heal()
        run.car.start()
    process.wait(HANG_GUARD_S)


def uplink_cut(run: Evening, chance: random.Random, times: int = 1) -> None:
    """The internet is gone at some byte, for a moment."""
    here = run.here
    process = run.start()
    for _ in range(times):
        here.uplink.set(cut_after=chance.randrange(run.total // times))
        run.wait_for(process, lambda: here.uplink.carried().cut)
        time.sleep(0.5)
        here.uplink.heal()
    process.wait(HANG_GUARD_S)


def server_killed(run: Evening, chance: random.Random, times: int = 1) -> None:
    """What shows the logs dies in the middle of one and comes back."""
    process = run.start()
    for _ in range(times):
        moment = run.pulled_bytes() + chance.randrange(run.total // times)
        run.wait_for(process, partial(run.has_pulled, moment))
        run.car.kill()
        run.car.start()
    process.wait(HANG_GUARD_S)


# ---- the station


def agent_killed(run: Evening, chance: random.Random, times: int) -> None:
    """``kill -9`` at random bytes of both cables, each time with what it has started.

    The first moments are before anything was moved, the last ones may be when all is sent and not proved yet.
    """
    here = run.here
    rate = min(run.total, FAST_BYTES_PER_S)  # or there is hardly a moment in between
    here.pit.set(bytes_per_s=rate)
    here.uplink.set(bytes_per_s=rate)
    for _ in range(times):
        moment = run.moved_bytes() + chance.randrange(3 * run.total // times)
        process = run.start()
        run.wait_for(process, partial(run.has_moved, moment))
        time.sleep(chance.uniform(0, 0.1))
        power_off(process)


@contextmanager
def small_disk(run: Evening) -> Iterator[Callable[[int], None]]:
    """The ledger's directory is a disk of its own; what is yielded says how large it is, in bytes."""
    here = run.here
    here.base.run("mount", "-t", "tmpfs", "-o", "size=64k", "ledger", here.ledger)

    def resize(size_bytes: int) -> None:
        here.base.run("mount", "-o", f"remount,size={size_bytes}", here.ledger)

    try:
        yield resize
    finally:
        here.base.run("umount", "--lazy", here.ledger)


def disk_full(run: Evening, sizes: list[int]) -> None:
    """The disk ends at each of these bytes; each time the command says so, and goes on with a larger one."""
    with small_disk(run) as resize:
        for size_bytes in sizes:
            resize(size_bytes)
            said = len(run.here.said())
            assert run.once() != 0
            told = run.here.said()[said:]
            assert "Traceback" not in told, told
            assert "full" in told or "space" in told or "room" in told, told
        resize(max(64 * KIB * KIB, 4 * run.total))
        run.finish()


# ---- the logs


def changes_while_pulled(run: Evening, change: Callable[[], object], after: int) -> None:
    """Something happens to the logs once so many bytes have come over."""
    moment = run.pulled_bytes() + after
    process = run.start()
    run.wait_for(process, partial(run.has_pulled, moment))
    run.hashes.clear()
    change()
    process.wait(HANG_GUARD_S)


STRANGE_NAMES = (
    "plain.mcap",
    "with spaces and 'quotes\".mcap",
    "Größe – 日本語 🏎.mcap",
    "two\nlines.mcap",
    "100%25 #1?.mcap",
    "-rf.mcap",
    "deep/er/and deeper/1.mcap",
    "UPPER.MCAP",
    "e\u0301.mcap",
    "\u00e9.mcap",
)


def symlinks(here: Trackside) -> set[str]:
    """Links to a log beside it, to itself, to nothing and to outside; the hash of what must not be taken."""
    outside = here.here / "outside.mcap"
    outside.write_bytes(made_log(next(_numbers), 2000))
    (here.logs / "linked.mcap").symlink_to("plain.mcap")
    (here.logs / "outside.mcap").symlink_to(outside)
    (here.logs / "loop.mcap").symlink_to("loop.mcap")
    (here.logs / "nothing.mcap").symlink_to("never.mcap")
    (here.logs / "again").symlink_to(".")
    return {hashlib.sha256(outside.read_bytes()).hexdigest()}


def in_1970(here: Trackside) -> None:
    """All logs are of the first second of 1970, as those of a computer without a battery."""
    for path in here.logs.rglob("*.mcap"):
        os.utime(path, ns=(0, 0), follow_symlinks=False)


def host_key_changed(run: Evening) -> str:
    """Somebody else answers at the car's address, or the car was set up anew; what the command says to it."""
    assert isinstance(run.car, SftpCar)
    run.car.kill()
    run.car.server.new_host_key()
    run.car.start()
    said = len(run.here.said())
    assert run.once() == 1
    told = run.here.said()[said:]
    run.car.know()
    return told

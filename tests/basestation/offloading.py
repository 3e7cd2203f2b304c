"""A station with a car and a cloud that exist in memory, and a disk that crashes, fills up, or loses its power."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from paddock.basestation.agent import Agent
from paddock.basestation.ledger import Ledger, open_ledger
from paddock.basestation.ledger_database import LedgerDatabase
from paddock.basestation.look import Place
from paddock.basestation.observed import Observed
from paddock.basestation.partials import Partials
from paddock.basestation.room import Room
from paddock.basestation.send import Sender
from paddock.basestation.sources.source import SeenFile, Source
from paddock.basestation.status import CarStatus
from paddock.basestation.stints import Stints
from paddock.errors import Conflict, NotFound, Unavailable

CLOUD = "http://cloud"


def some_bytes(seed: int, size_bytes: int) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


class MemorySource:
    """A car whose files are in memory.

    Args:
        files: bytes by name.
        hashes: whether it says their SHA-256.
        proves: whether it works out the SHA-256 of a beginning.
    """

    def __init__(self, files: dict[str, bytes] | None = None, *, hashes: bool = False, proves: bool = True) -> None:
        self.place = "memory"
        self.files = dict(files or {})
        self.modified: dict[str, int] = {}
        self.closed: dict[str, bool | None] = {}
        self.given_bytes = 0
        self.cuts: list[int] = []
        """The link is lost after so many bytes, again and again."""
        self.is_away = False
        self.piece_bytes, self.piece_s = 16 * 1024, 0.0
        self.reading: Callable[[str, int], None] = lambda name, offset: None
        """Called before each piece."""
        self._hashes, self._proves = hashes, proves

    def seen(self, name: str) -> SeenFile:
        data = self.files[name]
        sha256 = hashlib.sha256(data).hexdigest() if self._hashes else None
        return SeenFile(name, len(data), self.modified.get(name, 7), self.closed.get(name, True), sha256)

    async def look(self) -> Sequence[SeenFile]:
        self._must_be_there()
        return [self.seen(name) for name in self.files]

    async def read(self, seen: SeenFile, offset: int) -> AsyncIterator[bytes]:
        self._must_be_as(seen)
        data = self.files[seen.name]
        while offset < seen.size_bytes:
            self.reading(seen.name, offset)
            if self.piece_s:
                await asyncio.sleep(self.piece_s)
            self._must_be_there()
            piece = data[offset : min(offset + self.piece_bytes, seen.size_bytes)]
            if self.cuts and self.cuts[0] <= len(piece):
                piece = piece[: self.cuts.pop(0)]
                self.given_bytes += len(piece)
                if piece:
                    yield piece
                raise Unavailable("the link was lost", code="away")
            if self.cuts:
                self.cuts[0] -= len(piece)
            self.given_bytes += len(piece)
            offset += len(piece)
            yield piece
        self._must_be_as(seen)

    async def beginning_sha256(self, seen: SeenFile, size_bytes: int) -> str | None:
        self._must_be_as(seen)
        return hashlib.sha256(self.files[seen.name][:size_bytes]).hexdigest() if self._proves else None

    async def free_bytes(self) -> int | None:
        return None

    async def remove(self, seen: SeenFile) -> None:
        del self.files[seen.name]

    async def close(self) -> None:
        pass

    def _must_be_there(self) -> None:
        if self.is_away:
            raise Unavailable("the car is away", code="away")

    def _must_be_as(self, seen: SeenFile) -> None:
        self._must_be_there()
        if seen.name not in self.files:
            raise NotFound(f"{seen.name} is gone")
        now = self.seen(seen.name)
        if (now.size_bytes, now.modified_ns) != (seen.size_bytes, seen.modified_ns):
            raise Conflict(f"{seen.name} is being written")


class MemoryCloud(Sender):
    """Takes every log at once, and counts how often it came."""

    def __init__(self, ledger: Ledger, stored: Counter[str]) -> None:
        self.url, self.problem, self.is_busy = CLOUD, "", False
        self._ledger = ledger
        self._stored = stored
        self._news, self._ends = asyncio.Event(), False

    def wake(self) -> None:
        self._news.set()

    async def run(self) -> None:
        while True:
            self._news.clear()
            for log in self._ledger.to_send(CLOUD):
                data = self._ledger.path_of(log).read_bytes()
                assert hashlib.sha256(data).hexdigest() == log.sha256
                self._stored[log.sha256] += 1
                self._ledger.confirmed(log.sha256, CLOUD)
            if self._ends:
                return
            await self._news.wait()


class Station:
    """The folder of a ledger, and what became of its logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stored: Counter[str] = Counter()
        """In the cloud, by SHA-256."""
        self.boot = "first"
        self.lines: list[str] = []
        self.keep_free_bytes = 0
        self.settle_s = 0.0

    def offload(self, *sources: Source) -> None:
        """``paddock offload --once``."""

        async def work() -> None:
            with self.agent(*sources) as agent:
                await agent.run(once=True)

        asyncio.run(work())

    @contextlib.contextmanager
    def agent(self, *sources: Source) -> Iterator[Agent]:
        with open_ledger(self.folder) as ledger:
            observed = Observed()
            places = [Place(source, ledger, observed, self.settle_s) for source in sources]
            for place in places:
                observed.cars[place.name] = CarStatus(place=place.name, name=place.name)
            cloud = MemoryCloud(ledger, self.stored)
            room = Room(ledger, [CLOUD], self.keep_free_bytes)
            partials = Partials(ledger, self.boot)
            yield Agent(ledger, observed, Stints(ledger), places, [cloud], room, partials, self.lines.append)

    def counts(self) -> dict[str, int]:
        with open_ledger(self.folder) as ledger:
            return ledger.counts()

    @property
    def excess_bytes(self) -> int:
        """What was pulled in vain."""
        counts = self.counts()
        return counts["pulled_bytes"] - counts["kept_bytes"]

    def must_have(self, *logs: bytes) -> None:
        """The cloud has these, each once, and nothing else; no partial file is left."""
        assert self.stored == Counter({hashlib.sha256(log).hexdigest(): 1 for log in logs})
        assert not list((self.folder / "partial").iterdir())
        for path in (self.folder / "files").iterdir():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem


class Crash(BaseException):
    """The process is killed."""


class FaultyDisk:
    """Everything that changes the disk, counted.

    Args:
        monkeypatch: ends it with the test.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        self.crash_at: int | None = None
        self.full_at: int | None = None
        """From this step on a write finds the disk full …"""
        self.full_for = 0
        """… so often."""
        self._is_dead = False
        self._synced: dict[int, int] = {}
        """Size by inode, as it survives a power cut."""
        self._renames: list[tuple[Path, Path]] = []
        """That no folder was synced after."""
        self._real = {name: getattr(os, name) for name in ("pwrite", "fsync", "replace", "unlink")}
        for name in self._real:
            monkeypatch.setattr(os, name, getattr(self, f"_{name}"))
        transaction = LedgerDatabase.transaction

        @contextlib.contextmanager
        def counted(ledger: LedgerDatabase) -> Iterator[Any]:
            with transaction(ledger) as database:
                yield database
                self._step()
            self._step()

        monkeypatch.setattr(LedgerDatabase, "transaction", counted)

    def start_again(self) -> None:
        """A new process, whose disk has no faults."""
        self.steps, self.crash_at, self.full_at, self._is_dead = 0, None, None, False

    def cut_power(self, folder: Path) -> None:
        """What was not synced becomes zeros; what was renamed only in memory is not."""
        for source, target in reversed(self._renames):
            if target.exists() and not source.exists():
                self._real["replace"](target, source)
        self._renames.clear()
        for path in (folder / "partial").glob("*"):
            synced = self._synced.get(path.stat().st_ino, 0)
            length = path.stat().st_size
            with path.open("r+b") as file:
                file.truncate(min(synced, length))
                file.truncate(length)

    def _step(self) -> None:
        self.steps += 1
        if self._is_dead or self.steps == self.crash_at:
            self._is_dead = True
            raise Crash

    def _may_write(self) -> None:
        if self.full_at is not None and self.steps >= self.full_at and self.full_for:
            self.full_for -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _pwrite(self, descriptor: int, data: Any, offset: int) -> int:
        self._step()
        self._may_write()
        # As after a signal: only some of it.
        some = data[:20_000] if len(data) > 30_000 else data
        written: int = self._real["pwrite"](descriptor, some, offset)
        self._step()
        return written

    def _fsync(self, descriptor: int) -> None:
        self._step()
        self._may_write()
        self._real["fsync"](descriptor)
        status = os.fstat(descriptor)
        self._synced[status.st_ino] = status.st_size
        folder = Path(f"/proc/self/fd/{descriptor}").readlink()
        self._renames = [each for each in self._renames if each[1].parent != folder]
        self._step()

    def _replace(self, source: Path, target: Path) -> None:
        self._step()
        self._real["replace"](source, target)
        self._renames.append((Path(source), Path(target)))
        self._step()

    def _unlink(self, path: Path, **options: Any) -> None:
        self._step()
        self._real["unlink"](path, **options)
        self._step()

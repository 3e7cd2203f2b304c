"""Logs that are not whole yet, and how they become whole: in ``partial/``, one file each, then in ``files/``.

A partial's name says whose it is, what it is the beginning of, and in which run of the kernel it was written::

    partial/12_73400320_1776600000000000000_6f1c…      <file>_<size>_<modified>_<boot>

While the kernel runs it has every byte that was written, whoever was killed, so that the length of the file counts.
After a power cut only what the ledger calls pulled does, since that was synced before.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import CarFile
from paddock.basestation.to_the_end import to_the_end
from paddock.durable_files import sync_directory, sync_file

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Names this run of the kernel; empty where it has no name."""
    try:
        return _BOOT_ID.read_text().strip().replace("-", "")
    except OSError:
        return ""


@dataclass
class Whole:
    """A partial with all bytes of its file."""

    file: CarFile
    partial: Path
    sha256: str
    kept_bytes: int
    """How many of them came over the link."""
    received_bytes: int
    """How many came over the link since the ledger was told last."""


class Partials:
    """Those of one ledger.

    Args:
        ledger: whose folder they are in.
        boot: as ``boot_id`` says.
    """

    def __init__(self, ledger: Ledger, boot: str) -> None:
        self._ledger = ledger
        self._boot = boot
        self._folder = ledger.folder / "partial"
        self._in_use: set[int] = set()
        self._waiting: list[tuple[Whole, asyncio.Future[None]]] = []
        self._keeping: asyncio.Task[None] | None = None

    def recover(self, servers: Sequence[str]) -> None:
        """Go on where the last process ended: name what was hashed, miss what somebody took away.

        Args:
            servers: logs that all of them have confirmed are not missed.
        """
        ledger = self._ledger
        files = {file.id: file for file in ledger.files()}
        logs = {log.sha256: log for log in ledger.logs()}
        hashed = []
        for partial in self._there():
            file = files.get(_file_id(partial))
            if file is not None and file.sha256 is not None and not logs[file.sha256].here:
                hashed.append((partial, file.sha256))
            elif file is None or file.sha256 is not None:
                partial.unlink()
        self._name(hashed)
        there = {entry.name: entry.stat().st_size for entry in os.scandir(ledger.folder / "files")}
        whole = {log.sha256 for log in logs.values() if there.get(ledger.path_of(log).name) == log.size_bytes}
        ledger.arrived(sha256 for sha256 in whole if not logs[sha256].here)
        ledger.lost([log.sha256 for log in ledger.logs() if log.here and log.sha256 not in whole], servers)
        self.clean()

    def clean(self) -> None:
        """Remove the beginnings of files in whose place another one lies now."""
        if not (there := self._there()):
            return
        replaced = self._ledger.replaced() - self._in_use
        for partial in there:
            if _file_id(partial) in replaced:
                partial.unlink(missing_ok=True)

    @contextlib.contextmanager
    def in_use(self, file: CarFile) -> Iterator[None]:
        """What is here of a file stays for the time of the block."""
        self._in_use.add(file.id)
        try:
            yield
        finally:
            self._in_use.remove(file.id)

    def of(self, file: CarFile) -> tuple[Path, bool]:
        """Where a file's bytes go, with those in it that can be trusted, and whether they are surely of this file.

        They may be of another one where its size or time has changed since.
        """
        path = self._folder / "_".join(
            (str(file.id), str(file.seen.size_bytes), str(file.seen.modified_ns), self._boot)
        )
        before = next(iter(self._folder.glob(f"{file.id}_*")), None)
        if before is None:
            return path, True
        boot = before.name.rpartition("_")[2]
        if boot != self._boot or not boot:
            with before.open("r+b") as partial:
                partial.truncate(min(file.pulled_bytes, before.stat().st_size))
        is_same = before.name.rpartition("_")[0] == path.name.rpartition("_")[0]
        # Named anew only when what it begins with is proven.
        return (before.replace(path) if is_same else before), is_same

    def renamed(self, partial: Path, file: CarFile) -> Path:
        """What is in a partial is the beginning of the file as it is now."""
        name = "_".join((str(file.id), str(file.seen.size_bytes), str(file.seen.modified_ns), self._boot))
        return partial.replace(self._folder / name)

    async def keep(self, whole: Whole) -> None:
        """Make a log of a whole partial; it is durable when this returns.

        Those that are whole at the same time go together: a disk syncs a hundred small files nearly as fast as one.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((whole, done))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_waiting())
        await done

    async def close(self) -> None:
        """Wait for those that are being kept."""
        if self._keeping is not None:
            await asyncio.wait([self._keeping])

    async def _keep_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await to_the_end(functools.partial(self._keep, [whole for whole, _ in batch]))
            except BaseException as error:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            for _, done in batch:
                if not done.done():
                    done.set_result(None)

    def _keep(self, batch: Sequence[Whole]) -> None:
        for whole in batch:
            sync_file(whole.partial)
        sync_directory(self._folder)
        self._ledger.hashed(
            [(whole.file, whole.sha256) for whole in batch],
            kept_bytes=sum(whole.kept_bytes for whole in batch),
            received_bytes=sum(whole.received_bytes for whole in batch),
        )
        self._name([(whole.partial, whole.sha256) for whole in batch])

    def _name(self, hashed: Sequence[tuple[Path, str]]) -> None:
        """Give synced partials the names of their logs."""
        if not hashed:
            return
        arrived = []
        for partial, sha256 in hashed:
            log = self._ledger.log(sha256)
            assert log is not None
            if log.here:
                partial.unlink()
            else:
                with contextlib.suppress(FileNotFoundError):  # another one of this batch had the same bytes
                    partial.replace(self._ledger.path_of(log))
                arrived.append(sha256)
        sync_directory(self._ledger.folder / "files")
        sync_directory(self._folder)
        self._ledger.arrived(arrived)

    def _there(self) -> list[Path]:
        return list(self._folder.iterdir())


def _file_id(partial: Path) -> int:
    number = partial.name.partition("_")[0]
    return int(number) if number.isdecimal() else -1

"""One log off a car: from where the last try ended, hashed over all of its bytes, and synced."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import CarFile
from paddock.basestation.observed import Observed
from paddock.basestation.partials import Partials, Whole
from paddock.basestation.room import Room
from paddock.basestation.sources.source import Source
from paddock.basestation.to_the_end import to_the_end
from paddock.errors import Conflict, Unavailable

OVERLAP_BYTES = 4096
"""So many bytes before the place where a pull goes on are read again, and have to be the same."""
_PIECE_BYTES = 1024 * 1024
_PIECE_S = 0.1
_SYNC_BYTES = 16 * 1024 * 1024
_SYNC_S = 5.0
"""So much is pulled again after a power cut."""
_SILENCE_S = 60.0
"""A link on which no byte comes for so long is dead, though nobody said so."""

Arrived = Callable[[int], None]
"""Told how many more bytes came over the link."""


class _OtherBytesError(Exception):
    """The bytes that are here are not those with which the file on the car begins."""


class Pull:
    """Takes one file; ``run`` may be called once.

    Args:
        source: where it lies.
        file: as the ledger has it.
        ledger: is told how far it is.
        observed: is told how far it is at the moment.
        partials: has what came before.
        room: on the disk here.
        arrived: told about every byte.
    """

    def __init__(
        self,
        source: Source,
        file: CarFile,
        ledger: Ledger,
        observed: Observed,
        partials: Partials,
        room: Room,
        arrived: Arrived,
    ) -> None:
        self._source = source
        self._file = file
        self._size = file.seen.size_bytes
        self._ledger = ledger
        self._observed = observed
        self._partials = partials
        self._room = room
        self._arrived = arrived
        self._digest = hashlib.sha256()
        self._here = 0
        """How many bytes are in the partial and in the digest."""
        self._received = 0
        """How many came over the link and are not counted in the ledger yet."""
        self._copied = 0
        """How many were here before in another log."""
        self._hash_decides = False
        """Whether the beginning is only guessed, and proven by the car's hash of the whole."""
        self._proven_bytes = 0
        """So many of its first bytes are known to be those of the file."""
        self._taken = 0

    async def run(self) -> None:
        """Pull the rest, and keep the log.

        Raises:
            NotFound: the file is gone.
            Conflict: it is being written.
            Unavailable: the car is away, the file cannot be read, or the disk here is full (code ``disk_full``) or
                cannot be written (``not_written``).
        """
        with self._partials.in_use(self._file):
            try:
                whole = await self._whole()
            except _OtherBytesError:
                await self._start_over()
                whole = await self._whole()
            if whole is not None:
                with _disk_words(self._ledger.folder):
                    await self._partials.keep(whole)

    async def _whole(self) -> Whole | None:
        """None where nothing has to be pulled."""
        with _disk_words(self._ledger.folder):
            beginning = await to_the_end(self._beginning)
        if beginning is None:
            return None
        partial = await self._prove(beginning)
        try:
            with _disk_words(self._ledger.folder):
                await to_the_end(self._take_room)
                descriptor = os.open(partial, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                await self._fill(descriptor)
            finally:
                os.close(descriptor)
                if not self._here and self._size:
                    partial.unlink(missing_ok=True)
        finally:
            self._room.give_back(self._taken)
            self._taken = 0
        sha256 = self._digest.hexdigest()
        if self._file.seen.sha256 not in (None, sha256):
            if self._hash_decides:
                raise _OtherBytesError
            await self._start_over()
            raise Unavailable(
                f"{self._file.seen.name} has other bytes than the car says it has: it is pulled again.",
                code="unreadable",
            )
        return Whole(self._file, partial, sha256, self._size - self._copied, self._received)

    async def _start_over(self) -> None:
        """Forget what is here of the file."""
        file = self._file
        received, self._received = self._received, 0

        def forget() -> None:
            self._partials.of(file)[0].unlink(missing_ok=True)
            self._ledger.pulled(file.id, 0, received_bytes=received)
            self._ledger.start_over(file.id)

        with _disk_words(self._ledger.folder):
            await to_the_end(forget)
        self._digest, self._here, self._copied = hashlib.sha256(), 0, 0
        self._hash_decides, self._proven_bytes = False, 0

    def _is_needed(self) -> bool:
        """Whether anything has to be pulled: the car's own hash may name a log that is here already."""
        self._file = file = self._ledger.file(self._file.id)
        self._size = file.seen.size_bytes
        if file.sha256 is not None or not file.on_car:
            return False
        log = None if file.seen.sha256 is None else self._ledger.log(file.seen.sha256)
        if log is None or not log.here:
            return True
        self._ledger.hashed([(file, log.sha256)])
        return False

    def _beginning(self) -> Path | None:
        """Hash what is here of the file; where it is, or None where nothing has to be pulled."""
        if not self._is_needed():
            return None
        partial, self._is_same = self._partials.of(self._file)
        with contextlib.suppress(FileNotFoundError), partial.open("rb") as file:
            if os.fstat(file.fileno()).st_size > self._size:
                raise _OtherBytesError
            while piece := file.read(_PIECE_BYTES):
                self._digest.update(piece)
                self._here += len(piece)
        # Those that a killed process had no time to count.
        self._received += max(0, self._here - self._file.pulled_bytes)
        return partial

    async def _prove(self, partial: Path) -> Path:
        """Make sure that what is here is the beginning of the file as it is now; where it is then.

        Where the file is as it was, the last bytes of what is here are compared in ``_fill``.
        """
        seen, file = self._file.seen, self._file
        if self._here and not self._is_same:
            await self._prove_by(self._here, self._digest.hexdigest())
            return self._partials.renamed(partial, file)
        if not self._here and file.begins_with is not None:
            shorter = await asyncio.to_thread(self._ledger.log, file.begins_with)
            if shorter is not None and shorter.here and shorter.size_bytes <= seen.size_bytes:
                await self._prove_by(shorter.size_bytes, shorter.sha256)
                with _disk_words(self._ledger.folder):
                    path = self._ledger.path_of(shorter)
                    await to_the_end(lambda: self._copy(path, partial))
        return partial

    async def _prove_by(self, size_bytes: int, sha256: str) -> None:
        found = await self._source.beginning_sha256(self._file.seen, size_bytes)
        if found is None and self._file.seen.sha256 is not None:
            self._hash_decides = True
        elif found != sha256:
            raise _OtherBytesError
        else:
            self._proven_bytes = size_bytes

    def _copy(self, shorter: Path, partial: Path) -> None:
        size_bytes = shorter.stat().st_size
        self._room.take(size_bytes)
        try:
            shutil.copyfile(shorter, partial)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        finally:
            self._room.give_back(size_bytes)
        with partial.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                self._digest.update(piece)
                self._here += len(piece)
        self._copied = self._here

    def _take_room(self) -> None:
        rest = self._size - self._here
        self._room.take(rest)
        self._taken = rest

    async def _fill(self, descriptor: int) -> None:
        """Read the rest of the file into the partial."""
        file, pieces, size_bytes = self._file, bytearray(), 0
        overlap = min(OVERLAP_BYTES, self._here - self._proven_bytes)
        written_at = synced_at = time.monotonic()
        synced = self._here
        link = _lively(self._source.read(file.seen, self._here - overlap))
        try:
            async for piece in link:
                self._received += len(piece)
                self._arrived(len(piece))
                pieces += piece
                if overlap:
                    if len(pieces) < overlap:
                        continue
                    self._compare(descriptor, pieces, overlap)
                    del pieces[:overlap]
                    overlap = 0
                size_bytes = self._here + len(pieces)
                if size_bytes > self._size:
                    raise Conflict(f"{file.seen.name} is being written.", code="changed")
                now = time.monotonic()
                if len(pieces) >= _PIECE_BYTES or now - written_at >= _PIECE_S:
                    await self._write(descriptor, pieces)
                    written_at = now
                if self._here - synced >= _SYNC_BYTES or (self._here > synced and now - synced_at >= _SYNC_S):
                    await self._sync(descriptor)
                    synced, synced_at = self._here, now
        finally:
            # Also what came just before the link was lost, or the user pressed Ctrl-C.
            if pieces and not overlap:
                await self._write(descriptor, pieces)
            await link.aclose()
            if self._here != self._size:
                with contextlib.suppress(Unavailable):
                    await self._sync(descriptor)
        if self._here != self._size:
            raise Conflict(f"{file.seen.name} ended too early: it is being written.", code="changed")

    def _compare(self, descriptor: int, pieces: bytearray, overlap: int) -> None:
        if os.pread(descriptor, overlap, self._here - overlap) != pieces[:overlap]:
            raise _OtherBytesError

    async def _write(self, descriptor: int, pieces: bytearray) -> None:
        data = bytes(pieces)
        pieces.clear()
        with _disk_words(self._ledger.folder):
            await to_the_end(lambda: self._append(descriptor, data))

    def _append(self, descriptor: int, data: bytes) -> None:
        left = memoryview(data)
        while left:
            count = os.pwrite(descriptor, left, self._here)
            self._digest.update(left[:count])
            self._here += count
            self._room.give_back(count)
            self._taken -= count
            left = left[count:]
        self._observed.pulled[self._file.id] = self._here

    async def _sync(self, descriptor: int) -> None:
        """Make what is here durable, and say so."""
        received, self._received = self._received, 0

        def sync() -> None:
            os.fsync(descriptor)
            self._ledger.pulled(self._file.id, self._here, received_bytes=received)

        with _disk_words(self._ledger.folder):
            await to_the_end(sync)


async def _lively(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Passes pieces on, and ends with ``Unavailable`` when none has come for ``_SILENCE_S``."""
    try:
        while True:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Unavailable("The car went silent.", code="away") from None
            yield piece
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


@contextlib.contextmanager
def _disk_words(folder: Path) -> Iterator[None]:
    """What this disk says, as one of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                "The disk here is full. Free some room; pulling goes on by itself.", code="disk_full"
            ) from error
        raise Unavailable(
            f"{folder} cannot be written: {error.strerror or error}. Pulling goes on by itself.", code="not_written"
        ) from error

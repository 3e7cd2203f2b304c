"""Uploads in parts on a file system: parts land at their place in one file, which one rename makes the object.

::

    .aside/upload-<id>/plan.json    what was announced
    .aside/upload-<id>/bytes        sparse, as long as the whole object
    .aside/upload-<id>/parts/<n>    empty; there once part n is whole and synced
    .aside/upload-<id>/parts/<n>.begun    how many bytes of part n are synced, as digits, where it is not whole

A part counts when its bytes are synced and then its mark is. Writers hold a shared lock on ``bytes`` during each
write, and look first whether it is still theirs; completing and aborting hold the exclusive one. So a late
writer can never touch an object that is already visible. The locks end with their process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from paddock.durable_files import disk_full, free_bytes, sync_directory, sync_file
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.objects import PartInfo

_ID = re.compile(r"[0-9a-f]{32}")
_FOLDER = "upload-"
_BEGUN = ".begun"
PROMISE_S = 600.0
"""So long after its last byte an upload still has the room that it announced; it may go on later all the same."""


class Plan(msgspec.Struct, frozen=True):
    """What was announced when the upload began."""

    key: str
    size_bytes: int
    part_size_bytes: int

    def span(self, number: int) -> tuple[int, int]:
        """Offset and length of a part, in bytes.

        Raises:
            Rejected: the upload has no such part.
        """
        offset = (number - 1) * self.part_size_bytes
        if number < 1 or offset >= self.size_bytes:
            raise Rejected(f"The upload has no part {number}: announce the file again.", code="no_such_part")
        return offset, min(self.part_size_bytes, self.size_bytes - offset)

    @property
    def part_count(self) -> int:
        """How many parts make the object."""
        return -(-self.size_bytes // self.part_size_bytes)


class DirectoryUploads:
    """The unfinished uploads below one directory. Synchronous: for worker threads.

    Args:
        aside: on the same file system as the objects.
        reserve_bytes: room that is never promised to an upload, so that the rest of Paddock keeps working.
        now: seconds since the Unix epoch.
    """

    def __init__(self, aside: Path, reserve_bytes: int, now: Callable[[], float] = time.time) -> None:
        self._aside = aside
        self._now = now
        self._reserve_bytes = reserve_bytes

    def begin(self, plan: Plan) -> str:
        """Make room for an upload; its id.

        Raises:
            Unavailable: no room (code ``disk_full``), counting what earlier uploads were promised.
        """
        upload = secrets.token_hex(16)
        folder = self._aside / f"{_FOLDER}{upload}"
        folder.mkdir()
        try:
            (folder / "parts").mkdir()
            with (folder / "plan.json").open("wb") as file:
                file.write(msgspec.json.encode(plan))
                file.flush()
                os.fsync(file.fileno())
            with (folder / "bytes").open("wb") as file:
                file.truncate(plan.size_bytes)
                os.fsync(file.fileno())
            # Our own promise is counted as well, so that of two uploads beginning at once none is overlooked.
            free = free_bytes(self._aside)
            promised = self._promised_bytes()
            if promised + self._reserve_bytes > free:
                room = max(0, free - self._reserve_bytes - promised + plan.size_bytes)
                raise disk_full(room, plan.size_bytes)
            sync_directory(folder)
            sync_directory(self._aside)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return upload

    def plan(self, upload: str) -> Plan:
        """What was announced.

        Raises:
            NotFound: the upload is unknown, complete or forgotten (code ``no_such_upload``).
        """
        try:
            if (self._folder(upload) / "bytes").exists():
                return msgspec.json.decode((self._folder(upload) / "plan.json").read_bytes(), type=Plan)
        except FileNotFoundError:
            pass
        raise _gone()

    def write(self, upload: str, offset: int, data: bytes) -> None:
        """Put bytes at their place; they do not count before ``mark``.

        Raises:
            NotFound: the upload was completed or forgotten meanwhile.
        """
        with self._locked(upload, fcntl.LOCK_SH) as descriptor:
            view = memoryview(data)
            while view:
                written = os.pwrite(descriptor, view, offset)
                view, offset = view[written:], offset + written

    def note(self, upload: str, number: int, arrived_bytes: int) -> None:
        """Keep so many bytes of a part that is not whole, all of which were written.

        Raises:
            NotFound: the upload was completed or forgotten meanwhile.
        """
        folder = self._folder(upload)
        with contextlib.suppress(FileNotFoundError):
            sync_file(folder / "bytes")
        with self._locked(upload, fcntl.LOCK_SH):
            note = folder / "parts" / f"{number}{_BEGUN}"
            aside = note.with_suffix(f".{secrets.token_hex(4)}")
            aside.write_text(str(arrived_bytes))
            sync_file(aside)
            aside.rename(note)
            sync_directory(folder / "parts")

    def beginnings(self, upload: str) -> dict[int, int]:
        """How many bytes are kept of parts that are not whole, by number.

        Raises:
            NotFound: like ``plan``.
        """
        plan = self.plan(upload)
        whole = {part.number for part in self.parts(upload)}
        found = {}
        for note in (self._folder(upload) / "parts").glob(f"*{_BEGUN}"):
            with contextlib.suppress(FileNotFoundError, ValueError):
                number, arrived_bytes = int(note.stem), int(note.read_text())
                if number not in whole and 0 < arrived_bytes < plan.span(number)[1]:
                    found[number] = arrived_bytes
        return found

    def mark(self, upload: str, number: int) -> PartInfo:
        """Count a part whose bytes were all written.

        Raises:
            NotFound: the upload was completed or forgotten meanwhile.
        """
        folder = self._folder(upload)
        with contextlib.suppress(FileNotFoundError):  # then the lock below says so
            sync_file(folder / "bytes")
        with self._locked(upload, fcntl.LOCK_SH):
            (folder / "parts" / str(number)).touch()
            (folder / "parts" / f"{number}{_BEGUN}").unlink(missing_ok=True)
            sync_directory(folder / "parts")
            return self._part(upload, self.plan(upload), number)

    def parts(self, upload: str) -> Sequence[PartInfo]:
        """The parts that count, by number.

        Raises:
            NotFound: like ``plan``.
        """
        plan = self.plan(upload)
        try:
            marks = (self._folder(upload) / "parts").iterdir()
            numbers = sorted(int(mark.name) for mark in marks if mark.name.isdigit())
            return [self._part(upload, plan, number) for number in numbers]
        except FileNotFoundError:
            raise _gone() from None

    def complete(self, upload: str, place: Callable[[Path], None]) -> None:
        """Hand the whole, synced file to ``place``, which renames it to where it belongs.

        Raises:
            NotFound: like ``plan``.
            Conflict: parts are missing (code ``parts_missing``).
        """
        folder = self._folder(upload)
        with self._locked(upload, fcntl.LOCK_EX) as descriptor:
            missing = self.plan(upload).part_count - len(self.parts(upload))
            if missing:
                raise Conflict(
                    f"{missing} parts of the upload have not arrived: announce it again, and send them.",
                    code="parts_missing",
                )
            os.utime(descriptor, ns=(time.time_ns(),) * 2)
            os.fsync(descriptor)
            place(folder / "bytes")
        shutil.rmtree(folder, ignore_errors=True)

    def abort(self, upload: str) -> None:
        """Forget an upload; forgetting twice is fine."""
        self.remove(self._folder(upload))

    def remove(self, folder: Path) -> None:
        """Remove an upload's directory, or what a crash left of one."""
        with contextlib.suppress(NotFound), self._locked(folder.name.removeprefix(_FOLDER), fcntl.LOCK_EX):
            (folder / "bytes").unlink()
        shutil.rmtree(folder, ignore_errors=True)

    def _promised_bytes(self) -> int:
        """What uploads that somebody sends may still write: the holes in their files."""
        promised, now = 0, self._now()
        for file in self._aside.glob(f"{_FOLDER}*/bytes"):
            with contextlib.suppress(FileNotFoundError):
                status = file.stat()
                # What was announced and not sent takes no room from others; a file of the future has a wrong time.
                if abs(now - status.st_mtime) < PROMISE_S:
                    promised += max(0, status.st_size - status.st_blocks * 512)
        return promised

    def _folder(self, upload: str) -> Path:
        if not _ID.fullmatch(upload):
            raise _gone()
        return self._aside / f"{_FOLDER}{upload}"

    def _part(self, upload: str, plan: Plan, number: int) -> PartInfo:
        size_bytes = plan.span(number)[1]
        # The time of the mark changes whenever the part is sent again.
        marked_ns = (self._folder(upload) / "parts" / str(number)).stat().st_mtime_ns
        return PartInfo(number, size_bytes, f"{size_bytes:x}-{marked_ns:x}")

    @contextlib.contextmanager
    def _locked(self, upload: str, lock: int) -> Iterator[int]:
        """The open file of an upload, once it is certain that it is still the upload's."""
        path = self._folder(upload) / "bytes"
        # Opened each time: a lock belongs to one opening of a file, and no descriptor outlives a lost caller.
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            raise _gone() from None
        try:
            fcntl.flock(descriptor, lock)
            try:
                same = os.path.samestat(path.stat(), os.fstat(descriptor))
            except FileNotFoundError:
                same = False
            if not same:
                raise _gone()
            yield descriptor
        finally:
            os.close(descriptor)


def _gone() -> NotFound:
    return NotFound("There is no such upload any more: announce the file again.", code="no_such_upload")

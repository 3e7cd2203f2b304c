"""Objects as files below one directory, durable and whole.

An object is written aside in the same file system, synced, and renamed to its place, whose directory is synced
too: a crash leaves the old object, the new one or none, and at worst a leftover below ``.aside`` that
``sweep`` removes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

import msgspec

from paddock.adapters.directory_uploads import DirectoryUploads, Plan
from paddock.adapters.object_paths import check_prefix, path_of, walk
from paddock.adapters.signed_links import GetGrant, PutGrant, SignedLinks
from paddock.domain.keys import INCOMING
from paddock.domain.log_kinds import is_log_name
from paddock.domain.sidecar import MAX_BYTES, sidecar_name
from paddock.durable_files import disk_errors, rename_durably, sync_directory
from paddock.errors import NotFound, Rejected
from paddock.ports.objects import ObjectInfo, PartInfo

RESERVE_BYTES = 512 * 1024 * 1024
"""Left to the database and to conversions when an upload asks for room."""
_PIECE_BYTES = 1024 * 1024
_NOTE_BYTES = 8 * 1024 * 1024
"""So much of a part that is being sent is lost with the service at most."""
_LIST_BATCH = 500
_PUT_IDLE_S = 3600.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

P = ParamSpec("P")
R = TypeVar("R")


class DirectoryObjects:
    """``ports/objects.py`` on a directory; ``links`` verifies what its URLs allow.

    Args:
        root: holds the objects under readable names, and ``.aside``.
        secret: signs links; at least 16 bytes, the same in every process.
        base_url: where the web service is reached.
        reserve_bytes: room that an upload is never given.
        now: seconds since the Unix epoch.
        read_only: nothing is made there, as on a disk that takes nothing.
    """

    least_part_bytes = 64 * 1024
    """Each part is a request and two trips to the disk; those of 10 bytes would be only that."""

    def __init__(
        self,
        root: Path,
        secret: bytes,
        base_url: str,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        now: Callable[[], float] = time.time,
        read_only: bool = False,
    ) -> None:
        self.links = SignedLinks(secret, base_url, now)
        self._now = now
        self._root = root
        self._aside = root / ".aside"
        if not read_only:
            with disk_errors(root.parent):
                self._aside.mkdir(parents=True, exist_ok=True)
        self._uploads = DirectoryUploads(self._aside, reserve_bytes, now)

    async def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Copy a local file; see the port."""
        return await self._thread(self._put_file, key, path)

    def _put_file(self, key: str, path: Path) -> ObjectInfo:
        target = path_of(self._root, key)
        aside = self._aside / f"put-{secrets.token_hex(16)}"
        with path.open("rb") as source, disk_errors(self._root, path.stat().st_size):
            try:
                with aside.open("xb") as file:
                    shutil.copyfileobj(source, file, _PIECE_BYTES)
                    file.flush()
                    # A time of our own, to the nanosecond: the kernel's is too coarse to tell two puts apart.
                    os.utime(file.fileno(), ns=(time.time_ns(),) * 2)
                    os.fsync(file.fileno())
                    status = os.fstat(file.fileno())
                self._place(aside, target)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
        return _info(key, status)

    async def stat(self, key: str) -> ObjectInfo | None:
        """The object, if it is there."""
        return await self._thread(self._stat, key)

    def _stat(self, key: str) -> ObjectInfo | None:
        path = path_of(self._root, key)
        with disk_errors(self._root):
            try:
                status = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        if not stat.S_ISREG(status.st_mode):
            return None
        found = _info(key, status)
        beside = _sidecar_of(key, path)
        return found if beside is None else msgspec.structs.replace(found, sidecar=_text_of(beside))

    def local_path(self, key: str) -> Path | None:
        """Its path; there may be nothing."""
        return path_of(self._root, key)

    async def open(self, key: str) -> BinaryIO:
        """A seekable stream; it keeps showing these bytes when the object is replaced or removed."""
        return await self._thread(self._open, key)

    def _open(self, key: str) -> BinaryIO:
        path = path_of(self._root, key)
        with disk_errors(self._root):
            try:
                # Whoever opens a named pipe waits for somebody who writes into it.
                if path.is_file():
                    return path.open("rb")
            except FileNotFoundError:
                pass
            raise _not_found(key)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes ``start`` to ``end`` in pieces of at most 1 MiB, all of one version of the object."""
        stream = await self.open(key)
        # Closing waits for a read that is still running on its thread when the caller went away.
        with stream:
            await self._thread(stream.seek, start)
            left = _PIECE_BYTES if end is None else end - start
            while left > 0 and (piece := await self._thread(stream.read, min(left, _PIECE_BYTES))):
                yield piece
                left -= len(piece) if end is not None else 0

    async def move(self, source: str, target: str) -> None:
        """One rename."""
        await self._thread(self._move, source, target)

    def _move(self, source: str, target: str) -> None:
        path = path_of(self._root, source)
        with disk_errors(self._root):
            if not path.is_file():
                raise _not_found(source)
            try:
                self._place(path, path_of(self._root, target))
            except FileNotFoundError:
                raise _not_found(source) from None
            self._remove_sidecar(source, path)
            self._remove_empty(path.parent)

    async def delete(self, key: str) -> None:
        """Remove an object, and the folders this leaves empty."""
        await self._thread(self._delete, key)

    def _delete(self, key: str) -> None:
        path = path_of(self._root, key)
        with disk_errors(self._root):
            if not path.is_file():
                return
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                sync_directory(path.parent)
            self._remove_sidecar(key, path)
            self._remove_empty(path.parent)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Objects in order of their keys; one added meanwhile may be missed."""
        check_prefix(prefix)
        found = self._list(prefix)
        while batch := await self._thread(lambda: list(itertools.islice(found, _LIST_BATCH))):
            for info in batch:
                yield info

    def _list(self, prefix: str) -> Iterator[ObjectInfo]:
        with disk_errors(self._root):
            for key, path in walk(self._root, prefix):
                with contextlib.suppress(FileNotFoundError):
                    key, path = self._under_its_key(key, path)
                    yield _info(key, path.stat())

    def _under_its_key(self, key: str, path: Path) -> tuple[str, Path]:
        """What another program dropped into ``incoming/`` gets the name by which its key is found."""
        if not key.startswith(INCOMING):
            return key, path
        key = _CONTROL.sub("_", key)
        own = path_of(self._root, key)
        if own != path and not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            path.rename(own)
        return key, own

    async def link(self, key: str, *, file_name: str, expires_s: int) -> str:
        """See ``signed_links``."""
        path_of(self._root, key)
        return self.links.get_url(GetGrant(key, file_name), expires_s)

    async def begin_upload(self, key: str, size_bytes: int, part_size_bytes: int) -> str:
        """Start an upload if the disk has room for it, the reserve, and what other uploads were promised."""
        path_of(self._root, key)
        if size_bytes < 1 or part_size_bytes < 1:
            raise ValueError("an upload and its parts have at least one byte")
        return await self._thread(self._begin_upload, Plan(key, size_bytes, part_size_bytes))

    def _begin_upload(self, plan: Plan) -> str:
        with disk_errors(self._root, plan.size_bytes):
            return self._uploads.begin(plan)

    async def part_link(
        self, key: str, store_upload: str, number: int, size_bytes: int, expires_s: int, skip_bytes: int = 0
    ) -> str:
        """See ``signed_links``."""
        return self.links.put_url(PutGrant(key, store_upload, number, size_bytes, skip_bytes), expires_s)

    async def write_part(
        self,
        store_upload: str,
        number: int,
        chunks: AsyncIterator[bytes],
        size_bytes: int,
        skip_bytes: int = 0,
    ) -> PartInfo:
        """Take one part, as the web service receives it by PUT; it counts once it is whole and synced.

        Not in the port: S3 takes parts by itself. Sent again, or by two at once, a part is simply written again.
        Where the connection ends before, what came is kept, and the next plan goes on behind it.

        Args:
            store_upload: as ``begin_upload`` named it.
            number: of the part.
            chunks: its bytes.
            size_bytes: how many those are to be.
            skip_bytes: how many of the part were here before them.

        Raises:
            NotFound: the upload was completed or forgotten (code ``no_such_upload``).
            Rejected: no such part, or not exactly its bytes (codes ``no_such_part``, ``wrong_size``).
            Unavailable: the disk is full.
        """
        plan = await self._thread(self._uploads.plan, store_upload)
        begin, whole = plan.span(number)
        expected = whole - skip_bytes
        if size_bytes != expected or expected < 1:
            raise _wrong_size(number, expected, size_bytes)
        waiting, written, noted = bytearray(), skip_bytes, skip_bytes
        try:
            async for chunk in chunks:
                if written + len(waiting) + len(chunk) > whole:
                    raise _wrong_size(number, expected, written + len(waiting) + len(chunk) - skip_bytes)
                waiting += chunk
                # Network chunks are small; one trip to a thread for each would cost more than the write.
                if len(waiting) >= _PIECE_BYTES:
                    await self._thread(self._write, store_upload, begin + written, bytes(waiting))
                    written += len(waiting)
                    waiting.clear()
                    if written - noted >= _NOTE_BYTES:
                        await self._thread(self._note, store_upload, number, written)
                        noted = written
            if written + len(waiting) != whole:
                raise _wrong_size(number, expected, written + len(waiting) - skip_bytes)
        except (Rejected, OSError):
            # Beside a track connections end in the middle of a part.
            if waiting or written > noted:
                await self._thread(self._write, store_upload, begin + written, bytes(waiting))
                await self._thread(self._note, store_upload, number, written + len(waiting))
            raise
        await self._thread(self._write, store_upload, begin + written, bytes(waiting))
        return await self._thread(self._mark, store_upload, number)

    def _write(self, store_upload: str, offset: int, data: bytes) -> None:
        with disk_errors(self._root, len(data)):
            self._uploads.write(store_upload, offset, data)

    def _note(self, store_upload: str, number: int, arrived_bytes: int) -> None:
        with disk_errors(self._root):
            self._uploads.note(store_upload, number, arrived_bytes)

    def _mark(self, store_upload: str, number: int) -> PartInfo:
        with disk_errors(self._root):
            return self._uploads.mark(store_upload, number)

    async def parts(self, key: str, store_upload: str) -> Sequence[PartInfo]:
        """The parts that count; none when the upload is gone or belongs to another key."""
        return await self._thread(self._parts, key, store_upload)

    def _parts(self, key: str, store_upload: str) -> Sequence[PartInfo]:
        with disk_errors(self._root), contextlib.suppress(NotFound):
            if self._uploads.plan(store_upload).key == key:
                return self._uploads.parts(store_upload)
        return ()

    async def beginnings(self, key: str, store_upload: str) -> Mapping[int, int]:
        """What came of parts before their connections ended."""
        return await self._thread(self._beginnings, key, store_upload)

    def _beginnings(self, key: str, store_upload: str) -> Mapping[int, int]:
        with disk_errors(self._root), contextlib.suppress(NotFound):
            if self._uploads.plan(store_upload).key == key:
                return self._uploads.beginnings(store_upload)
        return {}

    async def complete_upload(self, key: str, store_upload: str) -> ObjectInfo:
        """Sync, and one rename. Done before, it answers the object again."""
        return await self._thread(self._complete_upload, key, store_upload)

    def _complete_upload(self, key: str, store_upload: str) -> ObjectInfo:
        target = path_of(self._root, key)
        with disk_errors(self._root):
            try:
                if self._uploads.plan(store_upload).key != key:
                    raise NotFound("The upload belongs to another object.", code="no_such_upload")
                self._uploads.complete(store_upload, lambda file: self._place(file, target))
            except NotFound:
                if (info := self._stat(key)) is not None:
                    return info
                raise
        info = self._stat(key)
        if info is None:
            raise _not_found(key)
        return info

    async def abort_upload(self, key: str, store_upload: str) -> None:
        """Forget an upload; forgetting twice is fine."""
        await self._thread(self._abort_upload, key, store_upload)

    def _abort_upload(self, key: str, store_upload: str) -> None:
        with disk_errors(self._root), contextlib.suppress(NotFound):
            if self._uploads.plan(store_upload).key == key:
                self._uploads.abort(store_upload)

    async def sweep(self, older_than_s: float) -> int:
        """Remove aside files and uploads that nobody wrote to for so long."""
        return await self._thread(self._sweep, older_than_s)

    def _sweep(self, older_than_s: float) -> int:
        removed = 0
        with disk_errors(self._root):
            for path in list(self._aside.iterdir()):
                with contextlib.suppress(FileNotFoundError):
                    files = [path, *path.rglob("*")] if path.is_dir() else [path]
                    # Nobody continues what is put; an upload may be continued for days.
                    idle_s = older_than_s if path.is_dir() else min(older_than_s, _PUT_IDLE_S)
                    if any(abs(self._now() - file.stat().st_mtime) <= idle_s for file in files):
                        continue
                    if path.is_dir():
                        self._uploads.remove(path)
                    else:
                        path.unlink()
                    removed += 1
        return removed

    async def close(self) -> None:
        """Nothing is held open."""

    def _place(self, source: Path, target: Path) -> None:
        try:
            rename_durably(source, target)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            name = target.relative_to(self._root)
            raise ValueError(f"{name}: an object cannot also be the folder of another one") from None

    def _remove_sidecar(self, key: str, path: Path) -> None:
        """What lay beside a log that has left ``incoming/``: what it says is with the recording."""
        beside = _sidecar_of(key, path)
        if beside is not None:
            beside.unlink(missing_ok=True)

    def _remove_empty(self, directory: Path) -> None:
        """Folders of one level stay: ``incoming`` is empty all the time."""
        while directory.parent != self._root:
            try:
                directory.rmdir()
            except OSError:
                return
            directory = directory.parent

    @staticmethod
    async def _thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(function, *args, **kwargs)


def _sidecar_of(key: str, path: Path) -> Path | None:
    """Where another program's log has its sidecar."""
    return path.with_name(sidecar_name(path.name)) if key.startswith(INCOMING) and is_log_name(key) else None


def _text_of(sidecar: Path) -> str:
    # Whoever opens a named pipe waits for somebody who writes into it.
    if not sidecar.is_file():
        return ""
    with sidecar.open("rb") as file:
        return file.read(MAX_BYTES + 1).decode("utf-8", "surrogateescape")


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    # Objects are never written in place: other bytes are another inode with another time. Hashing would read
    # hundreds of megabytes to learn the same.
    etag = f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"
    return ObjectInfo(key, status.st_size, etag, status.st_mtime_ns)


def _not_found(key: str) -> NotFound:
    return NotFound(f"There is no object {key[:200]!r} in the store.", code="no_such_object")


def _wrong_size(number: int, expected: int, got: int) -> Rejected:
    return Rejected(
        f"Part {number} has {expected} bytes, {got} came: send exactly the part that was planned.",
        code="wrong_size",
    )

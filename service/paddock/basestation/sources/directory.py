"""Logs in a directory of this machine: a USB stick, a card, a mounted share. It may come and go."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from paddock.basestation.sources.source import OF_THE_FILE_SYSTEM, SeenFile
from paddock.domain.log_kinds import is_log_name
from paddock.domain.sidecar import Sidecar, read_sidecar, sidecar_name
from paddock.errors import Conflict, NotFound, Rejected, Unavailable

_PIECE_BYTES = 1024 * 1024


class DirectorySource:
    """The logs below ``folder``.

    Hidden files and folders are passed over. A link is followed where it leads to a file below the folder that has
    no name of a log of its own; what a link to a folder inside shows is seen there anyway.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """The absolute path."""
        return str(self._folder)

    async def look(self) -> Sequence[SeenFile]:
        """Every log below the folder; a folder or file that cannot be read is among them, with its trouble."""
        return await asyncio.to_thread(self._look)

    def _look(self) -> list[SeenFile]:
        found: dict[tuple[int, int, str], SeenFile] = {}
        root = self._root()
        for name, trouble in self._names("", root):
            path = root / name
            if trouble is not None:
                found[0, 0, name] = SeenFile(name, 0, 0, trouble=trouble)
                continue
            try:
                is_link = path.is_symlink()
                if is_link and not self._may_follow(path, root):
                    continue
                status = path.stat()
            except FileNotFoundError:
                continue  # removed since, or a link to nowhere
            except OSError as error:
                found[0, 0, name] = SeenFile(name, 0, 0, trouble=_says(name, error))
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            # Two names of one file are one log: it would be read twice for nothing.
            alike = is_link or status.st_nlink > 1
            found.setdefault((status.st_dev, status.st_ino, "" if alike else name), _seen(name, path, status))
        return list(found.values())

    def _names(self, below: str, root: Path) -> Iterator[tuple[str, str | None]]:
        """Names that look like logs, or of folders that cannot be read with the reason."""
        try:
            with os.scandir(root / below) as entries:
                there = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not below:
                raise self._away(error) from error
            yield below, _says(below, error)
            return
        for entry in there:
            if entry.name.startswith(".") or entry.name in OF_THE_FILE_SYSTEM:
                continue
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from self._names(name, root)
            elif is_log_name(entry.name):
                yield name, None

    def read(self, seen: SeenFile, offset: int) -> AsyncIterator[bytes]:
        """The bytes from ``offset`` on, in pieces of a megabyte."""
        return self._read(seen, offset, seen.size_bytes)

    async def _read(self, seen: SeenFile, offset: int, end: int) -> AsyncIterator[bytes]:
        if end - offset <= _PIECE_BYTES:
            # Thousands of small logs: one thread does all of it.
            yield await asyncio.to_thread(self._at_once, seen, offset, end)
            return
        descriptor = await asyncio.to_thread(self._open, seen)
        try:
            while offset < end:
                piece = await asyncio.to_thread(self._piece, descriptor, seen, offset, end)
                offset += len(piece)
                yield piece
            await asyncio.to_thread(self._check, descriptor, seen)
        finally:
            os.close(descriptor)

    def _at_once(self, seen: SeenFile, offset: int, end: int) -> bytes:
        descriptor = self._open(seen)
        try:
            read = b""
            while len(read) < end - offset:
                read += self._piece(descriptor, seen, offset + len(read), end)
            self._check(descriptor, seen)
        finally:
            os.close(descriptor)
        return read

    def _open(self, seen: SeenFile) -> int:
        descriptor = None
        try:
            descriptor = os.open(self._path(seen), os.O_RDONLY | os.O_NONBLOCK)
            self._check(descriptor, seen)
        except FileNotFoundError:
            raise self._gone(seen) from None
        except OSError as error:
            raise Unavailable(_says(seen.name, error), code="unreadable") from error
        except BaseException:
            if descriptor is not None:
                os.close(descriptor)
            raise
        return descriptor

    @staticmethod
    def _piece(descriptor: int, seen: SeenFile, offset: int, end: int) -> bytes:
        try:
            piece = os.pread(descriptor, min(_PIECE_BYTES, end - offset), offset)
        except OSError as error:
            raise Unavailable(f"{_says(seen.name, error)} At byte {offset:,}.", code="unreadable") from error
        if not piece:
            raise _changed(seen)
        return piece

    @staticmethod
    def _check(descriptor: int, seen: SeenFile) -> None:
        status = os.fstat(descriptor)
        if (status.st_size, status.st_mtime_ns) != (seen.size_bytes, seen.modified_ns):
            raise _changed(seen)

    async def beginning_sha256(self, seen: SeenFile, size_bytes: int) -> str | None:
        """Reads them: to write them again would take longer, and is no better."""
        digest = hashlib.sha256()
        async for piece in self._read(seen, 0, size_bytes):
            await asyncio.to_thread(digest.update, piece)
        return digest.hexdigest()

    async def free_bytes(self) -> int | None:
        """How much the file system has left."""
        try:
            return (await asyncio.to_thread(shutil.disk_usage, self._root())).free
        except OSError as error:
            raise self._away(error) from error

    async def remove(self, seen: SeenFile) -> None:
        """Take the file and its sidecar away."""
        await asyncio.to_thread(self._remove, seen)

    def _remove(self, seen: SeenFile) -> None:
        try:
            path = self._path(seen)
            descriptor = self._open(seen)
            os.close(descriptor)
            for each in {path, self._root() / seen.name}:
                each.unlink()
                with contextlib.suppress(OSError):  # none, or none can be: its name would be too long
                    each.with_name(sidecar_name(each.name)).unlink()
        except FileNotFoundError:
            raise self._gone(seen) from None
        except OSError as error:
            raise Unavailable(
                f"{seen.name} cannot be removed: {error.strerror or error}.", code="not_removed"
            ) from error

    async def close(self) -> None:
        """Nothing is open."""

    def _root(self) -> Path:
        """The folder without links on the way."""
        try:
            return self._folder.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise self._away(error) from error

    def _path(self, seen: SeenFile) -> Path:
        """Where the bytes are, looked up again: a link may lead elsewhere since."""
        root = self._root()
        path = (root / seen.name).resolve(strict=True)
        if not path.is_relative_to(root):
            raise self._gone(seen)
        return path

    @staticmethod
    def _may_follow(link: Path, root: Path) -> bool:
        try:
            target = link.resolve(strict=True)
        except RuntimeError:  # a loop
            return False
        if not target.is_relative_to(root):
            return False
        inside = target.relative_to(root).parts
        return not is_log_name(target.name) or any(part.startswith(".") for part in inside)

    def _away(self, error: Exception) -> Unavailable:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return Unavailable(f"{self.place} is not there: {why}.", code="away")

    def _gone(self, seen: SeenFile) -> NotFound:
        return NotFound(f"{seen.name} is not in {self.place} any more.", code="gone")


def _seen(name: str, path: Path, status: os.stat_result) -> SeenFile:
    try:
        sidecar = read_sidecar(path) or Sidecar()
    except Rejected:
        # Whoever wrote it has to mend it; the log goes on its way without.
        sidecar = Sidecar()
    offset_ns = sidecar.clock_offset_ns
    return SeenFile(name, status.st_size, status.st_mtime_ns, metadata=sidecar.metadata, clock_offset_ns=offset_ns)


def _says(name: str, error: OSError) -> str:
    return f"{name} cannot be read: {error.strerror or error}."


def _changed(seen: SeenFile) -> Conflict:
    return Conflict(f"{seen.name} is being written.", code="changed")

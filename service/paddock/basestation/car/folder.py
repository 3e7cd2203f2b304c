"""The directory in which the recorder writes its logs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from paddock.basestation.sources.source import OF_THE_FILE_SYSTEM
from paddock.domain.log_kinds import is_log_name, kind_named
from paddock.domain.sidecar import is_sidecar_name
from paddock.durable_files import sync_directory
from paddock.errors import NotFound, Unavailable

_HALF_SIDECAR = re.compile(r"\..*\.[0-9a-f]{12}", re.DOTALL)
"""How ``durable_files`` names a file that it has not finished."""


_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG, errno.EINVAL)


class Stamp(NamedTuple):
    """Says whether a file is as it was."""

    size_bytes: int
    modified_ns: int
    inode: int

    @property
    def etag(self) -> str:
        """For HTTP, with its quotes; made of what the list says of the file."""
        return f'"{self.size_bytes}-{self.modified_ns}"'


@dataclass(frozen=True)
class Found:
    """What lies there."""

    logs: dict[str, Stamp] = field(default_factory=dict)
    """By path below the directory, as ``os.fsdecode`` gives it."""
    sidecars: dict[str, Stamp] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    """Folders and files that cannot be looked at, each with a sentence."""


def stamp_of(status: os.stat_result) -> Stamp:
    """Inodes beyond int64 are cut: they only have to differ."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino & (2**63 - 1))


class Folder:
    """Logs below a directory. Hidden files and folders are none of ours.

    Args:
        root: the directory. What a symbolic link leads to counts if it is a file below it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real_root = os.path.realpath(root)

    def look(self) -> Found:
        """Everything that is there now.

        Raises:
            Unavailable: the directory is not there, or may not be read (code ``no_logs_folder``).
        """
        found = Found()
        try:
            self._look(os.fspath(self.root), "", found)
        except OSError as error:
            raise Unavailable(
                f"The folder of the logs, {self.root}, cannot be read: {error.strerror}.", code="no_logs_folder"
            ) from None
        return found

    def _look(self, folder: str, prefix: str, found: Found) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in OF_THE_FILE_SYSTEM:
                    continue
                name = prefix + entry.name
                try:
                    self._look_at(entry, name, found)
                except OSError as error:
                    if error.errno in _NOT_THERE:
                        continue  # removed since, or a link to nowhere or to itself
                    found.troubles[name] = f"{entry.name} cannot be read: {error.strerror}."

    def _look_at(self, entry: os.DirEntry[str], name: str, found: Found) -> None:
        if entry.is_dir(follow_symlinks=False):
            self._look(entry.path, f"{name}/", found)
        elif is_log_name(entry.name):
            if entry.is_file() and not (entry.is_symlink() and not self._may_follow(entry.path)):
                found.logs[name] = stamp_of(entry.stat())
        elif is_sidecar_name(entry.name) and entry.is_file(follow_symlinks=False):
            found.sidecars[name] = stamp_of(entry.stat())

    def _may_follow(self, link: str) -> bool:
        """What has a name of a log below the folder is seen under that one."""
        real = os.path.realpath(link)
        if not self._is_below(real):
            return False
        parts = Path(real).relative_to(self._real_root).parts
        return not is_log_name(real) or any(part.startswith(".") for part in parts)

    def _is_below(self, path: str) -> bool:
        return path.startswith(self._real_root.rstrip("/") + "/")

    def path(self, name: str) -> Path:
        """Where a log lies.

        Raises:
            NotFound: there can be no log of that name here (code ``no_such_log``).
        """
        parts = name.split("/")
        if "\0" in name or not is_log_name(name) or any(not part or part.startswith(".") for part in parts):
            raise _no_such_log(name)
        return self.root.joinpath(*parts)

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[tuple[int, Stamp]]:
        """A log's descriptor, and what it is: both of the file itself, also when its name gets another one.

        Raises:
            NotFound: it is not there, is no file, or lies elsewhere (code ``no_such_log``).
            Unavailable: it may not be read, or its disk does not answer (code ``unreadable``).
        """
        path = self.path(name)
        try:
            # A named pipe would wait for somebody who writes into it.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in _NOT_THERE:
                raise _no_such_log(name) from None
            raise Unavailable(f"{name[:200]} cannot be read: {error.strerror}.", code="unreadable") from None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or not self._is_below(_real(descriptor, path)):
                raise _no_such_log(name)
            yield descriptor, stamp_of(status)
        finally:
            os.close(descriptor)

    def is_cut(self, name: str) -> bool:
        """Whether a log lacks the end that those of its kind have, as after a power cut.

        Raises:
            NotFound: it is not there.
            Unavailable: it cannot be read.
        """
        kind = kind_named(name)
        ends = kind.ends if kind is not None else b""
        with self.opened(name) as (descriptor, stamp):
            return os.pread(descriptor, len(ends), max(0, stamp.size_bytes - len(ends))) != ends

    def is_being_written(self, name: str) -> bool | None:
        """Whether any process has a log open to write into it; None where the system does not say.

        The kernel gives a lease for reading only while nobody has (fcntl(2), ``F_SETLEASE``), on files of our own
        user, or to root. It is given back at once: whoever opens the file meanwhile waits that long.
        """
        if not hasattr(fcntl, "F_SETLEASE"):
            return None
        try:
            with self.opened(name) as (descriptor, _):
                fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
                fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except NotFound:
            return None
        except BlockingIOError:
            return True
        except OSError:  # not our file, or a file system without leases
            return None
        return False

    def remove(self, name: str) -> None:
        """Take a log away, durably; of a symbolic link the link.

        Raises:
            OSError: it cannot be.
        """
        path = self.path(name)
        path.unlink(missing_ok=True)
        sync_directory(path.parent)

    def remove_half_sidecars(self) -> None:
        """Take away what was being written when this program was killed."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                if _HALF_SIDECAR.fullmatch(name) and is_sidecar_name(name[1:-13]):
                    with contextlib.suppress(OSError):
                        Path(folder, name).unlink()


def _real(descriptor: int, path: Path) -> str:
    """Where an opened file lies, behind all links."""
    try:
        return os.fspath(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:  # a system without /proc
        return os.path.realpath(path)


def _no_such_log(name: str) -> NotFound:
    return NotFound(f"There is no log {name[:200]!r} here.", code="no_such_log")

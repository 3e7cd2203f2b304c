"""An HDF5 file that survives a full disk: HDF5 itself crashes the process when it cannot write what it holds."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO


@contextlib.contextmanager
def hdf5_file(target: Path, **options: Any) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A new file for h5py, and what raises if a part of it could not be written; ask it now and then.

    Raises:
        OSError: the disk is full or gone.
    """
    import h5py

    with target.open("w+b", buffering=0) as raw:
        kept = _Kept(raw)
        with h5py.File(kept, "w", **options) as file:
            yield file, kept.check
        kept.check()


class _Kept(io.RawIOBase):
    """Tells HDF5 that all is well, and remembers what was not."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise what went wrong."""
        if self._error is not None:
            raise self._error

    def write(self, data: Any) -> int:
        """Write all of it, as far as there is room."""
        view = memoryview(data).cast("B")
        done = 0
        while self._error is None and done < len(view):
            try:
                done += self._raw.write(view[done:])
            except OSError as error:
                self._error = error
        return len(view)

    def readinto(self, target: Any) -> int:
        """Read; what was never written is zeros."""
        view = memoryview(target).cast("B")
        count = 0
        while count < len(view) and (found := self._raw.readinto(view[count:])):  # type: ignore[attr-defined]
            count += found
        view[count:] = bytes(len(view) - count)
        return len(view)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._raw.tell()

    def truncate(self, size: int | None = None) -> int:
        """Set the length, if there is room for it."""
        try:
            return self._raw.truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size or 0

    def readable(self) -> bool:
        """HDF5 reads what it has written."""
        return True

    def writable(self) -> bool:
        """It is for nothing else."""
        return True

    def seekable(self) -> bool:
        """HDF5 writes here and there."""
        return True

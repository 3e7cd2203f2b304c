"""One file when an export has one topic, a zip with a file for each when it has several."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, BinaryIO

from paddock.columns.columns import ColumnChannel, Columns

WriteChannel = Callable[[ColumnChannel, BinaryIO], None]


def write_channels(
    columns: Columns, target: Path, suffix: str, write_one: WriteChannel, *, deflate: bool = False
) -> None:
    """Write each topic that has messages; ``registry.written_as`` tells which of the two it became.

    Args:
        columns: what is written.
        target: is overwritten.
        suffix: of the files in the zip, with the dot.
        write_one: writes one channel to an open file, from its beginning to its end.
        deflate: compress in the zip, for text.
    """
    channels = [channel for channel in columns.channels if columns.rows(channel)]
    if len(channels) == 1:
        with target.open("wb") as file:
            write_one(channels[0], file)
        return
    names = file_names([channel.topic for channel in channels])
    # Level 1: deflating CSV takes ten times as long as making it at the usual level, for little.
    compression = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "w", compression, compresslevel=1) as archive:
        for channel, name in zip(channels, names, strict=True):
            with open_entry(archive, name + suffix) as file:
                write_one(channel, file)


def open_entry(archive: zipfile.ZipFile, name: str) -> AbstractContextManager[BinaryIO]:
    """A new file in the zip. It has zip's first date, so that the same contents give the same bytes."""
    return io.BufferedWriter(_Counted(archive.open(name, "w", force_zip64=True)), 1 << 20)  # type: ignore[type-var]


class _Counted(io.RawIOBase):
    """A zip entry that knows its position, which the Arrow and Parquet writers ask for."""

    def __init__(self, entry: IO[bytes]) -> None:
        self._entry = entry
        self._position = 0

    def writable(self) -> bool:
        """It is for nothing else."""
        return True

    def tell(self) -> int:
        """Bytes written."""
        return self._position

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """All of ``data``."""
        self._entry.write(data)
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        """End the entry."""
        if not self.closed:
            self._entry.close()
        super().close()


def file_names(topics: Sequence[str]) -> list[str]:
    """A name for each topic, safe on every file system and different also where case does not count."""
    taken: set[str] = set()
    names = []
    for topic in topics:
        base = re.sub(r"[^A-Za-z0-9._-]+", "_", topic).strip("._-")[:80] or "channel"
        if base.split(".")[0].upper() in _DEVICES:
            base = "_" + base
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}
"""Names that Windows keeps for itself, whatever the suffix."""

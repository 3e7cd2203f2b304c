"""The footer of a Parquet file, read by itself and proved before Arrow looks into it.

Asked about a footer whose bytes have changed, Arrow may end the whole process, by an exception of its C++ side that
its Python side does not expect. Damaged pages are errors like others.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import BinaryIO

_MARK = b"PAR1"
_TAIL_BYTES = 8
"""The length of what is before, and the mark."""


def read_footer(file: BinaryIO) -> bytes:
    """The footer with its length and the closing mark.

    Raises:
        ValueError: the file has none: it is cut off, or of another kind.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    length = int.from_bytes(tail[:4], "little") + _TAIL_BYTES
    if tail[4:] != _MARK or length > size:
        raise ValueError("no Parquet file ends like this")
    file.seek(size - length)
    return file.read(length)


def footer_crc32(path: Path) -> int:
    """The checksum of the footer of a file that was just written."""
    with path.open("rb") as file:
        return zlib.crc32(read_footer(file))


def proved_footer(file: BinaryIO, crc32: int) -> BinaryIO:
    """A Parquet file of the footer alone, to be parsed, once it is the one that was written.

    Raises:
        ValueError: it is another one.
    """
    import pyarrow as pa

    footer = read_footer(file)
    if zlib.crc32(footer) != crc32:
        raise ValueError("the footer is not the one that was written")
    reader: BinaryIO = pa.BufferReader(_MARK + footer)
    return reader

"""Compressed MAT v5 (MATLAB's ``-v7``): each variable of an uncompressed file as one zlib stream.

Blocks are deflated on two threads, each ended so that the next can follow (as pigz does), and joined into one
stream. Level 1: on telemetry the higher ones take several times as long and save a few per cent.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

_HEADER_BYTES = 128
_COMPRESSED = 15
_LEVEL = 1
_BLOCK_BYTES = 1 << 20
_THREADS = 2
_ZLIB_HEADER = b"\x78\x01"


def compress_mat5(plain: BinaryIO, file: BinaryIO) -> None:
    """Write ``file`` as the compressed form of ``plain``.

    Args:
        plain: what ``mat5.write_mat5`` wrote, open for reading.
        file: empty, open for writing, seekable.
    """
    plain.seek(0)
    file.write(plain.read(_HEADER_BYTES))
    with ThreadPoolExecutor(_THREADS) as pool:
        while tag := plain.read(8):
            size = struct.unpack("<4xI", tag)[0]
            plain.seek(-8, os.SEEK_CUR)
            begin = file.tell()
            file.write(struct.pack("<II", _COMPRESSED, 0) + _ZLIB_HEADER)
            checksum = 1
            for block, deflated in _in_order(pool, _blocks(plain, size + 8)):
                checksum = zlib.adler32(block, checksum)
                file.write(deflated)
            # The last block is empty and says that the stream ends; then zlib's checksum of all that went in.
            file.write(zlib.compressobj(_LEVEL, wbits=-15).flush(zlib.Z_FINISH) + struct.pack(">I", checksum))
            end = file.tell()
            file.seek(begin + 4)
            file.write(struct.pack("<I", end - begin - 8))
            file.seek(end)


def _blocks(plain: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        block = plain.read(min(size, _BLOCK_BYTES))
        if not block:
            raise EOFError("The uncompressed file ends inside a variable.")
        size -= len(block)
        yield block


def _in_order(pool: ThreadPoolExecutor, blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each block and its deflated form; a few are in work at a time."""
    working: deque[tuple[bytes, Future[bytes]]] = deque()
    for block in blocks:
        working.append((block, pool.submit(_deflate, block)))
        if len(working) > 2 * _THREADS:
            first, future = working.popleft()
            yield first, future.result()
    for block, future in working:
        yield block, future.result()


def _deflate(block: bytes) -> bytes:
    deflater = zlib.compressobj(_LEVEL, wbits=-15)
    return deflater.compress(block) + deflater.flush(zlib.Z_FULL_FLUSH)

"""Reading one object of S3 by ranges: a piece with retries, and a seekable stream that reads ahead."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from paddock.adapters.s3_errors import status_of, store_errors
from paddock.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAUSES_S = (0.2, 0.4, 0.8)
"""Before each further try of a body that was cut off."""
FIRST_BLOCK_BYTES = 256 * 1024
BLOCK_BYTES = 8 * 1024 * 1024
_BUFFER_BYTES = 64 * 1024


class Piece(NamedTuple):
    """Some bytes of one version of an object."""

    data: bytes
    etag: str
    total_bytes: int
    """Size of the whole object; 0 when the range began after its end."""


def fetch(client: S3Client, bucket: str, key: str, start: int, end: int, etag: str = "") -> Piece:
    """Bytes ``start`` up to but not including ``end``, fewer at the end of the object, none after it.

    botocore repeats a request until headers come; a connection that is cut in the middle of the body is repeated
    here.

    Args:
        etag: only of this version of the object; empty for any.

    Raises:
        NotFound: there is no such object.
        Unavailable: the store does not answer, or the object is another one by now (code ``object_changed``).
    """
    condition: dict[str, Any] = {"IfMatch": f'"{etag}"'} if etag else {}
    for pause_s in (*PAUSES_S, None):
        with store_errors(bucket, key):
            try:
                answer = client.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}", **condition)
            except ClientError as error:
                if status_of(error) == 416:
                    return Piece(b"", etag, 0)
                raise
            version = answer["ETag"].strip('"')
            total = int(answer["ContentRange"].rpartition("/")[2])
        try:
            with closing(answer["Body"]) as body:
                data = body.read()
        except (BotoCoreError, HTTPError, OSError) as error:
            if pause_s is None:
                raise Unavailable(
                    f"The object store with bucket {bucket!r} breaks off in the middle of {key[:200]!r}."
                ) from error
            time.sleep(random.uniform(pause_s / 2, pause_s))
            continue
        return Piece(data, version, total)
    raise AssertionError("the last try returns or raises")


class ReadAhead(io.RawIOBase):
    """A seekable stream over pieces. After a seek it asks for little; read on, it asks for more, and ahead of need.

    It holds the block it reads from and the next one, so twice ``BLOCK_BYTES`` at most, and twice as much for a
    moment while a block arrives. For one thread at a time.

    Args:
        piece: the bytes from a start up to but not including an end; called on any thread.
        size_bytes: of the object.
        threads: where the next block is fetched.
    """

    def __init__(self, piece: Callable[[int, int], bytes], size_bytes: int, threads: Executor) -> None:
        self._piece = piece
        self._size = size_bytes
        self._threads = threads
        self._position = 0
        self._start, self._block = 0, b""
        self._ahead: Future[bytes] | None = None
        """The block that follows ``_block``."""
        self._window = FIRST_BLOCK_BYTES

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere; nothing is fetched before the next read."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise ValueError(f"negative seek position {origin + offset}")
        self._position = origin + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as one block goes; 0 at the end.

        Raises:
            NotFound: the object was removed since.
            Unavailable: see ``fetch``.
        """
        if self._position >= self._size:
            return 0
        if not self._start <= self._position < self._start + len(self._block):
            self._go_to(self._position)
        offset = self._position - self._start
        data = memoryview(self._block)[offset : offset + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        """Forget the blocks; one that is on its way is dropped when it arrives."""
        self._forget_ahead()
        self._block = b""
        super().close()

    def _go_to(self, position: int) -> None:
        """Make ``_block`` hold ``position``."""
        follows = position == self._start + len(self._block) and position > 0
        if follows and self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            block = ahead.result()
        else:
            self._forget_ahead()
            self._window = min(2 * self._window, BLOCK_BYTES) if follows else FIRST_BLOCK_BYTES
            block = self._piece(position, min(position + self._window, self._size))
        if not block:
            raise Unavailable("The object ends before its size.", code="object_changed")
        self._start, self._block = position, block
        end = position + len(block)
        if follows and end < self._size:
            self._window = min(2 * self._window, BLOCK_BYTES)
            self._ahead = self._threads.submit(self._piece, end, min(end + self._window, self._size))

    def _forget_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None


def stream(piece: Callable[[int, int], bytes], size_bytes: int, threads: Executor) -> io.BufferedReader:
    """``ReadAhead`` for readers of a few bytes at a time."""
    return io.BufferedReader(ReadAhead(piece, size_bytes, threads), _BUFFER_BYTES)

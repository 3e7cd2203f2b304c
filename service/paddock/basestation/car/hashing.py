"""The SHA-256 of the logs, worked out in the background."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable

from paddock.basestation.car.folder import Folder, Stamp
from paddock.errors import NotFound, Unavailable

BLOCK_BYTES = 1 << 20
REST, REST_WHILE_RECORDING = 1.0, 4.0
"""How long it rests after each block, in times of what the block took: half of the disk, or a fifth."""


def beginning_of(descriptor: int, size_bytes: int, after_block: Callable[[float], bool]) -> str | None:
    """The SHA-256 of the first bytes of a file.

    Args:
        after_block: is given the seconds that a block took; False ends it.

    Returns:
        None where it was ended, or the file is shorter by now.
    """
    digest, offset = hashlib.sha256(), 0
    block = bytearray(min(BLOCK_BYTES, size_bytes) or 1)
    view = memoryview(block)
    while offset < size_bytes:
        began = time.perf_counter()
        count = os.preadv(descriptor, [view[: size_bytes - offset]], offset)
        if not count:
            return None
        digest.update(view[:count])
        offset += count
        if not after_block(time.perf_counter() - began):
            return None
    if hasattr(os, "posix_fadvise"):
        # What the recorder writes, and what is served, has more use of the memory.
        os.posix_fadvise(descriptor, 0, size_bytes, os.POSIX_FADV_DONTNEED)
    return digest.hexdigest()


class Hasher:
    """Hashes one log after the other.

    Args:
        folder: where they lie.
        records: whether something is being recorded just now.
        ends: is set when the program ends.
    """

    def __init__(self, folder: Folder, records: Callable[[], bool], ends: threading.Event) -> None:
        self._folder, self._records, self._ends = folder, records, ends

    def sha256(self, name: str, stamp: Stamp) -> str | None:
        """The hash of a log that is as it was; None where it is not any more, or the program ends.

        Raises:
            Unavailable: it cannot be read (code ``unreadable``).
        """
        try:
            with self._folder.opened(name) as (descriptor, now):
                if now != stamp:
                    return None
                found = beginning_of(descriptor, stamp.size_bytes, self._rest)
            with self._folder.opened(name) as (_, now):
                return found if now == stamp else None
        except NotFound:
            return None
        except OSError as error:
            raise Unavailable(f"{name[:200]} cannot be read: {error.strerror}.", code="unreadable") from None

    def _rest(self, took_s: float) -> bool:
        return not self._ends.wait(took_s * (REST_WHILE_RECORDING if self._records() else REST))

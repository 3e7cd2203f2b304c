"""The hash that proves a log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import BinaryIO

HASH_PIECE_BYTES = 4 * 1024 * 1024


def sha256_of(log: BinaryIO, size_bytes: int, progress: Callable[[float], None] = lambda _: None) -> str:
    """SHA-256 of a whole file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    done = 0
    while piece := log.read(HASH_PIECE_BYTES):
        digest.update(piece)
        done += len(piece)
        progress(min(1.0, done / max(size_bytes, 1)))
    return digest.hexdigest()

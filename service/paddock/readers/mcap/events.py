"""What ``scan.py`` finds in a file or in a chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from paddock.readers.mcap.records import Data

Int64s = npt.NDArray[np.int64]

MAGIC_RECORD = -1
"""Stands for the magic where an opcode is expected."""
MAX_MESSAGE_BYTES = 256 << 20
"""A longer message is left out: in memory it would be there several times."""


class Messages(NamedTuple):
    """Message records in order; ``starts`` and ``ends`` count within ``data``, shape (N,)."""

    data: Data
    starts: Int64s
    ends: Int64s
    offset: int
    """Where ``data`` begins in what is scanned."""
    heads: npt.NDArray[np.void] | None = None
    """Where they were looked at already."""


@dataclass(frozen=True)
class Indexes:
    """MessageIndex records in a row; (begin, number of entries) of each one's entries in ``data``."""

    data: Data
    entries: list[tuple[int, int]]


class Record(NamedTuple):
    """Any other record, the first bytes of one (``cut``), or a message of more than ``MAX_MESSAGE_BYTES``."""

    opcode: int
    position: int
    """Where its opcode is in what is scanned."""
    length: int
    """The size of its content, as it says."""
    cut: bool = False
    """Its content reaches beyond the end."""


@dataclass(frozen=True)
class Garbage:
    """Bytes that belong to no record."""

    position: int
    size: int


Event = Messages | Indexes | Record | Garbage

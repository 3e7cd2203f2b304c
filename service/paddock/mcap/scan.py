"""Walks the records of a file or of a chunk, whatever lies between them.

The bytes are trusted as long as every record ends where another one begins. Where none does, the record before may
have had a wrong length, so the search for the next one begins inside it.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from paddock.mcap.plausible import ANYWHERE, NO_LENGTH, content_size, find_record, looks_plausible
from paddock.mcap.records import (
    CHUNK,
    FIRST_PRIVATE,
    MAGIC,
    MESSAGE,
    MESSAGE_HEAD_BYTES,
    MESSAGE_INDEX,
    PREFIX,
    PREFIX_BYTES,
    Data,
    is_magic,
)
from paddock.mcap.windows import BLOCK_BYTES, Window

Int64s = npt.NDArray[np.int64]

MAGIC_RECORD = -1
"""Stands for the magic where an opcode is expected."""
_INDEX_HEAD = struct.Struct("<BQHI")
_INDEX_OPCODE = bytes([MESSAGE_INDEX])
_MESSAGE_BYTES = PREFIX_BYTES + MESSAGE_HEAD_BYTES
_HEAD_BYTES = PREFIX_BYTES + 128
"""Enough to judge a record by its first fields."""
_FIELDS_BYTES = 1 << 20
"""Of a record whose length may be wrong, so much is looked at to find its end by its fields."""
_MAX_RECORD_BYTES = 64 << 20
"""An unknown record is looked at whole up to this size; larger ones are skipped unseen."""
_MAX_UNKNOWN = 64
"""So many unknown records may follow each other where it is not clear that they are records."""


@dataclass(frozen=True)
class Messages:
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


@dataclass(frozen=True)
class Record:
    """Any other record, or (``cut``) the first bytes of one."""

    opcode: int
    position: int
    """Of its opcode, in what is scanned."""
    length: int
    """Of its content, as it says."""
    cut: bool = False
    """Its content reaches beyond the end."""


@dataclass(frozen=True)
class Garbage:
    """Bytes that belong to no record."""

    position: int
    size: int


Event = Messages | Indexes | Record | Garbage


def scan(window: Window, position: int = 0, known: frozenset[int] = ANYWHERE) -> Iterator[Event]:
    """All records from ``position`` on, in order.

    Between two events the caller may move the window. A message that is cut at the end comes as a ``Record``.
    """
    while True:
        begin = window.ensure(position, _HEAD_BYTES)
        data, base = window.data, window.start
        starts, at = _message_starts(data, begin)
        if known is ANYWHERE and data[at : at + 1] == _INDEX_OPCODE:
            entries, after = _index_entries(data, at)
            if entries:
                yield from _messages(data, base, starts, at)
                yield Indexes(data, entries)
                position = base + after
                continue
            if len(data) - at < (size := _index_size(data, at)) <= window.size - base - at:
                # It reaches beyond the window.
                yield from _messages(data, base, starts, at)
                position = base + at
                window.ensure(position, size)
                continue
        position = base + at
        available = window.size - position
        if available <= 0:
            yield from _messages(data, base, starts, at)
            return
        if available == len(MAGIC) and is_magic(data, at) and known is ANYWHERE:
            yield from _messages(data, base, starts, at)
            yield Record(MAGIC_RECORD, position, len(MAGIC) - PREFIX_BYTES)
            return
        if len(data) - at < min(_HEAD_BYTES, available):
            yield from _messages(data, base, starts, at)
            # The window may find out that there is nothing more.
            window.ensure(position, _HEAD_BYTES)
            if window.size - position < PREFIX_BYTES:
                if window.size > position:
                    yield Garbage(position, window.size - position)
                return
            continue
        record = _record_at(window, data, at, known)
        if record is None and not starts and window.data is not data:
            continue
        if record is None and not starts and (whole := _short_message(window, position, known)) is not None:
            yield whole
            position = whole.offset + int(whole.ends[0])
            yield Garbage(position, 0)
            continue
        if record is None:
            position = yield from _resync(window, data, base, starts, at, known)
            continue
        yield from _messages(data, base, starts, at)
        if record.opcode == MESSAGE and not record.cut:
            # It reaches beyond the window.
            window.ensure(position, PREFIX_BYTES + record.length)
            if window.size - position < PREFIX_BYTES + record.length:
                record = replace(record, cut=True)
            else:
                continue
        if record.opcode == MESSAGE and (whole := _mended(window, record, known)) is not None:
            yield whole
            position = whole.offset + int(whole.ends[0])
            yield Garbage(position, 0)
            continue
        yield record
        position = yield from _after(window, record, known)


def _message_starts(data: Data, position: int) -> tuple[list[int], int]:
    """Where the messages in a row from ``position`` begin, and where the first other thing is.

    This loop is what reading a log without chunks costs, so it does nothing else.
    """
    starts: list[int] = []
    append, unpack = starts.append, PREFIX.unpack_from
    last = len(data) - _MESSAGE_BYTES
    end = len(data)
    while position <= last:
        opcode, length = unpack(data, position)
        after = position + PREFIX_BYTES + length
        if opcode != MESSAGE or after > end or length < MESSAGE_HEAD_BYTES:
            break
        append(position)
        position = after
    return starts, position


def _index_entries(data: Data, position: int) -> tuple[list[tuple[int, int]], int]:
    """The MessageIndex records in a row from ``position`` whose two lengths agree, and where they end."""
    found: list[tuple[int, int]] = []
    while (size := _index_size(data, position)) and position + size <= len(data):
        found.append((position + _INDEX_HEAD.size, (size - _INDEX_HEAD.size) // 16))
        position += size
    return found, position


def _index_size(data: Data, position: int) -> int:
    """Bytes of the MessageIndex record at ``position``; 0 when there is none whose two lengths agree."""
    if position + _INDEX_HEAD.size > len(data):
        return 0
    opcode, length, _, size = _INDEX_HEAD.unpack_from(data, position)
    is_right = opcode == MESSAGE_INDEX and length == size + 6 and size % 16 == 0
    return PREFIX_BYTES + int(length) if is_right else 0


def _messages(data: Data, base: int, starts: list[int], end: int) -> Iterator[Messages]:
    if starts:
        begins = np.array(starts, np.int64)
        yield Messages(data, begins, np.append(begins[1:], end), base)


def _record_at(window: Window, data: Data, at: int, known: frozenset[int]) -> Record | None:
    """The record that begins at ``data[at]``; None where none does."""
    position = window.start + at
    available = window.size - position
    if looks_plausible(data, at, available, known):
        if is_magic(data, at) and known is ANYWHERE:
            return Record(MAGIC_RECORD, position, len(MAGIC) - PREFIX_BYTES)
        opcode, length = PREFIX.unpack_from(data, at)
        return Record(opcode, position, length, cut=length > available - PREFIX_BYTES)
    if available < PREFIX_BYTES:
        return None
    opcode, length = PREFIX.unpack_from(data, at)
    if opcode in known or length > available - PREFIX_BYTES:
        return None
    if length > _MAX_RECORD_BYTES:
        return Record(opcode, position, length) if opcode >= FIRST_PRIVATE else None
    # An opcode of the future, or a private one, or garbage: what follows it tells.
    follows = _leads_to_record(window, position, known)
    return Record(opcode, position, length) if follows else None


def _leads_to_record(window: Window, position: int, known: frozenset[int]) -> bool:
    """Whether the unknown records from ``position`` on end where a known one begins, or at the end."""
    first = position
    for _ in range(_MAX_UNKNOWN):
        at = window.ensure(first, position - first + _HEAD_BYTES) + position - first
        available = window.size - position
        if available == 0 or (position > first and looks_plausible(window.data, at, available, known)):
            return True
        if available < PREFIX_BYTES:
            return False
        opcode, length = PREFIX.unpack_from(window.data, at)
        position += PREFIX_BYTES + length
        if opcode in known or position > window.size or position - first > _MAX_RECORD_BYTES:
            return False
    return False


def _short_message(window: Window, position: int, known: frozenset[int]) -> Messages | None:
    """A message whose length is less than its own head."""
    at = window.ensure(position, _MESSAGE_BYTES)
    if len(window.data) - at < _MESSAGE_BYTES:
        return None
    opcode, length = PREFIX.unpack_from(window.data, at)
    if opcode != MESSAGE or length >= MESSAGE_HEAD_BYTES:
        return None
    return _mended(window, Record(MESSAGE, position, length), known)


def _mended(window: Window, record: Record, known: frozenset[int]) -> Messages | None:
    """A message whose length cannot be: it ends where another record begins, or with all else."""
    at = window.ensure(record.position, BLOCK_BYTES)
    data = window.data
    found = find_record(data, at + _MESSAGE_BYTES, len(data), window.size - window.start, known=known)
    no_length = not MESSAGE_HEAD_BYTES <= record.length < NO_LENGTH
    if found is None and no_length and window.start + len(data) == window.size:
        found = len(data)
    if found is None or found < at + _MESSAGE_BYTES:
        return None
    return Messages(data, np.array([at], np.int64), np.array([found], np.int64), window.start)


def _after(window: Window, record: Record, known: frozenset[int]) -> Generator[Event, None, int]:
    """Where to go on after ``record`` (the generator's value)."""
    end = record.position + PREFIX_BYTES + record.length
    if record.opcode == MAGIC_RECORD:
        return end
    # Asked before looking ahead, because a window may not go back far.
    begin = window.ensure(record.position, PREFIX_BYTES + min(record.length, _FIELDS_BYTES))
    inner = record.position + PREFIX_BYTES + content_size(record.opcode, window.data, begin + PREFIX_BYTES)
    if record.opcode == CHUNK:
        # Of the two lengths of a chunk either may be wrong; the one with a record behind it is right.
        for candidate in (end, inner):
            if candidate <= window.size and _plausible_at(window, candidate, known):
                return candidate
        if record.cut and inner >= window.size:
            return window.size
        return (yield from _search(window, min(end, inner), known))
    if not record.cut and (_plausible_at(window, end, known) or record.opcode not in known):
        return end
    return (yield from _search(window, inner, known))


def _plausible_at(window: Window, position: int, known: frozenset[int]) -> bool:
    """Whether a record of any kind begins at ``position``, or the end is there."""
    if position == window.size:
        return True
    at = window.ensure(position, _HEAD_BYTES)
    return position == window.size or _record_at(window, window.data, at, known) is not None


def _resync(
    window: Window, data: Data, base: int, starts: list[int], at: int, known: frozenset[int]
) -> Generator[Event, None, int]:
    """Nothing begins at ``data[at]``, right after messages or garbage. The value: where to go on."""
    if not starts:
        return (yield from _search(window, base + at, known))
    # The last message's length may be wrong: too long, and it swallowed others; or too short.
    last = starts.pop()
    yield from _messages(data, base, starts, last)
    found = find_record(data, last + _MESSAGE_BYTES, at, window.size - base, known=known)
    end = at if found is None else found
    yield Messages(data, np.array([last], np.int64), np.array([end], np.int64), base)
    if found is not None:
        yield Garbage(base + end, 0)
        return base + end
    if _short_message(window, base + at, known) is not None:
        return base + at
    return (yield from _search(window, base + at, known))


def _search(window: Window, position: int, known: frozenset[int]) -> Generator[Event, None, int]:
    """Look for the next record from ``position``; what is before it is garbage. The value: where it is."""
    begin = position = max(position, window.start)
    while position < window.size:
        at = window.ensure(position, BLOCK_BYTES)
        data, base = window.data, window.start
        whole = base + len(data) >= window.size
        stop = len(data) if whole else max(at + 1, len(data) - _HEAD_BYTES)
        found = find_record(data, at, stop, window.size - base, known=known)
        if found is not None:
            yield Garbage(begin, base + found - begin)
            return base + found
        position = base + stop
        if not data:
            break
    if window.size > begin:
        yield Garbage(begin, window.size - begin)
    return window.size

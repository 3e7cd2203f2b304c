"""Walks the records of a file or of a chunk, whatever lies between them.

The bytes are trusted as long as every record ends where another one begins. Where none does, the record before may
have had a wrong length, so the search for the next one begins inside it.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator

import numpy as np

from paddock.readers.mcap.events import MAGIC_RECORD, MAX_MESSAGE_BYTES, Event, Garbage, Indexes, Messages, Record
from paddock.readers.mcap.lookahead import HEAD_BYTES, MESSAGE_BYTES, Lookahead
from paddock.readers.mcap.plausible import ANYWHERE, Probes
from paddock.readers.mcap.records import (
    MAGIC,
    MESSAGE,
    MESSAGE_HEAD_BYTES,
    MESSAGE_INDEX,
    PREFIX,
    PREFIX_BYTES,
    Data,
    is_magic,
)
from paddock.readers.mcap.windows import Window

_INDEX_HEAD = struct.Struct("<BQHI")
_INDEX_OPCODE = bytes([MESSAGE_INDEX])
_MAX_INDEX_BYTES = 64 << 20
"""A larger one is passed over: it is only a hint."""


def scan(window: Window, known: frozenset[int] = ANYWHERE, probes: Probes | None = None) -> Iterator[Event]:
    """All records, in order.

    Between two events the caller may move the window. A message that is cut at the end comes as a ``Record``.
    """
    ahead = Lookahead(window, known, probes or Probes())
    position = 0
    while True:
        begin = window.ensure(position, HEAD_BYTES)
        data, base = window.data, window.start
        starts, at = _message_starts(data, begin)
        if known is ANYWHERE and data[at : at + 1] == _INDEX_OPCODE:
            entries, after = _index_entries(data, at)
            if entries:
                if starts:
                    yield _messages(data, base, starts, at)
                yield Indexes(data, entries)
                position = base + after
                continue
            if len(data) - at < (size := _index_size(data, at)) <= window.size - base - at:
                # It reaches beyond the window.
                if starts:
                    yield _messages(data, base, starts, at)
                position = base + at
                window.ensure(position, size)
                continue
        position = base + at
        available = window.size - position
        if available <= 0:
            if starts:
                yield _messages(data, base, starts, at)
            return
        if available == len(MAGIC) and is_magic(data, at) and known is ANYWHERE:
            if starts:
                yield _messages(data, base, starts, at)
            yield Record(MAGIC_RECORD, position, len(MAGIC) - PREFIX_BYTES)
            return
        if len(data) - at < min(HEAD_BYTES, available):
            if starts:
                yield _messages(data, base, starts, at)
            # The window may find out that there is nothing more.
            window.ensure(position, HEAD_BYTES)
            if window.size - position < PREFIX_BYTES:
                if window.size > position:
                    yield Garbage(position, window.size - position)
                return
            continue
        record = ahead.record_at(position, data, at)
        if record is None and not starts and window.data is not data:
            continue
        if record is None and not starts and (whole := ahead.short_message(position)) is not None:
            yield whole
            position = whole.offset + int(whole.ends[0])
            yield Garbage(position, 0)
            continue
        if record is None:
            position = yield from _resync(ahead, data, base, starts, at)
            continue
        if starts and (log := ahead.log_within(data, base, starts[-1], at)) is not None:
            position = yield from _cut_by_log(data, base, starts, log)
            continue
        if starts:
            yield _messages(data, base, starts, at)
        if record.opcode == MESSAGE and not record.cut and record.length <= MAX_MESSAGE_BYTES:
            # It reaches beyond the window.
            window.ensure(position, PREFIX_BYTES + record.length)
            if window.size - position < PREFIX_BYTES + record.length:
                record = record._replace(cut=True)
            else:
                continue
        if record.opcode == MESSAGE and (whole := ahead.mended(record)) is not None:
            yield whole
            position = whole.offset + int(whole.ends[0])
            yield Garbage(position, 0)
            continue
        yield record
        position, is_record = ahead.after(record)
        if not is_record:
            position = yield from _search(ahead, position)


def _message_starts(data: Data, position: int) -> tuple[list[int], int]:
    """Where the messages in a row from ``position`` begin, and where the first other thing is.

    This loop is what reading a log without chunks costs, so it does nothing else.
    """
    starts: list[int] = []
    append, unpack = starts.append, PREFIX.unpack_from
    last = len(data) - MESSAGE_BYTES
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
    return PREFIX_BYTES + int(length) if is_right and length <= _MAX_INDEX_BYTES else 0


def _messages(data: Data, base: int, starts: list[int], end: int) -> Messages:
    bounds = np.array([*starts, end], np.int64)
    return Messages(data, bounds[:-1], bounds[1:], base)


def _resync(ahead: Lookahead, data: Data, base: int, starts: list[int], at: int) -> Generator[Event, None, int]:
    """Nothing begins at ``data[at]``, right after messages or garbage. The value: where to go on."""
    if not starts:
        return (yield from _search(ahead, base + at))
    if (log := ahead.log_within(data, base, starts[-1], at)) is not None:
        return (yield from _cut_by_log(data, base, starts, log))
    # The last message's length may be wrong: too long, and it swallowed others; or too short.
    last = starts.pop()
    if starts:
        yield _messages(data, base, starts, last)
    found = ahead.find(data, base, base + last + MESSAGE_BYTES, base + at)
    end = at if found is None else found - base
    yield Messages(data, np.array([last], np.int64), np.array([end], np.int64), base)
    if found is not None:
        yield Garbage(found, 0)
        return found
    if ahead.short_message(base + at) is not None:
        return base + at
    return (yield from _search(ahead, base + at))


def _cut_by_log(data: Data, base: int, starts: list[int], log: int) -> Generator[Event, None, int]:
    """Power was cut within the last message, and another log was appended. The value: where that begins."""
    last = starts.pop()
    if starts:
        yield _messages(data, base, starts, last)
    yield Record(MESSAGE, base + last, log - last - PREFIX_BYTES, cut=True)
    return base + log


def _search(ahead: Lookahead, position: int) -> Generator[Event, None, int]:
    """What is before the next record is garbage. The value: where it is."""
    found = ahead.search(position)
    if found > position:
        yield Garbage(position, found - position)
    return found

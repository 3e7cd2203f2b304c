"""Where records begin, and where the next one does after a damage.

All this looks ahead at bytes that are read once more when their turn comes. It stays linear in the bytes of a log
whatever they are: a place costs the same few fields however long a record it may be, bytes without a record are
searched once, and the file's window is not moved for a look at a place far ahead.
"""

from __future__ import annotations

import numpy as np

from paddock.readers.mcap.events import MAGIC_RECORD, MAX_MESSAGE_BYTES, Messages, Record
from paddock.readers.mcap.plausible import ANYWHERE, NO_LENGTH, Probes, content_size, find_record, looks_plausible
from paddock.readers.mcap.records import (
    CHUNK,
    FIRST_PRIVATE,
    HEADER,
    MAGIC,
    MESSAGE,
    MESSAGE_HEAD_BYTES,
    PREFIX,
    PREFIX_BYTES,
    Data,
    is_magic,
)
from paddock.readers.mcap.windows import Window

MESSAGE_BYTES = PREFIX_BYTES + MESSAGE_HEAD_BYTES
HEAD_BYTES = PREFIX_BYTES + 128
"""Enough to judge a record by its first fields."""
_FIELDS_BYTES = 1 << 20
"""How much of a record is looked at to find its end by its fields, where its length may be wrong."""
_MENDED_BYTES = 8 << 20
"""How far the end of a message is looked for whose length cannot be."""
_MAX_RECORD_BYTES = 64 << 20
"""An unknown record is looked at whole up to this size; larger ones are skipped unseen."""
_MAX_UNKNOWN = 64
"""So many unknown records may follow each other where it is not clear that they are records."""
_STEP_BYTES = 64 << 10
_LOG = MAGIC + bytes([HEADER])
"""The first bytes of a log."""


class Lookahead:
    """Judges places in a window.

    Args:
        window: the bytes.
        known: the opcodes that records may have here.
        probes: how many places may be looked at in search of a record.
    """

    def __init__(self, window: Window, known: frozenset[int], probes: Probes) -> None:
        self._window = window
        self._known = known
        self._probes = probes
        self._barren = 0, 0
        """No record begins from here to there, as was found out."""
        self._found: Record | None = None
        """The record that was found last, if all of it could be looked at: what is ahead is met soon after."""
        self._led = 0, 0
        """The unknown records from here to there lead to a known one."""

    def record_at(self, position: int, data: Data, at: int) -> Record | None:
        """The record that begins at ``position``, which is ``data[at]``; None where none does."""
        if (found := self._found) is not None and found.position == position:
            return found
        available = self._window.size - position
        if looks_plausible(data, at, available, self._known):
            if self._known is ANYWHERE and is_magic(data, at):
                return Record(MAGIC_RECORD, position, len(MAGIC) - PREFIX_BYTES)
            opcode, length = PREFIX.unpack_from(data, at)
            record = Record(opcode, position, length, length > available - PREFIX_BYTES)
            if at + PREFIX_BYTES + length <= len(data):
                self._found = record
            return record
        if available < PREFIX_BYTES:
            return None
        opcode, length = PREFIX.unpack_from(data, at)
        if opcode in self._known or length > available - PREFIX_BYTES:
            return None
        if length > _MAX_RECORD_BYTES:
            return Record(opcode, position, length) if opcode >= FIRST_PRIVATE else None
        # An opcode of the future, or a private one, or garbage: what follows it tells.
        return Record(opcode, position, length) if self._leads_to_record(position) else None

    def is_record_at(self, position: int) -> bool:
        """Whether a record of any kind begins at ``position``, or the end is there."""
        if position == self._window.size:
            return True
        data, at = self._window.peek(position, HEAD_BYTES, position)
        return position == self._window.size or self.record_at(position, data, at) is not None

    def content_size(self, record: Record) -> int:
        """How many bytes the fields of a record take, whatever its length says; at least."""
        begin = self._window.ensure(record.position, PREFIX_BYTES + min(record.length, _FIELDS_BYTES))
        return content_size(record.opcode, self._window.data, begin + PREFIX_BYTES)

    def after(self, record: Record) -> tuple[int, bool]:
        """Where to go on after a record, and whether a record is there; else it is to be searched from there."""
        window, end = self._window, record.position + PREFIX_BYTES + record.length
        if record.opcode == MAGIC_RECORD:
            return end, True
        if end + HEAD_BYTES <= window.start + len(window.data) and not record.cut and self.is_record_at(end):
            return end, True
        # Asked before looking ahead, because a window may not go back far.
        inner = record.position + PREFIX_BYTES + self.content_size(record)
        if record.opcode == CHUNK:
            # Of the two lengths of a chunk either may be wrong; the one with a record behind it is right.
            for candidate in (end, inner):
                if candidate <= window.size and self.is_record_at(candidate):
                    return candidate, True
            return (window.size, True) if record.cut and inner >= window.size else (min(end, inner), False)
        if not record.cut and (self.is_record_at(end) or record.opcode not in self._known):
            return end, True
        return inner, False

    def _leads_to_record(self, first: int) -> bool:
        """Whether the unknown records from ``first`` on end where a known one begins, or at the end."""
        window, position = self._window, first
        if self._led[0] <= first < self._led[1]:
            return True
        for _ in range(_MAX_UNKNOWN):
            data, at = window.peek(position, HEAD_BYTES, first)
            available = window.size - position
            if available == 0 or (position > first and looks_plausible(data, at, available, self._known)):
                self._led = first, position
                return True
            if available < PREFIX_BYTES:
                return False
            opcode, length = PREFIX.unpack_from(data, at)
            position += PREFIX_BYTES + length
            if opcode in self._known or position > window.size or position - first > _MAX_RECORD_BYTES:
                return False
        return False

    def log_within(self, data: Data, base: int, begin: int, end: int) -> int | None:
        """Where in ``data`` another log begins whose first bytes a message takes for its own last ones.

        A log that a message carries is none: it ends in it, or its records do not go on behind the message. A piece
        that ends where the message does is taken for carried, unless a header follows, which needs its magic.

        Args:
            data: a window's.
            base: where it begins.
            begin: where the message begins in it.
            end: where it ends, by its length.
        """
        if self._known is not ANYWHERE:
            return None
        # Not further back: every damage may ask this again.
        first = max(begin + MESSAGE_BYTES, end - _STEP_BYTES)
        found = bytes(data[first : end + len(_LOG) - 1]).rfind(_LOG)
        if found < 0:
            return None
        position = first + found + len(MAGIC)
        while position < end:
            record = self.record_at(base + position, data, position)
            if record is None or record.opcode == MAGIC_RECORD:
                return None
            position += PREFIX_BYTES + record.length
        record = self.record_at(base + position, data, position) if position < len(data) else None
        goes_on = record is not None and (position > end or record.opcode == HEADER)
        return first + found if goes_on else None

    def short_message(self, position: int) -> Messages | None:
        """A message whose length is less than its own head."""
        at = self._window.ensure(position, MESSAGE_BYTES)
        if len(self._window.data) - at < MESSAGE_BYTES:
            return None
        opcode, length = PREFIX.unpack_from(self._window.data, at)
        if opcode != MESSAGE or length >= MESSAGE_HEAD_BYTES:
            return None
        return self.mended(Record(MESSAGE, position, length))

    def mended(self, record: Record) -> Messages | None:
        """A message whose length cannot be: it ends where another record begins, or with all else."""
        window, found, size = self._window, None, MESSAGE_BYTES
        searched = record.position + MESSAGE_BYTES
        while found is None and size < _MENDED_BYTES:
            size = min(_MENDED_BYTES, max(2 * size, _STEP_BYTES))
            at = window.ensure(record.position, size)
            base = window.start
            whole = base + len(window.data) >= window.size
            stop = base + len(window.data) - (0 if whole else HEAD_BYTES)
            found = self.find(window.data, base, searched, stop)
            searched = max(searched, stop)
            if whole:
                break
        no_length = not MESSAGE_HEAD_BYTES <= record.length < NO_LENGTH
        if found is None and no_length and window.start + len(window.data) == window.size:
            found = window.size
        if found is None or not MESSAGE_BYTES <= found - record.position <= MAX_MESSAGE_BYTES:
            return None
        at = record.position - window.start
        begins, ends = np.array([at], np.int64), np.array([found - window.start], np.int64)
        return Messages(window.data, begins, ends, window.start)

    def search(self, position: int) -> int:
        """The next record from ``position`` on, or the end."""
        window = self._window
        while position < window.size:
            at = window.ensure(position, _STEP_BYTES)
            data, base = window.data, window.start
            whole = base + len(data) >= window.size
            stop = base + (len(data) if whole else max(at + 1, len(data) - HEAD_BYTES))
            found = self.find(data, base, position, stop)
            if found is not None:
                return found
            position = stop
            if not data:
                break
        return window.size

    def find(self, data: Data, base: int, position: int, stop: int) -> int | None:
        """The first place from ``position`` and before ``stop`` where records follow each other.

        ``data`` begins at ``base``. What was searched in vain is not searched again.
        """
        begin, (low, high) = position, self._barren
        if position < low <= stop:
            if (found := self._first(data, base, position, low)) is not None:
                return found
            position = high
        elif low <= position <= high:
            begin, position = low, high
        if position < stop and (found := self._first(data, base, position, stop)) is not None:
            return found
        self._barren = begin, max(position, stop)
        return None

    def _first(self, data: Data, base: int, position: int, stop: int) -> int | None:
        available = self._window.size - base
        found = find_record(data, position - base, stop - base, available, known=self._known, probes=self._probes)
        return None if found is None else base + found

"""What is known of the values at one place of JSON messages, learnt from one after the other.

Learning takes time with the size of the messages alone, however many fields there are already. A field that is one
too many, for the channel or for the log, stays in the text of its object's ``_others``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pyarrow as pa

from paddock.columns.limits import MAX_CHANNEL_FIELDS, Limits, OverLimit

MAX_DEPTH = 24
"""Deeper values are JSON text."""
JSON_TEXT = pa.large_string()
"""Marks values that did not fit together while types are learnt; in the end they are a string."""
_OTHERS = "_others"
_EXACT = 2**53
_SPARSE, _SPARSE_FROM = 16, 4096
"""A list of objects becomes text when its columns would have so many times more places than it has values."""
_ALWAYS, _PLACES, _PLACES_PER_BYTE = 256, 1 << 18, 8
"""From so many fields on a new one needs room; see ``Room``. A value and its key take four bytes at least."""

BOOL, INT, FLOAT, TEXT, OBJECT, LIST, MIXED = (1 << bit for bit in range(7))

_NUMBERS = {int, float}

Numbers = dict[str, Any]
"""Which values a JSON Schema calls ``number``: by key, ``""`` for the items of a list; ``None`` for itself."""
_ITSELF: Any = None


class Room:
    """Whether there is room for one more field, in the limits of the log and beside what the messages have.

    A field takes a place in every row. Messages that each have a few of very many fields would become far larger
    than they are.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rows = self._size_bytes = self._fields = 0
        self.batch = 0
        self.places = 0
        """What the messages of this batch take as columns: rows times fields, and the same of lists in them."""

    def begin(self) -> None:
        """Begin a batch."""
        self.batch += 1
        self.places = 0

    def seen(self, rows: int, size_bytes: int) -> None:
        """Count messages, also those that bring no field."""
        self._rows += rows
        self._size_bytes += size_bytes

    def take(self) -> bool:
        """Count one more field, if there is room."""
        if self._fields >= MAX_CHANNEL_FIELDS:
            return False
        places = self._rows * (self._fields + 1)
        if self._fields >= _ALWAYS and places > _PLACES + _PLACES_PER_BYTE * self._size_bytes:
            return False
        try:
            self._limits.take_fields(1)
        except OverLimit:
            return False
        self._fields += 1
        return True

    def give(self, count: int) -> None:
        """Fields that are no longer there."""
        self._fields -= count
        self._limits.take_fields(-count)


class Shape:
    """What the values at one place are; ``fields`` of objects and ``items`` of lists have their own."""

    __slots__ = (
        "above",
        "batch",
        "fields",
        "high",
        "items",
        "kinds",
        "low",
        "numbers",
        "others",
        "rows",
        "size",
    )

    def __init__(self, numbers: Numbers, above: Shape | None = None) -> None:
        self.kinds = FLOAT if _ITSELF in numbers else 0
        self.low = self.high = 0
        """The range of whole numbers, and 0."""
        self.fields: dict[str, Shape] = {}
        self.items: Shape | None = None
        self.others = ""
        """The field that has the members for which there is no more room, as text."""
        self.numbers = numbers
        self.above = above
        self.size = 0
        """Fields at all depths, those in lists not counted."""
        self.rows = self.batch = 0
        """How often there is such a value in which batch; for messages and for the items of a list."""

    @property
    def kind(self) -> int:
        """The one kind that holds all values; 0 when all were null."""
        if self.kinds & (self.kinds - 1) == 0:
            return MIXED if self.kinds == INT and not self._fits(self.low, self.high) else self.kinds
        return FLOAT if self.kinds == INT | FLOAT else MIXED

    @property
    def is_rounded(self) -> bool:
        """Whether whole numbers that a double may not hold are doubles, because others have fractions."""
        return self.kinds == INT | FLOAT and (self.high > _EXACT or self.low < -_EXACT)

    def absorb(self, value: Any, room: Room, depth: int = 0) -> int:
        """Learn from a value; how many members of objects it has, those in lists not counted."""
        if value is None or self.kinds & MIXED:
            return 0
        kind = type(value)
        if kind is str:
            self.kinds |= TEXT
        elif kind is float:
            self.kinds |= FLOAT
        elif kind is int:
            self.kinds |= INT
            self.note(value, value)
        elif kind is bool:
            self.kinds |= BOOL
        elif depth >= MAX_DEPTH:
            self.kinds = MIXED
        elif kind is dict:
            self.kinds |= OBJECT
            return self._absorb_object(value, room, depth) if self.kinds == OBJECT else 0
        else:
            self.kinds |= LIST
            if self.kinds == LIST:
                self._absorb_list(value, room, depth)
        return 0

    def count(self, rows: int, room: Room) -> None:
        """Count messages, or items of a list, once they are absorbed."""
        self.rows = rows + (self.rows if self.batch == room.batch else 0)
        self.batch = room.batch
        room.places += rows * max(1, self.size)

    def note(self, low: int, high: int) -> None:
        """Widen the range of whole numbers."""
        self.low, self.high = min(low, self.low), max(high, self.high)

    def _absorb_object(self, value: dict[str, Any], room: Room, depth: int) -> int:
        members = len(value)
        for key, each in value.items():
            field = self.fields.get(key)
            if field is None:
                field = self._grow(key, room)
            if field is not None:
                members += field.absorb(each, room, depth + 1)
        return members

    def _absorb_list(self, value: list[Any], room: Room, depth: int) -> None:
        if self.items is None:
            self.items = Shape(self.numbers.get("", {}))
        if (kinds := set(map(type, value))) <= _NUMBERS:
            if int in kinds:
                self.items.kinds |= INT
                whole = value if kinds == {int} else [item for item in value if type(item) is int]
                self.items.note(min(whole), max(whole))
            if float in kinds:
                self.items.kinds |= FLOAT
            self.items.count(len(value), room)
            return
        members = sum([self.items.absorb(item, room, depth + 1) for item in value])
        self.items.count(len(value), room)
        if len(value) * self.items.size > _SPARSE * members + _SPARSE_FROM:
            self.kinds = MIXED
            room.give(self.items.size)

    def _grow(self, key: str, room: Room) -> Shape | None:
        """A shape for a new field, or None when there is no room for it."""
        if self.others:
            return None
        if not room.take():
            self.others = _OTHERS
            while self.others in self.fields:
                self.others += "_"
            return None
        self.fields[key] = Shape(self.numbers.get(key, {}), self)
        above: Shape | None = self
        while above is not None:
            above.size += 1
            if above.above is None and above.batch == room.batch:
                room.places += above.rows
            above = above.above
        return self.fields[key]

    @staticmethod
    def _fits(low: int, high: int) -> bool:
        return (low >= -(2**63) and high < 2**63) or (low == 0 and high < 2**64)

    def arrow(self, final: bool) -> pa.DataType:
        """The Arrow type of the values.

        Args:
            final: as readers see it: JSON text is a string, and what was always null is a missing number.
        """
        kind = self.kind
        if kind == OBJECT:
            fields = [pa.field(name, field.arrow(final)) for name, field in self.fields.items()]
            if self.others:
                fields.append(pa.field(self.others, pa.string() if final else JSON_TEXT))
            return pa.struct(fields)
        if kind == LIST:
            assert self.items is not None, "a list has been absorbed"
            return pa.list_(self.items.arrow(final))
        if kind == INT:
            return pa.int64() if self.high < 2**63 else pa.uint64()
        if kind == MIXED:
            return pa.string() if final else JSON_TEXT
        return {BOOL: pa.bool_(), FLOAT: pa.float64(), TEXT: pa.string()}.get(
            kind, pa.float64() if final else pa.null()
        )

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Shape]]:
        """This shape and those within, each with its path."""
        yield path, self
        if self.kind == OBJECT:
            for name, field in self.fields.items():
                yield from field.walk((*path, name))
        elif self.kind == LIST and self.items is not None:
            yield from self.items.walk(path)


@lru_cache(8)
def schema_numbers(data: bytes) -> Numbers:
    """The places that a JSON Schema calls ``number``; none from one that cannot be read. Channels may share it."""
    try:
        return _numbers(json.loads(data), 0)
    except (ValueError, RecursionError):
        return {}


def _numbers(schema: Any, depth: int) -> Numbers:
    found: Numbers = {}
    if not isinstance(schema, dict) or depth >= MAX_DEPTH:
        return found
    kind = schema.get("type")
    if kind == "number" or (isinstance(kind, list) and "number" in kind):
        found[_ITSELF] = True
    properties = schema.get("properties")
    inner = dict(properties) if isinstance(properties, dict) else {}
    inner.setdefault("", schema.get("items"))
    for name, each in inner.items():
        if numbers := _numbers(each, depth + 1):
            found[name] = numbers
    return found

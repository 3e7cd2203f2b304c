"""What the channels of one log may take altogether, so that a small log cannot cost hours or gigabytes."""

from __future__ import annotations

import pyarrow as pa

from paddock.allocator import default_memory_bytes

MAX_CHANNEL_FIELDS = 4_000
MAX_LOG_FIELDS = 10_000
"""A car logs 800 to 1,500 signals. Each costs a document, a column in every file and time in every batch."""
MAX_LOG_ELEMENTS = 4_000
"""Elements of lists that are signals of their own: seven lists of 560 cells."""
MAX_LOG_NAMES = 100_000
"""Names of enum values: every channel keeps those of each of its fields."""
_DECODED_PER_LOG_BYTE = 200
"""Columns of a log that compresses well are some twenty times as large as the log, and its messages too."""


class OverLimit(Exception):
    """A channel would take more than the log may: says why. Its payloads are kept as bytes."""


class Limits:
    """What is left for the channels of one log; one object that all its decoders share.

    Args:
        memory_bytes: what the conversion may take.
        log_bytes: the log's size. Its columns, which lie on disk, may take so many times more.
        statistics: whether its signals may take the time of their statistics.
    """

    def __init__(self, memory_bytes: int | None = None, log_bytes: int = 0, *, statistics: bool = True) -> None:
        self.statistics = statistics
        self.memory_bytes = default_memory_bytes() if memory_bytes is None else memory_bytes
        self.batch_bytes = max(1 << 20, self.memory_bytes // 32)
        """What one call of ``decode`` may make; a decoder says in ``max_rows`` how many messages that are."""
        self._fields_left = MAX_LOG_FIELDS
        self._elements_left = MAX_LOG_ELEMENTS
        self._names_left = MAX_LOG_NAMES
        self.over: dict[str, str] = {}
        """Channels that take too much, by slug, and why: the log is read again with these kept as bytes."""
        self._decoded_left = self.memory_bytes // 16 + _DECODED_PER_LOG_BYTE * log_bytes
        self._decoded: dict[str, int] = {}

    @property
    def fields_left(self) -> int:
        """How many fields the next channel may have."""
        return min(MAX_CHANNEL_FIELDS, self._fields_left)

    def take_fields(self, count: int) -> None:
        """Count the fields of a channel, or some more of one that learns them.

        Raises:
            OverLimit: there are too many.
        """
        if count > self.fields_left:
            if self._fields_left < MAX_CHANNEL_FIELDS:
                raise OverLimit(f"the log has more than {MAX_LOG_FIELDS:,} fields")
            raise OverLimit(f"it has more than {MAX_CHANNEL_FIELDS:,} fields")
        self._fields_left -= count

    def take_elements(self, count: int) -> bool:
        """Count elements of lists that become signals of their own; whether there is room for them."""
        if count > self._elements_left:
            return False
        self._elements_left -= count
        return True

    def take_names(self, count: int) -> bool:
        """Count names of enums' values; whether there is room for them."""
        if count > self._names_left:
            return False
        self._names_left -= count
        return True

    def take_decoded(self, slug: str, size_bytes: int) -> None:
        """Count messages of a channel and what they became; when all becomes too large, the largest is given up."""
        self._decoded[slug] = self._decoded.get(slug, 0) + size_bytes
        self._decoded_left -= size_bytes
        if self._decoded_left < 0:
            largest = max(self._decoded, key=lambda each: self._decoded[each])
            mega = self._decoded[largest] >> 20
            self.give_up(largest, f"decoded it would be {mega:,} MB and more, too much for a log of this size")

    def give_up(self, slug: str, why: str) -> None:
        """Have a channel kept as bytes; what it took is free again."""
        self.over.setdefault(slug, why)
        self._decoded_left += self._decoded.pop(slug, 0)


def row_bytes(kind: pa.DataType) -> int:
    """About how many bytes a value takes that says little."""
    if pa.types.is_struct(kind):
        return 1 + sum(row_bytes(kind.field(index).type) for index in range(kind.num_fields))
    try:
        return max(1, int(kind.bit_width) // 8)
    except ValueError:
        return 4


def bytes_as(array: pa.Array, kind: pa.DataType) -> int:
    """About how many bytes an array will take as another type, whose structs may have more fields."""
    if pa.types.is_struct(kind) and pa.types.is_struct(array.type):
        known = {array.type.field(index).name: array.field(index) for index in range(array.type.num_fields)}
        fields = [kind.field(index) for index in range(kind.num_fields)]
        return sum(
            bytes_as(known[field.name], field.type) if field.name in known else len(array) * row_bytes(field.type)
            for field in fields
        )
    if pa.types.is_list(kind) and pa.types.is_list(array.type):
        return len(array) * 4 + bytes_as(array.flatten(), kind.value_type)
    return max(int(array.nbytes), len(array) * row_bytes(kind))


def count_fields(kind: pa.DataType) -> int:
    """How many fields a message type has at all depths, also inside of lists and maps."""
    if not pa.types.is_nested(kind):
        return 0
    inner = [kind.field(index) for index in range(kind.num_fields)]
    own = len(inner) if pa.types.is_struct(kind) else 0
    return own + sum(count_fields(field.type) for field in inner)

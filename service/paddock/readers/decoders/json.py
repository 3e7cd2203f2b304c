"""JSON, with or without a schema.

The types are learnt from the messages, because a JSON Schema says too little and is often ``{"type": "object"}``;
where it says ``number``, whole numbers are doubles too. A field whose type changes between messages is defined so:
integers beside floats are doubles, anything else that does not fit together is JSON text (a string is then quoted).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as arrow_json

from paddock.columns.limits import Limits, OverLimit, row_bytes
from paddock.columns.spool_channel import Conform
from paddock.readers.decoders.decoded import Decoded
from paddock.readers.decoders.json_arrays import array_of, conformed, noted
from paddock.readers.decoders.json_shape import INT, MIXED, OBJECT, Numbers, Room, Shape, schema_numbers
from paddock.readers.decoders.json_text import BLANK, parsed
from paddock.readers.decoders.schema import Schema

ENCODING = "json"
_LEARN_ROWS = 64
_MAX_ROWS = 1 << 16
_MAX_NOTICES = 5
_OBJECTS_PER_BYTE = 64
"""How many times larger than its text a message may be as Python's values: ``[1,1,`` takes 5, ``[[],[],`` 40."""


def decoder(schema: Schema | None, limits: Limits) -> JsonDecoder:
    """The decoder of a channel with this schema; any other schema than a JSON Schema says nothing."""
    numbers: Numbers = {}
    if schema is not None and schema.encoding == "jsonschema":
        numbers = schema_numbers(schema.data)
    return JsonDecoder(numbers, limits)


class JsonDecoder:
    """Learns the fields from the first messages, then lets Arrow read whole batches of the same shape.

    A message that is no object becomes the one field ``value``.
    """

    def __init__(self, numbers: Numbers, limits: Limits) -> None:
        self._shape = Shape(numbers)
        self._shape.kinds = OBJECT
        self._limits = limits
        self._room = Room(limits)
        self._learnt: pa.StructType = pa.struct([])
        self._has_texts = self._has_nulls = False
        self._widest = 0
        """Fields of the items of a list."""
        self.enums: dict[str, dict[int, str]] = {}

    @property
    def fields(self) -> pa.StructType:
        """What fits all messages so far."""
        return self._shape.arrow(final=True)

    @property
    def max_rows(self) -> int:
        """See ``Decoder``."""
        return max(_LEARN_ROWS, min(_MAX_ROWS, self._limits.batch_bytes // row_bytes(self._learnt)))

    @property
    def notice(self) -> str:
        """See ``Decoder``: what is text although it could be a signal, and what is not exact."""
        found = [text for path, shape in self._shape.walk() if (text := _notice(".".join(path), shape))]
        more = len(found) - _MAX_NOTICES
        return "; ".join(found[:_MAX_NOTICES] + [f"{more:,} more such fields"] * (more > 0))

    @property
    def conform(self) -> Conform:
        """Messages of a type that was learnt earlier as the one that fits all."""
        return partial(conformed, shape=self._shape)

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """Decode some messages; ``conform`` brings them to the type that fits all of them."""
        if len(payloads) > 2 * _LEARN_ROWS and not self._learnt.num_fields:
            self._learn(payloads[:_LEARN_ROWS].to_pylist())
        payloads = payloads[: self._fitting(payloads)]
        # Of a single message it is better known how many items its lists have, before there are columns for them.
        fits = payloads.nbytes * self._widest <= 16 * self._limits.batch_bytes
        if self._learnt.num_fields and not self._has_texts and fits:
            messages = self._by_arrow(payloads)
            if messages is not None:
                self._room.seen(len(payloads), payloads.nbytes)
                return Decoded(self._known(messages), taken=len(payloads))
        return self._by_rows(payloads.to_pylist())

    def _by_arrow(self, payloads: pa.BinaryArray) -> pa.StructArray | None:
        """All at once; None where ``parsed`` may say anything else.

        Every text has to begin with a brace and to end with one, and there has to be a row for each. Then row and
        text belong together: between the brace that ends a text and the one that begins the next is a line break,
        which inside of a string is an error, and outside only a whole object can have ended there.
        """
        texts = payloads.to_pylist()
        if not all(text[:1] == b"{" and text[-1:] == b"}" for text in texts):
            texts = [text.lstrip(b" \t\r\n").rstrip(BLANK) for text in texts]
            if not all(text[:1] == b"{" and text[-1:] == b"}" for text in texts):
                return None
        lines = b"\n".join(texts)
        if not lines.isascii():
            try:
                lines.decode()
            except UnicodeDecodeError:
                return None
        options = arrow_json.ParseOptions(
            explicit_schema=pa.schema(list(self._learnt)),
            newlines_in_values=lines.count(b"\n") != len(texts) - 1,
            unexpected_field_behavior="error",
        )
        reading = arrow_json.ReadOptions(use_threads=False, block_size=max(len(lines) + 1, 1 << 10))
        try:
            table = arrow_json.read_json(pa.BufferReader(lines), read_options=reading, parse_options=options)
            if b"\\u" in lines:
                table.validate(full=True)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, pa.ArrowTypeError):
            return None
        if table.num_rows != len(texts) or pa.struct(list(table.schema)) != self._learnt:
            return None
        columns = [column.combine_chunks() for column in table.columns]
        columns = [each.chunk(0) if isinstance(each, pa.ChunkedArray) else each for each in columns]
        messages = pa.StructArray.from_arrays(columns, fields=list(self._learnt))
        return messages if noted(messages, self._shape) else None

    def _by_rows(self, texts: list[bytes]) -> Decoded:
        """One by one; no more than fit into a batch with all the fields that they bring."""
        rows: list[dict[str, Any] | None] = []
        self._room.begin()
        for text in texts:
            row = self._row(text)
            rows.append(row)
            self._room.seen(1, len(text))
            if row is not None:
                self._shape.absorb(row, self._room)
                self._shape.count(1, self._room)
            if self._room.places * 8 > self._limits.batch_bytes:
                if len(rows) == 1 and self._room.places * 8 > self._limits.memory_bytes:
                    raise OverLimit("one of its messages is too large")
                fitting = max(1, len(rows) * self._limits.batch_bytes // (self._room.places * 8))
                self._room.seen(fitting - len(rows), -sum(map(len, texts[fitting : len(rows)])))
                rows = rows[:fitting]
                break
        self._note_types()
        objects = [row for row in rows if row is not None]
        kept = None if len(objects) == len(rows) else np.array([row is not None for row in rows], bool)
        return Decoded(self._known(array_of(objects, self._shape)), kept, len(rows))

    def _known(self, messages: pa.StructArray) -> pa.StructArray:
        """Messages in which what was always null is a missing number already, and so need not be written again.

        Not beside JSON text, of which it has to be known until the end that it is none of the texts of a field.
        """
        return conformed(messages, self._shape) if self._has_nulls and not self._has_texts else messages

    def _row(self, text: bytes) -> dict[str, Any] | None:
        """The fields of a message, None when it is no JSON."""
        if len(text) * _OBJECTS_PER_BYTE > self._limits.memory_bytes:
            raise OverLimit("one of its messages is too large")
        try:
            value = parsed(text)
        except ValueError:
            return None
        return value if isinstance(value, dict) else {"value": value}

    def _learn(self, texts: list[bytes]) -> None:
        for row in map(self._row, texts):
            if row is not None:
                self._shape.absorb(row, self._room)
        self._note_types()

    def _note_types(self) -> None:
        shapes = [shape for _, shape in self._shape.walk()]
        self._learnt = self._shape.arrow(final=False)
        self._has_texts = any(shape.kind == MIXED or shape.others for shape in shapes)
        self._has_nulls = any(shape.kinds == 0 for shape in shapes)
        self._widest = max((shape.items.size for shape in shapes if shape.items is not None), default=0)

    def _fitting(self, payloads: pa.BinaryArray) -> int:
        """How many messages have columns no larger than a few batches. An item of a list has two bytes."""
        rows = min(self.max_rows, len(payloads))
        size_bytes = max(1, int(payloads.nbytes) * self._widest)
        return max(1, min(rows, len(payloads) * 2 * self._limits.batch_bytes // size_bytes))


def _notice(path: str, shape: Shape) -> str:
    if shape.others:
        return f"has too many fields{f' in {path}' if path else ''}, the rest is text in {shape.others}"
    if shape.kinds == INT and shape.kind == MIXED:
        return f"has whole numbers of more than 64 bits in {path}, which is text"
    if shape.is_rounded:
        return f"has whole numbers above 2^53 beside fractions in {path}, they are rounded"
    return ""

"""JSON, with or without a schema.

The types are learnt from the messages, because a JSON Schema says too little and is often ``{"type": "object"}``;
where it says ``number``, whole numbers are doubles too. A field whose type changes between messages is defined so:
integers beside floats are doubles, anything else that does not fit together is JSON text (a string is then quoted).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.json as arrow_json

from paddock.mcap.decoders.decoded import Conform, Decoded
from paddock.mcap.decoders.json_types import conformed, infer, merge, schema_numbers, settled, shaped
from paddock.mcap.decoders.limits import Limits
from paddock.mcap.records import Schema

ENCODING = "json"
_LEARN_ROWS = 64


def decoder(schema: Schema | None, limits: Limits) -> JsonDecoder:
    """The decoder of a channel with this schema; any other schema than a JSON Schema says nothing."""
    numbers: frozenset[tuple[str, ...]] = frozenset()
    if schema is not None and schema.encoding == "jsonschema":
        numbers = schema_numbers(schema.data)
    return JsonDecoder(numbers)


class JsonDecoder:
    """Learns the fields from the first messages, then lets Arrow read whole batches of the same shape.

    A message that is no object becomes the one field ``value``.
    """

    notice = ""
    max_rows = 1 << 16

    def __init__(self, numbers: frozenset[tuple[str, ...]]) -> None:
        self._learnt: pa.StructType = pa.struct([])
        self._numbers = numbers
        self.enums: dict[str, dict[int, str]] = {}

    @property
    def fields(self) -> pa.StructType:
        """What fits all messages so far."""
        return settled(self._learnt)

    @property
    def conform(self) -> Conform:
        """Messages of a type that was learnt earlier as the one that fits all."""
        return partial(_conform, self._learnt)

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """Decode some messages; ``conform`` brings them to the type that fits all of them."""
        texts = payloads.to_pylist()
        if len(texts) > 2 * _LEARN_ROWS and not self._learnt.num_fields:
            self._learn(texts[:_LEARN_ROWS])
        if self._learnt.num_fields:
            messages = self._by_arrow(texts)
            if messages is not None:
                return Decoded(messages)
        return self._by_rows(texts)

    def _by_arrow(self, texts: list[bytes]) -> pa.StructArray | None:
        """All at once; None when a message has another shape than those before."""
        # A line break inside a JSON text can only be white space.
        lines = b"\n".join(texts)
        if lines.count(b"\n") != len(texts) - 1:
            lines = b"\n".join([text.replace(b"\n", b" ") for text in texts])
        options = arrow_json.ParseOptions(
            explicit_schema=pa.schema(list(self._learnt)), unexpected_field_behavior="error"
        )
        reading = arrow_json.ReadOptions(use_threads=False, block_size=max(len(lines) + 1, 1 << 10))
        try:
            table = arrow_json.read_json(pa.BufferReader(lines), read_options=reading, parse_options=options)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, pa.ArrowTypeError):
            return None
        if table.num_rows != len(texts) or pa.struct(list(table.schema)) != self._learnt:
            return None
        columns = [column.combine_chunks() for column in table.columns]
        columns = [each.chunk(0) if isinstance(each, pa.ChunkedArray) else each for each in columns]
        return pa.StructArray.from_arrays(columns, fields=list(self._learnt))

    def _by_rows(self, texts: list[bytes]) -> Decoded:
        rows = [_parsed(text) for text in texts]
        kept = np.array([row is not None for row in rows], bool)
        objects = [row for row in rows if row is not None]
        self._widen(objects)
        messages = pa.array([shaped(each, self._learnt) for each in objects], self._learnt)
        return Decoded(messages, None if kept.all() else kept)

    def _learn(self, texts: list[bytes]) -> None:
        self._widen([row for row in map(_parsed, texts) if row is not None])

    def _widen(self, rows: list[dict[str, Any]]) -> None:
        """Make ``fields`` fit these rows too."""
        found: Any = self._learnt if self._learnt.num_fields else None
        seen: set[str] = set()
        for row in rows:
            kind = infer(row, self._numbers)
            if (text := str(kind)) not in seen:
                seen.add(text)
                found = merge(found, kind)
        if found is not None:
            self._learnt = found


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            # NaN and Infinity, which Python's writer makes.
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else {"value": value}


def _conform(learnt: pa.StructType, messages: pa.StructArray, names: Sequence[str] | None) -> pa.StructArray:
    wanted = learnt if names is None else pa.struct([learnt.field(name) for name in names])
    return conformed(conformed(messages, wanted), settled(wanted))

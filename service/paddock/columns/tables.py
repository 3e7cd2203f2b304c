"""A channel as an Arrow table, one row per message: ``log_time``, ``publish_time``, ``sequence``, then its fields.

This is the shape of the object store's Parquet files and, with ``t`` in front, of the layout ``messages`` of the
Parquet and Arrow exports. What the columns cannot say themselves (topic, schema, enums, units, names before a
collision) is in the schema's metadata under ``paddock``, as JSON, and the exact message type under
``paddock.fields``, as an Arrow schema in base64: metadata that is no UTF-8 stops other readers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from paddock.columns.arrow_numpy import is_list
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns
from paddock.domain.instants import NS_PER_S

TIME_COLUMNS = ("log_time", "publish_time", "sequence")
"""int64; the times in nanoseconds since the Unix epoch, because not every reader of Parquet has such timestamps."""

_ABOUT = b"paddock"
_FIELDS = b"paddock.fields"
_IPC_MARK = b"\xff\xff\xff\xff"
"""How an Arrow schema begins that is not in base64, as older files have it."""


class About(msgspec.Struct, frozen=True):
    """What a stored channel says of itself."""

    topic: str
    slug: str
    schema_name: str
    schema_encoding: str
    message_encoding: str
    columns: dict[str, str]
    """Field of the message by column of the table."""
    enums: dict[str, dict[int, str]] = {}
    """Names by number, by the field's dotted path."""
    metadata: dict[str, str] = {}
    units: dict[str, str] = {}
    """Unit by the field's dotted path, those that are known."""


@dataclass(frozen=True)
class Shape:
    """The columns of a table, and how messages become rows of it."""

    schema: pa.Schema
    record: Callable[[ColumnBatch], pa.RecordBatch]


def column_names(fields: pa.StructType, reserved: Collection[str] = TIME_COLUMNS) -> list[str]:
    """The table's name of each field: its own, with ``_`` behind it while a time column or another has it."""
    own = [fields.field(index).name for index in range(fields.num_fields)]
    taken = {*reserved, *own}
    names = []
    for name in own:
        unique = name
        if name in reserved:
            while unique in taken:
                unique += "_"
            taken.add(unique)
        names.append(unique)
    return names


def about(channel: ColumnChannel, columns: Mapping[str, str], units: Mapping[str, str]) -> dict[bytes, bytes]:
    """The part of a schema's metadata that people can read too."""
    prefix = channel.topic + "."
    said = About(
        channel.topic,
        channel.slug,
        channel.schema_name,
        channel.schema_encoding,
        channel.message_encoding,
        dict(columns),
        channel.enums,
        channel.metadata,
        {name.removeprefix(prefix): unit for name, unit in units.items() if name.startswith(prefix)},
    )
    return {_ABOUT: msgspec.json.encode(said)}


def message_shape(
    channel: ColumnChannel, units: Mapping[str, str] | None = None, started_ns: int | None = None
) -> Shape:
    """The channel's messages as they are, nested ones as structs.

    Args:
        channel: whose.
        units: by signal name (``VNData.vn_gps.lat``).
        started_ns: where ``t`` is 0; None for no ``t``.
    """
    times = TIME_COLUMNS if started_ns is None else ("t", *TIME_COLUMNS)
    names = column_names(channel.fields, times)
    fields = list(channel.fields)
    columns = [pa.field(name, pa.float64() if name == "t" else pa.int64(), nullable=False) for name in times]
    columns += [pa.field(name, storable_type(field.type)) for name, field in zip(names, fields, strict=True)]
    mapping = {name: field.name for name, field in zip(names, fields, strict=True)}
    exact = base64.b64encode(pa.schema(fields).serialize().to_pybytes())
    schema = pa.schema(columns, metadata=about(channel, mapping, units or {}) | {_FIELDS: exact})

    def record(batch: ColumnBatch) -> pa.RecordBatch:
        seconds = [] if started_ns is None else [pa.array((batch.log_time - started_ns) / NS_PER_S)]
        instants = [pa.array(values) for values in (batch.log_time, batch.publish_time, batch.sequence)]
        values = batch.messages.flatten() if batch.messages.type.num_fields else []
        return pa.RecordBatch.from_arrays([*seconds, *instants, *map(storable, values)], schema=schema)

    return Shape(schema, record)


def about_of(schema: pa.Schema) -> About:
    """What a table says of its channel.

    Raises:
        KeyError: the table was not written by Paddock.
    """
    return msgspec.json.decode(schema.metadata[_ABOUT], type=About)


def channel_of(schema: pa.Schema) -> tuple[ColumnChannel, dict[str, str]]:
    """The channel that a table's schema was made from, and its units by dotted path.

    Raises:
        KeyError: the table was not written by Paddock.
    """
    said = about_of(schema)
    exact = schema.metadata[_FIELDS]
    if not exact.startswith(_IPC_MARK):
        exact = base64.b64decode(exact)
    fields = pa.struct(list(pa.ipc.read_schema(pa.py_buffer(exact))))
    channel = ColumnChannel(
        said.topic,
        said.slug,
        said.schema_name,
        said.schema_encoding,
        said.message_encoding,
        fields,
        said.enums,
        said.metadata,
    )
    return channel, said.units


def tables(
    columns: Columns, channel: ColumnChannel, shape: Shape, max_rows: int, max_bytes: int
) -> Iterator[pa.Table]:
    """The channel's rows in tables of ``max_rows`` or about ``max_bytes``, whichever comes first; at least one."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in columns.read(channel):
        whole = shape.record(batch)
        for start in range(0, len(whole), max_rows):
            record = whole.slice(start, max_rows)
            if waiting and (rows + len(record) > max_rows or size >= max_bytes):
                yield pa.Table.from_batches(waiting, shape.schema)
                waiting, rows, size = [], 0, 0
            waiting.append(record)
            rows += len(record)
            size += record.nbytes
    yield pa.Table.from_batches(waiting, shape.schema)


def columns_of(schema: pa.Schema) -> dict[str, str]:
    """The column of each top-level field of the message."""
    return {field: column for column, field in about_of(schema).columns.items()}


def column_batch(
    channel: ColumnChannel, record: pa.RecordBatch | pa.Table, fields: Sequence[str], names: Mapping[str, str]
) -> ColumnBatch:
    """Rows of a table as the messages they were.

    Args:
        channel: the table's, or the same with fewer fields.
        record: has the columns of these fields; what else is in it is left out.
        fields: top-level ones of the channel.
        names: the column of each field, from ``columns_of``.
    """
    kinds = [channel.fields.field(name) for name in fields]
    children = [restored(_parts(record.column(names[kind.name]), kind.type), kind.type) for kind in kinds]
    if children:
        messages = pa.StructArray.from_arrays(children, fields=kinds)
    else:
        messages = pa.array([{}] * len(record), pa.struct([]))
    times = [np.asarray(record.column(name).to_numpy(), np.int64) for name in TIME_COLUMNS]
    return ColumnBatch(channel, times[0], times[1], times[2], messages)


def _parts(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """A message without the fields that ``kind`` lacks."""
    if not pa.types.is_struct(kind) or not kind.num_fields or _field_names(array.type) == _field_names(kind):
        return array
    children = [_parts(array.field(array.type.get_field_index(field.name)), field.type) for field in kind]
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, [field.name for field in kind], mask=mask)


def _field_names(kind: pa.DataType) -> tuple[Any, ...]:
    """The names of a message's fields, each with those in it."""
    return tuple((field.name, _field_names(field.type)) for field in kind) if pa.types.is_struct(kind) else ()


# Parquet has no messages without fields; they get one that is always missing.
_PLACEHOLDER = pa.field("_empty", pa.bool_())


def storable_type(kind: pa.DataType) -> pa.DataType:
    """The type with a field in every message that has none, and with room for what is missing on a raster."""
    if pa.types.is_struct(kind):
        fields = [field.with_type(storable_type(field.type)).with_nullable(True) for field in kind]
        return pa.struct(fields or [_PLACEHOLDER])
    if is_list(kind):
        return pa.list_(kind.value_field.with_type(storable_type(kind.value_type)))
    if pa.types.is_map(kind):
        item = kind.item_field.with_type(storable_type(kind.item_type))
        return pa.map_(kind.key_field, item, kind.keys_sorted) if item != kind.item_field else kind
    return kind


def storable(array: pa.Array) -> pa.Array:
    """The same rows in their storable type."""
    return _rebuilt(array, storable_type(array.type))


def restored(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """The rows that ``storable`` was given, in their own type."""
    return _rebuilt(array, kind)


def _rebuilt(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if pa.types.is_struct(kind):
        mask = array.is_null() if array.null_count else None
        if not kind.num_fields:
            return pa.array([None if gone else {} for gone in array.is_null().to_pylist()], kind)
        if array.type.num_fields == 0:
            return pa.StructArray.from_arrays([pa.nulls(len(array), pa.bool_())], fields=list(kind), mask=mask)
        children = [_rebuilt(array.field(index), kind.field(index).type) for index in range(kind.num_fields)]
        return pa.StructArray.from_arrays(children, fields=list(kind), mask=mask)
    if is_list(kind):
        # Slices are packed first, so that offsets begin at 0 and the items are exactly the rows' own.
        packed = pa.concat_arrays([array])
        items = _rebuilt(packed.values, kind.value_type)
        mask = packed.is_null() if packed.null_count else None
        return pa.ListArray.from_arrays(packed.offsets, items, type=kind, mask=mask)
    if pa.types.is_map(kind):
        packed = pa.concat_arrays([array])
        items = _rebuilt(packed.items, kind.item_type)
        mask = packed.is_null() if packed.null_count else None
        return pa.MapArray.from_arrays(packed.offsets, packed.keys, items, type=kind, mask=mask)
    return array.cast(kind)

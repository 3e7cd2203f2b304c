"""A channel as a flat Arrow table: ``log_time``, ``publish_time``, ``sequence``, then the message's fields.

This is the shape of the object store's Parquet files and of the Parquet and Arrow exports. What the columns cannot
say themselves (topic, schema, enums, units, names before a collision) is in the schema's metadata under
``paddock``, as JSON, and the exact message type under ``paddock.fields``, as an Arrow schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from paddock.formats.arrow_numpy import is_list
from paddock.mcap.columns import ColumnBatch, ColumnChannel, Columns

TIME_COLUMNS = ("log_time", "publish_time", "sequence")
"""int64; the times in nanoseconds since the Unix epoch, because not every reader of Parquet has such timestamps."""

_ABOUT = b"paddock"
_FIELDS = b"paddock.fields"


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


def column_names(fields: pa.StructType) -> list[str]:
    """The table's name of each field: its own, with ``_`` behind it while a time column or another has it."""
    own = [fields.field(index).name for index in range(fields.num_fields)]
    taken = {*TIME_COLUMNS, *own}
    names = []
    for name in own:
        unique = name
        if name in TIME_COLUMNS:
            while unique in taken:
                unique += "_"
            taken.add(unique)
        names.append(unique)
    return names


def table_schema(channel: ColumnChannel, units: Mapping[str, str] | None = None) -> pa.Schema:
    """The schema of the channel's table; ``units`` by signal name (``VNData.vn_gps.lat``)."""
    names = column_names(channel.fields)
    fields = [channel.fields.field(index) for index in range(channel.fields.num_fields)]
    prefix = channel.topic + "."
    about = About(
        channel.topic,
        channel.slug,
        channel.schema_name,
        channel.schema_encoding,
        channel.message_encoding,
        {name: field.name for name, field in zip(names, fields, strict=True)},
        channel.enums,
        channel.metadata,
        {name.removeprefix(prefix): unit for name, unit in (units or {}).items() if name.startswith(prefix)},
    )
    columns = [pa.field(name, pa.int64(), nullable=False) for name in TIME_COLUMNS]
    columns += [pa.field(name, storable_type(field.type)) for name, field in zip(names, fields, strict=True)]
    exact = pa.schema(fields).serialize().to_pybytes()
    return pa.schema(columns, metadata={_ABOUT: msgspec.json.encode(about), _FIELDS: exact})


def channel_of(schema: pa.Schema) -> tuple[ColumnChannel, dict[str, str]]:
    """The channel that a table's schema was made from, and its units by dotted path.

    Raises:
        KeyError: the table was not written by Paddock.
    """
    about = msgspec.json.decode(schema.metadata[_ABOUT], type=About)
    fields = pa.struct(list(pa.ipc.read_schema(pa.py_buffer(schema.metadata[_FIELDS]))))
    channel = ColumnChannel(
        about.topic,
        about.slug,
        about.schema_name,
        about.schema_encoding,
        about.message_encoding,
        fields,
        about.enums,
        about.metadata,
    )
    return channel, about.units


def tables(
    columns: Columns, channel: ColumnChannel, schema: pa.Schema, max_rows: int, max_bytes: int
) -> Iterator[pa.Table]:
    """The channel's rows in tables of ``max_rows`` or about ``max_bytes``, whichever comes first; at least one."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in columns.read(channel):
        for start in range(0, len(batch), max_rows):
            record = record_batch(batch, schema, start, start + max_rows)
            if waiting and (rows + len(record) > max_rows or size >= max_bytes):
                yield pa.Table.from_batches(waiting, schema)
                waiting, rows, size = [], 0, 0
            waiting.append(record)
            rows += len(record)
            size += record.nbytes
    yield pa.Table.from_batches(waiting, schema)


def record_batch(batch: ColumnBatch, schema: pa.Schema, start: int = 0, stop: int | None = None) -> pa.RecordBatch:
    """Some rows of a batch as the table has them."""
    rows = slice(start, stop)
    messages = batch.messages[rows]
    fields = messages.flatten() if messages.type.num_fields else []
    times = [pa.array(values[rows]) for values in (batch.log_time, batch.publish_time, batch.sequence)]
    return pa.RecordBatch.from_arrays([*times, *map(storable, fields)], schema=schema)


def column_batch(channel: ColumnChannel, record: pa.RecordBatch | pa.Table, fields: Sequence[str]) -> ColumnBatch:
    """The inverse of ``record_batch``: rows of a table as the messages they were, with these top-level fields."""
    names = dict(zip((field.name for field in channel.fields), column_names(channel.fields), strict=True))
    kinds = [channel.fields.field(name) for name in fields]
    children = [restored(record.column(names[kind.name]), kind.type) for kind in kinds]
    if children:
        messages = pa.StructArray.from_arrays(children, fields=kinds)
    else:
        messages = pa.array([{}] * len(record), pa.struct([]))
    times = [np.asarray(record.column(name).to_numpy(), np.int64) for name in TIME_COLUMNS]
    return ColumnBatch(channel, times[0], times[1], times[2], messages)


# Parquet has no messages without fields; they get one that is always missing.
_PLACEHOLDER = pa.field("_empty", pa.bool_())


def storable_type(kind: pa.DataType) -> pa.DataType:
    """The type with a field in every message that has none."""
    if pa.types.is_struct(kind):
        fields = [field.with_type(storable_type(field.type)) for field in kind]
        return pa.struct(fields or [_PLACEHOLDER])
    if is_list(kind):
        return pa.list_(kind.value_field.with_type(storable_type(kind.value_type)))
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
    return array.cast(kind)

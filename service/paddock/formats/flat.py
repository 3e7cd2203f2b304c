"""A channel as a table of plain columns, what pandas, DuckDB and Polars expect: the layout ``flat``.

``t`` is double seconds since the start of the recording, ``log_time`` an instant in UTC, then come the fields by
dotted name; of names that are the same, the second gets ``_2``. Lists, maps and repeated messages stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from paddock.columns.arrow_numpy import pick
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns
from paddock.columns.signals import leaves, unique_names
from paddock.columns.tables import Shape, about, message_shape, storable, storable_type
from paddock.domain.export import ExportRequest
from paddock.domain.instants import NS_PER_S
from paddock.formats.registry import RunInfo

INSTANT = pa.timestamp("ns", "UTC")
FLAT_TIMES = ("t", "log_time")


def shape_of(columns: Columns, channel: ColumnChannel, request: ExportRequest, run: RunInfo) -> Shape:
    """The table of a channel in the request's layout."""
    started_ns = columns.summary.started_ns or 0
    if request.layout == "flat":
        return flat_shape(channel, run.units, started_ns)
    return message_shape(channel, run.units, started_ns)


def flat_shape(channel: ColumnChannel, units: Mapping[str, str], started_ns: int) -> Shape:
    """The channel's fields side by side; ``units`` by signal name, ``started_ns`` is where ``t`` is 0."""
    signals = list(leaves(channel.fields))
    names = unique_names([".".join(path) for path, _ in signals], FLAT_TIMES)
    kinds = [INSTANT if pa.types.is_timestamp(kind) else storable_type(kind) for _, kind in signals]
    mapping = {name: ".".join(path) for name, (path, _) in zip(names, signals, strict=True)}
    schema = pa.schema(
        [
            pa.field("t", pa.float64(), nullable=False),
            pa.field("log_time", INSTANT, nullable=False),
            *(
                _field(name, kind, units.get(f"{channel.topic}.{mapping[name]}", ""))
                for name, kind in zip(names, kinds, strict=True)
            ),
        ],
        metadata=about(channel, mapping, units),
    )

    def record(batch: ColumnBatch) -> pa.RecordBatch:
        seconds = pa.array((batch.log_time - started_ns) / NS_PER_S)
        instants = pa.array(batch.log_time).view(INSTANT)
        values = [storable(pick(batch.messages, path)) for path, _ in signals]
        values = [array.view(INSTANT) if pa.types.is_timestamp(array.type) else array for array in values]
        return pa.RecordBatch.from_arrays([seconds, instants, *values], schema=schema)

    return Shape(schema, record)


def _field(name: str, kind: pa.DataType, unit: str) -> pa.Field:
    return pa.field(name, kind, metadata={"unit": unit} if unit else None)

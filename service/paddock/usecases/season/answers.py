"""What a query found, as JSON, CSV, Parquet or an Arrow stream has it."""

from __future__ import annotations

import codecs
import io
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from paddock.columns.arrow_numpy import is_text
from paddock.formats.csv import harmless, without_nan


def rows_of(table: pa.Table) -> list[list[Any]]:
    """Values as JSON has them: instants as RFC 3339, what is no number as null.

    Args:
        table: as the query found it; shape (rows, columns).
    """
    columns = [[_plain(value) for value in column.to_pylist()] for column in map(_simple, table.columns)]
    return [list(row) for row in zip(*columns, strict=True)]


def as_csv(table: pa.Table) -> bytes:
    """CSV by RFC 4180; texts that a spreadsheet would take for a formula are harmless, NaN is empty."""
    from pyarrow import csv

    file = io.BytesIO()
    names = harmless(pa.array(table.column_names, pa.string())).to_pylist()
    cells = pa.table([_cells(_simple(column)) for column in table.columns], names=names)
    csv.write_csv(cells, file, csv.WriteOptions(eol="\r\n"))
    text = file.getvalue()
    return text if text.isascii() else codecs.BOM_UTF8 + text  # Excel takes it for UTF-8 only with the mark


def as_parquet(table: pa.Table) -> bytes:
    """One Parquet file, whose instants are of nanoseconds where those of the query are."""
    import pyarrow.parquet as pq

    file = io.BytesIO()
    columns = [
        _simple(column) if pa.types.is_decimal(column.type) else _without_interval(column) for column in table
    ]
    pq.write_table(pa.table(columns, names=table.column_names), file, compression="zstd")
    return file.getvalue()


def as_arrow(table: pa.Table) -> bytes:
    """An Arrow IPC stream, which keeps every type."""
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    return file.getvalue()


FILES: Mapping[str, tuple[str, Callable[[pa.Table], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "parquet": ("application/vnd.apache.parquet", as_parquet),
    "arrow": ("application/vnd.apache.arrow.stream", as_arrow),
}
"""Media type and writer by the name of the format."""


def _simple(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """In a type that Python has: its instants are of microseconds, and DuckDB's sums are decimals."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    return _without_decimal(column)


def _without_decimal(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_decimal(column.type):
        return column
    try:
        return column.cast(pa.int64() if column.type.scale == 0 else pa.float64())
    except pa.ArrowInvalid:
        return column.cast(pa.float64())


def _without_interval(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Parquet has no type for months and days; as text they are what people read."""
    if not pa.types.is_interval(column.type):
        return column
    texts = [None if each is None else f"{each.months} months {each.days} days" for each in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if is_text(kind):
        return pa.chunked_array([harmless(chunk) for chunk in column.chunks], kind)
    if pa.types.is_timestamp(kind):
        texts = pc.strftime(
            column if kind.tz else column.cast(pa.timestamp("us", "UTC")), format="%Y-%m-%dT%H:%M:%S"
        )
        return pc.binary_join_element_wise(texts, "Z", "")
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_temporal(kind):
        values = map(_plain, column.to_pylist())
        texts = [None if each is None else msgspec.json.encode(each).decode().strip('"') for each in values]
        return pa.chunked_array([harmless(pa.array(texts, pa.string()))])
    return pa.chunked_array([without_nan(chunk) for chunk in column.chunks], kind)


def _plain(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case datetime():
            return f"{value.replace(tzinfo=None).isoformat()}Z"
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.hex()
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
    return value

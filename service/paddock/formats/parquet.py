"""Parquet: the object store's columns, one file per channel, and the export of the same shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from paddock.columns.columns import ColumnChannel, Columns
from paddock.columns.progress import Progress, counted
from paddock.columns.raster import requested
from paddock.columns.tables import TIME_COLUMNS, Shape, message_shape, tables
from paddock.domain.export import ExportRequest
from paddock.formats.archive import write_channels
from paddock.formats.flat import shape_of
from paddock.formats.registry import Format, RunInfo

ROW_GROUP_ROWS = 131_072
"""Enough for compression, few enough that a plot of a minute reads little else."""
ROW_GROUP_BYTES = 32 << 20


def write_channel(
    columns: Columns, channel: ColumnChannel, target: Path | BinaryIO, units: Mapping[str, str] | None = None
) -> None:
    """Write one channel, also one without messages, as Parquet (zstd), a row group at a time.

    Args:
        columns: where its rows come from.
        channel: one of ``columns.channels``.
        target: a path, which is overwritten, or a file open for writing, which stays open.
        units: unit by signal name, kept in the file's metadata.
    """
    _write(columns, channel, message_shape(channel, units), target)


def _write(columns: Columns, channel: ColumnChannel, shape: Shape, target: Path | BinaryIO) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(
        str(target) if isinstance(target, Path) else target,
        shape.schema,
        compression="zstd",
        compression_level=1,
        # Measurements hardly repeat: a dictionary of them doubles the file and the time to write it.
        use_dictionary=[path for field in shape.schema for path in _repeating(field.name, field.type)],
        column_encoding={
            name: "DELTA_BINARY_PACKED" for name in TIME_COLUMNS if shape.schema.get_field_index(name) >= 0
        },
    ) as writer:
        for table in tables(columns, channel, shape, ROW_GROUP_ROWS, ROW_GROUP_BYTES):
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def _repeating(path: str, kind: pa.DataType) -> Iterator[str]:
    """Leaves whose values repeat, by Parquet's path: texts, and the 32-bit integers that enums and states are."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _repeating(f"{path}.{field.name}", field.type)
    elif pa.types.is_map(kind):
        yield from _repeating(f"{path}.key_value.key", kind.key_type)
        yield from _repeating(f"{path}.key_value.value", kind.item_type)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _repeating(f"{path}.list.element", kind.value_type)
    elif pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_int32(kind):
        yield path


def write(columns: Columns, request: ExportRequest, run: RunInfo, target: Path, progress: Progress) -> None:
    """Write the requested topics, each as one Parquet file; several of them in a zip."""
    taken = counted(requested(columns, request), progress)

    def write_one(channel: ColumnChannel, file: BinaryIO) -> None:
        _write(taken, channel, shape_of(taken, channel, request, run), file)

    write_channels(taken, target, ".parquet", write_one)


FORMAT = Format(
    name="parquet",
    label="Parquet",
    suffix=".parquet",
    media_type="application/vnd.apache.parquet",
    write=write,
    layouts={"messages": 1, "flat": 1},
    per_topic=True,
)

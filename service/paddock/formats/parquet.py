"""Parquet: the object store's columns, one file per channel, and the export of the same shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns, LogSummary
from paddock.columns.progress import Progress, counted
from paddock.columns.raster import requested
from paddock.columns.tables import (
    TIME_COLUMNS,
    Shape,
    channel_of,
    column_batch,
    column_names,
    message_shape,
    tables,
)
from paddock.domain.export import ExportRequest
from paddock.formats.archive import write_channels
from paddock.formats.flat import shape_of
from paddock.formats.registry import Format, Run

ROW_GROUP_ROWS = 131_072
"""Enough for compression, few enough that a plot of a minute reads little else."""
ROW_GROUP_BYTES = 32 << 20
_BATCH_ROWS = 65_536


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


class ParquetColumns:
    """``Columns`` from stored Parquet files, so that formats and plots need not read the log again.

    Args:
        sources: one file per channel, as ``write_channel`` wrote it: paths, or files open for reading.
        summary: the recording's, as stored. Its channels without a file are there with no rows and no fields.
    """

    def __init__(self, sources: Iterable[Path | BinaryIO], summary: LogSummary) -> None:
        import pyarrow.parquet as pq

        self.summary = summary
        self.units: dict[str, str] = {}
        """Unit by signal name, from the files."""
        self._files: dict[ColumnChannel, Any] = {}
        for source in sources:
            file = pq.ParquetFile(source)
            channel, units = channel_of(file.schema_arrow)
            self._files[channel] = file
            self.units |= {f"{channel.topic}.{path}": unit for path, unit in units.items()}
        stored = {channel.slug for channel in self._files}
        silent = [
            ColumnChannel(c.topic, c.slug, c.schema_name, c.schema_encoding, c.message_encoding, pa.struct([]))
            for c in summary.channels
            if c.slug not in stored
        ]
        self.channels: Sequence[ColumnChannel] = sorted(
            [*self._files, *silent], key=lambda channel: (channel.topic, channel.slug)
        )

    def __enter__(self) -> ParquetColumns:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def rows(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        return int(self._files[channel].metadata.num_rows) if channel in self._files else 0

    def size_bytes(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        if channel not in self._files:
            return 0
        metadata = self._files[channel].metadata
        return sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """As ``Columns`` says."""
        if channel not in self._files:
            return
        names = dict(zip((field.name for field in channel.fields), column_names(channel.fields), strict=True))
        wanted = list(names) if fields is None else list(fields)
        # A row group may be missing memory for all its columns; rows are taken in slices of it.
        batches = self._files[channel].iter_batches(
            _BATCH_ROWS, columns=[*TIME_COLUMNS, *(names[field] for field in wanted)]
        )
        for record in batches:
            yield column_batch(channel, record, wanted, names)


def write(columns: Columns, request: ExportRequest, run: Run, target: Path, progress: Progress) -> None:
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

"""Arrow IPC files (Feather v2), in the shape of the Parquet export."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from paddock.columns.columns import ColumnChannel, Columns
from paddock.columns.progress import Progress, counted
from paddock.columns.raster import requested
from paddock.domain.export import ExportRequest
from paddock.formats.archive import write_channels
from paddock.formats.flat import shape_of
from paddock.formats.registry import Format, RunInfo


def write(columns: Columns, request: ExportRequest, run: RunInfo, target: Path, progress: Progress) -> None:
    """Write the requested topics, each as one Arrow file; several of them in a zip. ``compress`` is zstd."""
    taken = counted(requested(columns, request), progress)
    options = pa.ipc.IpcWriteOptions(compression="zstd" if request.compress else None)

    def write_one(channel: ColumnChannel, file: BinaryIO) -> None:
        shape = shape_of(taken, channel, request, run)
        with pa.ipc.new_file(file, shape.schema, options=options) as writer:
            for batch in taken.read(channel):
                writer.write_batch(shape.record(batch))

    write_channels(taken, target, ".arrow", write_one)


FORMAT = Format(
    name="arrow",
    label="Arrow",
    suffix=".arrow",
    media_type="application/vnd.apache.arrow.file",
    write=write,
    layouts={"messages": 1, "flat": 1},
    other_suffixes=(".feather",),
    per_topic=True,
)

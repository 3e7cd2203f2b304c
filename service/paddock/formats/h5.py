"""HDF5 in the layout ``hytech-v2``: ``/data/chunk_<n>`` with one compound dataset per signal.

A dataset is named ``Topic.field.sub`` (by the rules for MATLAB names) and has the members ``Data`` and
``Timestamp`` (double, seconds since the file's first message). Chunk n holds rows n·100,000 up to (n+1)·100,000 of
each signal, so a signal is its datasets laid end to end in the chunks' order; short signals are in the first chunks
only. Numbers and booleans are double, lists of one length arrays, text and everything else UTF-8 strings, in which
HDF5 has no NUL character: it becomes U+FFFD.

This is for MATLAB's ``h5read`` and h5py. GNU Octave has no ``h5read``, and its ``load`` takes a compound of two
doubles for a complex number and gives zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from paddock.columns.arrow_numpy import Array, is_list, is_number, is_text, matrix, numbers, pick
from paddock.columns.columns import ColumnBatch, Columns
from paddock.columns.json_texts import json_texts
from paddock.columns.progress import Progress, counted
from paddock.columns.raster import requested
from paddock.columns.signals import Found, survey
from paddock.columns.signals import Path as SignalPath
from paddock.domain.export import ExportRequest
from paddock.domain.instants import NS_PER_S
from paddock.formats.hdf5_file import hdf5_file
from paddock.formats.mat_columns import class_of
from paddock.formats.mat_layouts import Named, named_channels, note_names
from paddock.formats.registry import Format, RunInfo

CHUNK_ROWS = 100_000


def write(columns: Columns, request: ExportRequest, run: RunInfo, target: Path, progress: Progress) -> None:
    """Write the requested topics; ``native`` keeps the log's number types, ``compress`` deflates."""
    taken = requested(columns, request)
    counting = counted(taken, progress)
    filters = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if request.compress else {}
    with hdf5_file(target) as (file, check):
        data = file.create_group("data")
        for named in named_channels(taken, frozenset()):
            note_names(named)
            found = survey(taken, named.channel, request.native)
            signals = [
                _Signal(named, matlab, path, kind, found.get(path, Found()), request.native)
                for matlab, path, kind in named.signals
            ]
            rows = taken.rows(named.channel)
            for number, start, batch in _in_chunks(counting, named):
                check()
                group = data.require_group(f"chunk_{number}")
                seconds = (batch.log_time - (taken.summary.started_ns or 0)) / NS_PER_S
                for signal in signals:
                    dataset = group.get(signal.name)
                    if dataset is None:
                        shape = (min(CHUNK_ROWS, rows - number * CHUNK_ROWS),)
                        dataset = group.create_dataset(signal.name, shape, signal.dtype, **filters)
                    dataset[start : start + len(batch)] = signal.pairs(batch, seconds)


def _in_chunks(columns: Columns, named: Named) -> Iterator[tuple[int, int, ColumnBatch]]:
    """Batches cut where a chunk ends: the chunk's number, the row in it, the rows."""
    row = 0
    for batch in columns.read(named.channel):
        begin = 0
        while begin < len(batch):
            number, start = divmod(row, CHUNK_ROWS)
            end = min(len(batch), begin + CHUNK_ROWS - start)
            yield number, start, batch.between(begin, end)
            row += end - begin
            begin = end


class _Signal:
    """One signal's name and member type, and how its rows become that."""

    def __init__(
        self, named: Named, matlab: SignalPath, path: SignalPath, kind: pa.DataType, found: Found, native: bool
    ) -> None:
        import h5py

        self.name = ".".join((named.name, *matlab))
        self.path = path
        self.convert: Callable[[pa.Array], Any]
        member: Any
        if is_number(kind):
            dtype = _stored(class_of(kind, found.missing, native), native)
            self.convert, member = (lambda array: numbers(array, dtype)), dtype
        elif is_list(kind) and is_number(kind.value_type) and found.width:
            dtype, width = _stored(class_of(kind.value_type, found.missing, native), native), found.width
            self.convert, member = (lambda array: matrix(array, width, dtype)), (dtype, (width,))
        else:
            self.convert, member = (_texts if is_text(kind) else _json), h5py.string_dtype()
        self.dtype = np.dtype([("Data", member), ("Timestamp", "<f8")])

    def pairs(self, batch: ColumnBatch, seconds: Array) -> Array:
        """The rows of a batch as the compound, shape (n,)."""
        rows = np.empty(len(batch), self.dtype)
        rows["Data"] = self.convert(pick(batch.messages, self.path))
        rows["Timestamp"] = seconds
        return rows


def _stored(dtype: np.dtype[Any], native: bool) -> np.dtype[Any]:
    """HDF5 has no boolean that MATLAB's h5read knows."""
    return np.dtype("u1" if native else "f8") if dtype.kind == "b" else dtype


def _texts(array: pa.Array) -> Array:
    return np.array([text.replace("\0", "\ufffd") for text in array.fill_null("").to_pylist()], object)


def _json(array: pa.Array) -> Array:
    return np.array(json_texts(array).fill_null("").to_pylist(), object)


FORMAT = Format(
    name="h5",
    label="HDF5",
    suffix=".h5",
    media_type="application/x-hdf5",
    write=write,
    layouts={"hytech-v2": 1},
    other_suffixes=(".hdf5",),
)

"""CSV by RFC 4180: one file per topic, or, on a raster, one table of all topics.

``t`` is seconds since the start of the recording, ``log_time`` nanoseconds since the Unix epoch, then the fields by
dotted name; of names that are the same, the second gets ``_2``. Lists of one length are columns ``cells[0]``,
``cells[1]`` …; other lists, maps and repeated messages are JSON text, bytes base64 in JSON's way, times integer
nanoseconds. A missing value is an empty cell, and so is NaN, which spreadsheets know as a text only and draw as 0;
MATLAB and pandas read an empty cell as NaN again. It begins with a UTF-8 mark where not all of it is ASCII.

A spreadsheet takes text that begins with ``=``, ``+``, ``-``, ``@``, tab or return for a formula, and a formula can
do harm. Such text gets a ``'`` in front, which spreadsheets show as text, unless it is a plain number. Numbers and
their signs are never touched. Programs that need the text as it was read Parquet.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from paddock.columns.arrow_numpy import is_list, is_number, is_text, is_time, pick
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns
from paddock.columns.json_texts import json_texts
from paddock.columns.progress import Progress, counted
from paddock.columns.raster import requested
from paddock.columns.signals import Found, leaves, signal_name, survey, unique_names
from paddock.domain.export import ExportRequest
from paddock.domain.instants import NS_PER_S
from paddock.formats.archive import write_channels
from paddock.formats.registry import Format, RunInfo

_FORMULA = r"^[=+\-@\t\r]"
_PLAIN_NUMBER = r"^[+\-]?(\d+\.?\d*|\.\d+)([eE][+\-]?\d+)?$"


@dataclass(frozen=True)
class _Column:
    name: str
    make: Callable[[ColumnBatch], pa.Array]


def write(columns: Columns, request: ExportRequest, run: RunInfo, target: Path, progress: Progress) -> None:
    """Write the requested topics as CSV: one, a zip of several, or with a rate one table of all."""
    selected = requested(columns, request)
    plans = {
        channel: _plan(selected, channel, whole_names=request.rate_hz is not None)
        for channel in selected.channels
        if selected.rows(channel)
    }
    taken = counted(selected, progress)
    if request.rate_hz is not None:
        names = _header(column.name for plan in plans.values() for column in plan)
        marked = any(_has_more_than_ascii(selected, channel) for channel in plans)
        with target.open("wb") as file:
            _write(file, names, _aligned(taken, plans), marked)
        return

    def write_one(channel: ColumnChannel, file: BinaryIO) -> None:
        started_ns = taken.summary.started_ns or 0
        rows = (
            [*_times(batch, started_ns), *(column.make(batch) for column in plans[channel])]
            for batch in taken.read(channel)
        )
        marked = _has_more_than_ascii(selected, channel)
        _write(file, _header(column.name for column in plans[channel]), rows, marked)

    write_channels(taken, target, ".csv", write_one, deflate=True)


def _plan(columns: Columns, channel: ColumnChannel, whole_names: bool) -> list[_Column]:
    """The columns of a channel; ``whole_names`` puts the topic in front."""
    found = survey(columns, channel, native=False)
    plan = []
    for path, kind in leaves(channel.fields):
        name = signal_name(channel, path) if whole_names else ".".join(path)
        width = found.get(path, Found()).width
        if is_list(kind) and width is not None and _is_plain(kind.value_type):
            for index in range(width):
                plan.append(_Column(f"{name}[{index}]", _element(path, index)))
        else:
            plan.append(_Column(name, _whole(path, kind)))
    return plan


def _header(names: Iterable[str]) -> list[str]:
    times = ("t", "log_time")
    return [*times, *unique_names(list(names), times)]


def _has_more_than_ascii(columns: Columns, channel: ColumnChannel) -> bool:
    """Whether a text in the channel is no ASCII; one look at the fields that have texts, up to the first."""
    fields = tuple(field.name for field in channel.fields if _has_text(field.type))
    batches = columns.read(channel, fields) if fields else iter(())
    return any(_is_more_than_ascii(batch.messages) for batch in batches)


def _has_text(kind: pa.DataType) -> bool:
    return is_text(kind) or any(_has_text(kind.field(index).type) for index in range(kind.num_fields))


def _is_more_than_ascii(array: pa.Array) -> bool:
    kind = array.type
    if is_text(kind):
        return not pc.all(pc.string_is_ascii(array), skip_nulls=True).as_py()
    if not _has_text(kind):
        return False
    if pa.types.is_struct(kind):
        return any(map(_is_more_than_ascii, array.flatten()))
    if pa.types.is_map(kind):
        # Packed, so that only the entries of these rows are looked at.
        packed = pa.concat_arrays([array])
        return _is_more_than_ascii(packed.keys) or _is_more_than_ascii(packed.items)
    return _is_more_than_ascii(array.flatten())


def _is_plain(kind: pa.DataType) -> bool:
    return is_number(kind) or is_text(kind)


def _whole(path: tuple[str, ...], kind: pa.DataType) -> Callable[[ColumnBatch], pa.Array]:
    if _is_plain(kind):
        return lambda batch: _cell(pick(batch.messages, path))
    return lambda batch: _cell(_json(pick(batch.messages, path)))


def _element(path: tuple[str, ...], index: int) -> Callable[[ColumnBatch], pa.Array]:
    return lambda batch: _cell(pc.list_element(pick(batch.messages, path), index))


def _json(array: pa.Array) -> pa.Array:
    return json_texts(array).cast(pa.string())


def _cell(array: pa.Array) -> pa.Array:
    if is_time(array.type):
        return array.view(pa.int64())
    return without_nan(harmless(array) if is_text(array.type) else array)


def without_nan(array: pa.Array) -> pa.Array:
    """An array with null in place of NaN; other types as they are."""
    if not pa.types.is_floating(array.type):
        return array
    is_nan = pc.is_nan(array)
    if not pc.any(is_nan).as_py():
        return array
    return pc.if_else(is_nan, pa.scalar(None, array.type), array)


def harmless(texts: pa.Array) -> pa.Array:
    """Texts that no spreadsheet takes for a formula."""
    suspect = pc.match_substring_regex(texts, _FORMULA)
    if not pc.any(suspect).as_py():
        return texts
    number = pc.match_substring_regex(texts, _PLAIN_NUMBER)
    quoted = pc.binary_join_element_wise(pa.scalar("'", texts.type), texts, pa.scalar("", texts.type))
    return pc.if_else(pc.and_not(suspect, number), quoted, texts)


def _times(batch: ColumnBatch, started_ns: int) -> list[pa.Array]:
    return [pa.array((batch.log_time - started_ns) / NS_PER_S), pa.array(batch.log_time)]


def _aligned(columns: Columns, plans: dict[ColumnChannel, list[_Column]]) -> Iterator[list[pa.Array]]:
    """Rows of all channels side by side; on a raster they have the same instants."""
    readers = {channel: columns.read(channel) for channel in plans}
    waiting: dict[ColumnChannel, ColumnBatch] = {}
    started_ns = columns.summary.started_ns or 0
    while plans:
        for channel, reader in readers.items():
            if channel not in waiting:
                batch = next(reader, None)
                if batch is None:
                    return
                waiting[channel] = batch
        rows = min(len(batch) for batch in waiting.values())
        cut = {channel: batch.between(0, rows) for channel, batch in waiting.items()}
        first = next(iter(cut.values()))
        yield [
            *_times(first, started_ns),
            *(column.make(cut[channel]) for channel, plan in plans.items() for column in plan),
        ]
        waiting = {c: batch.between(rows, len(batch)) for c, batch in waiting.items() if len(batch) > rows}


def _write(file: BinaryIO, names: list[str], rows: Iterator[list[pa.Array]], marked: bool) -> None:
    """``marked``: a value is no ASCII. Excel takes a file for UTF-8 only where a mark says so."""
    from pyarrow import csv

    if marked or not all(name.isascii() for name in names):
        file.write(codecs.BOM_UTF8)
    header = pa.RecordBatch.from_arrays(
        [pa.array([name]) for name in harmless(pa.array(names, pa.string())).to_pylist()],
        names=[str(index) for index in range(len(names))],
    )
    options = csv.WriteOptions(include_header=False, eol="\r\n", batch_size=4_096)
    csv.write_csv(header, file, options)
    for arrays in rows:
        batch = pa.RecordBatch.from_arrays(arrays, names=[str(index) for index in range(len(arrays))])
        csv.write_csv(batch, file, options)


FORMAT = Format(
    name="csv", label="CSV", suffix=".csv", media_type="text/csv", layouts={"": 2}, write=write, per_topic=True
)

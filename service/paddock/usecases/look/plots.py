"""Plots: signals of a recording over a span of time, in as many points as a screen can show."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.arrow_numpy import is_list, is_number, is_text, is_time, numbers
from paddock.columns.decimate import POINTS_PER_BUCKET, decimate, decimate_steps
from paddock.columns.lists import element_of
from paddock.columns.signals import Path
from paddock.columns.stored_channel import DAMAGED, Footer, SpanRows, StoredChannel
from paddock.columns.time_span import time_span
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.catalogue_faults import faults
from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import columns_key
from paddock.domain.maths_channels import FIELD
from paddock.domain.near_misses import did_you_mean
from paddock.domain.recording import ChannelSummary, Recording, StartedSource
from paddock.domain.signal_names import read_element, spoken_dtype
from paddock.domain.words import isolated
from paddock.errors import Conflict, NotFound, Rejected
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import check_converted, get_recording

MAX_SIGNALS = 100
MIN_POINTS, MAX_POINTS = 100, 50_000
MAX_ALL_POINTS = 400_000
"""For all signals of one answer together."""
LONGEST_TEXT = 200
"""Characters of a text that are drawn; a segment has room for some ten."""
MAX_CHARACTERS = 4_000_000
"""For all texts of one answer together."""
PLOTTING = ThreadPoolExecutor(3, "plots")
"""Each plot may take half a gigabyte for a moment, so only some are made at once and the others wait."""
MOST_STATES = 200
"""A text with more values is no state: none of them is looked at for a fault."""


class Drawing(StrEnum):
    """How values become a picture."""

    LINE = "line"
    STEPS = "steps"
    """Each value holds until the next: integers, booleans, enums."""
    SEGMENTS = "segments"
    """Each text lasts until the next."""


@dataclass(frozen=True)
class Series:
    """One signal in a plot. It begins and ends with the sample just outside the span, where there is one."""

    name: str
    label: str
    unit: str
    dtype: str
    """Arrow's word for the type in the log."""
    drawing: Drawing
    seconds: npt.NDArray[np.float64]
    """Since ``PlotData.origin_ns``, shape (N,), ascending."""
    values: npt.NDArray[Any] | list[str | None]
    """Shape (N,): numbers (a missing one is NaN) or booleans; texts as a list."""
    samples: int
    """How many there are in the span, drawn or not."""
    enums: Mapping[int, str] = field(default_factory=dict)
    """Names by number."""
    faults: Sequence[bool | int | str] = ()
    """Those of the values that say that something is wrong, of a state."""
    low: float | None = None
    """The catalogue's limits."""
    high: float | None = None


@dataclass(frozen=True)
class PlotData:
    """What ``plot_data`` found."""

    recording: str
    build: str
    """The conversion it was read from: the same request of the same build gives the same points."""
    origin_ns: int
    """``log_time`` of the first message of the log, whatever a person said about when it was recorded."""
    start_ns: int
    end_ns: int
    series: tuple[Series, ...]
    """In the order asked for."""


async def plot_data(
    context: Context,
    recording_id: str,
    signals: Sequence[str],
    start_ns: int | None = None,
    end_ns: int | None = None,
    points: int = 4_000,
) -> PlotData:
    """Signals of a recording as they are drawn: no spike and no gap is lost, and few points stay as they are.

    Args:
        recording_id: or an unambiguous beginning of it.
        signals: names; ``ACUAllData.cell_voltages[3]`` is an element of a list.
        start_ns: first instant of the span, in the log's own time; the log's first message when left out.
        end_ns: its last instant; the log's last message when left out.
        points: about how many a signal may have, brought into 100 to 50,000; gaps may add half as many.

    Raises:
        NotFound: no such recording, or no such signal in it (code ``no_such_signal``).
        Conflict: the recording was not converted yet (code ``not_ready``), or what was stored then is damaged
            (``columns_damaged``).
        Rejected: too many signals, an empty span, or a signal that cannot be drawn (code ``bad_plot``), or not so
            much of it at once (``too_much_to_plot``).
    """
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    if len(signals) > MAX_SIGNALS:
        raise Rejected(f"A plot has at most {MAX_SIGNALS} signals: take some away.", code="bad_plot")
    most = min(MAX_POINTS, MAX_ALL_POINTS // max(1, len(signals)))
    channels = (await contents_of(context.documents, recording)).channels
    log = await log_span(context, recording)
    span = _Span(log, start_ns, end_ns, max(MIN_POINTS, min(points, most)))
    catalogue = CarCatalogue(await load_catalogue(context), car_of(recording))
    wanted = list(dict.fromkeys(signals))
    slugs = dict.fromkeys(channel.slug for name in wanted for channel in _channels_of(recording, channels, name))
    opened: dict[str, BinaryIO] = {}
    try:
        for slug in slugs:
            opened[slug] = await open_columns(context, recording, slug)
        loop = asyncio.get_running_loop()
        series = await loop.run_in_executor(
            PLOTTING, _read_all, opened, recording, channels, wanted, span, catalogue
        )
    finally:
        for file in opened.values():
            await asyncio.to_thread(file.close)
    return PlotData(recording.id, recording.build, span.origin_ns, span.start_ns, span.end_ns, tuple(series))


async def open_columns(context: Context, recording: Recording, slug: str) -> BinaryIO:
    """The stored columns of one channel, to be read on a thread and closed.

    Raises:
        Conflict: they are not there any more (code ``columns_damaged``).
    """
    try:
        return await context.objects.open(columns_key(slug, recording.id, recording.build))
    except NotFound:
        raise Conflict(DAMAGED, code="columns_damaged") from None


async def log_span(context: Context, recording: Recording) -> tuple[int, int]:
    """``log_time`` of the first and the last message of a log, whatever a person said about its start."""
    if recording.started_source is StartedSource.LOG_TIME and recording.started_ns is not None:
        return recording.started_ns, recording.started_ns + (recording.duration_ns or 0)
    channels = (await contents_of(context.documents, recording)).channels
    span = time_span(
        (channel.started_ns, channel.ended_ns, channel.message_count)
        for channel in channels
        if channel.started_ns is not None and channel.ended_ns is not None
    )
    return (0, 0) if span is None else (span.first, span.last)


class _Span:
    """The time to draw, in the log's own time."""

    def __init__(self, log: tuple[int, int], start_ns: int | None, end_ns: int | None, points: int) -> None:
        self.origin_ns, last_ns = log
        self.start_ns = self.origin_ns if start_ns is None else start_ns
        self.end_ns = last_ns if end_ns is None else end_ns
        self.buckets = points // POINTS_PER_BUCKET
        if self.end_ns < self.start_ns:
            raise Rejected("The time span is empty: its end must not come before its start.", code="bad_plot")


def _channels_of(recording: Recording, channels: Sequence[ChannelSummary], name: str) -> list[ChannelSummary]:
    """The channels that may have the signal, those with messages first: topics may have dots as well."""
    possible = [
        channel
        for channel in channels
        if name.startswith(channel.topic + ".") or (name == channel.topic and channel.is_derived)
    ]
    if not possible:
        raise _no_such_signal(recording, name, (channel.topic for channel in channels))
    return sorted(possible, key=lambda channel: (not channel.message_count, -len(channel.topic), channel.slug))


def _read_all(
    opened: Mapping[str, BinaryIO],
    recording: Recording,
    channels: Sequence[ChannelSummary],
    names: Sequence[str],
    span: _Span,
    catalogue: CarCatalogue,
) -> list[Series]:
    with contextlib.ExitStack() as stack:
        proofs = {channel.slug: channel.footer_crc32 for channel in channels}
        stored = {
            slug: stack.enter_context(StoredChannel(file, Footer(file, proofs[slug])))
            for slug, file in opened.items()
        }
        found = {name: _find(stored, recording, channels, name) for name in names}
        rows: dict[StoredChannel, SpanRows] = {}
        for channel, _, _ in found.values():
            if channel not in rows:
                rows[channel] = channel.rows(span.start_ns, span.end_ns)
        # One signal after the other: the numbers of one are gone before those of the next are read.
        texts = sum(is_text(_kind(channel, path, element)) for channel, path, element in found.values())
        return [
            _series(name, channel, path, element, rows[channel], span, catalogue, texts)
            for name, (channel, path, element) in found.items()
        ]


def _kind(channel: StoredChannel, path: Path, element: int | None) -> pa.DataType:
    kind = channel.kinds[path]
    return kind if element is None else kind.value_type


def _find(
    stored: Mapping[str, StoredChannel], recording: Recording, channels: Sequence[ChannelSummary], name: str
) -> tuple[StoredChannel, Path, int | None]:
    """The file, field and element that a signal's name means."""
    known: list[str] = []
    for summary in _channels_of(recording, channels, name):
        channel = stored[summary.slug]
        paths = {".".join(path): path for path in channel.kinds}
        field_name = FIELD if name == summary.topic else name.removeprefix(summary.topic + ".")
        if field_name in paths:
            return channel, paths[field_name], None
        if (element := read_element(field_name)) and element[0] in paths:
            path = paths[element[0]]
            if is_list(channel.kinds[path]):
                return channel, path, element[1]
        known += (f"{summary.topic}.{path}" for path in paths)
    raise _no_such_signal(recording, name, known)


def _series(
    name: str,
    channel: StoredChannel,
    path: Path,
    element: int | None,
    rows: SpanRows,
    span: _Span,
    catalogue: CarCatalogue,
    texts: int,
) -> Series:
    """One signal of ``texts`` that are texts."""
    kind = _kind(channel, path, element)
    dtype = str(kind)
    described = catalogue.with_units(_log_units(name, channel, path)).describe(name, dtype)
    enums = channel.channel.enums.get(".".join(path), {})
    values: npt.NDArray[Any]
    if is_text(kind):
        points = min(len(rows.times), span.buckets * POINTS_PER_BUCKET)
        longest = min(LONGEST_TEXT, MAX_CHARACTERS // (texts * max(1, points)))
        array = channel.read_texts(path, element, rows, max(1, longest))
        drawing, values = Drawing.SEGMENTS, _runs(array)
    elif is_number(kind):
        array = channel.read(path, rows)
        if element is not None:
            array = element_of(array, element)
        drawing = Drawing.LINE if pa.types.is_floating(kind) else Drawing.STEPS
        values = _numbers(array)
    else:
        hint = f" Take one element, like {name}[0]." if is_list(kind) else ""
        raise Rejected(f"{isolated(name)} is {spoken_dtype(dtype)}, which cannot be drawn.{hint}", code="bad_plot")
    kept = _kept(rows, values, drawing, span)
    drawn = array.take(pa.array(kept)).to_pylist() if drawing is Drawing.SEGMENTS else values[kept]
    return Series(
        name=name,
        label=described.label,
        unit=described.unit,
        dtype=dtype,
        drawing=drawing,
        # Subtracted as integers first: a double holds no nanoseconds since 1970.
        seconds=(rows.times[kept] - span.origin_ns) / NS_PER_S,
        values=drawn,
        samples=rows.inside.stop - rows.inside.start,
        enums=enums,
        faults=faults(described, _states(array.type, drawn, enums), enums),
        low=described.low,
        high=described.high,
    )


def _log_units(name: str, channel: StoredChannel, path: Path) -> dict[str, str]:
    """The unit of a signal, as its log says; that of a list is that of its elements."""
    unit = channel.channel.units.get(".".join(path))
    whole = read_element(name)
    return {name: unit, whole[0] if whole else name: unit} if unit else {}


def _states(
    kind: pa.DataType, drawn: npt.NDArray[Any] | list[str | None], enums: Mapping[int, str]
) -> list[bool | int | str]:
    """The values of a signal that has states; none of one that is a number."""
    if isinstance(drawn, list):
        texts = {text for text in drawn if text is not None}
        return sorted(texts) if len(texts) <= MOST_STATES else []
    if pa.types.is_boolean(kind):
        return [False, True]
    return [int(value) for value in np.unique(drawn) if value == value] if enums else []


def _kept(rows: SpanRows, values: npt.NDArray[Any], drawing: Drawing, span: _Span) -> npt.NDArray[np.int64]:
    """What is drawn of the span, and the sample before and after it."""
    fewer = decimate if drawing is Drawing.LINE else decimate_steps
    inside = fewer(rows.times[rows.inside], values[rows.inside], span.buckets, span.start_ns, span.end_ns)
    before = np.arange(rows.inside.start, dtype=np.int64)
    after = np.arange(rows.inside.stop, len(rows.times), dtype=np.int64)
    return np.concatenate([before, inside + rows.inside.start, after])


def _numbers(array: pa.Array) -> npt.NDArray[Any]:
    """Values in their own type; with missing ones, and times, as doubles."""
    if array.null_count or is_time(array.type):
        return numbers(array)
    values: npt.NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return values


def _runs(texts: pa.DictionaryArray) -> npt.NDArray[np.int32]:
    """A number per row, the same for equal texts: what steps are to numbers; -1 for a missing one."""
    codes: npt.NDArray[np.int32] = texts.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes


def _no_such_signal(recording: Recording, name: str, known: Iterable[str]) -> NotFound:
    hint = did_you_mean(name, known)
    return NotFound(f"Recording {recording.short_id} has no signal {name[:200]!r}.{hint}", code="no_such_signal")

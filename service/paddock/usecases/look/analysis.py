"""Signals of a recording as X-Y plots, histograms, spectra and numbers, over a span of its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa

from paddock.columns.analysis import (
    WINDOWS,
    Cloud,
    Histogram,
    Spectrum,
    Statistics,
    cloud,
    histogram,
    spectrum,
    statistics,
)
from paddock.columns.arrow_numpy import is_text, numbers
from paddock.columns.joined import Floats, Samples
from paddock.columns.lists import element_of
from paddock.columns.signal_samples import SignalPlace, place_of
from paddock.columns.stored_channel import Footer, SpanRows, StoredChannel
from paddock.domain.catalogue import CarCatalogue, Described, log_units
from paddock.domain.maths_channels import FIELD
from paddock.domain.near_misses import did_you_mean
from paddock.domain.recording import ChannelSummary, Recording
from paddock.domain.signal_names import read_element
from paddock.domain.words import isolated
from paddock.errors import NotFound, Rejected
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.usecases.look.plots import PLOTTING, log_span, open_columns

T = TypeVar("T")
MAX_SIGNALS = 50
MAX_BINS = 500
MAX_INSTANTS = 10
_SHOWN_NS = 500
"""Plots say times in microseconds: an instant that is read off one may be so much before its sample."""


@dataclass(frozen=True)
class SpanOfSignal:
    """A signal's samples in a span, and what is known of it."""

    described: Described
    samples: Samples
    gap_ns: int
    on_lines: bool
    """Whether it lies on lines between samples; else each sample holds."""
    at: tuple[float | None, ...] = ()
    """Its values at the instants asked for."""


@dataclass(frozen=True)
class Numbers:
    """A signal in numbers."""

    described: Described
    statistics: Statistics
    at: tuple[float | None, ...]
    """Its values at the instants asked for; None before its first sample, and in a gap."""


@dataclass(frozen=True)
class Span:
    """The time that is looked at, in the log's own time."""

    origin_ns: int
    start_ns: int
    end_ns: int


async def statistics_of(
    context: Context,
    recording_id: str,
    names: Sequence[str],
    start_ns: int | None,
    end_ns: int | None,
    at_ns: Sequence[int] = (),
) -> tuple[Span, list[Numbers]]:
    """Least, greatest, mean, RMS and deviation of the samples in a span, and the values at some instants.

    An instant need not be in the span. A signal is there what its last sample until then was, as plots read it.

    Raises:
        NotFound: no such recording or signal.
        Conflict: it is not converted yet, or damaged.
        Rejected: the span is empty, a signal is no number, or there are too many instants (code ``bad_plot``).
    """
    if len(at_ns) > MAX_INSTANTS:
        raise Rejected(f"Ask for the values at {MAX_INSTANTS} instants at most.", code="bad_plot")
    span, signals = await _signals(context, recording_id, names, start_ns, end_ns, tuple(at_ns))

    def count() -> list[Numbers]:
        return [Numbers(each.described, statistics(each.samples.values), each.at) for each in signals]

    return span, await _beside(count)


async def cloud_of(
    context: Context, recording_id: str, x: str, y: str, start_ns: int | None, end_ns: int | None
) -> tuple[Span, Described, Described, Cloud]:
    """One signal over another; raises as ``statistics_of``."""
    span, signals = await _signals(context, recording_id, [x, y], start_ns, end_ns)
    across, up = signals[0], signals[-1]  # the same name is read once
    made = await _beside(lambda: cloud(across.samples, up.samples, across.gap_ns, on_lines=across.on_lines))
    return span, across.described, up.described, made


async def histogram_of(
    context: Context, recording_id: str, name: str, bins: int, start_ns: int | None, end_ns: int | None
) -> tuple[Span, Described, Histogram]:
    """For how long a signal had which values; raises as ``statistics_of``."""
    if not 1 <= bins <= MAX_BINS:
        raise Rejected(f"A histogram has 1 to {MAX_BINS} bins.", code="bad_plot")
    span, (signal,) = await _signals(context, recording_id, [name], start_ns, end_ns)
    made = await _beside(lambda: histogram(signal.samples, span.end_ns, signal.gap_ns, bins))
    return span, signal.described, made


async def spectrum_of(
    context: Context, recording_id: str, name: str, window: str, start_ns: int | None, end_ns: int | None
) -> tuple[Span, Described, Spectrum]:
    """The frequencies in a signal; raises as ``statistics_of``, and where it has too few samples (``bad_plot``)."""
    if window not in WINDOWS:
        raise Rejected(f"The window is one of {', '.join(WINDOWS)}.", code="bad_plot")
    span, (signal,) = await _signals(context, recording_id, [name], start_ns, end_ns)
    try:
        made = await _beside(
            lambda: spectrum(signal.samples, signal.gap_ns, window=window, on_lines=signal.on_lines)
        )
    except ValueError:
        raise Rejected(
            f"{isolated(name)} has too few samples in one piece for a spectrum: choose a longer span.",
            code="bad_plot",
        ) from None
    return span, signal.described, made


async def _beside(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(PLOTTING, work)


async def signals_in(
    context: Context, recording: Recording, names: Sequence[str]
) -> tuple[Span, dict[str, SpanOfSignal | None]]:
    """Signals over all of a recording, by name as asked for; None where it has no such signal."""
    first_ns, last_ns = await log_span(context, recording)
    span = Span(first_ns, first_ns, last_ns)
    read = await _reader(context, recording, span)
    return span, {name: await read(name) for name in dict.fromkeys(names)}


async def _signals(
    context: Context,
    recording_id: str,
    names: Sequence[str],
    start_ns: int | None,
    end_ns: int | None,
    at_ns: tuple[int, ...] = (),
) -> tuple[Span, list[SpanOfSignal]]:
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    if not 1 <= len(names) <= MAX_SIGNALS:
        raise Rejected(f"Name 1 to {MAX_SIGNALS} signals.", code="bad_plot")
    first_ns, last_ns = await log_span(context, recording)
    span = Span(first_ns, first_ns if start_ns is None else start_ns, last_ns if end_ns is None else end_ns)
    if span.end_ns < span.start_ns:
        raise Rejected("The time span is empty: its end must not come before its start.", code="bad_plot")
    read = await _reader(context, recording, span, at_ns)
    found = []
    for name in dict.fromkeys(names):
        signal = await read(name)
        if signal is None:
            hint = did_you_mean(name, [each.name for each in await signals_of(context, recording)])
            raise NotFound(
                f"Recording {recording.short_id} has no signal {name[:200]!r}.{hint}", code="no_such_signal"
            )
        found.append(signal)
    return span, found


async def _reader(
    context: Context, recording: Recording, span: Span, at_ns: tuple[int, ...] = ()
) -> Callable[[str], Awaitable[SpanOfSignal | None]]:
    """Reads a signal of a recording by name; None of one that it has not."""
    channels = {each.slug: each for each in (await contents_of(context.documents, recording)).channels}
    known = {each.name: each for each in await signals_of(context, recording)}
    catalogue = CarCatalogue(await load_catalogue(context), car_of(recording), log_units(known.values()))

    # A maths channel by its own name, as plots take it.
    by_channel = {
        channels[each.channel].topic: each
        for each in known.values()
        if each.channel in channels and channels[each.channel].is_derived
    }

    async def read(name: str) -> SpanOfSignal | None:
        signal = known.get(name) or known.get((read_element(name) or ("", 0))[0]) or by_channel.get(name)
        if signal is None or signal.channel not in channels:
            return None
        described = catalogue.describe(name, signal.dtype)
        return await _signal(context, recording, channels[signal.channel], described, span, at_ns)

    return read


async def _signal(
    context: Context,
    recording: Recording,
    channel: ChannelSummary,
    described: Described,
    span: Span,
    at_ns: tuple[int, ...],
) -> SpanOfSignal:
    file = await open_columns(context, recording, channel.slug)

    def read() -> SpanOfSignal:
        with StoredChannel(file, Footer(file, channel.footer_crc32)) as stored:
            name = FIELD if channel.is_derived else described.name
            place = place_of(stored, f"{channel.topic}.{FIELD}" if channel.is_derived else name)
            if place is None or is_text(place.kind):
                raise Rejected(f"{isolated(described.name)} is no number.", code="bad_plot")
            on_lines = pa.types.is_floating(place.kind)
            longest_ns = channel.gap_ns if on_lines else None
            at = tuple(_value_at(stored, place, each, longest_ns) for each in at_ns)
            return SpanOfSignal(described, _samples(stored, place, span), channel.gap_ns, on_lines, at)

    try:
        return await asyncio.get_running_loop().run_in_executor(PLOTTING, read)
    finally:
        await asyncio.to_thread(file.close)


def _samples(stored: StoredChannel, place: SignalPlace, span: Span) -> Samples:
    rows = stored.rows(span.start_ns, span.end_ns)
    return Samples(rows.times[rows.inside], _values(stored, place, rows)[rows.inside])


def _value_at(stored: StoredChannel, place: SignalPlace, at_ns: int, longest_ns: int | None) -> float | None:
    """The last value until an instant, unless it is older than the longest time that is no gap."""
    rows = stored.rows(at_ns, at_ns + _SHOWN_NS)
    last = rows.inside.stop - 1  # where none is at the instant itself, that before
    if last < 0 or (longest_ns is not None and at_ns - rows.times[last] > longest_ns):
        return None
    value = float(_values(stored, place, rows)[last])
    return value if np.isfinite(value) else None


def _values(stored: StoredChannel, place: SignalPlace, rows: SpanRows) -> Floats:
    array = stored.read(place.path, rows)
    if place.element is not None:
        array = element_of(array, place.element)
    return np.asarray(numbers(array), np.float64)

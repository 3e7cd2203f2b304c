"""What of a device's history is in recordings already, so that a live plot goes on where its memory ends.

The join is a position of the log of devices. The recording of a stream has every message up to the stream's last,
and of the memory only what came after that is drawn: whatever the clocks say, nothing is missing or there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from paddock.domain.instants import NS_PER_S
from paddock.domain.signal_names import read_element
from paddock.domain.streams import Stream, StreamState
from paddock.errors import Conflict, NotFound
from paddock.ports.documents import Between, Equals, Sort
from paddock.usecases.catalogue.catalogue import signals_of
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.live.live import EARLIEST_S, LATEST_S
from paddock.usecases.look.plots import PlotData, Series, plot_data

MOST_STREAMS = 50
"""That one plot looks at, the last ones; each is up to an hour."""


class Recorded(NamedTuple):
    """What recordings have of a span."""

    position: int
    """A position in the log: everything of the span that came up to here is in ``plots``. 0 for nothing."""
    plots: Sequence[PlotData]
    """One for each recording, the oldest first."""


async def recorded(
    context: Context, device_id: str, names: Sequence[str], span: tuple[int, int], points: int, held_since: int
) -> Recorded:
    """What the recordings of a device have of some signals.

    Args:
        device_id: whose.
        names: of signals; a recording may lack some.
        span: first and last instant, in nanoseconds since the Unix epoch.
        points: about how many a signal may have over the span.
        held_since: the position of the log after which the memory of the site has everything.
    """
    start_ns, end_ns = span
    position, plots = 0, []
    for stream in await _streams(context, device_id, span):
        lasts_ns = min(stream.ended_ns, end_ns) - max(stream.started_ns, start_ns)
        share = round(points * lasts_ns / max(1, end_ns - start_ns))
        plot = await _plot(context, stream, names, span, share)
        if plot is not None:
            position = stream.last_position
            plots.append(plot)
        elif stream.last_position > held_since:
            break  # the memory has it, and all after it
    return Recorded(position, plots)


async def _streams(context: Context, device_id: str, span: tuple[int, int]) -> list[Stream]:
    """Those that have something of a span, the oldest first."""
    start_ns, end_ns = span
    page = await context.documents.streams.find(
        [Equals("device", device_id), Between("began_ns", None, end_ns + EARLIEST_S * NS_PER_S)],
        sort=Sort("began_ns", descending=True),
        limit=MOST_STREAMS,
    )
    return [each for each in reversed(page.items) if each.started_ns <= end_ns and each.ended_ns >= start_ns]


async def _plot(
    context: Context, stream: Stream, names: Sequence[str], span: tuple[int, int], points: int
) -> PlotData | None:
    """The part of one; None where no recording can be read, or its times are none that the memory takes."""
    times_count = (
        stream.started_ns >= stream.began_ns - EARLIEST_S * NS_PER_S
        and stream.ended_ns <= stream.received_ns + LATEST_S * NS_PER_S
    )
    if stream.state is not StreamState.RECORDED or not times_count:
        return None
    try:
        recording = await get_recording(context, stream.recording)
        there = {each.name for each in await signals_of(context, recording)}
        return await plot_data(
            context, recording.id, [each for each in names if _is_in(there, each)], *span, points
        )
    except (NotFound, Conflict):
        return None


def _is_in(there: set[str], name: str) -> bool:
    element = read_element(name)
    return name in there or (element is not None and element[0] in there)


def joined(series: Series, plots: Sequence[PlotData]) -> Series:
    """What the memory has of a signal, and before it what the recordings have.

    Args:
        series: of the memory; seconds are since the Unix epoch.
        plots: of recordings, each with seconds of its own.
    """
    parts = [
        (each, each.seconds + plot.origin_ns / NS_PER_S)
        for plot in plots
        for each in plot.series
        if each.name == series.name and len(each.seconds)
    ]
    if not parts:
        return series
    before = np.concatenate([at for _, at in parts])
    seconds = np.concatenate([before, series.seconds])
    order = np.argsort(seconds, kind="stable")
    # What a device sends once more is of the same instant, and may be the first that this memory knows of it.
    again = np.isin(np.round(series.seconds, 6), np.round(before, 6))
    order = order[~np.concatenate([np.zeros(len(before), np.bool_), again])[order]]
    alike = [*(each.values for each, _ in parts), series.values]
    values: npt.NDArray[Any] | list[str | None]
    if isinstance(series.values, list):
        texts = [_text(value) for each in alike for value in each]
        values = [texts[at] for at in order]
    elif any(isinstance(each, list) for each in alike):
        return series  # it was a text in former days
    else:
        values = np.concatenate([np.asarray(each) for each in alike])[order]
    samples = series.samples - int(again.sum()) + sum(each.samples for each, _ in parts)
    return replace(series, seconds=seconds[order], values=values, samples=samples)


def _text(value: object) -> str | None:
    return None if value is None else str(value)

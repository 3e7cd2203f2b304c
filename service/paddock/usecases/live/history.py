"""The last minutes of a device as a plot of a recording has them: to pause, to zoom into, and to go on from."""

from __future__ import annotations

import numpy as np

from paddock.columns.decimate import POINTS_PER_BUCKET, decimate, decimate_steps
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.near_misses import did_you_mean
from paddock.errors import NotFound, Rejected
from paddock.usecases.catalogue.catalogue import load_catalogue
from paddock.usecases.context import Context
from paddock.usecases.devices.streams import last_recorded
from paddock.usecases.live.described import DRAWINGS, cars_of, fault_values
from paddock.usecases.live.live import LiveSignal
from paddock.usecases.live.recorded import joined, recorded
from paddock.usecases.live.tape import Samples
from paddock.usecases.look.plots import MAX_ALL_POINTS, MAX_POINTS, MAX_SIGNALS, MIN_POINTS, PlotData, Series


async def live_plot(
    context: Context,
    device_id: str,
    names: list[str],
    start_s: float | None,
    end_s: float | None,
    points: int,
) -> PlotData:
    """Signals over a span as they are drawn: what was recorded as recordings have it, and the last minutes.

    Args:
        device_id: whose.
        names: of signals.
        start_s: where the span begins, in seconds since the Unix epoch; with the last minutes when left out.
        end_s: where it ends.
        points: about how many a signal may have.

    Raises:
        NotFound: nothing of the device is held, or no such signal (codes ``nothing_live``, ``no_such_signal``).
        Rejected: too many signals or an empty span (code ``bad_plot``).
    """
    live = context.watching.live
    if len(names) > MAX_SIGNALS:
        raise Rejected(f"A plot has at most {MAX_SIGNALS} signals: take some away.", code="bad_plot")
    signals = await live_signals(context, device_id)
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in signals:
            hint = did_you_mean(name, signals)
            raise NotFound(f"{device_id} sends no signal {name[:200]!r}.{hint}", code="no_such_signal")
    spans = live.span(device_id, wanted)
    held_since = max(live.since, *(signals[name].tape.forgotten for name in wanted), 0)
    now_ns = context.now()
    first_ns = min((int(each.times[0]) for each in spans.values() if len(each.times)), default=now_ns)
    start_ns = first_ns if start_s is None else round(start_s * NS_PER_S)
    end_ns = now_ns if end_s is None else round(end_s * NS_PER_S)
    if end_ns < start_ns:
        raise Rejected("The time span is empty: its end must not come before its start.", code="bad_plot")
    most = max(MIN_POINTS, min(points, MAX_POINTS, MAX_ALL_POINTS // max(1, len(wanted))))
    earlier = await recorded(context, device_id, wanted, (start_ns, end_ns), most, held_since)
    if earlier.position:
        spans = live.span(device_id, wanted, earlier.position)
    catalogue = CarCatalogue(await load_catalogue(context), (await cars_of(context)).get(device_id, ""))
    series = tuple(
        joined(
            _series(signals[name], spans[name], catalogue, (start_ns, end_ns), most // POINTS_PER_BUCKET),
            earlier.plots,
        )
        for name in wanted
        if name in spans
    )
    return PlotData(device_id, "live", 0, start_ns, end_ns, series)


async def live_signals(context: Context, device_id: str) -> dict[str, LiveSignal]:
    """The signals of a device by name.

    Raises:
        NotFound: nothing that it sent is held (code ``nothing_live``); the message says where its recordings are.
    """
    found = {signal.name: signal for signal in context.watching.live.signals(device_id)}
    if not found:
        raise NotFound(await _why_nothing(context, device_id[:80]), code="nothing_live")
    return found


async def _why_nothing(context: Context, device_id: str) -> str:
    stream = await last_recorded(context, device_id)
    if stream is not None:
        return (
            f"{device_id} sends nothing now. What it sent until {to_rfc3339(stream.received_ns)} is in its "
            f"recording /recordings/{stream.recording[:16]}; all of them are on /devices/{device_id}."
        )
    if await context.documents.devices.get(device_id) is None:
        return f"No device has the id {device_id}: /api/devices lists them."
    return f"{device_id} sends nothing now, and has no recording yet: /devices/{device_id} says how it sends."


def _series(
    signal: LiveSignal, held: Samples, catalogue: CarCatalogue, span: tuple[int, int], buckets: int
) -> Series:
    start_ns, end_ns = span
    first = int(np.searchsorted(held.times, start_ns, side="left"))
    last = int(np.searchsorted(held.times, end_ns, side="right"))
    inside = held.take(slice(first, last))
    values = inside.values
    codes = np.unique(values.astype(str), return_inverse=True)[1] if signal.is_text else values
    fewer = decimate_steps if signal.is_text or signal.tape.steps else decimate
    kept = fewer(inside.times, codes, buckets, start_ns, end_ns) + first
    # With the sample just outside at each end, so that lines go on to the edges.
    around = np.concatenate(
        [np.arange(max(0, first - 1), first), kept, np.arange(last, min(last + 1, len(held.times)))]
    )
    shown = held.take(around)
    described = catalogue.describe(signal.name, signal.dtype)
    texts: list[str | None] = [str(value) for value in shown.values] if signal.is_text else []
    return Series(
        name=signal.name,
        label=described.label,
        unit=described.unit,
        dtype=signal.dtype,
        drawing=DRAWINGS[signal.dtype],
        seconds=shown.times / NS_PER_S,
        values=texts if signal.is_text else _typed(signal.dtype, shown),
        samples=last - first,
        enums=signal.enums,
        faults=fault_values(signal, described),
        low=described.low,
        high=described.high,
    )


def _typed(dtype: str, samples: Samples) -> np.ndarray:
    return samples.values.astype(np.bool_) if dtype == "bool" else samples.values

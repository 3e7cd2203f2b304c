"""Intervals of a recording: marked, found by a condition, removed; figures of signals over them and over laps."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from paddock.columns.joined import Samples
from paddock.columns.kpis import Kpi, kpi, spans_of
from paddock.domain.instants import NS_PER_S
from paddock.domain.intervals import (
    MAX_CONDITION,
    MAX_INTERVALS,
    ConditionText,
    Interval,
    IntervalText,
    check_name,
    found_id,
    read_condition,
)
from paddock.domain.laps import Lap, LapKind
from paddock.domain.maths_language.parser import parse
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import Equals, Sort
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.usecases.laps.find import laps_of
from paddock.usecases.look.analysis import SpanOfSignal, signals_in
from paddock.usecases.look.plots import PLOTTING, log_span
from paddock.usecases.maths.check import MOST_SAMPLES
from paddock.usecases.maths.computing import CHECKING, bound_in, derived_in
from paddock.usecases.people.audit import note_act

KIND = "interval"
"""In the history of what people changed."""
MAX_RECORDINGS = 50
MAX_SIGNALS = 20
Over = Literal["intervals", "laps", "recording"]


@dataclass(frozen=True)
class Row:
    """One span of one recording, with the figures of each signal."""

    recording: Recording
    name: str
    start_ns: int
    end_ns: int
    origin_ns: int
    """The log's first message."""
    figures: dict[str, Kpi | None]
    """By signal as asked for; None where the recording has none of that name."""


async def intervals_of(context: Context, recording: Recording) -> tuple[Interval, ...]:
    """Those of a recording, by their start."""
    kept = every(context.documents.intervals, [Equals("recording", recording.id)], Sort("start_ns"))
    return tuple([each async for each in kept if not each.removed_at])


async def mark_interval(context: Context, principal: Principal, recording_id: str, said: IntervalText) -> Interval:
    """Keep a span with a name.

    Raises:
        NotFound: there is no such recording.
        Rejected: it has no name, its end is before its start, or there are too many (code ``bad_interval``).
    """
    recording = await get_recording(context, recording_id)
    name = check_name(said.name, said.notes)
    if said.end_s < said.start_s:
        raise Rejected("The end is before the start.", code="bad_interval")
    origin_ns, _ = await log_span(context, recording)
    start_ns, end_ns = (origin_ns + round(each * NS_PER_S) for each in (said.start_s, said.end_s))
    made = _interval(context, principal, recording, name, start_ns, end_ns)
    made = msgspec.structs.replace(made, notes=said.notes)
    _check_room(len(await intervals_of(context, recording)) + 1)
    await context.documents.intervals.insert(made)
    await note_act(context, principal, KIND, made.id, name, "marked", after=f"{said.start_s:g} to {said.end_s:g} s")
    return made


async def find_intervals(
    context: Context, principal: Principal, recording_id: str, said: ConditionText
) -> tuple[Interval, ...]:
    """Mark every span in which a condition holds; those that it found before are replaced.

    Raises:
        NotFound: there is no such recording.
        Conflict: it is not converted yet, or damaged.
        Fault: the condition cannot be read; it says where.
        Rejected: the log has not what it names (code ``bad_maths``), or too many spans are found
            (``bad_interval``).
    """
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    name, condition = check_name(said.name), said.condition.strip()
    if len(condition) > MAX_CONDITION:
        raise Rejected(f"The condition is longer than {MAX_CONDITION:,} characters.", code="bad_interval")
    expression, at_least_s = read_condition(condition)
    samples, gap_ns = await _computed(context, recording, expression)
    spans = spans_of(samples, gap_ns, round(max(at_least_s, said.at_least_s) * NS_PER_S))
    made = tuple(
        msgspec.structs.replace(
            _interval(context, principal, recording, f"{name} {number}", span.start_ns, span.end_ns),
            id=found_id(recording.id, name, condition, span.start_ns, span.end_ns),
            condition=condition,
            name_of=name,
            ends_before=span.ends_before,
        )
        for number, span in enumerate(spans, 1)
    )
    ids = {each.id for each in made}
    kept = await intervals_of(context, recording)
    before = [each for each in kept if (each.name_of, each.condition) == (name, condition)]
    _check_room(len(kept) - len(before) + len(made))
    gone = [msgspec.structs.replace(each, removed_at=context.now()) for each in before if each.id not in ids]
    if made or gone:
        await context.documents.intervals.put_many([*made, *gone])
    await note_act(context, principal, KIND, recording.id, name, "found", after=f"{len(made)} by {condition}")
    return made


async def remove_interval(context: Context, principal: Principal, recording_id: str, interval_id: str) -> None:
    """Take an interval away.

    Raises:
        NotFound: there is none (code ``no_such_interval``).
    """
    recording = await get_recording(context, recording_id)
    known = await context.documents.intervals.get(interval_id)
    if known is None or known.recording != recording.id or known.removed_at:
        raise NotFound("There is no such interval: it may have been removed.", code="no_such_interval")
    await context.documents.intervals.put_many([msgspec.structs.replace(known, removed_at=context.now())])
    await note_act(context, principal, KIND, known.id, known.name, "removed", before=known.name)


async def figures_over(
    context: Context, recording_ids: Sequence[str], signals: Sequence[str], over: Over
) -> list[Row]:
    """Figures of signals over the intervals or laps of recordings, or over each as a whole.

    Raises:
        NotFound: there is no such recording.
        Conflict: one is not converted yet, or damaged.
        Rejected: there are too many of them, or a signal is no number (code ``bad_plot``).
    """
    if not 1 <= len(recording_ids) <= MAX_RECORDINGS or not 1 <= len(signals) <= MAX_SIGNALS:
        raise Rejected(f"Name 1 to {MAX_RECORDINGS} recordings and 1 to {MAX_SIGNALS} signals.", code="bad_plot")
    rows = []
    for recording_id in dict.fromkeys(recording_ids):
        recording = await get_recording(context, recording_id)
        check_converted(recording)
        span, found = await signals_in(context, recording, signals)
        spans = await _spans(context, recording, over, (span.start_ns, span.end_ns))
        loop = asyncio.get_running_loop()
        for each in spans:
            last_ns = each.end_ns - each.ends_before
            figures = await loop.run_in_executor(PLOTTING, _figures, found, each.start_ns, last_ns)
            rows.append(Row(recording, each.name, each.start_ns, each.end_ns, span.origin_ns, figures))
    return rows


class _Span(NamedTuple):
    name: str
    start_ns: int
    end_ns: int
    ends_before: bool
    """Whether a sample at its end belongs to what comes next."""


def _figures(found: dict[str, SpanOfSignal | None], start_ns: int, end_ns: int) -> dict[str, Kpi | None]:
    return {
        name: None if each is None else kpi(each.samples, start_ns, end_ns, each.gap_ns, on_lines=each.on_lines)
        for name, each in found.items()
    }


async def _spans(context: Context, recording: Recording, over: Over, whole: tuple[int, int]) -> list[_Span]:
    if over == "recording":
        return [_Span("whole recording", *whole, ends_before=False)]
    if over == "laps":
        laps = (await laps_of(context, recording)).laps
        return [
            _Span(_lap_name(lap), lap.started_ns, lap.ended_ns, ends_before=lap.kind is not LapKind.IN)
            for lap in (each.lap for each in laps)
        ]
    return [
        _Span(each.name, each.start_ns, each.end_ns, each.ends_before)
        for each in await intervals_of(context, recording)
    ]


def _lap_name(lap: Lap) -> str:
    return f"lap {lap.number}" if lap.kind is LapKind.LAP else f"{lap.kind.value} lap"


async def _computed(context: Context, recording: Recording, condition: str) -> tuple[Samples, int]:
    """The samples of an expression over a recording, and the longest step between them that is no gap."""
    contents = await contents_of(context.documents, recording)
    bound = await bound_in(context, recording, contents, parse(condition).tree, constants={})
    derived = await derived_in(context, recording, contents, bound)

    def compute() -> Samples:
        times, values, count = [np.empty(0, np.int64)], [np.empty(0)], 0
        for samples in derived.samples():
            times.append(samples.times)
            values.append(samples.values)
            count += len(samples.times)
            if count > MOST_SAMPLES:
                raise Rejected("The condition has too many samples in this log.", code="bad_interval")
        return Samples(np.concatenate(times), np.concatenate(values))

    samples = await asyncio.get_running_loop().run_in_executor(CHECKING, compute)
    steps = np.diff(samples.times)
    gap_ns = max(NS_PER_S, 10 * int(steps.mean())) if len(steps) else NS_PER_S
    return samples, gap_ns


def _check_room(count: int) -> None:
    if count > MAX_INTERVALS:
        raise Rejected(
            f"A recording has at most {MAX_INTERVALS:,} intervals: let the condition hold for longer.",
            code="bad_interval",
        )


def _interval(
    context: Context, principal: Principal, recording: Recording, name: str, start_ns: int, end_ns: int
) -> Interval:
    return Interval(
        id=secrets.token_hex(8),
        recording=recording.id,
        name=name,
        start_ns=start_ns,
        end_ns=end_ns,
        made_at=context.now(),
        made_by=principal.name,
    )

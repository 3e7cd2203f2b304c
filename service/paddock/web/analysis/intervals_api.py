"""``/api/recordings/{id}/intervals`` and ``/api/kpis``: spans with a name, and figures over them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
import pyarrow as pa
from litestar import Response, Router, delete, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from paddock.domain.fields import Fields
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.intervals import ConditionText, Interval, IntervalText
from paddock.domain.names import content_disposition
from paddock.domain.recording import Recording
from paddock.domain.roles import Permission
from paddock.domain.setup_values import Value, text_of
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.look.intervals import (
    MAX_RECORDINGS,
    MAX_SIGNALS,
    Row,
    figures_over,
    find_intervals,
    intervals_of,
    mark_interval,
    remove_interval,
)
from paddock.usecases.look.plots import log_span
from paddock.usecases.season.answers import as_csv
from paddock.usecases.setups.fields import shown_setups
from paddock.web.kernel.injected import TeamFields, TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.laps.csv import said_headings
from paddock.web.laps.resources import said_of
from paddock.web.recordings.api import Prefix
from paddock.web.recordings.resources import ID_EXAMPLE, Instant, LogName, RecordingId

FIGURES = ("count", "min", "max", "mean", "std", "integral", "first", "last", "at_max_s")


class IntervalResource(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a recording with a name."""

    id: str
    name: Annotated[str, Meta(examples=["Brake test 3"])]
    start_s: Annotated[float, Meta(description="Seconds since the log's first message.", examples=[61.5])]
    end_s: Annotated[float, Meta(examples=[64.0])]
    notes: str
    condition: Annotated[str, Meta(description="What found it; empty where a person marked it.")]
    made_at: Instant
    made_by: Annotated[str, Meta(examples=["Adam"])]


class IntervalList(msgspec.Struct, frozen=True):
    """Those of a recording, by their start."""

    recording: RecordingId
    items: tuple[IntervalResource, ...]


class KpiQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Figures of which signals, over what."""

    recordings: Annotated[
        list[Annotated[str, Meta(max_length=200)]],
        Meta(max_length=MAX_RECORDINGS * 2, description="Ids.", examples=[[ID_EXAMPLE]]),
    ]
    signals: Annotated[
        list[Annotated[str, Meta(max_length=2_000)]],
        Meta(max_length=MAX_SIGNALS * 2, examples=[["VNData.vn_vel_m_s.x"]]),
    ]
    over: Annotated[Literal["intervals", "laps", "recording"], Meta(description="What each row is.")] = "intervals"
    format: Annotated[Literal["json", "csv"], Meta(description="How the answer comes.")] = "json"


class KpiResource(msgspec.Struct, frozen=True, kw_only=True):
    """A signal over one span; null where it has no value there, or the recording has no such signal."""

    count: int | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    integral: Annotated[float | None, Meta(description="Over seconds; nothing across a gap.")] = None
    first: float | None = None
    last: float | None = None
    at_max_s: Annotated[float | None, Meta(description="When it was greatest, since the log began.")] = None


class KpiRow(msgspec.Struct, frozen=True, kw_only=True):
    """One span of one recording."""

    recording: RecordingId
    name: LogName
    metadata: Annotated[dict[str, str], Meta(description="Driver, car and the like.")]
    span: Annotated[str, Meta(description="The interval or lap.", examples=["Brake test 3"])]
    start_s: float
    end_s: float
    setup: Annotated[
        dict[str, float | str], Meta(description="The setup sheet of the run by field; empty where it has none.")
    ]
    figures: Annotated[dict[str, KpiResource], Meta(description="By signal.")]


class KpiTable(msgspec.Struct, frozen=True):
    """A row per span, in the order of the recordings."""

    items: list[KpiRow]


_ONE = responses(400, 404, 409, 422, 503)


@get("/intervals", needs=Permission.READ, responses=responses(404, 422), summary="The intervals of a recording")
async def list_intervals(context: TheContext, recording_id: Prefix) -> IntervalList:
    """Spans that somebody marked, or that a condition found."""
    return await list_of(context, await get_recording(context, recording_id))


async def list_of(context: Context, recording: Recording) -> IntervalList:
    """The intervals of a recording as JSON has them."""
    origin_ns, _ = await log_span(context, recording)
    return IntervalList(
        recording.id, tuple(_resource(each, origin_ns) for each in await intervals_of(context, recording))
    )


@post("/intervals", needs=Permission.EDIT, responses=_ONE, summary="Mark an interval")
async def add_interval(
    context: TheContext, principal: ThePrincipal, recording_id: Prefix, data: JSONBody[IntervalText]
) -> IntervalResource:
    """A span with a name and notes."""
    made = await mark_interval(context, principal, recording_id, data)
    origin_ns, _ = await log_span(context, await get_recording(context, recording_id))
    return _resource(made, origin_ns)


@post("/intervals/find", needs=Permission.EDIT, status_code=200, responses=_ONE, summary="Find intervals")
async def add_found(
    context: TheContext, principal: ThePrincipal, recording_id: Prefix, data: JSONBody[ConditionText]
) -> IntervalList:
    """Every span in which a condition holds for long enough; asked again it replaces what it found before."""
    found = await find_intervals(context, principal, recording_id, data)
    recording = await get_recording(context, recording_id)
    origin_ns, _ = await log_span(context, recording)
    return IntervalList(recording.id, tuple(_resource(each, origin_ns) for each in found))


@delete(
    "/intervals/{interval_id:str}",
    needs=Permission.EDIT,
    responses=responses(404, 422),
    summary="Remove an interval",
)
async def drop_interval(
    context: TheContext,
    principal: ThePrincipal,
    recording_id: Prefix,
    interval_id: Annotated[str, PathParameter(description="As in the list.")],
) -> None:
    """The recording itself does not change."""
    await remove_interval(context, principal, recording_id, interval_id)


@post("/", needs=Permission.READ, status_code=200, responses=_ONE, summary="Figures over intervals or laps")
async def ask_kpis(
    context: TheContext, team_fields: TeamFields, data: JSONBody[KpiQuestion]
) -> Response[KpiTable] | Response[bytes]:
    """Count, extremes, mean, deviation, integral, first, last and the moment of the maximum, as a table or CSV."""
    rows = await figures_over(context, data.recordings, data.signals, data.over)
    setups = await shown_setups(context, [each.recording for each in rows])
    items = [_row(each, setups[each.recording.id]) for each in rows]
    if data.format == "json":
        return Response(KpiTable(items))
    text = await asyncio.to_thread(as_csv, _table(items, team_fields, data.signals))
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition("kpis.csv")},
    )


def _row(row: Row, setup: dict[str, Value]) -> KpiRow:
    figures = {}
    for name, found in row.figures.items():
        if found is None:
            figures[name] = KpiResource()
            continue
        at_max_s = None if found.at_max_ns is None else (found.at_max_ns - row.origin_ns) / NS_PER_S
        same = {figure: getattr(found, figure) for figure in FIGURES[:-1]}
        figures[name] = KpiResource(**same, at_max_s=at_max_s)
    return KpiRow(
        recording=row.recording.id,
        name=row.recording.names[0] if row.recording.names else row.recording.short_id,
        metadata=said_of(row.recording),
        span=row.name,
        start_s=(row.start_ns - row.origin_ns) / NS_PER_S,
        end_s=(row.end_ns - row.origin_ns) / NS_PER_S,
        setup=setup,
        figures=figures,
    )


def _table(items: list[KpiRow], fields: Fields, signals: list[str]) -> pa.Table:
    columns: dict[str, list[Any]] = {
        name: [getattr(each, name) for each in items] for name in ("recording", "name", "span", "start_s", "end_s")
    }
    for field, heading in zip(fields.short, said_headings(fields, columns), strict=True):
        if any(field.name in each.metadata for each in items):
            columns[heading] = [each.metadata.get(field.name) for each in items]
    for name in dict.fromkeys(name for each in items for name in each.setup):
        columns[f"setup.{name}"] = _alike([each.setup.get(name) for each in items])
    for signal in dict.fromkeys(signals):
        for figure in FIGURES:
            columns[f"{signal} {figure}"] = [getattr(each.figures[signal], figure) for each in items]
    return pa.table(columns)


def _alike(values: list[Value | None]) -> list[Value | None]:
    """Numbers, or texts where one of them is one: a column is of one type."""
    if not any(isinstance(value, str) for value in values):
        return values
    return [None if value is None else text_of(value) for value in values]


def _resource(interval: Interval, origin_ns: int) -> IntervalResource:
    return IntervalResource(
        id=interval.id,
        name=interval.name,
        start_s=(interval.start_ns - origin_ns) / NS_PER_S,
        end_s=(interval.end_ns - origin_ns) / NS_PER_S,
        notes=interval.notes,
        condition=interval.condition,
        made_at=to_rfc3339(interval.made_at),
        made_by=interval.made_by,
    )


_OF_RECORDING = Router(
    "/recordings/{recording_id:str}", route_handlers=[list_intervals, add_interval, add_found, drop_interval]
)
ROUTER = Router(
    "/api",
    route_handlers=[_OF_RECORDING, Router("/kpis", route_handlers=[ask_kpis])],
    before_request=refuse_unknown_parameters,
    tags=["Plots"],
)

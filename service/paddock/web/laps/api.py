"""``/api/recordings/{id}/laps`` and ``/api/laps``: laps of a recording, of a season, and over each other."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Response, Router, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from paddock.domain.lap_marks import MOST_MARKS
from paddock.domain.names import content_disposition
from paddock.domain.recording import Recording
from paddock.domain.roles import Permission
from paddock.errors import Rejected
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.laps.compare import MOST_LAPS, MOST_SIGNALS, LapComparison, compare_laps
from paddock.usecases.laps.find import (
    LapSearch,
    SeasonLap,
    ask_for_laps,
    ask_for_missing,
    fastest_laps,
    laps_of,
    mark_laps,
)
from paddock.usecases.laps.settings import lap_settings, save_lap_settings
from paddock.usecases.look.plots import PLOTTING
from paddock.usecases.setups.fields import shown_setups
from paddock.web.find.search_parameters import WITH_METADATA, FieldsOperation, Said
from paddock.web.kernel.injected import TeamFields, TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.laps.csv import season_csv
from paddock.web.laps.resources import (
    LapsResource,
    SeasonResource,
    lap_resource,
    laps_resource,
    said_of,
    season_resource,
)
from paddock.web.recordings.api import Prefix

_Venue = Annotated[str, QueryParameter(max_length=200, description="Id of a venue.")]
_Course = Annotated[str, QueryParameter(max_length=200, description="Id of its configuration.")]
_Day = Annotated[str, QueryParameter(max_length=10, pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="`2026-04-18`.")]


class LapMarks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Laps by hand."""

    marks_s: Annotated[
        tuple[float, ...],
        Meta(
            max_length=MOST_MARKS,
            description="When the car passed the line, in seconds of the log; none: as logged.",
        ),
    ]


class ChosenSignals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signals whose extremes lap tables show."""

    signals: Annotated[
        tuple[Annotated[str, Meta(max_length=500)], ...],
        Meta(max_length=100, description="Names, or names of the catalogue; none: speed, cells and charge."),
    ]


class AskedFor(msgspec.Struct, frozen=True):
    """What was asked for."""

    recordings: Annotated[int, Meta(description="How many recordings are looked through for laps.")]


@get("/laps", needs=Permission.READ, responses=responses(404, 409, 422), summary="Laps of a recording")
async def show_laps(context: TheContext, recording_id: Prefix) -> LapsResource:
    """All laps with their sectors, out and in laps marked. What has no time says why."""
    return await _laps(context, await get_recording(context, recording_id))


@get("/laps/csv", needs=Permission.READ, responses=responses(404, 409, 422), summary="Laps of a recording as CSV")
async def recording_csv(context: TheContext, team_fields: TeamFields, recording_id: Prefix) -> Response[str]:
    """One row a lap, for a spreadsheet."""
    recording = await get_recording(context, recording_id)
    found = await laps_of(context, recording)
    laps = [SeasonLap(stored, recording) for stored in found.laps]
    text = season_csv(laps, team_fields, await shown_setups(context, [recording]))
    return _csv(text, f"{recording.short_id}-laps.csv")


@post(
    "/laps",
    needs=Permission.CONVERT,
    status_code=202,
    responses=responses(404, 409, 422),
    summary="Time the laps again",
)
async def time_again(context: TheContext, principal: ThePrincipal, recording_id: Prefix) -> LapsResource:
    """A worker does it; `waiting` says until when."""
    recording = await get_recording(context, recording_id)
    await ask_for_laps(context, principal, recording)
    return await _laps(context, recording)


@put("/laps", needs=Permission.EDIT, status_code=202, responses=responses(400, 404, 409, 422), summary="Mark laps")
async def put_marks(
    context: TheContext, principal: ThePrincipal, recording_id: Prefix, data: JSONBody[LapMarks]
) -> LapsResource:
    """Say by hand when the car passed the line, for a log without GPS. No marks: the log tells again."""
    recording = await get_recording(context, recording_id)
    await mark_laps(context, principal, recording, data.marks_s)
    return await _laps(context, recording)


async def _laps(context: Context, recording: Recording) -> LapsResource:
    setups = await shown_setups(context, [recording])
    return laps_resource(await laps_of(context, recording), setups[recording.id])


_Count = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many laps at most.")]


@get(
    "/",
    needs=Permission.READ,
    responses=responses(422),
    summary="The fastest laps of a season",
    dependencies=WITH_METADATA,
    operation_class=FieldsOperation,
)
async def list_laps(
    context: TheContext,
    said: Said,
    venue: _Venue = "",
    course: _Course = "",
    since: _Day = "",
    until: _Day = "",
    limit: _Count = 100,
) -> SeasonResource:
    """Over all recordings, or those of a venue, of some days, of which metadata say it: the fastest first.

    Laps of all courses are in one list: name venue and course, or the event, to compare like with like.
    """
    found = await fastest_laps(context, LapSearch(venue, course, since, until, said), limit)
    setups = await shown_setups(context, [each.recording for each in found])
    return SeasonResource(tuple(season_resource(each, setups[each.recording.id]) for each in found))


@get(
    "/csv",
    needs=Permission.READ,
    responses=responses(422),
    summary="The same as CSV",
    dependencies=WITH_METADATA,
    operation_class=FieldsOperation,
)
async def laps_as_csv(
    context: TheContext,
    team_fields: TeamFields,
    said: Said,
    venue: _Venue = "",
    course: _Course = "",
    since: _Day = "",
    until: _Day = "",
    limit: _Count = 1_000,
) -> Response[str]:
    """For a spreadsheet, with a column for each metadata field by which recordings are filtered."""
    found = await fastest_laps(context, LapSearch(venue, course, since, until, said), limit)
    setups = await shown_setups(context, [each.recording for each in found])
    return _csv(season_csv(found, team_fields, setups), "laps.csv")


def _csv(text: str, name: str) -> Response[str]:
    return Response(
        text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": content_disposition(name)}
    )


@post("/", needs=Permission.CONVERT, status_code=202, responses=responses(422), summary="Time what was never timed")
async def time_missing(context: TheContext, principal: ThePrincipal) -> AskedFor:
    """Has the laps found of all recordings that no code of this version looked at."""
    return AskedFor(await ask_for_missing(context, principal))


@get("/signals", needs=Permission.READ, summary="Signals of lap tables")
async def show_chosen(context: TheContext) -> ChosenSignals:
    """Those whose extremes lap tables show."""
    return ChosenSignals((await lap_settings(context)).signals)


@put("/signals", needs=Permission.EDIT_CATALOGUE, responses=responses(400, 422), summary="Choose these signals")
async def put_chosen(context: TheContext, principal: ThePrincipal, data: JSONBody[ChosenSignals]) -> ChosenSignals:
    """Tables show them once their laps are timed again."""
    return ChosenSignals((await save_lap_settings(context, principal, data.signals)).signals)


class LapSeriesResource(msgspec.Struct, frozen=True, kw_only=True):
    """A signal of a lap over distance."""

    name: Annotated[str, Meta(description="As asked for.")]
    label: Annotated[str, Meta(description="Its name for people.")]
    unit: Annotated[str, Meta(description="May be empty.")]
    distance_m: Annotated[list[float], Meta(description="Along the first lap, ascending.")]
    values: Annotated[list[float | None], Meta(description="Null is missing.")]


class ComparedLapResource(msgspec.Struct, frozen=True, kw_only=True):
    """One lap, laid over the first one."""

    recording: Annotated[str, Meta(description="Id of the recording.")]
    number: Annotated[int, Meta(description="Of the lap in it.")]
    duration_s: Annotated[float | None, Meta(description="Null where it cannot be said.")]
    metadata: Annotated[dict[str, str], Meta(description="Driver, car and the like.")]
    started_at: Annotated[str, Meta(description="RFC 3339, UTC.")]
    begin_s: Annotated[float, Meta(description="Its start, in seconds since the log's first message.")]
    time_s: Annotated[list[float], Meta(description="Since its start, at each of the distances.")]
    difference_s: Annotated[
        list[float], Meta(description="How much later than the first lap; at the end that of the lap times.")
    ]
    latitude: Annotated[list[float], Meta(description="At each of the distances, degrees.")]
    longitude: Annotated[list[float], Meta(description="The same.")]
    series: Annotated[list[LapSeriesResource], Meta(description="Of the signals that its log has.")]


class ComparisonResource(msgspec.Struct, frozen=True):
    """Laps over each other."""

    distance_m: Annotated[list[float], Meta(description="Along the first lap.")]
    laps: Annotated[list[ComparedLapResource], Meta(description="In the order asked for.")]


@get(
    "/compare",
    needs=Permission.READ,
    responses=responses(404, 409, 422)
    | {
        200: ResponseSpec(
            ComparisonResource, generate_examples=False, description="The first lap is the reference."
        )
    },
    summary="Laps over each other",
)
async def compare(
    context: TheContext,
    laps: Annotated[
        list[str] | None,
        QueryParameter(
            name="lap", max_length=MOST_LAPS, description="Recording and number, `a3f9c210:4`; the first one leads."
        ),
    ] = None,
    signals: Annotated[
        list[str] | None, QueryParameter(name="signal", max_length=MOST_SIGNALS, description="Names of signals.")
    ] = None,
    points: Annotated[int, QueryParameter(ge=100, le=20_000, description="About how many of a signal.")] = 4_000,
) -> Response[bytes]:
    """By distance along the first lap: signals, the time lost or won, and where the cars were."""
    wanted = [_lap_of(each) for each in laps or ()]
    compared = await compare_laps(context, wanted, signals or (), points)
    encoded = await asyncio.get_running_loop().run_in_executor(PLOTTING, _encode, compared)
    return Response(encoded, media_type=MediaType.JSON)


def _lap_of(text: str) -> tuple[str, int]:
    recording, _, number = text.rpartition(":")
    if not recording or not number.isascii() or not number.isdecimal() or len(number) > 7:
        raise Rejected(f"{text[:80]!r} is no lap: write it like a3f9c210:4.", code="bad_comparison")
    return recording, int(number)


def _encode(compared: LapComparison) -> bytes:
    return msgspec.json.encode(
        ComparisonResource(
            compared.distance_m.round(3).tolist(),
            [
                ComparedLapResource(
                    recording=each.recording.id,
                    number=each.stored.number,
                    duration_s=each.stored.lap.duration_s,
                    metadata=said_of(each.recording),
                    started_at=lap_resource(each.stored).started_at,
                    begin_s=each.begin_s,
                    time_s=each.time_s.round(4).tolist(),
                    difference_s=compared.difference_s(each).round(4).tolist(),
                    latitude=each.latitude.round(7).tolist(),
                    longitude=each.longitude.round(7).tolist(),
                    series=[
                        LapSeriesResource(
                            name=one.name,
                            label=one.label,
                            unit=one.unit,
                            distance_m=one.distance_m.round(3).tolist(),
                            values=_numbers(one.values),
                        )
                        for one in each.series
                    ],
                )
                for each in compared.laps
            ],
        )
    )


def _numbers(values: Any) -> list[float | None]:
    return list(values.tolist())


ROUTER = Router(
    "/api",
    route_handlers=[
        Router("/recordings/{recording_id:str}", route_handlers=[show_laps, recording_csv, time_again, put_marks]),
        Router(
            "/laps",
            route_handlers=[list_laps, laps_as_csv, time_missing, show_chosen, put_chosen, compare],
        ),
    ],
    before_request=refuse_unknown_parameters,
    tags=["laps"],
)

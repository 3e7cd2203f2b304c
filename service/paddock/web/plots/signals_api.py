"""``/api/recordings/{id}/signals``, ``/overview``, ``/coverage``: what there is to plot, and to look at first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter
from msgspec import Meta

from paddock.domain.catalogue_defaults import Role
from paddock.domain.instants import NS_PER_S
from paddock.domain.overview import PanelKind
from paddock.domain.roles import Permission
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.look.coverage import coverage
from paddock.usecases.look.overview import KnownSignal, known_signals, overview
from paddock.usecases.look.plots import log_span
from paddock.usecases.maths.standing import standing_of
from paddock.web.kernel.injected import TheContext, refuse_unknown_parameters
from paddock.web.kernel.partial import Fields, Partial, only
from paddock.web.kernel.problems import responses
from paddock.web.recordings.api import Prefix
from paddock.web.recordings.resources import RecordingId

_ONE = responses(404, 409, 422)


class SignalResource(msgspec.Struct, frozen=True, kw_only=True):
    """One scalar series with its statistics, or a list of them; NaN is missing, never a value."""

    name: Annotated[str, Meta(description="Topic and field path.", examples=["VNData.vn_vel_m_s.x"])]
    topic: Annotated[str, Meta(description="The topic it is on.", examples=["VNData"])]
    dtype: Annotated[str, Meta(description="Arrow's word for the type in the log.", examples=["float"])]
    unit: Annotated[str, Meta(description="By the team's catalogue or its name; may be empty.", examples=["m/s"])]
    label: Annotated[str, Meta(description="Its name for people.", examples=["Speed"])]
    role: Annotated[Role, Meta(description="What overviews use it as; `none` for most.", examples=["speed"])]
    count: Annotated[int, Meta(description="Values that are there.", examples=[244_800])]
    missing: Annotated[int, Meta(description="NaN among them.", examples=[0])]
    min: Annotated[float | None, Meta(description="Smallest value; null for texts.", examples=[0.0])] = None
    max: Annotated[float | None, Meta(description="Largest value.", examples=[31.4])] = None
    mean: Annotated[float | None, Meta(description="Mean value.", examples=[14.2])] = None
    first: Annotated[float | str | None, Meta(description="First value.", examples=[0.0])] = None
    last: Annotated[float | str | None, Meta(description="Last value.", examples=[0.1])] = None
    longest: Annotated[
        int,
        Meta(
            description="Of a list: how many elements the longest has. Its statistics are those of all its values,"
            " and `name[0]` and on are signals, unless there are more than 256 of them.",
            examples=[84],
        ),
    ] = 0
    element_of: Annotated[
        str, Meta(description="Of an element: the name of its list.", examples=["ACUAllData.cell_voltages"])
    ] = ""
    maths_version: Annotated[
        int, Meta(description="Of a maths channel: the version that was computed here; 0 of a signal of the log.")
    ] = 0
    outdated: Annotated[
        bool, Meta(description="Whether the team has another version by now; it is computed in the background.")
    ] = False


class SignalList(msgspec.Struct, frozen=True):
    """All signals of a recording that match, by name."""

    recording: RecordingId
    items: tuple[SignalResource, ...]


class PanelResource(msgspec.Struct, frozen=True):
    """One plot that says something about the run."""

    kind: Annotated[PanelKind, Meta(description="What it shows.", examples=["speed"])]
    title: Annotated[str, Meta(description="The same for people.", examples=["Speed"])]
    signals: Annotated[
        tuple[str, ...],
        Meta(
            description="Names. A `track` has latitude, longitude and, where known, the speed that colours it.",
            examples=[["VNData.vn_vel_m_s.x"]],
        ),
    ]


class OverviewResource(msgspec.Struct, frozen=True):
    """What to look at first. Empty when nothing in the log moves."""

    recording: RecordingId
    panels: tuple[PanelResource, ...]


class TopicCoverage(msgspec.Struct, frozen=True):
    """When one channel had messages."""

    topic: Annotated[str, Meta(description="As the log spells it.", examples=["VNData"])]
    message_count: Annotated[int, Meta(description="Messages on it.", examples=[244_800])]
    pieces: Annotated[
        tuple[tuple[float, float], ...],
        Meta(description="Begin and end of each piece without a gap, in seconds since the log's first message."),
    ]


class CoverageResource(msgspec.Struct, frozen=True):
    """When each channel had messages, and when it fell silent."""

    recording: RecordingId
    duration_s: Annotated[float, Meta(description="From the first message of the log to its last.")]
    items: tuple[TopicCoverage, ...]


@get("/signals", needs=Permission.READ, responses=_ONE, summary="Signals of a recording")
async def list_signals(
    context: TheContext,
    recording_id: Prefix,
    q: Annotated[str, QueryParameter(max_length=1_000, description="Words that name, label or role have.")] = "",
    fields: Fields = "",
) -> SignalList | Partial:
    """Every signal with unit, type and statistics. Empty until the log was converted."""
    recording = await get_recording(context, recording_id)
    contents = await contents_of(context.documents, recording)
    topics = {channel.slug: channel.topic for channel in contents.channels}
    maths = await standing_of(context, recording, contents)
    versions = {each.slug: (each.version, each.name in maths.outdated) for each in maths.derived if each.slug}
    words = q.casefold().split()
    known = await known_signals(context, recording)

    def matching() -> SignalList | Partial:
        found = (each for each in known if _matches(each, words))
        return only(
            SignalList(recording.id, tuple(_resource(each, topics, versions) for each in found)),
            fields,
            items=SignalResource,
        )

    return await asyncio.to_thread(matching)


@get("/overview", needs=Permission.READ, responses=_ONE, summary="What to look at first")
async def show_overview(context: TheContext, recording_id: Prefix) -> OverviewResource:
    """Plots chosen by what the signals are: speed, pedals, track, pack, cells, faults; else what moves most."""
    recording = await get_recording(context, recording_id)
    found = await overview(context, recording)
    return OverviewResource(
        recording.id,
        tuple(PanelResource(p.kind, p.title, tuple(one.name for one in p.signals)) for p in found),
    )


@get("/coverage", needs=Permission.READ, responses=responses(404, 409, 422, 503), summary="Gaps of each topic")
async def show_coverage(context: TheContext, recording_id: Prefix) -> CoverageResource:
    """Each channel's time in pieces. A gap is at least 1 s, and 10 times the channel's mean period."""
    recording = await get_recording(context, recording_id)
    begin, end = await log_span(context, recording)
    return CoverageResource(
        recording.id,
        (end - begin) / NS_PER_S,
        tuple(
            TopicCoverage(
                one.channel.topic,
                one.channel.message_count,
                tuple(((start - begin) / NS_PER_S, (stop - begin) / NS_PER_S) for start, stop in one.pieces),
            )
            for one in await coverage(context, recording)
        ),
    )


def _matches(known: KnownSignal, words: list[str]) -> bool:
    described = known.described
    text = f"{described.name}\n{described.signal}\n{described.label}\n{described.role}".casefold()
    return all(word in text for word in words)


def _resource(
    known: KnownSignal, topics: Mapping[str, str], versions: Mapping[str, tuple[int, bool]]
) -> SignalResource:
    signal, described = known.signal, known.described
    version, is_outdated = versions.get(signal.channel, (0, False))
    return SignalResource(
        name=signal.name,
        topic=topics.get(signal.channel) or signal.name.split(".", 1)[0],
        dtype=signal.dtype,
        unit=described.unit,
        label=described.label,
        role=described.role,
        count=signal.count,
        missing=signal.nan_count,
        min=signal.min,
        max=signal.max,
        mean=signal.mean,
        first=signal.first,
        last=signal.last,
        longest=signal.longest,
        element_of=signal.element_of,
        maths_version=version,
        outdated=is_outdated,
    )


ROUTER = Router(
    "/api/recordings/{recording_id:str}",
    route_handlers=[list_signals, show_overview, show_coverage],
    before_request=refuse_unknown_parameters,
    tags=["signals"],
)

"""``/api/maths``: the team's maths channels, and whether an expression means something."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.maths_channels import MathsChannel, MathsText, MathsVersion
from paddock.domain.maths_language.checking import Shape
from paddock.domain.maths_language.functions import FUNCTIONS
from paddock.domain.roles import Permission
from paddock.usecases.live.maths import why_channel_not_live
from paddock.usecases.maths.channels import (
    Uses,
    add_channel,
    change_channel,
    get_channel,
    remove_channel,
    uses_of,
    versions_of,
)
from paddock.usecases.maths.check import Checked, Preview, check_text
from paddock.usecases.maths.names import all_channels
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses

ChannelId = Annotated[str, PathParameter(max_length=200, description="As in the list, or a name for all cars.")]


class MathsResource(msgspec.Struct, frozen=True, kw_only=True):
    """One maths channel."""

    id: Annotated[str, Meta(description="Of this name for this car.", examples=["3f9a1c0de4b87a52"])]
    name: Annotated[str, Meta(description="What it is called everywhere.", examples=["wheel_slip"])]
    signal: Annotated[str, Meta(description="Its signal in recordings.", examples=["wheel_slip.value"])]
    text: Annotated[str, Meta(description="The expression.", examples=["abs(VNData.vn_vel_m_s.x)"])]
    unit: Annotated[str, Meta(description="As said or derived; may be empty.", examples=["m/s"])]
    unit_said: Annotated[bool, Meta(description="Whether somebody said the unit.")]
    car: Annotated[str, Meta(description="Holds for this car alone; empty for all.", examples=["HT09"])]
    constants: Annotated[dict[str, float], Meta(description="By name.", examples=[{"gear": 11.86}])]
    note: Annotated[str, Meta(description="What it is for.")]
    in_mat: Annotated[bool, Meta(description="Whether the MATLAB file of every recording holds it.")]
    version: Annotated[int, Meta(description="Of what is computed; says what recordings have.", examples=[2])]
    edition: Annotated[int, Meta(description="Of all that is said: for a change.", examples=[3])]
    person: Annotated[str, Meta(description="Who changed it last.", examples=["Adam"])]
    changed_at: Annotated[str, Meta(description="When (RFC 3339, UTC).", examples=["2026-04-18T14:32:00Z"])]


class MathsList(msgspec.Struct, frozen=True):
    """All of them, by name."""

    items: tuple[MathsResource, ...]


class VersionResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel was."""

    version: Annotated[int, Meta(description="From 1.", examples=[1])]
    text: Annotated[str, Meta(description="The expression.", examples=["abs(VNData.vn_vel_m_s.x)"])]
    constants: Annotated[dict[str, float], Meta(description="By name.", examples=[{"gear": 11.86}])]
    person: Annotated[str, Meta(description="Who said so.", examples=["Adam"])]
    changed_at: Annotated[str, Meta(description="When (RFC 3339, UTC).", examples=["2026-04-18T14:32:00Z"])]


class UsesResource(msgspec.Struct, frozen=True, kw_only=True):
    """Who uses a channel, and so what a rename or a removal breaks."""

    channels: Annotated[tuple[str, ...], Meta(description="Maths channels that are made of it.")]
    rules: Annotated[tuple[str, ...], Meta(description="Alert rules that look at it.")]
    recordings: Annotated[int, Meta(description="Recordings that have it.", examples=[212])]


class WholeMathsResource(msgspec.Struct, frozen=True, kw_only=True):
    """One channel, with what it was and who uses it."""

    channel: MathsResource
    not_live: Annotated[
        str, Meta(description="Why it is not computed of what devices send, as a sentence; empty where it is.")
    ]
    versions: Annotated[tuple[VersionResource, ...], Meta(description="The last first.")]
    uses: UsesResource


class MathsChange(MathsText, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a channel says from now on."""

    edition: (
        Annotated[int, Meta(ge=0, le=2**53, description="Of the channel that was looked at.", examples=[3])] | None
    ) = None
    """None for whatever it is by now."""


class MathsCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An expression that somebody writes."""

    text: Annotated[
        str, Meta(max_length=200_000, description="The expression.", examples=["VNData.vn_vel_m_s.x * 3.6"])
    ]
    recording: Annotated[
        str,
        Meta(
            max_length=100,
            description="Where it is tried, by its id or a beginning of it; empty to have the text read alone.",
            examples=["a3f9c21000"],
        ),
    ] = ""
    name: Annotated[
        str, Meta(max_length=2_000, description="Of the channel it is to be.", examples=["speed_kmh"])
    ] = ""
    car: Annotated[str, Meta(max_length=2_000, description="Whose catalogue counts; the recording's without.")] = ""
    constants: Annotated[
        dict[Annotated[str, Meta(max_length=2_000)], float], Meta(max_length=1_000, description="Of the channel.")
    ] = {}


class PreviewResource(msgspec.Struct, frozen=True, kw_only=True):
    """What the expression is over the recording, in as many points as a plot shows."""

    seconds: Annotated[list[float], Meta(description="Since the log's first message.", examples=[[0.0, 0.01]])]
    values: Annotated[list[float | None], Meta(description="Null is missing.", examples=[[0.0, 0.2]])]
    samples: Annotated[int, Meta(description="How many were computed.", examples=[244_800])]
    known: Annotated[int, Meta(description="How many of these are a number.", examples=[244_800])]
    min: Annotated[float | None, Meta(description="Smallest value.", examples=[0.0])]
    max: Annotated[float | None, Meta(description="Largest value.", examples=[31.4])]
    mean: Annotated[float | None, Meta(description="Mean value.", examples=[14.2])]
    whole: Annotated[bool, Meta(description="Whether that is all of the recording; a preview has three seconds.")]


class CheckedResource(msgspec.Struct, frozen=True, kw_only=True):
    """An expression that means something."""

    name: Annotated[str, Meta(description="Of the channel, as far as it is said.", examples=["speed_kmh"])]
    unit: Annotated[
        str | None, Meta(description="Derived; empty for a ratio, null where nobody knows.", examples=["m/s"])
    ]
    shape: Annotated[
        Shape | None,
        Meta(description="`line`, `steps` (each value holds until the next) or `condition`; null untried."),
    ]
    signals: Annotated[
        tuple[str, ...], Meta(description="What it is computed from.", examples=[["VNData.vn_vel_m_s.x"]])
    ]
    preview: Annotated[PreviewResource | None, Meta(description="Null without a recording.")]


class FunctionResource(msgspec.Struct, frozen=True):
    """One function of the language."""

    name: Annotated[str, Meta(description="As it is called.", examples=["low_pass"])]
    does: Annotated[str, Meta(description="For people.", examples=["First-order low pass with this cut-off."])]
    example: Annotated[str, Meta(description="A call.", examples=["low_pass(accel, 5)"])]


@get("/", needs=Permission.READ, summary="The maths channels")
async def list_channels(context: TheContext) -> MathsList:
    """What the team computes of its signals."""
    return MathsList(tuple(map(maths_resource, await all_channels(context))))


@get("/functions", needs=Permission.READ, summary="The functions of the language")
async def list_functions() -> tuple[FunctionResource, ...]:
    """For completion, and to read."""
    return tuple(FunctionResource(each.name, each.does, each.example) for each in FUNCTIONS.values())


@post(
    "/check",
    needs=Permission.READ,
    status_code=200,
    responses=responses(404, 409, 422, 503),
    summary="Check an expression",
)
async def check(context: TheContext, data: JSONBody[MathsCheck]) -> CheckedResource:
    """Its unit and what it is over a recording. A text that means nothing is a 422 whose `position` says where."""
    said = MathsText(name=data.name, text=data.text, car=data.car, constants=data.constants)
    return _checked(await check_text(context, said, data.recording))


@get("/{channel_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="One maths channel")
async def show_channel(context: TheContext, channel_id: ChannelId) -> WholeMathsResource:
    """What it is, what it was, and who uses it: what a rename or a removal breaks."""
    channel = await get_channel(context, channel_id)
    return WholeMathsResource(
        channel=maths_resource(channel),
        not_live=why_channel_not_live(channel, await all_channels(context)),
        versions=tuple(map(_version, await versions_of(context, channel))),
        uses=_uses(await uses_of(context, channel)),
    )


@post("/", needs=Permission.EDIT_CATALOGUE, responses=responses(409, 422), summary="Add a maths channel")
async def send_channel(context: TheContext, principal: ThePrincipal, data: JSONBody[MathsText]) -> MathsResource:
    """It is computed of every recording in the background, and is a signal of it from then on."""
    return maths_resource(await add_channel(context, principal, data))


@put(
    "/{channel_id:str}",
    needs=Permission.EDIT_CATALOGUE,
    responses=responses(404, 409, 422),
    summary="Change a maths channel",
)
async def replace_channel(
    context: TheContext, principal: ThePrincipal, channel_id: ChannelId, data: JSONBody[MathsChange]
) -> MathsResource:
    """Another text or other constants are another version: recordings say which they have until it is computed."""
    said = {name: getattr(data, name) for name in MathsText.__struct_fields__}
    changed = await change_channel(context, principal, channel_id, MathsText(**said), edition=data.edition)
    return maths_resource(changed)


@delete(
    "/{channel_id:str}",
    needs=Permission.EDIT_CATALOGUE,
    responses=responses(404, 422),
    summary="Remove a maths channel",
)
async def remove(context: TheContext, principal: ThePrincipal, channel_id: ChannelId) -> None:
    """Its columns go from all recordings in the background; files that were made stay."""
    await remove_channel(context, principal, channel_id)


def maths_resource(channel: MathsChannel) -> MathsResource:
    """One channel as JSON has it."""
    return MathsResource(
        id=channel.id,
        name=channel.name,
        signal=channel.signal,
        text=channel.text,
        unit=channel.unit,
        unit_said=channel.is_unit_said,
        car=channel.car,
        constants=channel.constants,
        note=channel.note,
        in_mat=channel.in_mat,
        version=channel.version,
        edition=channel.edition,
        person=channel.person,
        changed_at=to_rfc3339(channel.changed_at),
    )


def _version(version: MathsVersion) -> VersionResource:
    return VersionResource(
        version=version.version,
        text=version.text,
        constants=version.constants,
        person=version.person,
        changed_at=to_rfc3339(version.changed_at),
    )


def _uses(uses: Uses) -> UsesResource:
    return UsesResource(
        channels=tuple(each.name for each in uses.channels), rules=uses.rules, recordings=uses.recordings
    )


def _checked(checked: Checked) -> CheckedResource:
    return CheckedResource(
        name=checked.name,
        unit=checked.unit,
        shape=checked.shape,
        signals=checked.signals,
        preview=None if checked.preview is None else _preview(checked.preview),
    )


def _preview(preview: Preview) -> PreviewResource:
    # msgspec writes NaN as null.
    return PreviewResource(
        seconds=preview.seconds.round(6).tolist(),
        values=preview.values.tolist(),
        samples=preview.samples,
        known=preview.known,
        min=preview.low,
        max=preview.high,
        mean=preview.mean,
        whole=preview.is_whole,
    )


ROUTER = Router(
    "/api/maths",
    route_handlers=[
        list_channels,
        list_functions,
        check,
        show_channel,
        send_channel,
        replace_channel,
        remove,
    ],
    before_request=refuse_unknown_parameters,
    tags=["maths channels"],
)

"""``/api/recordings/{id}/radio``: what came by radio of the time of a recording."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.domain.streams import Stream
from paddock.usecases.devices.radio import radio_of
from paddock.usecases.find.recordings import get_recording
from paddock.web.kernel.injected import TheContext, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.recordings.api import Prefix


class GapResource(msgspec.Struct, frozen=True):
    """Where the radio has nothing."""

    begins_at: Annotated[str, Meta(description="RFC 3339, by the time that the device says.")]
    ends_at: Annotated[str, Meta(description="RFC 3339.")]
    missing: Annotated[int, Meta(description="Messages, where the device counts them; else 0.")]


class SentResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a device sent."""

    recording: Annotated[str, Meta(description="Its id.")]
    device: Annotated[str, Meta(description="Who sent it.", examples=["ht09"])]
    messages: Annotated[int, Meta(description="How many came.")]
    duplicates: Annotated[int, Meta(description="How many came again, and are in it once.")]
    gap_count: Annotated[int, Meta(description="How many gaps there are.")]
    missing: Annotated[int, Meta(description="Messages that the device counted and that never came.")]
    gaps: Annotated[tuple[GapResource, ...], Meta(description="The first ones.")]


class RadioResource(msgspec.Struct, frozen=True):
    """What there is of the same time and car."""

    sent: Annotated[SentResource | None, Meta(description="What this recording is, where a device sent it.")]
    better: Annotated[
        str | None, Meta(description="The id of the car's own log of that time, where this one came by radio.")
    ]
    copies: Annotated[
        tuple[SentResource, ...], Meta(description="What came by radio, where this is the car's own.")
    ]


@get(
    "/{recording_id:str}/radio",
    needs=Permission.READ,
    responses=responses(404, 409, 422),
    summary="What came by radio",
)
async def show_radio(context: TheContext, recording_id: Prefix) -> RadioResource:
    """Where two recordings are of one time and car, the one that the car logged itself is the better one."""
    recording = await get_recording(context, recording_id)
    radio = await radio_of(context, recording)
    return RadioResource(
        _sent(radio.stream) if radio.stream else None,
        radio.better.id if radio.better else None,
        tuple(_sent(copy.stream) for copy in radio.copies),
    )


def _sent(stream: Stream) -> SentResource:
    return SentResource(
        recording=stream.recording,
        device=stream.device,
        messages=stream.messages,
        duplicates=stream.duplicates,
        gap_count=stream.gap_count,
        missing=stream.missing,
        gaps=tuple(GapResource(to_rfc3339(g.from_ns), to_rfc3339(g.until_ns), g.missing) for g in stream.gaps),
    )


ROUTER = Router(
    "/api/recordings",
    route_handlers=[show_radio],
    before_request=refuse_unknown_parameters,
    tags=["devices"],
)

"""``/api/uploads``: announce a file, send its parts to the store, complete; or abandon it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from paddock.domain.roles import Permission
from paddock.domain.sidecar import ClockOffset, MetadataTexts
from paddock.domain.upload import PART_SIZE_BYTES, SaidAlong
from paddock.usecases.intake import uploads
from paddock.web.kernel.injected import (
    AnyRequest,
    TheContext,
    ThePrincipal,
    TheSettings,
    refuse_unknown_parameters,
)
from paddock.web.kernel.links import reachable
from paddock.web.kernel.problems import responses
from paddock.web.recordings.answers import summarise
from paddock.web.recordings.resources import ID_EXAMPLE, NAME_EXAMPLE, RecordingId, RecordingResource


class Announcement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file that will be sent."""

    sha256: Annotated[
        str,
        Meta(
            description="SHA-256 of the whole file, 64 lower-case hexadecimal digits.",
            examples=[ID_EXAMPLE],
            max_length=1_000,
        ),
    ]
    size_bytes: Annotated[int, Meta(ge=-(2**53), le=2**53, description="Size of the file.", examples=[73_400_320])]
    name: Annotated[str, Meta(description="File name, without a path.", examples=[NAME_EXAMPLE], max_length=20_000)]
    metadata: Annotated[
        MetadataTexts,
        Meta(
            description="Values of the team's fields; they fill only what is empty.", examples=[{"driver": "Adam"}]
        ),
    ] = {}
    metadata_source: Annotated[
        Literal["person", "base_station"],
        Meta(
            description="Who says the metadata. What a base station says and recordings cannot have is left out; "
            "of a person it is an error.",
            examples=["base_station"],
        ),
    ] = "person"
    clock_offset_ns: Annotated[
        ClockOffset | None,
        Meta(
            description="To be added to the log's own times, where the car's clock lied: it corrects when the "
            "recording started, unless a person said that.",
            examples=[None],
        ),
    ] = None
    part_size_bytes: Annotated[
        int,
        Meta(
            ge=1,
            le=2**53,
            description="How large you would like the parts: on a bad line less is lost with a small one. The "
            "answer has what they are.",
            examples=[PART_SIZE_BYTES],
        ),
    ] = PART_SIZE_BYTES

    @property
    def said(self) -> SaidAlong:
        """What it says of the log."""
        if self.metadata_source == "base_station":
            return SaidAlong({}, self.metadata, self.clock_offset_ns)
        return SaidAlong(self.metadata, {}, self.clock_offset_ns)


class PartResource(msgspec.Struct, frozen=True):
    """What still has to be sent of one part: its beginning may be here."""

    number: Annotated[int, Meta(description="From 1.", examples=[1])]
    offset: Annotated[int, Meta(description="Where in the file it begins, in bytes.", examples=[0])]
    size_bytes: Annotated[int, Meta(description="How many bytes it is.", examples=[16_777_216])]
    url: Annotated[str, Meta(description="PUT exactly these bytes there.")]


class UploadResource(msgspec.Struct, frozen=True):
    """What to do next: nothing when `recording` is there, else send `parts`, then complete `id`."""

    recording: Annotated[
        RecordingResource | None, Meta(description="The recording, when its bytes are here already.")
    ] = None
    id: Annotated[str | None, Meta(description="The upload's id.", examples=["5f0d2c…"])] = None
    parts: Annotated[tuple[PartResource, ...], Meta(description="What is still missing.")] = ()
    left_out: Annotated[
        tuple[str, ...], Meta(description="What a base station said and recordings cannot have, in sentences.")
    ] = ()


class CompletedResource(msgspec.Struct, frozen=True):
    """An accepted log: from here on it will be `ready`, or `failed` with a reason."""

    id: RecordingId
    recording: RecordingResource


@post("/", needs=Permission.UPLOAD, status_code=200, responses=responses(400, 422, 503), summary="Announce a file")
async def announce_upload(
    request: AnyRequest,
    context: TheContext,
    settings: TheSettings,
    principal: ThePrincipal,
    data: JSONBody[Announcement],
) -> UploadResource:
    """Say what will be sent. Announcing again continues an unfinished upload; known bytes are not sent again."""
    plan = await uploads.announce(
        context,
        principal,
        sha256=data.sha256,
        size_bytes=data.size_bytes,
        name=data.name,
        said=data.said,
        part_size_bytes=data.part_size_bytes,
    )
    if plan.recording is not None:
        (known,) = await summarise(context, [plan.recording])
        return UploadResource(recording=known, left_out=plan.left_out)
    assert plan.upload is not None, "a plan has a recording or an upload"
    parts = tuple(
        PartResource(part.number, part.offset, part.size_bytes, reachable(part.url, request, settings))
        for part in plan.parts
    )
    return UploadResource(id=plan.upload.id, parts=parts, left_out=plan.left_out)


_UploadId = Annotated[str, PathParameter(description="From the announcement.")]


@post(
    "/{upload_id:str}/complete",
    needs=Permission.UPLOAD,
    status_code=200,
    responses=responses(404, 409, 422, 503),
    summary="Complete an upload",
)
async def complete_upload(context: TheContext, upload_id: _UploadId) -> CompletedResource:
    """All parts are sent. Calling it again is harmless."""
    recording = await uploads.complete(context, upload_id)
    (resource,) = await summarise(context, [recording])
    return CompletedResource(recording.id, resource)


@delete("/{upload_id:str}", needs=Permission.UPLOAD, responses=responses(404, 409), summary="Abandon an upload")
async def abandon_upload(context: TheContext, principal: ThePrincipal, upload_id: _UploadId) -> None:
    """Forget an unfinished upload of yours: the parts that have arrived are removed at once, not after days."""
    await uploads.abandon(context, principal, upload_id)


ROUTER = Router(
    "/api/uploads",
    route_handlers=[announce_upload, complete_upload, abandon_upload],
    before_request=refuse_unknown_parameters,
    tags=["uploads"],
)

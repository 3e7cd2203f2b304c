"""``/api/recordings/{id}/exports``: ask for one file of a recording, and follow its making."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter
from litestar.response import ServerSentEvent
from msgspec import Meta

from paddock.domain.export import ExportRequest
from paddock.domain.job import JobState
from paddock.domain.roles import Permission
from paddock.errors import NotFound
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.take_away.export import Export, estimate_export, get_export, request_export
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.recordings.answers import artifact_resource, failure_resource
from paddock.web.recordings.api import Prefix
from paddock.web.recordings.resources import ArtifactResource, FailureResource

LOOK_S = 0.4
LONGEST_STREAM_S = 600.0


class ExportResource(msgspec.Struct, frozen=True, kw_only=True):
    """How far an export is. The same request of the same recording is the same export."""

    id: Annotated[str, Meta(description="Ask again under it.", examples=["4be1c3d29f0a7b5c4be1c3d29f0a7b5c"])]
    state: Annotated[JobState, Meta(description="`queued → running → done`, or `dead` with an `error`.")]
    progress: Annotated[float, Meta(description="0 to 1.", examples=[0.42])]
    artifact: Annotated[ArtifactResource | None, Meta(description="The file, once it is there.")] = None
    error: Annotated[FailureResource | None, Meta(description="Why it failed last.")] = None


@post(
    "/",
    needs=Permission.EXPORT,
    status_code=202,
    responses=responses(400, 404, 409, 422, 503),
    summary="Ask for an export",
)
async def ask_for_export(
    context: TheContext, principal: ThePrincipal, recording_id: Prefix, data: JSONBody[ExportRequest]
) -> ExportResource:
    """Make a file, or find it made already. Follow it with `GET` under the answered id."""
    export = await request_export(context, principal, recording_id, data)
    return await _resource(context, recording_id, export)


class EstimateResource(msgspec.Struct, frozen=True, kw_only=True):
    """How large a file would be."""

    size_bytes: Annotated[int, Meta(description="About.", examples=[51_500_000])]


@post(
    "/estimate",
    needs=Permission.EXPORT,
    status_code=200,
    responses=responses(400, 404, 409, 422),
    summary="How large an export would be",
)
async def estimate(context: TheContext, recording_id: Prefix, data: JSONBody[ExportRequest]) -> EstimateResource:
    """About how large the file of a request would be; nothing is made."""
    return EstimateResource(size_bytes=await estimate_export(context, recording_id, data))


@get("/{export_id:str}", needs=Permission.READ, responses=responses(404, 409, 422), summary="How far an export is")
async def show_export(
    context: TheContext,
    recording_id: Prefix,
    export_id: Annotated[str, PathParameter(description="From the request.")],
) -> ExportResource:
    """The file once it is there, else the progress."""
    return await _resource(context, recording_id, await get_export(context, recording_id, export_id))


_EVENTS = ResponseSpec(
    ExportResource, generate_examples=False, media_type="text/event-stream", description="Each `data` is one."
)


@get(
    "/{export_id:str}/events",
    needs=Permission.READ,
    responses=responses(404, 409, 422) | {200: _EVENTS},
    summary="Follow an export",
)
async def follow_export(
    context: TheContext,
    recording_id: Prefix,
    export_id: Annotated[str, PathParameter(description="From the request.")],
) -> ServerSentEvent:
    """Server-sent events: how far the export is, whenever that changes, until it is `done` or `dead`."""
    first = await _resource(context, recording_id, await get_export(context, recording_id, export_id))
    return ServerSentEvent(_events(context, recording_id, first), headers={"Cache-Control": "no-store"})


async def _events(context: TheContext, recording_id: str, export: ExportResource) -> AsyncIterator[str]:
    """Ends also after a while, so that no connection lasts for ever; browsers connect again by themselves."""
    told = None
    for _ in range(round(LONGEST_STREAM_S / LOOK_S)):
        if export != told:
            yield msgspec.json.encode(export).decode()
            told = export
        if export.state in (JobState.DONE, JobState.DEAD):
            return
        await asyncio.sleep(LOOK_S)
        export = await _resource(context, recording_id, await get_export(context, recording_id, export.id))


async def _resource(context: TheContext, recording_id: str, export: Export) -> ExportResource:
    if export.artifact is not None:
        recording = await get_recording(context, recording_id)
        artifact = artifact_resource(recording, export.artifact)
        return ExportResource(id=export.id, state=JobState.DONE, progress=1.0, artifact=artifact)
    if export.job is None:
        raise NotFound("This recording has no such export: ask for it again.", code="no_such_export")
    return ExportResource(
        id=export.id,
        state=export.job.state,
        progress=export.job.progress,
        error=failure_resource(export.job.error),
    )


ROUTER = Router(
    "/api/recordings/{recording_id:str}/exports",
    route_handlers=[ask_for_export, estimate, show_export, follow_export],
    before_request=refuse_unknown_parameters,
    tags=["exports"],
)

"""``/api/bundles``: take the same export of several recordings away, as one zip or file by file."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from paddock.domain.export import ExportRequest
from paddock.domain.export_words import export_words
from paddock.domain.instants import to_rfc3339
from paddock.domain.job import JobState
from paddock.domain.roles import Permission
from paddock.usecases.take_away.bundles import (
    MAX_MEMBERS,
    BundleState,
    Part,
    bundle_name,
    get_bundle,
    request_bundle,
    states_of,
    zip_bundle,
)
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.partial import Fields, Partial, only
from paddock.web.kernel.problems import responses
from paddock.web.kernel.ranged import Ranged
from paddock.web.recordings.answers import failure_resource
from paddock.web.recordings.resources import DownloadResource, FailureResource, Instant, LogName

BundleId = Annotated[str, PathParameter(description="From the request.")]


class BundleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which recordings, and what of each."""

    ids: Annotated[
        tuple[Annotated[str, Meta(max_length=100)], ...],
        Meta(description="Ids, or beginnings of them.", min_length=1, max_length=MAX_MEMBERS),
    ]
    export: Annotated[ExportRequest, Meta(description="As for one recording.")] = ExportRequest()


class PartResource(msgspec.Struct, frozen=True, kw_only=True):
    """The file of one recording."""

    recording: Annotated[str, Meta(description="The recording's id.")]
    name: LogName
    state: Annotated[JobState, Meta(description="`queued → running → done`, or `dead` with an `error`.")]
    progress: Annotated[float, Meta(description="0 to 1.", examples=[0.42])]
    file: Annotated[DownloadResource | None, Meta(description="Once it is there.")] = None
    expires_at: Annotated[Instant | None, Meta(description="Until when it is kept if nobody takes it.")] = None
    left_out: Annotated[
        tuple[str, ...], Meta(description="Sentences about topics that are not in it, although asked for.")
    ] = ()
    error: Annotated[FailureResource | None, Meta(description="Why there is none.")] = None


class BundleResource(msgspec.Struct, frozen=True, kw_only=True):
    """How far a bundle is. The same export of the same recordings is the same bundle."""

    id: Annotated[str, Meta(description="Ask again under it.", examples=["4be1c3d29f0a7b5c4be1c3d29f0a7b5c"])]
    description: Annotated[str, Meta(description="What is made of each.", examples=["CSV, 100 Hz, VNData"])]
    settled: Annotated[bool, Meta(description="Whether all files are there, or can never be.")]
    progress: Annotated[float, Meta(description="0 to 1.", examples=[0.42])]
    created_at: Instant
    page: Annotated[str, Meta(description="The page that follows it.", examples=["/bundles/4be1c3d2"])]
    items: Annotated[tuple[PartResource, ...], Meta(description="One for each recording, in your order.")]
    archive: Annotated[
        DownloadResource | None,
        Meta(description="All files in one zip, once the bundle is settled; its size is that of the files in it."),
    ] = None


@post(
    "/",
    needs=Permission.EXPORT,
    status_code=202,
    responses=responses(400, 404, 409, 422, 503),
    summary="Take several recordings away",
)
async def ask_for_bundle(
    context: TheContext, principal: ThePrincipal, data: JSONBody[BundleRequest]
) -> BundleResource:
    """Makes the same file of each, or finds it made already. One that cannot have it does not stop the others."""
    bundle = await request_bundle(context, principal, data.ids, data.export)
    return bundle_resource((await states_of(context, [bundle]))[0])


@get("/{bundle_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="How far a bundle is")
async def show_bundle(context: TheContext, bundle_id: BundleId, fields: Fields = "") -> BundleResource | Partial:
    """The files that are there, the progress of the others, and why one cannot be made."""
    (state,) = await states_of(context, [await get_bundle(context, bundle_id)])
    return only(bundle_resource(state), fields)


@get(
    "/{bundle_id:str}/zip",
    needs=Permission.READ,
    responses=responses(404, 409, 416),
    summary="Download all in one zip",
)
async def download_bundle(context: TheContext, bundle_id: BundleId) -> Response[None]:
    """The files as they are, uncompressed. Takes Range, so that a download goes on where it broke off."""
    zipped = await zip_bundle(context, await get_bundle(context, bundle_id))
    return Ranged(zipped.info, zipped.read, file_name=zipped.file_name)


def bundle_resource(state: BundleState) -> BundleResource:
    """A bundle as JSON has it."""
    bundle, parts = state.bundle, state.parts
    archive = None
    if state.settled and state.files:
        size_bytes = sum(artifact.size_bytes for _, artifact in state.files)
        archive = DownloadResource(f"/api/bundles/{bundle.id}/zip", bundle_name(bundle), size_bytes)
    over = sum(1.0 if part.state is JobState.DEAD else part.progress for part in parts)
    return BundleResource(
        id=bundle.id,
        description=export_words(bundle.request),
        settled=state.settled,
        progress=over / len(parts),
        created_at=to_rfc3339(bundle.created_at),
        page=f"/bundles/{bundle.id}",
        items=tuple(_part(part) for part in parts),
        archive=archive,
    )


def _part(part: Part) -> PartResource:
    file = expires_at = None
    if part.artifact is not None:
        expires_at = None if part.artifact.expires_at is None else to_rfc3339(part.artifact.expires_at)
        url = f"/api/recordings/{part.recording}/artifacts/{part.artifact.id}"
        file = DownloadResource(url, part.file_name, part.artifact.size_bytes)
    return PartResource(
        recording=part.recording,
        name=part.name,
        state=part.state,
        progress=part.progress,
        file=file,
        expires_at=expires_at,
        left_out=part.artifact.left_out if part.artifact else (),
        error=failure_resource(part.error),
    )


ROUTER = Router(
    "/api/bundles",
    route_handlers=[ask_for_bundle, show_bundle, download_bundle],
    before_request=refuse_unknown_parameters,
    tags=["exports"],
)

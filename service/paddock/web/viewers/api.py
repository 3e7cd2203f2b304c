"""``/api/recordings/{id}/viewers``: open a log in Foxglove or Lichtblick."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import PathParameter
from litestar.response import Redirect
from msgspec import Meta

from paddock.domain.log_kinds import LOG_KINDS
from paddock.domain.recording import Purpose, Recording
from paddock.domain.roles import Permission
from paddock.errors import Conflict, NotFound
from paddock.ports.documents import Equals, Sort
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import artifact_link, get_recording, original_link
from paddock.web.kernel.injected import AnyRequest, TheContext, TheSettings, refuse_unknown_parameters
from paddock.web.kernel.links import reachable
from paddock.web.kernel.problems import responses
from paddock.web.recordings.api import Prefix
from paddock.web.viewers.addresses import VIEWERS, find_viewer, viewers_can_load

NOT_REACHABLE = (
    "Viewers on the web are served over https, from where browsers do not read this Paddock's plain http: "
    "download the log, and open the file there."
)


class ViewerResource(msgspec.Struct, frozen=True):
    """One viewer on the web."""

    name: Annotated[str, Meta(description="In addresses.", examples=["foxglove"])]
    label: Annotated[str, Meta(description="For people.", examples=["Foxglove"])]
    url: Annotated[
        str, Meta(description="Opens the log there.", examples=["/api/recordings/a3f9c210/viewers/foxglove"])
    ]


class ViewerList(msgspec.Struct, frozen=True):
    """The viewers that can open a recording from where the client is."""

    items: tuple[ViewerResource, ...]
    reason: Annotated[str | None, Meta(description="Why there is none; null when there is.")] = None


@get("/", needs=Permission.READ, responses=responses(404, 409, 422), summary="Viewers that can open a recording")
async def list_viewers(
    request: AnyRequest, context: TheContext, settings: TheSettings, recording_id: Prefix
) -> ViewerList:
    """Foxglove and Lichtblick, where a browser on their pages can read this Paddock's links."""
    recording = await get_recording(context, recording_id)
    try:
        link = reachable(await _log_link(context, recording), request, settings)
    except NotFound as missing:
        return ViewerList((), missing.message)
    if not viewers_can_load(link):
        return ViewerList((), NOT_REACHABLE)
    path = f"/api/recordings/{recording.id}/viewers"
    return ViewerList(tuple(ViewerResource(v.name, v.label, f"{path}/{v.name}") for v in VIEWERS.values()))


@get(
    "/{viewer:str}",
    needs=Permission.READ,
    responses=responses(404, 409, 422),
    status_code=302,
    summary="Open in a viewer",
)
async def open_in_viewer(
    request: AnyRequest,
    context: TheContext,
    settings: TheSettings,
    recording_id: Prefix,
    viewer: Annotated[str, PathParameter(description="`foxglove` or `lichtblick`.")],
) -> Redirect:
    """Redirects to the viewer, with a freshly signed link to the viewer copy, or to the original.

    The viewer reads the log in your browser. It can where this Paddock is reached over https or on this machine.
    """
    found = find_viewer(viewer)
    link = await _log_link(context, await get_recording(context, recording_id))
    link = reachable(link, request, settings)
    if not viewers_can_load(link):
        raise Conflict(NOT_REACHABLE, code="not_reachable")
    return Redirect(found.address(link), status_code=302, headers={"Cache-Control": "no-store"})


async def _log_link(context: Context, recording: Recording) -> str:
    """To the viewer copy where one was made: indexed, in order, and whole where the original is not."""
    copies = await context.documents.artifacts.find(
        [Equals("recording", recording.id), Equals("purpose", Purpose.VIEWER)],
        sort=Sort("created_at", descending=True),
        limit=1,
    )
    if copies.items:
        return await artifact_link(context, recording, copies.items[0].id)
    kind = LOG_KINDS[recording.kind]
    if not kind.viewers_open:
        raise NotFound(
            f"Viewers open no {kind.label} log, and there is no copy of this one for them: convert it again.",
            code="no_viewer_copy",
        )
    return await original_link(context, recording)


ROUTER = Router(
    "/api/recordings/{recording_id:str}/viewers",
    route_handlers=[list_viewers, open_in_viewer],
    before_request=refuse_unknown_parameters,
    tags=["recordings"],
)

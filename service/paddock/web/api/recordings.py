"""``/api/recordings``: find recordings, and get at their files."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect

from paddock.usecases.recordings import artifact_link, find_recordings, get_recording, original_link
from paddock.web.api.resources import RecordingDetail, RecordingPage, detail, summarise
from paddock.web.injected import After, AnyRequest, Limit, TheServices, TheSettings, refuse_unknown_parameters
from paddock.web.links import reachable
from paddock.web.problems import responses

Prefix = Annotated[
    str,
    PathParameter(
        description="The recording's id, or the first 6 or more digits of it.",
    ),
]
_ONE = responses(404, 409, 422)


@get("/", responses=responses(422), summary="Find recordings")
async def list_recordings(
    services: TheServices,
    q: Annotated[
        str,
        QueryParameter(max_length=10_000, description="Words to find in names, metadata and id."),
    ] = "",
    limit: Limit = 50,
    after: After = None,
) -> RecordingPage:
    """Recordings that are not deleted, the newest upload first. Follow `next` for more."""
    page = await find_recordings(services, text=q, limit=limit, after=after)
    return RecordingPage(await summarise(services, page.items), page.next)


@get("/{recording_id:str}", responses=_ONE, summary="One recording")
async def show_recording(services: TheServices, recording_id: Prefix) -> RecordingDetail:
    """A recording with its channels, the file's metadata records and the loss report."""
    return await detail(services, await get_recording(services, recording_id))


@get("/{recording_id:str}/original", responses=_ONE, status_code=302, summary="Download the original")
async def download_original(
    request: AnyRequest, services: TheServices, settings: TheSettings, recording_id: Prefix
) -> Redirect:
    """Redirects to a freshly signed link to the untouched log."""
    link = await original_link(services, await get_recording(services, recording_id))
    return _to(reachable(link, request, settings))


@get(
    "/{recording_id:str}/artifacts/{artifact_id:str}",
    responses=_ONE,
    status_code=302,
    summary="Download a derived file",
)
async def download_artifact(
    request: AnyRequest,
    services: TheServices,
    settings: TheSettings,
    recording_id: Prefix,
    artifact_id: Annotated[str, PathParameter(description="As in the recording's `artifacts`.")],
) -> Redirect:
    """Redirects to a freshly signed link to the file."""
    link = await artifact_link(services, await get_recording(services, recording_id), artifact_id)
    return _to(reachable(link, request, settings))


def _to(url: str) -> Redirect:
    return Redirect(url, status_code=302, headers={"Cache-Control": "no-store"})


ROUTER = Router(
    "/api/recordings",
    route_handlers=[list_recordings, show_recording, download_original, download_artifact],
    before_request=refuse_unknown_parameters,
    tags=["recordings"],
)

"""``/api/recordings``: find recordings, and get at their files."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.di import Provide
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect

from paddock.domain.fields import EVERY_TEAMS
from paddock.domain.roles import Permission
from paddock.usecases.find.recordings import artifact_file, get_recording, original_file
from paddock.usecases.find.search import LATEST_FIRST, search_recordings, sorts
from paddock.usecases.look.attachments import open_attachment
from paddock.web.find.search_parameters import SearchOperation, TheSearch, search_of
from paddock.web.kernel.downloads import download
from paddock.web.kernel.injected import After, AnyRequest, Limit, TeamFields, TheContext, TheSettings
from paddock.web.kernel.partial import Fields, Partial, only
from paddock.web.kernel.problems import responses
from paddock.web.kernel.ranged import Ranged
from paddock.web.recordings.answers import detail, summarise
from paddock.web.recordings.resources import RecordingDetail, RecordingPage, RecordingResource

Prefix = Annotated[
    str,
    PathParameter(
        description="The recording's id, or the first 6 or more digits of it.",
    ),
]
_ONE = responses(404, 409, 422)


@get(
    "/",
    needs=Permission.READ,
    responses=responses(422),
    summary="Find recordings",
    dependencies={"search": Provide(search_of, sync_to_thread=False)},
    operation_class=SearchOperation,
)
async def list_recordings(
    context: TheContext,
    search: TheSearch,
    team_fields: TeamFields,
    deleted: Annotated[bool, QueryParameter(description="Those that were deleted instead.")] = False,
    sort: Annotated[
        str,
        QueryParameter(
            max_length=60,
            description=f"By one of {', '.join(sorts(EVERY_TEAMS))}, a field that the team added, or `setup.` "
            "and a field of setup sheets; those without it last. `-`: the largest first.",
        ),
    ] = LATEST_FIRST,
    fields: Fields = "",
    limit: Limit = 50,
    after: After = None,
) -> RecordingPage | Partial:
    """Recordings for which everything that is given holds, the latest start first. Follow `next` for more."""
    search = msgspec.structs.replace(search, deleted=deleted)
    page = await search_recordings(context, search, order=sort, fields=team_fields, limit=limit, after=after)
    whole = RecordingPage(await summarise(context, page.items), page.next)
    return only(whole, fields, items=RecordingResource)


@get("/{recording_id:str}", needs=Permission.READ, responses=_ONE, summary="One recording")
async def show_recording(
    context: TheContext, recording_id: Prefix, fields: Fields = ""
) -> RecordingDetail | Partial:
    """A recording with its channels, the file's metadata records and attachments, and the loss report."""
    return only(await detail(context, await get_recording(context, recording_id)), fields)


@get(
    "/{recording_id:str}/original",
    needs=Permission.READ,
    responses=_ONE,
    status_code=302,
    summary="Download the original",
)
async def download_original(
    request: AnyRequest, context: TheContext, settings: TheSettings, recording_id: Prefix
) -> Redirect:
    """Redirects to a freshly signed link to the untouched log. HEAD answers its size and name."""
    file = await original_file(context, await get_recording(context, recording_id))
    return await download(request, context, settings, file)


@get(
    "/{recording_id:str}/artifacts/{artifact_id:str}",
    needs=Permission.READ,
    responses=_ONE,
    status_code=302,
    summary="Download a derived file",
)
async def download_artifact(
    request: AnyRequest,
    context: TheContext,
    settings: TheSettings,
    recording_id: Prefix,
    artifact_id: Annotated[str, PathParameter(description="As in the recording's `artifacts`.")],
) -> Redirect:
    """Redirects to a freshly signed link to the file."""
    file = await artifact_file(context, await get_recording(context, recording_id), artifact_id)
    return await download(request, context, settings, file)


@get(
    "/{recording_id:str}/attachments/{number:int}",
    needs=Permission.READ,
    responses=responses(404, 409, 416, 422),
    summary="Download a file from inside the log",
)
async def download_attachment(
    context: TheContext,
    recording_id: Prefix,
    number: Annotated[int, PathParameter(ge=0, description="As in the recording's `attachments`, from 0.")],
) -> Response[None]:
    """The file as a download, whatever it says that it is. Takes Range, If-Range and If-None-Match."""
    found = await open_attachment(context, await get_recording(context, recording_id), number)
    # Even a browser that shows it all the same gives it no script and no origin.
    sandbox = {"Content-Security-Policy": "sandbox"}
    return Ranged(found.info, found.read, file_name=found.file_name, more_headers=sandbox)


HANDLERS = (list_recordings, show_recording, download_original, download_artifact, download_attachment)

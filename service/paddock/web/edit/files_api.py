"""``/api/recordings/{id}/files``: misc files beside a recording."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from litestar import Router, delete, get, post
from litestar.exceptions import InternalServerException
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect

from paddock.domain.roles import Permission
from paddock.errors import Rejected
from paddock.usecases.edit.files import MAX_FILE_BYTES, add_file, attached_file, remove_file
from paddock.usecases.find.recordings import get_recording
from paddock.web.kernel.downloads import download
from paddock.web.kernel.injected import (
    AnyRequest,
    TheContext,
    ThePrincipal,
    TheSettings,
    refuse_unknown_parameters,
)
from paddock.web.kernel.problems import responses
from paddock.web.recordings.answers import file_resource
from paddock.web.recordings.api import Prefix
from paddock.web.recordings.resources import FileResource

FileId = Annotated[str, PathParameter(description="As in the recording's `files`.")]


@post(
    "/",
    needs=Permission.EDIT,
    status_code=201,
    request_max_body_size=MAX_FILE_BYTES,
    responses=responses(404, 409, 413, 422, 503),
    summary="Put a file beside a recording",
)
async def send_file(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    recording_id: Prefix,
    name: Annotated[str, QueryParameter(max_length=1_000, description="The file's name.", examples=[])],
) -> FileResource:
    """The body is the file's bytes as they are, of any kind, up to 100 MB."""
    recording = await get_recording(context, recording_id)
    return file_resource(recording, await add_file(context, principal, recording.id, name, body_of(request)))


@get(
    "/{file_id:str}",
    needs=Permission.READ,
    responses=responses(404, 409, 422),
    status_code=302,
    summary="Download a file",
)
async def download_file(
    request: AnyRequest, context: TheContext, settings: TheSettings, recording_id: Prefix, file_id: FileId
) -> Redirect:
    """Redirects to a freshly signed link, which downloads the file and never shows it as a page."""
    file = attached_file(await get_recording(context, recording_id), file_id)
    return await download(request, context, settings, file)


@delete("/{file_id:str}", needs=Permission.EDIT, responses=responses(404, 409, 422), summary="Remove a file")
async def delete_file(context: TheContext, principal: ThePrincipal, recording_id: Prefix, file_id: FileId) -> None:
    """Removes its bytes for good; the history keeps its name."""
    await remove_file(context, principal, recording_id, file_id)


async def body_of(request: AnyRequest) -> AsyncIterator[bytes]:
    """The bytes as they come."""
    try:
        async for piece in request.stream():
            yield piece
    except InternalServerException:
        # Litestar's word for a client that left.
        raise Rejected("The connection ended before the file was whole: send it again.", code="cut_off") from None


ROUTER = Router(
    "/api/recordings/{recording_id:str}/files",
    route_handlers=[send_file, download_file, delete_file],
    before_request=refuse_unknown_parameters,
    tags=["files"],
)

"""``/objects``: what the signed links of the directory adapter point to. With S3 there are no such routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from litestar import Response, Router, put, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, InternalServerException
from litestar.params import PathParameter

from paddock.adapters.directory import DirectoryObjects
from paddock.adapters.signed_links import GET_PATH, PUT_PATH
from paddock.errors import NotFound, Rejected
from paddock.usecases.context import Context
from paddock.web.kernel.injected import AnyRequest, TheContext
from paddock.web.kernel.permission import Anyone
from paddock.web.kernel.problems import responses
from paddock.web.kernel.ranged import Ranged
from paddock.web.viewers.addresses import allowed_origin, preflight

ShownName = Annotated[
    str, PathParameter(description="For people and viewers to see; the parameters say what is read.")
]


class PartReceipt(msgspec.Struct, frozen=True):
    """A part that has arrived whole."""

    number: int
    size_bytes: int
    etag: str


@route(
    f"{GET_PATH}/{{name:str}}",
    needs=Anyone.WITH_THE_LINK,
    http_method=[HttpMethod.GET, HttpMethod.OPTIONS],
    responses=responses(403, 404, 416),
    summary="Read an object through its link",
)
async def read_object(context: TheContext, request: AnyRequest, name: ShownName) -> Response[None]:
    """The object as a download. Takes Range, If-Range, If-None-Match and If-Modified-Since.

    Foxglove and Lichtblick may read it from their own pages (CORS).
    """
    if request.method == HttpMethod.OPTIONS:
        return Response(None, status_code=204, headers=preflight(request.headers))
    objects = _directory(context)
    grant = objects.links.verify_get(request.url.query)
    info = await objects.stat(grant.key)
    if info is None:
        raise NotFound("The file behind this link was removed: reload the recording's page.", code="no_such_object")
    return Ranged(
        info,
        lambda start, end: objects.read(grant.key, start, end),
        file_name=grant.file_name,
        more_headers=allowed_origin(request.headers),
    )


@put(
    PUT_PATH,
    needs=Anyone.WITH_THE_LINK,
    request_max_body_size=None,
    responses=responses(400, 403, 404, 411, 422, 503),
    summary="Send one part of an upload through its link",
)
async def write_part(context: TheContext, request: AnyRequest) -> PartReceipt:
    """The body is exactly the part's bytes; it is written while it arrives, and what came of it is kept."""
    objects = _directory(context)
    grant = objects.links.verify_put(request.url.query)
    if request.content_length is None:
        raise HTTPException("Send the part with its Content-Length.", status_code=411)
    if request.content_length != grant.size_bytes:
        raise Rejected(
            f"The part has {grant.size_bytes} bytes, the request {request.content_length}: "
            "announce the file again.",
            code="wrong_size",
        )
    part = await objects.write_part(
        grant.store_upload, grant.number, _body(request), grant.size_bytes, grant.skip_bytes
    )
    return PartReceipt(part.number, part.size_bytes, part.etag)


def _directory(context: Context) -> DirectoryObjects:
    assert isinstance(context.objects, DirectoryObjects)  # else ``create_app`` has no such routes
    return context.objects


async def _body(request: AnyRequest) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except InternalServerException:
        # Litestar's word for a client that left. Beside a track that is no fault of the service.
        raise Rejected("The connection ended before the part was whole: send it again.", code="cut_off") from None


LINKS = Router("/", route_handlers=[read_object, write_part], tags=["objects"])
"""No ``ROUTER``: served only where the objects lie in a directory of ours."""

"""Answers with an ETag: asking again with If-None-Match costs 304 and no body."""

from __future__ import annotations

import hashlib
from typing import Any

from litestar import Request, Response
from litestar.response import Template
from litestar.response.base import ASGIResponse

from paddock.web.kernel.ranges import matches


def conditional(
    response: ASGIResponse, request: Request[Any, Any, Any], version: int | None = None
) -> ASGIResponse:
    """The response with its ETag, or 304 when the client has it.

    Args:
        version: of what is answered; with it the tag is what a change of it may have as If-Match.
    """
    if response.status_code != 200 or request.method != "GET":
        return response
    if response.headers.get("cache-control") == "no-store":
        return response  # what lets somebody in is in it
    digest = hashlib.sha256(response.body).hexdigest()[:32]
    etag = f'"{digest}"' if version is None else f'"{version}-{digest}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if matches(request.headers.get("if-none-match", ""), etag):
        return ASGIResponse(body=b"", status_code=304, headers=headers)
    for name, value in headers.items():
        response.headers[name] = value
    return response


class Conditional(Response[Any]):
    """JSON with an ETag."""

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **kwargs: Any) -> ASGIResponse:
        """Render, then compare with what the client has."""
        version = getattr(self.content, "version", None)
        return conditional(super().to_asgi_response(app, request, **kwargs), request, version)


class Page(Template):
    """An HTML page with an ETag, so that a page that refreshes itself costs nothing while nothing changes."""

    def __init__(self, template_name: str, **context: object) -> None:
        super().__init__(template_name, context=context, media_type="text/html")

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **kwargs: Any) -> ASGIResponse:
        """Render, then compare with what the browser has."""
        return conditional(super().to_asgi_response(app, request, **kwargs), request)

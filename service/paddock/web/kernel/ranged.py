"""One object over HTTP, with what Litestar's ``File`` lacks: Range, If-Range and If-None-Match (RFC 9110)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import formatdate
from typing import Any

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

from paddock.domain.instants import NS_PER_S
from paddock.domain.names import content_disposition
from paddock.ports.objects import ObjectInfo
from paddock.web.kernel.ranges import Span, has_it, range_applies, requested_span

Read = Callable[[int, int], AsyncIterator[bytes]]
"""The bytes from a start up to but not including an end."""


class Ranged(Response[None]):
    """An object as a download: whole, or one range of it; streamed in pieces."""

    def __init__(
        self, info: ObjectInfo, read: Read, *, file_name: str, more_headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(None)
        self.more_headers = more_headers or {}
        self.info = info
        self.read = read
        self.file_name = file_name

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:
        """Decide between 200, 206, 304 and 416."""
        size_bytes = self.info.size_bytes
        etag = f'"{self.info.etag}"'
        modified = formatdate(self.info.modified_at // NS_PER_S, usegmt=True)
        headers = {
            "ETag": etag,
            "Last-Modified": modified,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "Content-Disposition": content_disposition(self.file_name),
            **self.more_headers,
        }
        if has_it(request.headers, etag, modified):
            return ASGIResponse(status_code=304, headers=headers)
        span = None
        if range_applies(request.headers.get("if-range"), etag, modified):
            span = requested_span(request.headers.get("range"), size_bytes)
        if span is not None and span.start == span.end:
            headers["Content-Range"] = f"bytes */{size_bytes}"
            return ASGIResponse(status_code=416, headers=headers, media_type="application/octet-stream")
        if span is not None:
            headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size_bytes}"
        return _Streamed(self.read, span or Span(0, size_bytes), headers, 200 if span is None else 206)


class _Streamed(ASGIResponse):
    """Sends what ``read`` yields; a client that leaves ends the reading."""

    def __init__(self, read: Read, span: Span, headers: dict[str, str], status_code: int) -> None:
        headers["Content-Length"] = str(span.end - span.start)
        super().__init__(status_code=status_code, headers=headers, media_type="application/octet-stream")
        self._read = read
        self._span = span

    async def send_body(self, send: Send, receive: Receive) -> None:
        """The span, piece by piece: ``send`` waits for a slow client, but does not tell that one left."""
        gone = asyncio.create_task(_disconnected(receive))
        try:
            async for piece in self._read(self._span.start, self._span.end):
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

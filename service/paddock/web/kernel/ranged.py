"""One object over HTTP, with what Litestar's ``File`` lacks: Range, If-Range and If-None-Match (RFC 9110)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, NamedTuple

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

from paddock.domain.instants import NS_PER_S
from paddock.domain.names import content_disposition
from paddock.ports.objects import ObjectInfo
from paddock.web.kernel.conditional import matches

Read = Callable[[int, int], AsyncIterator[bytes]]
"""The bytes from a start up to but not including an end."""

_SINGLE_RANGE = re.compile(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE | re.ASCII)
_LONGEST_NUMBER = 18
"""Digits; no object is that large."""


class Span(NamedTuple):
    """Bytes from ``start`` up to but not including ``end``."""

    start: int
    end: int


def requested_span(header: str | None, size_bytes: int) -> Span | None:
    """What a Range header asks for: None for the whole object, an empty span when nothing can satisfy it.

    Several ranges, other units and nonsense are answered with the whole object, as RFC 9110 allows.
    """
    match = _SINGLE_RANGE.fullmatch((header or "").strip())
    if match is None or not any(match.groups()):
        return None
    first, last = (_number(digits) if digits else None for digits in match.groups())
    if first is None:
        first, last = size_bytes - min(last or 0, size_bytes), None
    if last is not None and last < first:
        return None
    end = size_bytes if last is None else min(last + 1, size_bytes)
    return Span(first, end) if first < end else Span(0, 0)


def _number(digits: str) -> int:
    """A number of any length; one beyond every object need not be parsed."""
    significant = digits.lstrip("0")
    return int(significant or 0) if len(significant) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER


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
        if _has_it(request, etag, modified):
            return ASGIResponse(status_code=304, headers=headers)
        span = None
        if _range_applies(request.headers.get("if-range"), etag, modified):
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


def _has_it(request: Request[Any, Any, Any], etag: str, modified: str) -> bool:
    if_none_match = request.headers.get("if-none-match")
    if if_none_match is not None:
        return matches(if_none_match, etag)
    since = _timestamp(request.headers.get("if-modified-since", ""))
    return since is not None and (_timestamp(modified) or 0) <= since


def _range_applies(if_range: str | None, etag: str, modified: str) -> bool:
    """A range of something that changed meanwhile would be a wrong piece: then the whole object is sent."""
    return if_range is None or if_range.strip() in (etag, modified)


def _timestamp(http_date: str) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

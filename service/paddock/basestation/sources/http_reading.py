"""One log over HTTP: ranges where the server has them, and every answer held against what was seen."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import structlog

from paddock.basestation.sources.http_listing import http_date_ns
from paddock.basestation.sources.http_requests import Requests
from paddock.basestation.sources.lanes import Put, Span
from paddock.basestation.sources.source import SeenFile
from paddock.domain.instants import NS_PER_S
from paddock.errors import Conflict, Rejected, Unavailable

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_JUDGED_S = 30
_LEAST_BYTES = 4096
"""A server that sends fewer bytes in that time counts as away."""
_SAME_TIME_S = 1
"""HTTP tells times to the second."""
_log = structlog.get_logger()


@dataclass
class Served:
    """What is known of how a server serves."""

    has_ranges: bool | None = None


@dataclass
class Reading:
    """One read of one log, by as many lanes as it has."""

    requests: Requests
    served: Served
    url: str
    seen: SeenFile
    etag: str | None
    """The tag of the bytes that are read; None until the server has said it."""
    answers: int = 0
    began: float = field(default_factory=time.monotonic)

    def headers(self, span: Span) -> dict[str, str]:
        """Those of the request for a span."""
        if span.at == 0 and span.end >= self.seen.size_bytes:
            return {}
        wanted = {"Range": f"bytes={span.at}-{span.end - 1}"}
        if self.etag is not None and not self.etag.startswith("W/"):
            wanted["If-Range"] = self.etag
        return wanted

    def compare(self, response: httpx.Response, size_bytes: int | None) -> None:
        """Hold an answer against what was seen.

        Raises:
            Conflict: it is another content.
        """
        modified_ns = http_date_ns(response.headers.get("last-modified"))
        etag = response.headers.get("etag")
        if size_bytes is not None and size_bytes != self.seen.size_bytes:
            raise self._changed()
        if modified_ns is not None and modified_ns != max(0, self.seen.modified_ns) // NS_PER_S * NS_PER_S:
            raise self._changed()
        if etag is not None and self.etag is not None and etag != self.etag:
            raise self._changed()
        self.etag = self.etag or etag
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Rejected(
                f"{self.seen.name} is packed on its way, so nobody knows which bytes the log has: switch "
                "compression off in the server, at least for logs.",
                code="packed",
            )

    def skipped(self, response: httpx.Response, span: Span) -> int:
        """How many bytes of an answer come before those of the span."""
        if response.status_code == 206:
            stated = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
            if stated is None or int(stated[1]) != span.at:
                raise Unavailable(f"{self.seen.name}: the server sends other bytes than were asked for.")
            self.compare(response, None if stated[3] == "*" else int(stated[3]))
            self.served.has_ranges = True
            return 0
        if response.status_code != 200:
            raise self.requests.refused(response, self.seen.name)
        self.compare(response, content_length(response))
        if "range" in response.request.headers:
            if self.served.has_ranges is not False:
                _log.warning("no_ranges", url=self.url, meaning="a log that was cut is read from its start again")
            self.served.has_ranges = False
        elif self.served.has_ranges is None and response.headers.get("accept-ranges") == "bytes":
            self.served.has_ranges = True
        return span.at

    def _changed(self) -> Conflict:
        return Conflict(f"{self.seen.name} is being written.", code="changed")


class HttpLane:
    """Asks for spans, one after the other."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def fetch(self, span: Span, put: Put) -> None:
        """Put the bytes of a span, of which an answer may give fewer than were asked for."""
        while span.at < span.end:
            before = span.at
            await self._ask(span, put)
            if span.at == before:
                return

    async def _ask(self, span: Span, put: Put) -> None:
        reading = self._reading
        async with reading.requests.send("GET", reading.url, reading.headers(span)) as response:
            skip = reading.skipped(response, span)
            reading.answers += 1
            pieces = aiter(response.aiter_raw())
            waited, came, total = 0.0, 0, 0
            while span.at < span.end:
                began = time.monotonic()
                piece = await anext(pieces, None)
                if piece is None:
                    return
                waited += time.monotonic() - began
                came += len(piece)
                total += len(piece)
                if waited > _JUDGED_S:
                    if came < _LEAST_BYTES:
                        raise Unavailable(f"{reading.seen.name} comes too slowly to be read.", code="away")
                    waited, came = 0.0, 0
                if len(piece) > skip:
                    await put(span, piece[skip:])
                skip = max(0, skip - len(piece))
            if total == content_length(response):
                await anext(pieces, None)  # its end, without which the connection would not serve another request

    async def check(self) -> None:
        """Ask whether it is still what was seen, unless the only answer began with that just now."""
        reading = self._reading
        if reading.answers == 1 and time.monotonic() - reading.began < _SAME_TIME_S:
            return
        async with about(reading.requests, reading.url, reading.seen.name) as response:
            reading.compare(response, whole_size(response))

    async def close(self) -> None:
        """Its connection goes on with the next log."""


@contextlib.asynccontextmanager
async def about(requests: Requests, url: str, name: str) -> AsyncIterator[httpx.Response]:
    """An answer about a log without its bytes.

    Raises:
        NotFound: there is none.
    """
    async with requests.send("HEAD", url) as response:
        if response.status_code == 200:
            yield response
            return
        if response.status_code not in (405, 501):
            raise requests.refused(response, name)
    async with requests.send("GET", url, {"Range": "bytes=0-0"}) as response:
        if response.status_code not in (200, 206, 416):
            raise requests.refused(response, name)
        yield response


def whole_size(response: httpx.Response) -> int | None:
    """How large the log is of which an answer speaks."""
    stated = response.headers.get("content-range", "").rpartition("/")[2]
    if stated.isascii() and stated.isdecimal():
        return int(stated)
    return content_length(response)


def content_length(response: httpx.Response) -> int | None:
    """What the header says; None without."""
    stated = response.headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) <= 18 else None

"""Requests to a car's HTTP server, whose answers may be anything: bounded, never redirected elsewhere, in words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from urllib.parse import urljoin, urlsplit

import httpx

from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable

AT_ONCE = 16
"""Connections to one car, those of large logs besides."""
_CONNECT_S = 10
_SILENCE_S = 15
"""A car that says nothing for this long is gone."""
_PAGE_S = 60
"""A list that takes longer is no list, whatever its server does."""
_MAX_PAGE_BYTES = 32 * 1024 * 1024
_MAX_REDIRECTS = 5


class Requests:
    """A client of one server."""

    def __init__(self, base: str) -> None:
        self._host = urlsplit(base).netloc.rpartition("@")[2]
        self._client = httpx.AsyncClient(
            # What is stored is what is hashed: nothing is to be packed on the way.
            headers={"Accept-Encoding": "identity", "User-Agent": "paddock-offload"},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=AT_ONCE),
            # A car is in this network, whatever proxy others are reached by.
            trust_env=False,
        )

    @contextlib.asynccontextmanager
    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        content: bytes | None = None,
        patience_s: float = _SILENCE_S,
    ) -> AsyncIterator[httpx.Response]:
        """The answer, its body not read yet.

        Raises:
            Unavailable: the server is away, or was lost while its answer was read.
            Rejected: it sends us elsewhere (code ``redirected``).
        """
        timeout = httpx.Timeout(patience_s, connect=_CONNECT_S, pool=None)
        with self._failures():
            for _ in range(_MAX_REDIRECTS):
                asked = self._client.stream(method, url, headers=headers, content=content, timeout=timeout)
                async with asked as response:
                    target = response.headers.get("location")
                    if response.status_code not in (301, 302, 303, 307, 308) or target is None:
                        yield response
                        return
                following = urljoin(url, target)
                there, here = urlsplit(following), urlsplit(url)
                if there.hostname != here.hostname or (here.scheme, there.scheme) == ("https", "http"):
                    raise Rejected(
                        f"{self._host} sends us on to {following[:100]}, which is not the place that you "
                        "named. Name the one where the logs are.",
                        code="redirected",
                    )
                url = following
        raise Rejected(f"{self._host} sends us round in circles at {url}.", code="redirected")

    async def page(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        content: bytes | None = None,
        patience_s: float = _SILENCE_S,
    ) -> tuple[httpx.Response, bytes]:
        """An answer with its whole body, which is no log.

        Args:
            patience_s: how long the server may be silent.

        Raises:
            Unavailable: it is longer than any list, or takes longer.
        """
        body = bytearray()
        sent = self.send(method, url, headers, content=content, patience_s=patience_s)
        try:
            async with asyncio.timeout(max(_PAGE_S, patience_s)), sent as response:
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > _MAX_PAGE_BYTES:
                        raise Unavailable(f"{url} is longer than any list of logs.", code="no_listing")
        except TimeoutError:
            raise Unavailable(f"{url} takes too long to answer.", code="away") from None
        return response, bytes(body)

    def refused(self, response: httpx.Response, name: str) -> PaddockError:
        """Why there is nothing in an answer."""
        status = response.status_code
        if status in (404, 410):
            return NotFound(f"{name} is not on {self._host} any more.", code="gone")
        if status in (409, 412, 416):
            return Conflict(f"{name} is being written.", code="changed")
        if status in (401, 403):
            return Unavailable(f"{name} cannot be read: {self._host} does not permit it.", code="not_read")
        return Unavailable(f"{name} cannot be read: {self._host} answers {status}.", code="not_read")

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """What httpx raises, in words."""
        try:
            yield
        except httpx.ConnectTimeout as error:
            raise Unavailable(f"{self._host} does not answer.", code="away") from error
        except httpx.ConnectError as error:
            raise Unavailable(f"{self._host} cannot be reached: {error}.", code="away") from error
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self._host} does not say anything any more.", code="away") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise Unavailable(f"The connection to {self._host} is lost: {error}.", code="away") from error

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

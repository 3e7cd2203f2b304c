"""Requests to a running Paddock: tried again while it does not answer, and its problems as our errors."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable
from paddock.formats.output import full_suffix, new_file, target_of
from paddock.settings import token_for

PIECE_BYTES = 1024 * 1024
SEND_BUFFER_BYTES = 256 * 1024
"""The kernel holds no more of a body: all of it would count as sent, and is lost when the line is cut."""
_ARROW = "application/vnd.apache.arrow"
TRIES = 4
FIRST_PAUSE_S = 0.5


def pause(failures: int) -> None:
    """Wait before the next try: longer after each failure."""
    time.sleep(FIRST_PAUSE_S * 2**failures)


class Connection:
    """The service at ``url``.

    Args:
        url: like ``http://127.0.0.1:8080``; ``127.0.0.1:8080`` means the same.
        timeout_s: how long one request may take to answer; a connection comes about in a third of it, or does not.
        token: sent with each request to the service itself; None for what ``PADDOCK_TOKEN`` says.

    Raises:
        Rejected: the token cannot be sent, or the file that has it cannot be read.
    """

    def __init__(self, url: str, timeout_s: float, token: str | None = None) -> None:
        self.url = (url if "://" in url else f"http://{url}").rstrip("/")
        token = token_for(self.url) if token is None else token
        self._http = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(timeout_s, connect=timeout_s / 3),
            follow_redirects=True,
            auth=_ToItself(self.url, token) if token else None,
        )

    def close(self) -> None:
        """Give back the sockets."""
        self._http.close()

    def call(
        self,
        method: str,
        url: str,
        *,
        content: Callable[[], Iterator[bytes]] | None = None,
        tries: int = TRIES,
        **options: Any,
    ) -> Any:
        """The JSON that a request answers, or its text; of an Arrow stream its bytes.

        Args:
            method: of HTTP.
            url: a path of the service, or a link that it gave.
            content: makes the body anew for each try.
            tries: how often it is sent while nothing answers; 1 where twice would be done twice.
            options: those of ``httpx.Client.request``.

        Raises:
            PaddockError: what the service says is wrong, or that it does not answer.
        """
        for attempt in range(tries):
            try:
                response = self._http.request(
                    method,
                    url,
                    content=content() if content else None,
                    extensions={"trace": _with_small_buffer},
                    **options,
                )
            except httpx.RequestError as error:
                # Also answers that cannot be unpacked, and pages to log in that send us round in circles.
                failure: PaddockError = Unavailable(
                    f"{self.url} does not answer ({error}): is `paddock up` running?", code="no_service"
                )
            else:
                media_type = response.headers.get("content-type", "")
                if response.is_success and not media_type.startswith("text/html"):
                    if media_type.startswith(_ARROW):
                        return response.content
                    if not media_type.startswith("application/json"):
                        return response.text
                    with contextlib.suppress(ValueError, RecursionError):
                        return response.json()
                failure = no_paddock(self.url) if response.is_success else error_of(response)
            if failure.permanent or failure.code == "disk_full" or attempt == tries - 1:
                raise failure
            pause(attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def items(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """What a list has, from all of its pages; a page is asked for when it is come to."""
        after: dict[str, str] = {}
        while True:
            page = self.call("GET", path, params={**(query or {}), **after})
            yield from page["items"]
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def pieces(self, url: str, offset: int, size_bytes: int) -> Iterator[bytes]:
        """The bytes of a file behind a ``url`` of the service, from ``offset``.

        Raises:
            PaddockError: what the service says is wrong.
            Unavailable: it does not answer, or the answer ended early.
        """
        if not size_bytes:
            return
        wanted = {"Range": f"bytes={offset}-{offset + size_bytes - 1}", "Accept-Encoding": "identity"}
        left = size_bytes
        try:
            with self._http.stream("GET", url, headers=wanted) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
                # Who knows no ranges sends all of it.
                skipped = 0 if response.status_code == httpx.codes.PARTIAL_CONTENT else offset
                for piece in response.iter_bytes(PIECE_BYTES):
                    taken = piece[skipped : skipped + left]
                    skipped = max(0, skipped - len(piece))
                    left -= len(taken)
                    if taken:
                        yield taken
        except httpx.TransportError as error:
            raise Unavailable(f"{self.url} does not answer ({error}).", code="no_service") from error
        if left:
            raise Unavailable(f"{self.url} ended its answer early.", code="no_service")

    def download(self, url: str, target: Path | str, *, overwrite: bool = False, typed: bool = True) -> Path:
        """Save what is behind a ``url`` that the service gave; where it is.

        Args:
            url: of the file.
            target: a file, or a folder, in which it gets the service's name for it.
            overwrite: whether a file that is there may go; it makes this one ``name (2)`` otherwise.
            typed: whether the ending of its name must stay; what people attach may be called anything.
        """
        try:
            with self._http.stream("GET", url) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
                name = _file_name(response)
                place = target_of(target, name)
                suffixes = (full_suffix(name),) if typed else ()
                with (
                    new_file(place, suffixes, replace=overwrite) as new,
                    new.aside.open("wb") as file,
                ):
                    for piece in response.iter_bytes(PIECE_BYTES):
                        file.write(piece)
                return new.target
        except httpx.TransportError as error:
            raise Unavailable(f"The download broke off ({error}): try again.", code="no_service") from error


class _ToItself(httpx.Auth):
    """Sends the token to the service, and not to the bucket that its links may lead to."""

    def __init__(self, url: str, token: str) -> None:
        if not (token.isascii() and token.isprintable()):
            raise Rejected("The token has characters that none has: copy it again, whole.", code="bad_token")
        self._there = _origin(httpx.URL(url))
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        # What a device sends has its own.
        if _origin(request.url) == self._there and "Authorization" not in request.headers:
            request.headers["Authorization"] = self._header
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _with_small_buffer(event: str, info: Mapping[str, Any]) -> None:
    """Told by httpcore what happens to a connection."""
    if event == "connection.connect_tcp.complete":
        opened = info["return_value"].get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _file_name(response: httpx.Response) -> str:
    """The name that the store gives the file, without anything that could leave the folder."""
    header = response.headers.get("content-disposition", "")
    encoded = re.search(r"filename\*=UTF-8''([^;]+)", header)
    plain = re.search(r'filename="([^"]+)"', header)
    name = unquote(encoded[1]) if encoded else plain[1] if plain else ""
    return Path(name).name or "download"


def no_paddock(url: str) -> PaddockError:
    """A page came where a service should have answered, as from a venue's Wi-Fi before anybody has logged in."""
    return Unavailable(
        f"{url} answers with a web page, not as Paddock does: log in to the Wi-Fi, or mend the address.",
        code="no_service",
    )


_BY_STATUS: dict[int, type[PaddockError]] = {404: NotFound, 409: Conflict}
_FROM_BETWEEN = (401, 403, 407, 408, 429)


def error_of(response: httpx.Response) -> PaddockError:
    """The problem that the service answered, as the error it was there."""
    try:
        problem = response.json()
    except (ValueError, RecursionError):
        problem = None
    # What is between may answer any JSON.
    problem = problem if isinstance(problem, dict) else {}
    default = Unavailable if response.status_code >= 500 else Rejected
    kind = _BY_STATUS.get(response.status_code, default)
    if not problem and response.status_code in _FROM_BETWEEN:
        # A proxy on the way or the store said it, not Paddock of what was sent.
        kind = Unavailable
    message, code = problem.get("detail"), problem.get("code")
    if not message or not isinstance(message, str):
        message = f"The service answered {response.status_code}."
    return kind(message, code=code if isinstance(code, str) else None)

"""A running Paddock, from Python: what ``paddock upload`` uses."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable

PARALLEL_PARTS = 3
PIECE_BYTES = 1024 * 1024
TRIES = 4

Progress = Callable[[int], None]
"""Told how many more bytes are through."""


class Client:
    """Talks to the service at ``url``. Use it as a context manager.

    Args:
        url: like ``http://127.0.0.1:8080``.
        timeout_s: how long one request may take to answer.
    """

    def __init__(self, url: str = "http://127.0.0.1:8080", *, timeout_s: float = 60) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=timeout_s, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def upload(
        self,
        path: Path,
        *,
        metadata: Mapping[str, str] | None = None,
        hashed: Progress = lambda _: None,
        sent: Progress = lambda _: None,
    ) -> dict[str, Any]:
        """Send one log and return its recording; bytes that the service has already are not sent again.

        Raises:
            Rejected: the service refuses the file; the message says why.
            Unavailable: the service does not answer.
        """
        size_bytes = path.stat().st_size
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                hashed(len(piece))
        announcement = {
            "sha256": digest.hexdigest(),
            "size_bytes": size_bytes,
            "name": path.name,
            "metadata": dict(metadata or {}),
        }
        for attempt in range(TRIES):
            plan = self._call("POST", "/api/uploads", json=announcement)
            if plan["recording"] is not None:
                sent(size_bytes)
                return dict(plan["recording"])
            with ThreadPoolExecutor(PARALLEL_PARTS) as pool:
                list(pool.map(lambda part: self._send_part(path, part, sent), plan["parts"]))
            try:
                return dict(self._call("POST", f"/api/uploads/{plan['upload']}/complete"))
            except Conflict:
                # A part is missing after all: announce again to learn which.
                if attempt == TRIES - 1:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def recordings(self, text: str = "") -> Iterator[dict[str, Any]]:
        """Every recording, the newest upload first."""
        after = None
        while True:
            page = self._call("GET", "/api/recordings", params={"q": text, **({"after": after} if after else {})})
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def recording(self, recording_id: str) -> dict[str, Any]:
        """One recording, by its id or an unambiguous beginning of it."""
        return dict(self._call("GET", f"/api/recordings/{recording_id}"))

    def _send_part(self, path: Path, part: Mapping[str, Any], sent: Progress) -> None:
        def pieces() -> Iterator[bytes]:
            left = part["size_bytes"]
            with path.open("rb") as file:
                file.seek(part["offset"])
                while left and (piece := file.read(min(left, PIECE_BYTES))):
                    left -= len(piece)
                    yield piece

        self._call(
            "PUT",
            part["url"],
            content=pieces,
            headers={"Content-Length": str(part["size_bytes"])},
        )
        sent(part["size_bytes"])

    def _call(
        self,
        method: str,
        url: str,
        *,
        content: Callable[[], Iterator[bytes]] | None = None,
        **options: Any,
    ) -> Any:
        """One request, tried again while the service does not answer or says that it cannot now."""
        for attempt in range(TRIES):
            try:
                response = self._http.request(method, url, content=content() if content else None, **options)
            except httpx.TransportError as error:
                failure: PaddockError = Unavailable(
                    f"{self.url} does not answer ({error}): is `paddock up` running?", code="no_service"
                )
            else:
                if response.is_success:
                    is_json = response.headers.get("content-type", "").startswith("application/json")
                    return response.json() if is_json else None
                failure = _error_of(response)
            if failure.permanent or failure.code == "disk_full" or attempt == TRIES - 1:
                raise failure
            time.sleep(0.5 * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")


_BY_STATUS: dict[int, type[PaddockError]] = {404: NotFound, 409: Conflict}


def _error_of(response: httpx.Response) -> PaddockError:
    """The problem that the service answered, as the error it was there."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    default = Unavailable if response.status_code >= 500 else Rejected
    kind = _BY_STATUS.get(response.status_code, default)
    message = problem.get("detail") or f"The service answered {response.status_code}."
    return kind(message, code=problem.get("code"))

"""A running Paddock, from Python: what ``paddock upload`` uses."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import httpx
import msgspec

from paddock.domain.export import ExportRequest
from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable

PARALLEL_PARTS = 3
PIECE_BYTES = 1024 * 1024
TRIES = 4
POLL_S = 0.3

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
                return dict(self._call("POST", f"/api/uploads/{plan['id']}/complete")["recording"])
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

    def export(self, recording_id: str, request: ExportRequest) -> PendingExport:
        """Ask for one file of a recording; asking twice for the same makes it once."""
        path = f"/api/recordings/{recording_id}/exports"
        asked = self._call("POST", path, json=msgspec.to_builtins(request))
        return PendingExport(self, f"{path}/{asked['id']}", asked)

    def download(self, url: str, target: Path) -> Path:
        """Save what is behind a ``url`` that the service gave; into a folder under the service's name for it."""
        with self._http.stream("GET", url) as response:
            if not response.is_success:
                response.read()
                raise _error_of(response)
            if target.is_dir():
                target /= _file_name(response)
            aside = target.with_name(f".{target.name}.part")
            try:
                with aside.open("wb") as file:
                    for piece in response.iter_bytes(PIECE_BYTES):
                        file.write(piece)
                return aside.replace(target)
            finally:
                aside.unlink(missing_ok=True)

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


class PendingExport:
    """An export on its way: ``client.export(…).wait()``, then ``save``."""

    def __init__(self, client: Client, path: str, answer: dict[str, Any]) -> None:
        self._client = client
        self._path = path
        self._answer = answer

    def wait(self, progress: Callable[[float], None] = lambda _: None) -> dict[str, Any]:
        """Return the artifact when it is there.

        Raises:
            Rejected: it cannot be made; the message says why.
        """
        while self._answer["artifact"] is None:
            if self._answer["state"] == "dead":
                raise Rejected(self._answer["error"]["message"], code=self._answer["error"]["code"])
            progress(self._answer["progress"])
            time.sleep(POLL_S)
            self._answer = self._client._call("GET", self._path)
        progress(1.0)
        return dict(self._answer["artifact"])

    def save(self, target: Path) -> Path:
        """Download the artifact, once it is there, to a file or into a folder; where it is."""
        return self._client.download(self.wait()["url"], target)


def _file_name(response: httpx.Response) -> str:
    """The name that the store gives the file, without anything that could leave the folder."""
    header = response.headers.get("content-disposition", "")
    encoded = re.search(r"filename\*=UTF-8''([^;]+)", header)
    plain = re.search(r'filename="([^"]+)"', header)
    name = unquote(encoded[1]) if encoded else plain[1] if plain else ""
    return Path(name).name or "download"


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

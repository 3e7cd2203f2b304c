"""The logs of a plain file server, by the lists of its folders."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

import httpx
import msgspec

from paddock.basestation.sources.http_listing import Entry, entries_of, http_date_ns
from paddock.basestation.sources.http_reading import about, whole_size
from paddock.basestation.sources.http_requests import AT_ONCE, Requests
from paddock.basestation.sources.source import SeenFile
from paddock.domain.instants import NS_PER_S
from paddock.domain.log_kinds import is_log_name
from paddock.domain.sidecar import MAX_BYTES, SUFFIX, Sidecar, parse_sidecar
from paddock.errors import Conflict, NotFound, Rejected, Unavailable

MAX_DEPTH = 20
MAX_FOLDERS = 5_000
MAX_ENTRIES = 200_000
"""In all; a place that has more is a whole disk, or makes them up."""
_ROW_IS_SURE_NS = 120 * NS_PER_S
"""Pages tell times to the minute."""


@dataclass(frozen=True)
class _Known:
    """A log as it was asked for, and what its row said then."""

    row: bytes
    seen: SeenFile
    etag: str | None


class HttpFolder:
    """What is below a URL; remembers what it was told, so that a look asks again only for what may have changed."""

    def __init__(self, requests: Requests, url: str) -> None:
        self._requests = requests
        self._url = url
        self._known: dict[bytes, _Known] = {}
        self._sidecars: dict[bytes, tuple[bytes, Sidecar]] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def url_of(self, name: str) -> str:
        """Where the bytes of a log are."""
        return self._url + quote_from_bytes(os.fsencode(name))

    def etag_of(self, seen: SeenFile) -> str | None:
        """What the server said when it was asked for the log."""
        known = self._known.get(os.fsencode(seen.name))
        return known.etag if known is not None and known.seen == seen else None

    async def look(self) -> list[SeenFile]:
        """Every log below; a folder or log that cannot be read is among them, with its trouble."""
        logs: dict[bytes, Entry] = {}
        sidecars: dict[bytes, Entry] = {}
        found: dict[bytes, SeenFile] = {}
        folders, count = [b""], 0
        for _ in range(MAX_DEPTH):
            deeper: list[bytes] = []
            for folder, entries in zip(folders, await self._lists(folders), strict=True):
                if isinstance(entries, str):
                    found[folder] = _trouble(folder, entries)
                    continue
                count += len(entries)
                for entry in entries:
                    path = folder + entry.name
                    if entry.is_folder:
                        deeper.append(path + b"/")
                    elif is_log_name(os.fsdecode(entry.name)):
                        logs[path] = entry
                    elif entry.name.endswith(SUFFIX.encode()):
                        sidecars[path] = entry
            folders = deeper
            if count > MAX_ENTRIES or len(folders) > MAX_FOLDERS:
                raise Rejected(
                    f"{self._url} shows more than {MAX_ENTRIES:,} files: name the folder that has the logs.",
                    code="too_many_files",
                )
            if not folders:
                break
        for folder in folders:
            found[folder] = _trouble(folder, "It lies too deep, and nobody has looked into it.")
        seen = await asyncio.gather(
            *(self._seen(path, entry, sidecars.get(path + SUFFIX.encode())) for path, entry in logs.items())
        )
        found |= {os.fsencode(each.name): each for each in seen if each is not None}
        return [found[path] for path in sorted(found)]

    async def _lists(self, folders: list[bytes]) -> list[list[Entry] | str]:
        return await asyncio.gather(*(self._list(folder) for folder in folders))

    async def _list(self, folder: bytes) -> list[Entry] | str:
        """What a folder shows, or why it shows nothing; the top one always shows something."""
        url = self._url + quote_from_bytes(folder)
        try:
            async with self._at_once:
                response, body = await self._requests.page(url)
            if response.status_code != 200:
                raise self._requests.refused(response, os.fsdecode(folder) or "The list of logs")
            return await asyncio.to_thread(entries_of, response.headers.get("content-type", ""), body, url)
        except NotFound:
            if folder:
                return []  # removed since
            raise Unavailable(f"There is no {url}.", code="away") from None
        except Unavailable as error:
            if folder and error.code != "away":
                return error.message
            raise

    async def _seen(self, path: bytes, entry: Entry, sidecar: Entry | None) -> SeenFile | None:
        name = os.fsdecode(path)
        try:
            async with self._at_once:
                said = await self._sidecar(path, sidecar)
                seen = await self._asked(path, entry)
        except (NotFound, Conflict):
            return None  # removed since
        except Unavailable as error:
            if error.code == "away":
                raise
            return SeenFile(name, 0, 0, trouble=error.message)
        return msgspec.structs.replace(seen, metadata=said.metadata, clock_offset_ns=said.clock_offset_ns)

    async def _asked(self, path: bytes, entry: Entry) -> SeenFile:
        name = os.fsdecode(path)
        if entry.size_bytes is not None:
            return SeenFile(name, entry.size_bytes, entry.modified_ns or 0)
        known = self._known.get(path)
        if known is not None and known.row == entry.row:
            return known.seen
        self._known.pop(path, None)
        async with about(self._requests, self.url_of(name), name) as response:
            size_bytes = whole_size(response)
            if size_bytes is None:
                message = f"{name} cannot be read: the server does not say how large it is."
                raise Unavailable(message, code="not_read")
            modified_ns = http_date_ns(response.headers.get("last-modified"))
            seen = SeenFile(name, size_bytes, modified_ns or 0)
            if _row_is_sure(entry, response):
                self._known[path] = _Known(entry.row, seen, response.headers.get("etag"))
            return seen

    async def _sidecar(self, path: bytes, sidecar: Entry | None) -> Sidecar:
        if sidecar is None:
            return Sidecar()
        kept = self._sidecars.get(path)
        if kept is not None and kept[0] == sidecar.row:
            return kept[1]
        name = os.fsdecode(path) + SUFFIX
        response, body = await self._requests.page(self.url_of(name))
        said = Sidecar()
        if response.status_code == 200 and len(body) <= MAX_BYTES:
            # Whoever wrote a bad one has to mend it; the log goes on its way without.
            with contextlib.suppress(Rejected):
                said = parse_sidecar(body, name)
        self._sidecars[path] = (sidecar.row, said)
        return said


def _row_is_sure(entry: Entry, response: httpx.Response) -> bool:
    """Whether a change of the log would show in its row, which says a time to the minute."""
    now_ns = http_date_ns(response.headers.get("date"))
    modified_ns = http_date_ns(response.headers.get("last-modified"))
    if now_ns is None or modified_ns is None or b":" not in entry.row:
        return False
    return now_ns - modified_ns > _ROW_IS_SURE_NS


def _trouble(folder: bytes, why: str) -> SeenFile:
    return SeenFile(os.fsdecode(folder.rstrip(b"/")), 0, 0, trouble=why)

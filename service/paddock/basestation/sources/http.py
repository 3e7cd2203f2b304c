"""Logs on a car that has an HTTP server: ``paddock car``, or any plain file server, by its list of files.

Where the server answers ranges, reading goes on where it was cut, and large logs come over several connections
where the link carries more with them (``lanes.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from paddock.basestation.sources.http_car import HttpCar
from paddock.basestation.sources.http_folder import HttpFolder
from paddock.basestation.sources.http_reading import HttpLane, Reading, Served
from paddock.basestation.sources.http_requests import AT_ONCE, Requests
from paddock.basestation.sources.lanes import Blocks, Kept, LanesRead, Pace
from paddock.basestation.sources.place import HttpPlace
from paddock.basestation.sources.source import SeenFile
from paddock.errors import Conflict, Rejected

_BLOCKS = Blocks(least=64 * 1024, most=1024 * 1024, in_turn=True)


class HttpSource:
    """The logs of a place.

    Args:
        name: of the place, as the user wrote it.
    """

    def __init__(self, name: str, place: HttpPlace) -> None:
        self._name = name
        self._requests = Requests(place.url)
        self._car = HttpCar(self._requests, place.url)
        self._folder = HttpFolder(self._requests, place.url)
        self._is_car: bool | None = None
        self._served = Served()
        self._pace = Pace()
        self._kept = Kept()
        self._at_once = asyncio.Semaphore(AT_ONCE)

    @property
    def place(self) -> str:
        """As the user named it."""
        return self._name

    async def look(self) -> Sequence[SeenFile]:
        """Every log; what a plain server cannot show is among them, with its trouble."""
        if self._is_car is not False:
            logs = await self._car.logs()
            if logs is not None:
                self._is_car = True
                return logs.files
        self._is_car = None
        files = await self._folder.look()
        self._is_car = False
        return files

    async def read(self, seen: SeenFile, offset: int) -> AsyncIterator[bytes]:
        """The bytes from ``offset`` on, as they come from the network."""
        way = self._car if self._is_car else self._folder
        reading = Reading(self._requests, self._served, way.url_of(seen.name), seen, way.etag_of(seen))

        async def open_lane(number: int) -> HttpLane | None:
            return HttpLane(reading) if number == 0 or self._served.has_ranges else None

        lanes = LanesRead(open_lane, self._pace, self._kept_of(seen), _BLOCKS)
        async with self._at_once, contextlib.aclosing(lanes.read(offset, seen.size_bytes)) as pieces:
            async for piece in pieces:
                offset += len(piece)
                yield piece
        if offset < seen.size_bytes:
            raise Conflict(f"{seen.name} is being written.", code="changed")

    def _kept_of(self, seen: SeenFile) -> Kept:
        """What came too early of this file; of the large one that was read last."""
        if self._kept.of == seen and self._served.has_ranges:
            return self._kept
        kept = Kept(seen)
        if seen.size_bytes > _BLOCKS.least:
            self._kept = kept
        return kept

    async def beginning_sha256(self, seen: SeenFile, size_bytes: int) -> str | None:
        """What ``paddock car`` works out; a plain file server works out nothing."""
        return await self._car.beginning_sha256(seen, size_bytes) if self._is_car else None

    async def free_bytes(self) -> int | None:
        """What ``paddock car`` has left, as it said with its list."""
        logs = await self._car.logs() if self._is_car else None
        return logs.disk.free_bytes if logs is not None else None

    async def remove(self, seen: SeenFile) -> None:
        """Take a log off the car, which ``paddock car`` alone can do.

        Raises:
            Rejected: it is a plain file server (code ``cannot_remove``).
        """
        if not self._is_car:
            raise Rejected(
                f"{self.place} is a file server, which removes nothing: run paddock car there, or name the place "
                "as sftp://.",
                code="cannot_remove",
            )
        await self._car.remove(seen)

    async def close(self) -> None:
        """Give back the connections."""
        await self._requests.close()

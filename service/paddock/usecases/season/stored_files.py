"""Stored columns as files on this machine's disk: where they lie in a directory, or copies of what a bucket has."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from paddock.columns.tables import About, about_of
from paddock.errors import NotFound, Rejected
from paddock.usecases.context import Context

MAX_COPIED_BYTES = 4 << 30
"""Of one query; the copies stay, because what a conversion stored never changes."""
_AT_ONCE = 8


class StoredFiles:
    """Finds the files of one query."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._copies = context.scratch / "season-columns"
        self._copied_bytes = 0
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def of(self, keys: Sequence[str]) -> list[Path]:
        """The files of those objects that are there.

        Raises:
            Rejected: too much would have to be copied (code ``query_too_large``).
        """
        found = await asyncio.gather(*map(self._file, keys))
        return [each for each in found if each is not None]

    async def about(self, path: Path) -> About:
        """What a file says of its channel."""
        return await asyncio.to_thread(_about, path)

    async def _file(self, key: str) -> Path | None:
        objects = self._context.objects
        local = objects.local_path(key)
        if local is not None:
            return local if await asyncio.to_thread(local.exists) else None
        copy = self._copies / key
        async with self._turns:
            if await asyncio.to_thread(copy.exists):
                return copy
            try:
                source = await objects.open(key)
            except NotFound:
                return None
            self._copied_bytes += await asyncio.to_thread(_copy, source, copy)
        if self._copied_bytes > MAX_COPIED_BYTES:
            raise Rejected(
                f"The query needs more than {MAX_COPIED_BYTES >> 30} GiB of columns that lie in the bucket: "
                "ask for fewer signals.",
                code="query_too_large",
            )
        return copy


def _copy(source: BinaryIO, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(".part")
    with source, beside.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    beside.replace(target)
    return target.stat().st_size


def _about(path: Path) -> About:
    import pyarrow.parquet as pq

    return about_of(pq.read_schema(str(path)))

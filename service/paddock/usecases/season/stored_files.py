"""Stored columns as files on this machine's disk: where they lie in a directory, or copies of what a bucket has."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from paddock.columns.tables import About, about_of
from paddock.errors import NotFound, Rejected
from paddock.usecases.context import Context

MAX_COPIED_BYTES = 4 << 30
"""For one query."""
MAX_KEPT_BYTES = 8 << 30
"""Copies stay for the next query, because what a conversion stored never changes; of more the oldest go."""
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
        if self._copied_bytes:
            await asyncio.to_thread(_forget_oldest, self._copies, {each for each in found if each is not None})
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
    beside = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    with source, beside.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    beside.replace(target)
    return target.stat().st_size


def _forget_oldest(folder: Path, wanted: set[Path]) -> None:
    """Keep within ``MAX_KEPT_BYTES``; what the query reads stays in any case."""
    files = sorted(
        ((each.stat().st_mtime, each) for each in folder.rglob("*") if each.is_file()), key=lambda known: known[0]
    )
    kept_bytes = sum(each.stat().st_size for _, each in files)
    for _, path in files:
        if kept_bytes <= MAX_KEPT_BYTES:
            break
        if path not in wanted:
            kept_bytes -= path.stat().st_size
            path.unlink()


def _about(path: Path) -> About:
    import pyarrow.parquet as pq

    return about_of(pq.read_schema(str(path)))

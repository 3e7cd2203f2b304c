"""A part of a store: what lies below one prefix of it, such as ``s3://bucket/prefix``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from paddock.ports.objects import ObjectInfo, Store


class PrefixedStore:
    """``Store`` of ``ports/objects.py`` below a prefix that ends in ``/``, or is empty."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    async def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Store a local file."""
        return self._inside(await self._store.put_file(self._prefix + key, path))

    async def stat(self, key: str) -> ObjectInfo | None:
        """The object, if it is there."""
        info = await self._store.stat(self._prefix + key)
        return info and self._inside(info)

    async def open(self, key: str) -> BinaryIO:
        """A seekable stream."""
        return await self._store.open(self._prefix + key)

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes in pieces."""
        return self._store.read(self._prefix + key, start, end)

    async def delete(self, key: str) -> None:
        """Remove an object."""
        await self._store.delete(self._prefix + key)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Objects by key."""
        async for info in self._store.list(self._prefix + prefix):
            yield self._inside(info)

    async def close(self) -> None:
        """Give back connections."""
        await self._store.close()

    def _inside(self, info: ObjectInfo) -> ObjectInfo:
        return msgspec.structs.replace(info, key=info.key.removeprefix(self._prefix))

"""Objects: originals, columns, artifacts. Bytes under a key, put there whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec


class ObjectInfo(msgspec.Struct, frozen=True):
    """What the store knows of one object."""

    key: str
    size_bytes: int
    etag: str
    """Changes when the bytes change; without quotes."""
    modified_at: int
    """Nanoseconds since the Unix epoch."""
    sidecar: str = ""
    """What another program said of a log that it put under ``incoming/``, as ``domain/sidecar.py`` reads it; only
    ``stat`` answers it. On S3 it is the object's own metadata, in a directory the file beside it."""


class PartInfo(msgspec.Struct, frozen=True):
    """One part of a multipart upload that has arrived whole."""

    number: int
    """From 1."""
    size_bytes: int
    etag: str


class Store(Protocol):
    """Where objects are kept, as far as backups and second copies need it.

    A lost or full store raises ``Unavailable``, a missing key ``NotFound``. A key is made of segments joined by
    ``/``; any segment may hold any printable text but is never ``.``, ``..`` or empty: such a key raises
    ``ValueError``, because ``domain/keys.py`` never makes one. So do control characters and more than 1,024 bytes
    of UTF-8. No key is the folder of another one.
    """

    async def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Store the bytes of a local file; readers see the old object or the new one, never a part of it."""
        ...

    async def stat(self, key: str) -> ObjectInfo | None:
        """The object, if it is there whole."""
        ...

    async def open(self, key: str) -> BinaryIO:
        """A seekable stream of one object for use on a worker thread; the caller closes it."""
        ...

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to but not including ``end``, in pieces; what is beyond the object is not."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; removing what is not there is fine."""
        ...

    def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Whole objects whose key starts with ``prefix``, by key."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


class Objects(Store, Protocol):
    """The store that Paddock works on: links for people, uploads in parts."""

    def local_path(self, key: str) -> Path | None:
        """Where an object lies, or would, on a disk of this machine; None where the store is elsewhere.

        For other programs that read it, never for writing.
        """
        ...

    async def move(self, source: str, target: str) -> None:
        """Give an object another key, replacing what is there. Done once, doing it again is ``NotFound``."""
        ...

    async def link(self, key: str, *, file_name: str, expires_s: int) -> str:
        """A URL that downloads the object under a name for people, valid for a while."""
        ...

    least_part_bytes: int
    """The smallest part that the store takes, but for the last one."""

    # Uploads in parts: begin, put every part through its link, complete. Asking again is harmless.

    async def begin_upload(self, key: str, size_bytes: int, part_size_bytes: int) -> str:
        """Start a multipart upload; the store's name for it.

        Raises:
            Unavailable: there is no room for ``size_bytes`` (code ``disk_full``).
        """
        ...

    async def part_link(
        self, key: str, store_upload: str, number: int, size_bytes: int, expires_s: int, skip_bytes: int = 0
    ) -> str:
        """A URL that takes exactly this part by PUT, or what is missing of it.

        Args:
            skip_bytes: how much of the part is here, as ``beginnings`` says; ``size_bytes`` is the rest.
        """
        ...

    async def beginnings(self, key: str, store_upload: str) -> Mapping[int, int]:
        """How many bytes from its beginning are kept of a part whose connection ended, by the part's number.

        None where the store takes whole parts only, as S3 does.
        """
        ...

    async def parts(self, key: str, store_upload: str) -> Sequence[PartInfo]:
        """The parts that have arrived whole, by number; none when the upload is gone."""
        ...

    async def complete_upload(self, key: str, store_upload: str) -> ObjectInfo:
        """Make the object from its parts, durably. Done before, it answers the object that is there.

        Raises:
            NotFound: there is neither such an upload nor the object (code ``no_such_upload``).
            Conflict: parts are missing (code ``parts_missing``).
        """
        ...

    async def abort_upload(self, key: str, store_upload: str) -> None:
        """Forget an unfinished upload and its parts; forgetting twice is fine."""
        ...

    async def sweep(self, older_than_s: float) -> int:
        """Remove what interrupted writes and forgotten uploads left behind; how many things those were.

        A bucket's own lifecycle does this; there it is 0.
        """
        ...

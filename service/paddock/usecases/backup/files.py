"""The files of a backup: written aside and sent, fetched and proved before anything is believed of them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import zstandard

from paddock import __version__
from paddock.domain.backup import BACKUPS, MANIFEST, Manifest, Opened, Part, damaged, is_backup_id, key_of, unseal
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import SCHEMA_VERSION
from paddock.ports.objects import Store

_LEVEL = 6
_BATCH = 200
_MAX_MANIFEST_BYTES = 10_000_000
_MAX_LINE_BYTES = 64 * 1024 * 1024
"""Four times what MongoDB takes as one document."""

BACKUP_SCRATCH = "backup-"
"""How the folders begin in which backups are made and read."""

T = TypeVar("T", bound=msgspec.Struct)
Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


def say_nothing(what: str, done: int, total: int) -> None:
    """No progress is shown."""


class PartWriter:
    """Lines of JSON into one compressed file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file = path.open("wb")
        self._zstd = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).stream_writer(self._file)

    async def write(self, documents: Iterable[msgspec.Struct]) -> None:
        """Add documents, one a line."""
        await asyncio.to_thread(self._write, documents)

    def _write(self, documents: Iterable[msgspec.Struct]) -> None:
        for document in documents:
            self._zstd.write(msgspec.json.encode(document) + b"\n")
            self.count += 1

    async def end(self, name: str, collection: str) -> Part:
        """Close the file; what the manifest says of it."""

        def run() -> Part:
            self._zstd.close()  # type: ignore[no-untyped-call]
            self._file.close()
            digest, size_bytes = _sha256(self.path)
            return Part(name, collection, self.count, size_bytes, digest)

        return await asyncio.to_thread(run)


def _sha256(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


@contextlib.contextmanager
def scratch_folder(scratch: Path) -> Iterator[Path]:
    """A folder for files of no use afterwards, locked while it is used, so that a Paddock that starts leaves it."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=BACKUP_SCRATCH, dir=scratch) as folder:
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Path(folder)
        finally:
            os.close(lock)


async def backup_ids(store: Store) -> list[str]:
    """Every backup that has a manifest, the newest first."""
    found = [info.key.removeprefix(BACKUPS).partition("/") async for info in store.list(BACKUPS)]
    return sorted((name for name, _, rest in found if rest == MANIFEST and is_backup_id(name)), reverse=True)


async def open_backup(store: Store, backup_id: str, key: bytes | None) -> Opened:
    """The manifest of a backup.

    Raises:
        NotFound: there is none of this name (code ``no_such_backup``).
        Rejected: see ``domain.backup.unseal``.
    """
    sealed = b""
    try:
        async for piece in store.read(key_of(backup_id, MANIFEST)):
            sealed += piece
            if len(sealed) > _MAX_MANIFEST_BYTES:
                raise damaged(backup_id, "its manifest is too large for one")
    except (NotFound, ValueError):
        raise NotFound(
            f"There is no backup {backup_id[:60]!r} there: `paddock backup list` shows those that are.",
            code="no_such_backup",
        ) from None
    return unseal(sealed, backup_id, key, paddock=__version__, schema=SCHEMA_VERSION)


async def fetch_part(store: Store, manifest: Manifest, part: Part, folder: Path) -> Path:
    """A part as a local file whose bytes are those that were written.

    Raises:
        Rejected: they are not (code ``backup_damaged``).
    """
    path = folder / hashlib.sha256(part.name.encode()).hexdigest()
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            async for piece in store.read(key_of(manifest.id, part.name)):
                size_bytes += len(piece)
                if size_bytes > part.size_bytes:
                    break
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
    except NotFound:
        raise damaged(manifest.id, f"{part.name} is missing") from None
    except ValueError:
        raise damaged(manifest.id, f"{part.name[:80]!r} is no name of a part") from None
    if size_bytes != part.size_bytes:
        raise damaged(
            manifest.id, f"{part.name} was cut or has grown, {size_bytes:,} bytes instead of {part.size_bytes:,}"
        )
    if digest.hexdigest() != part.sha256:
        raise damaged(manifest.id, f"{part.name} is not as it was written")
    return path


async def read_part(manifest: Manifest, part: Part, path: Path, kind: type[T]) -> AsyncIterator[list[T]]:
    """What a fetched part holds, some at a time.

    Raises:
        Rejected: it does not hold what the manifest says (code ``backup_damaged``).
    """
    lines = _lines(path)
    decoder = msgspec.json.Decoder(kind)

    def some() -> list[T]:
        found = []
        for line in lines:
            found.append(decoder.decode(line))
            if len(found) == _BATCH:
                break
        return found

    count = 0
    try:
        while batch := await asyncio.to_thread(some):
            count += len(batch)
            if count > part.count:
                # Not read on: few bytes may hold more entries than anybody has time for.
                raise damaged(manifest.id, f"{part.name} has more than its {part.count:,} entries")
            yield batch
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(manifest.id, f"{part.name} cannot be read ({error})") from None
    if count != part.count:
        raise damaged(manifest.id, f"{part.name} has {count:,} entries instead of {part.count:,}")


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of a compressed file; none may take the memory of the machine."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as text:
        rest = b""
        while piece := text.read(1024 * 1024):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > _MAX_LINE_BYTES:
                raise zstandard.ZstdError("a line is longer than any document")
        if rest:
            yield rest


async def newest_own(store: Store, key: bytes | None, passed_over: Callable[[str], None] | None = None) -> Opened:
    """The last backup that our key signed, else the last that can be read at all.

    Args:
        store: where backups lie.
        key: ours; None where there is none.
        passed_over: told why a newer one than that is not taken.

    Raises:
        NotFound: there is none (code ``no_backup``).
        Rejected: there are some, and none can be read; why not the last one.
    """
    readable: Opened | None = None
    refused: list[Rejected] = []
    for backup_id in await backup_ids(store):
        try:
            opened = await open_backup(store, backup_id, key)
        except Rejected as error:
            refused.append(error)
            continue
        readable = readable or opened
        if opened.own:
            readable = opened
            break
    if readable is None:
        if refused:
            raise refused[0]
        raise NotFound("There is no backup there.", code="no_backup")
    for refusal in refused:
        if passed_over is not None:
            passed_over(refusal.message)
    return readable

"""Misc files beside a recording: a setup sheet, a photo of the tyres."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from paddock.domain.history import Change, MiscFile
from paddock.domain.keys import file_key
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.domain.recording_names import check_file_name
from paddock.errors import NotFound, Rejected
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import apply, store
from paddock.usecases.find.recordings import StoredFile, get_recording

MAX_FILE_BYTES = 100_000_000
MAX_FILES = 100
"""For one recording, whose document lists them."""


async def add_file(
    context: Context, principal: Principal, recording_id: str, name: str, body: AsyncIterator[bytes]
) -> MiscFile:
    """Store a file beside a recording.

    Raises:
        Rejected: no name, too large (code ``file_too_large``) or one too many.
    """
    check_file_name(name)
    recording = await get_recording(context, recording_id)
    added_id = secrets.token_hex(8)
    size_bytes = await _keep_bytes(context, file_key(recording.id, added_id), body)
    added = MiscFile(added_id, name, size_bytes, context.now(), principal.name)
    while True:
        known = await _with_room(context, recording.id, added)
        wanted = msgspec.structs.replace(known, files=(*known.files, added))
        change = Change("", "", 0, 0, "", "file", after=name, subject=added_id)
        if await apply(context, principal, known, wanted, [change]):
            return added


async def keep_file(context: Context, recording_id: str, file: MiscFile, body: AsyncIterator[bytes]) -> None:
    """Store a file that another Paddock has, as it is there; the history is not told. Twice is harmless.

    Raises:
        Rejected: as for ``add_file``, or other bytes than it has (code ``cut_off``).
    """
    check_file_name(file.name)
    recording = await get_recording(context, recording_id)
    if any(each.id == file.id for each in recording.files):
        return
    await _keep_bytes(context, file_key(recording.id, file.id), body, file.size_bytes)
    while True:
        known = await _with_room(context, recording.id, file)
        if any(each.id == file.id for each in known.files):
            return
        if await store(
            context,
            known,
            msgspec.structs.replace(known, files=(*known.files, file), version=known.version + 1),
            known.edits,
        ):
            return


async def _keep_bytes(
    context: Context, key: str, body: AsyncIterator[bytes], expected_bytes: int | None = None
) -> int:
    with tempfile.TemporaryDirectory(dir=context.scratch, prefix="file-") as directory:
        path = Path(directory) / "file"
        size_bytes = await _receive(body, path)
        if expected_bytes not in (None, size_bytes):
            raise Rejected(f"{expected_bytes:,} bytes were to come, and {size_bytes:,} came.", code="cut_off")
        await context.objects.put_file(key, path)
    return size_bytes


async def _with_room(context: Context, recording_id: str, file: MiscFile) -> Recording:
    """The recording as it is now, if it may have this file as well.

    Raises:
        Rejected: it has as many files as it may; the bytes of this one are dropped.
    """
    known = await get_recording(context, recording_id)
    if len(known.files) >= MAX_FILES and all(each.id != file.id for each in known.files):
        await context.objects.delete(file_key(recording_id, file.id))
        raise Rejected(f"A recording has at most {MAX_FILES} files: remove one first.", code="too_many_files")
    return known


async def _receive(body: AsyncIterator[bytes], path: Path) -> int:
    size_bytes = 0
    with path.open("wb") as file:
        async for piece in body:
            size_bytes += len(piece)
            if size_bytes > MAX_FILE_BYTES:
                raise Rejected(
                    f"The file is larger than {MAX_FILE_BYTES // 1_000_000} MB: put it elsewhere and its address "
                    "into the notes.",
                    code="file_too_large",
                )
            await asyncio.to_thread(file.write, piece)
    return size_bytes


async def remove_file(context: Context, principal: Principal, recording_id: str, file_id: str) -> None:
    """Remove a file; its name stays in the history.

    Raises:
        NotFound: this recording has no such file.
    """
    while True:
        known = await get_recording(context, recording_id)
        removed = _file_of(known, file_id)
        wanted = msgspec.structs.replace(known, files=tuple(file for file in known.files if file.id != file_id))
        change = Change("", "", 0, 0, "", "file", before=removed.name, subject=file_id)
        if await apply(context, principal, known, wanted, [change]):
            await context.objects.delete(file_key(known.id, file_id))
            return


def attached_file(recording: Recording, file_id: str) -> StoredFile:
    """A file beside a recording.

    Raises:
        NotFound: this recording has no such file.
    """
    file = _file_of(recording, file_id)
    return StoredFile(file_key(recording.id, file.id), file.name)


def _file_of(recording: Recording, file_id: str) -> MiscFile:
    for file in recording.files:
        if file.id == file_id:
            return file
    raise NotFound("This recording has no such file any more: reload the page.", code="no_such_file")

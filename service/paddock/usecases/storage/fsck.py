"""Fsck: compare documents and objects, say where they differ, and mend it without losing a byte."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.job import JobState
from paddock.domain.keys import ARTIFACTS, COLUMNS, RAW, columns_key, file_key, parse_columns_key, parse_raw_key
from paddock.domain.log_kinds import LOG_KINDS
from paddock.domain.original import Original
from paddock.domain.recording import Artifact, Purpose, Recording, Status
from paddock.ports.documents import MAX_PAGE, Equals
from paddock.usecases.context import Context
from paddock.usecases.conversion.reprocess import is_asked
from paddock.usecases.every import every
from paddock.usecases.find.contents import every_contents_of, find_contents
from paddock.usecases.intake.arrival import arrive
from paddock.usecases.intake.originals import MISSING, fault_by_hash, fault_by_size, said
from paddock.usecases.intake.sweep_uploads import sweep_uploads
from paddock.usecases.jobs import jobs

SETTLED_AGE_NS = 300 * NS_PER_S
"""Younger objects may belong to work that is under way."""
HASHED_AGAIN_NS = 86_400 * NS_PER_S
"""What a run that was interrupted hashed within a day is not hashed again: the next one goes on where it was."""


class Fault(StrEnum):
    """What can be wrong between documents and objects."""

    CONTENTS_MISSING = "contents_missing"
    CONTENTS_UNKNOWN = "contents_unknown"
    ORIGINAL_MISSING = "original_missing"
    ORIGINAL_DAMAGED = "original_damaged"
    ORIGINAL_UNKNOWN = "original_unknown"
    FILE_MISSING = "file_missing"
    FILE_DAMAGED = "file_damaged"
    ARTIFACT_MISSING = "artifact_missing"
    ARTIFACT_UNKNOWN = "artifact_unknown"
    COLUMNS_MISSING = "columns_missing"
    COLUMNS_UNKNOWN = "columns_unknown"
    WORK_MISSING = "work_missing"


class Mending(NamedTuple):
    """What is done about a fault, and what was done."""

    will: str
    did: str


_CONVERTED = Mending("--mend asks for its conversion", "its conversion is asked for")
_REMOVED = Mending("nobody uses it: --mend removes it", "nobody used it: it is removed")
MENDING: dict[Fault, Mending] = {
    Fault.ORIGINAL_UNKNOWN: Mending(
        "--mend makes it a recording again and has it converted", "it is a recording again and will be converted"
    ),
    Fault.ARTIFACT_MISSING: Mending(
        "--mend forgets it, and makes again what is there for everybody",
        "it is forgotten; what is there for everybody will be made again",
    ),
    Fault.ARTIFACT_UNKNOWN: _REMOVED,
    Fault.COLUMNS_UNKNOWN: _REMOVED,
    Fault.CONTENTS_UNKNOWN: _REMOVED,
    Fault.CONTENTS_MISSING: _CONVERTED,
    Fault.COLUMNS_MISSING: _CONVERTED,
    Fault.WORK_MISSING: _CONVERTED,
}
"""What mending does about each; a person has to see to the others, as the recording says."""


class Finding(msgspec.Struct, frozen=True):
    """One difference."""

    fault: Fault
    what: str
    """A recording's id or an object's key."""
    remedy: str
    """What mending would do or has done, or what a person has to do."""
    mendable: bool = True


def _finding(fault: Fault, what: str, *, mend: bool) -> Finding:
    return Finding(fault, what, MENDING[fault].did if mend else MENDING[fault].will)


Progress = Callable[[int, int], None]
"""Bytes hashed, and bytes to hash in all."""


async def fsck(
    context: Context, *, mend: bool = False, hashes: bool = False, progress: Progress = lambda _, __: None
) -> AsyncIterator[Finding]:
    """Every difference there is; with ``mend`` it is mended as soon as it has been told.

    What is wrong with an original is noted on its recording in any case, so that its log is taken again.

    Args:
        hashes: read the originals and prove their bytes; a run that was interrupted within a day is gone on with.
        progress: told as they are read.
    """
    if mend:
        await sweep_uploads(context)
    if hashes:
        await _hash_originals(context, progress)
    async for recording in every(context.documents.recordings):
        async for finding in _check_recording(context, recording, mend=mend):
            yield finding
        async for finding in _check_files(context, recording):
            yield finding
    async for finding in _check_originals(context, mend=mend):
        yield finding
    async for finding in _check_artifacts(context, mend=mend):
        yield finding
    async for finding in _check_columns(context, mend=mend):
        yield finding


async def _hash_originals(context: Context, progress: Progress) -> None:
    """What is found is on the recordings afterwards."""
    old = context.now() - HASHED_AGAIN_NS
    waiting = [
        (recording.id, recording.size_bytes)
        async for recording in every(context.documents.recordings)
        if not old < (recording.original_hashed_at or 0) <= context.now()
    ]
    total, done = sum(size_bytes for _, size_bytes in waiting), 0
    for recording_id, size_bytes in waiting:
        recording = await context.documents.recordings.get(recording_id)
        if recording is not None and recording.original_state is not Original.AWAITED:
            begun = done
            tell = functools.partial(_tell, progress, begun, size_bytes, total)
            await fault_by_hash(context, recording, tell)
        done += size_bytes
        progress(done, total)
    # The next run proves everything again, however soon: what was proved is of use to an interrupted one alone.
    async for recording in every(context.documents.recordings):
        if recording.original_hashed_at is not None:
            await context.documents.recordings.change(recording.id, {"original_hashed_at": None})


def _tell(progress: Progress, begun: int, size_bytes: int, total: int, share: float) -> None:
    progress(begun + int(share * size_bytes), total)


async def _check_recording(context: Context, recording: Recording, *, mend: bool) -> AsyncIterator[Finding]:
    stored = await context.objects.stat(recording.original_key) is not None
    if not stored and recording.original_state is Original.AWAITED:
        return
    if fault := await fault_by_size(context, recording):
        kind = Fault.ORIGINAL_MISSING if fault == MISSING else Fault.ORIGINAL_DAMAGED
        remedy = f"{fault.message} Or restore the object from a backup."
        yield Finding(kind, recording.id, remedy, mendable=False)
        return
    if await _forgotten(context, recording):
        yield _finding(Fault.WORK_MISSING, recording.id, mend=mend)
        if mend:
            await jobs.enqueue(context, "convert", recording.id)
    elif recording.status is Status.READY and (lacking := await _lacks(context, recording)):
        yield _finding(lacking, recording.id, mend=mend)
        if mend:
            await jobs.enqueue(context, "convert", recording.id)
    if not await is_asked(context, recording):
        async for contents in every_contents_of(context.documents, recording.id):
            if contents.build not in (recording.build, recording.old_build):
                yield _finding(Fault.CONTENTS_UNKNOWN, contents.id, mend=mend)
                if mend:
                    await context.documents.contents.delete([Equals("id", contents.id)])


async def _lacks(context: Context, recording: Recording) -> Fault | None:
    """What a conversion wrote that is not there any more."""
    contents = await find_contents(context.documents, recording)
    if contents is None:
        return Fault.CONTENTS_MISSING
    for channel in contents.channels:
        key = columns_key(channel.slug, recording.id, recording.build)
        if channel.message_count and await context.objects.stat(key) is None:
            return Fault.COLUMNS_MISSING
    return None


async def _check_files(context: Context, recording: Recording) -> AsyncIterator[Finding]:
    """What people put beside the log, which nobody else has."""
    for file in recording.files:
        key = file_key(recording.id, file.id)
        found = await context.objects.stat(key)
        if found is None or found.size_bytes != file.size_bytes:
            fault, state = (Fault.FILE_MISSING, "gone") if found is None else (Fault.FILE_DAMAGED, "damaged")
            remedy = (
                f"{file.name}, attached to {recording.id[:10]}, is {state}. Attach it again, or restore the object "
                "from a backup."
            )
            yield Finding(fault, key, remedy, mendable=False)


async def _forgotten(context: Context, recording: Recording) -> bool:
    """Whether the recording is on its way and nobody is at it."""
    # A deleted one waits to be restored.
    if recording.status.settled or recording.deleted_at is not None:
        return False
    found = [await context.documents.jobs.get(f"convert-{recording.id}")]
    uploads = await context.documents.uploads.find([Equals("sha256", recording.id)], limit=MAX_PAGE)
    found += [await context.documents.jobs.get(f"ingest-{upload.id}") for upload in uploads.items]
    return not any(job and job.state in (JobState.QUEUED, JobState.RUNNING) for job in found)


async def _check_originals(context: Context, *, mend: bool) -> AsyncIterator[Finding]:
    async for found in context.objects.list(RAW):
        recording_id, kind = parse_raw_key(found.key)
        if await context.documents.recordings.get(recording_id) is None:
            yield _finding(Fault.ORIGINAL_UNKNOWN, found.key, mend=mend)
            if mend:
                name = f"{recording_id[:10]}{LOG_KINDS[kind].suffix}"
                await arrive(context, "fsck", recording_id, found.size_bytes, name, kind=kind)
                await context.documents.recordings.change(recording_id, {"status": Status.STORED, **said(None)})
                await jobs.enqueue(context, "convert", recording_id)


async def _check_artifacts(context: Context, *, mend: bool) -> AsyncIterator[Finding]:
    known: set[str] = set()
    async for artifact in every(context.documents.artifacts):
        known.add(artifact.key)
        if await context.objects.stat(artifact.key) is None:
            yield _finding(Fault.ARTIFACT_MISSING, artifact.key, mend=mend)
            if mend:
                await _remake(context, artifact)
    async for found in context.objects.list(ARTIFACTS):
        if found.key not in known and abs(context.now() - found.modified_at) > SETTLED_AGE_NS:
            yield _finding(Fault.ARTIFACT_UNKNOWN, found.key, mend=mend)
            if mend:
                await context.objects.delete(found.key)


async def _remake(context: Context, artifact: Artifact) -> None:
    await context.documents.artifacts.delete([Equals("id", artifact.id)])
    wanted = artifact.purpose is not Purpose.EXPORT
    if wanted and await context.documents.recordings.get(artifact.recording) is not None:
        await jobs.enqueue(context, "convert", artifact.recording)


async def _check_columns(context: Context, *, mend: bool) -> AsyncIterator[Finding]:
    """Columns of builds that nobody serves; the one before the last is kept for a while, which is no fault."""
    async for found in context.objects.list(COLUMNS):
        _, recording_id, build = parse_columns_key(found.key)
        recording = await context.documents.recordings.get(recording_id)
        kept = recording is not None and build in (recording.build, recording.old_build)
        if not kept and abs(context.now() - found.modified_at) > SETTLED_AGE_NS:
            yield _finding(Fault.COLUMNS_UNKNOWN, found.key, mend=mend)
            if mend:
                await context.objects.delete(found.key)

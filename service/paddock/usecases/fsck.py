"""Fsck: compare documents and objects, say where they differ, and mend it without losing a byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import TypeVar

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.job import JobState
from paddock.domain.keys import ARTIFACTS, COLUMNS, RAW, columns_key, parse_columns_key, raw_key
from paddock.domain.recording import Artifact, Recording, Status
from paddock.ports.documents import MAX_PAGE, Collection, Equals, Sort
from paddock.usecases import jobs
from paddock.usecases.services import Services
from paddock.usecases.uploads import arrive, sweep_uploads

SETTLED_AGE_NS = 300 * NS_PER_S
"""Younger objects may belong to work that is under way."""


T = TypeVar("T", bound=msgspec.Struct)


class Fault(StrEnum):
    """What can be wrong between documents and objects."""

    ORIGINAL_MISSING = "original_missing"
    ORIGINAL_UNKNOWN = "original_unknown"
    ARTIFACT_MISSING = "artifact_missing"
    ARTIFACT_UNKNOWN = "artifact_unknown"
    COLUMNS_MISSING = "columns_missing"
    COLUMNS_UNKNOWN = "columns_unknown"
    WORK_MISSING = "work_missing"


class Finding(msgspec.Struct, frozen=True):
    """One difference, and whether it can be mended without a person."""

    fault: Fault
    what: str
    """A recording's id or an object's key."""
    remedy: str
    """What mending does, or what a person has to do."""
    mendable: bool = True


async def fsck(services: Services, *, mend: bool = False) -> AsyncIterator[Finding]:
    """Every difference there is; with ``mend`` it is mended as soon as it has been told."""
    if mend:
        await sweep_uploads(services)
    async for recording in _all(services.documents.recordings):
        async for finding in _check_recording(services, recording, mend=mend):
            yield finding
    async for finding in _check_originals(services, mend=mend):
        yield finding
    async for finding in _check_artifacts(services, mend=mend):
        yield finding
    async for finding in _check_columns(services, mend=mend):
        yield finding


async def _check_recording(services: Services, recording: Recording, *, mend: bool) -> AsyncIterator[Finding]:
    stored = await services.objects.stat(raw_key(recording.id)) is not None
    if not stored and recording.status is not Status.VERIFYING and not _never_arrived(recording):
        yield Finding(
            Fault.ORIGINAL_MISSING,
            recording.id,
            "upload the log again; restore the bucket's version",
            mendable=False,
        )
        return
    if stored and await _forgotten(services, recording):
        yield Finding(Fault.WORK_MISSING, recording.id, "its conversion is asked for")
        if mend:
            await jobs.enqueue(services, "convert", recording.id)
    elif recording.status is Status.READY:
        for channel in recording.channels:
            key = columns_key(channel.slug, recording.id, recording.build)
            if channel.message_count and await services.objects.stat(key) is None:
                yield Finding(Fault.COLUMNS_MISSING, recording.id, "its conversion is asked for")
                if mend:
                    await jobs.enqueue(services, "convert", recording.id)
                break


def _never_arrived(recording: Recording) -> bool:
    """An upload whose bytes were dropped because they were not those announced."""
    return recording.error is not None and recording.error.code in ("wrong_hash", "bytes_missing")


async def _forgotten(services: Services, recording: Recording) -> bool:
    """Whether the recording is on its way and nobody is at it."""
    if recording.status.settled:
        return False
    found = [await services.documents.jobs.get(f"convert-{recording.id}")]
    uploads = await services.documents.uploads.find([Equals("sha256", recording.id)], limit=MAX_PAGE)
    found += [await services.documents.jobs.get(f"ingest-{upload.id}") for upload in uploads.items]
    return not any(job and job.state in (JobState.QUEUED, JobState.RUNNING) for job in found)


async def _check_originals(services: Services, *, mend: bool) -> AsyncIterator[Finding]:
    async for found in services.objects.list(RAW):
        recording_id = found.key.removeprefix(RAW).removesuffix(".mcap")
        if await services.documents.recordings.get(recording_id) is None:
            yield Finding(Fault.ORIGINAL_UNKNOWN, found.key, "it becomes a recording again and is converted")
            if mend:
                await arrive(services, "fsck", recording_id, found.size_bytes, f"{recording_id[:10]}.mcap", {})
                await services.documents.recordings.change(recording_id, {"status": Status.STORED})
                await jobs.enqueue(services, "convert", recording_id)


async def _check_artifacts(services: Services, *, mend: bool) -> AsyncIterator[Finding]:
    known: set[str] = set()
    async for artifact in _all(services.documents.artifacts):
        known.add(artifact.key)
        if await services.objects.stat(artifact.key) is None:
            yield Finding(Fault.ARTIFACT_MISSING, artifact.key, "it is forgotten; the recording is converted again")
            if mend:
                await _remake(services, artifact)
    async for found in services.objects.list(ARTIFACTS):
        if found.key not in known and services.now() - found.modified_at > SETTLED_AGE_NS:
            yield Finding(Fault.ARTIFACT_UNKNOWN, found.key, "it is removed: it can be made again")
            if mend:
                await services.objects.delete(found.key)


async def _remake(services: Services, artifact: Artifact) -> None:
    await services.documents.artifacts.delete([Equals("id", artifact.id)])
    if await services.documents.recordings.get(artifact.recording) is not None:
        await jobs.enqueue(services, "convert", artifact.recording)


async def _check_columns(services: Services, *, mend: bool) -> AsyncIterator[Finding]:
    """Columns of builds that nobody serves. The last build but one may be in somebody's hands for a while."""
    async for found in services.objects.list(COLUMNS):
        slug, recording_id, build = parse_columns_key(found.key)
        recording = await services.documents.recordings.get(recording_id)
        served = recording is not None and recording.build == build
        if not served and services.now() - found.modified_at > SETTLED_AGE_NS:
            yield Finding(Fault.COLUMNS_UNKNOWN, found.key, f"it is removed: {slug} can be made again")
            if mend:
                await services.objects.delete(found.key)


async def _all(collection: Collection[T]) -> AsyncIterator[T]:
    after = None
    while True:
        page = await collection.find(sort=Sort("id"), limit=MAX_PAGE, after=after)
        for document in page.items:
            yield document
        if page.next is None:
            return
        after = page.next

"""Convert: from the stored original to columns, statistics and the default MATLAB file."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from paddock import __version__
from paddock.domain.export import ExportRequest, artifact_id
from paddock.domain.fields import fill_empty
from paddock.domain.job import Job
from paddock.domain.keys import artifact_key, raw_key
from paddock.domain.recording import (
    Artifact,
    Failure,
    Recording,
    StartedSource,
    Status,
    search_text,
)
from paddock.errors import Conflict, NotFound
from paddock.formats.registry import Run, find_format
from paddock.mcap.columns import LogSummary
from paddock.mcap.spool import spool_log
from paddock.ports.documents import Equals
from paddock.usecases import jobs
from paddock.usecases.prefill import prefilled
from paddock.usecases.services import Services

DEFAULT_EXPORT = ExportRequest(format="mat")
READING_SHARE = 0.6
"""Of the progress bar: reading the log, as against writing the files."""


@dataclass(frozen=True)
class Converted:
    """What one conversion made, on local disk."""

    summary: LogSummary
    mat: Path


async def convert(services: Services, job: Job, progress: Callable[[float], None]) -> None:
    """Make everything that is derived from a recording, then show all of it at once.

    Raises:
        PaddockError: what the log or the disk has against it.
    """
    recording = await services.documents.recordings.get(job.subject)
    if recording is None:
        return
    await services.documents.recordings.change(recording.id, {"status": Status.CONVERTING, "error": None})
    with tempfile.TemporaryDirectory(dir=services.scratch, prefix="convert-") as directory:
        log = await services.objects.open(raw_key(recording.id))
        try:
            converted = await asyncio.to_thread(_convert_file, log, recording, Path(directory), progress)
        finally:
            await asyncio.to_thread(log.close)
        if not await jobs.keep(services, job, 1.0):
            raise Conflict("Another worker took over this conversion.", code="lease_lost")
        await _publish(services, recording, converted)


async def convert_died(services: Services, job: Job, failure: Failure) -> None:
    """Say on the recording why it cannot be converted; its original stays downloadable."""
    await services.documents.recordings.change(job.subject, {"status": Status.FAILED, "error": failure})


def _convert_file(
    log: BinaryIO, recording: Recording, directory: Path, progress: Callable[[float], None]
) -> Converted:
    with spool_log(log, directory, progress=lambda done: progress(done * READING_SHARE)) as columns:
        summary = columns.summary
        mat = directory / "default.mat"
        metadata = fill_empty(recording.metadata, prefilled(summary))
        run = Run(
            recording=recording.id,
            file_name=recording.name,
            metadata={name: known.value for name, known in metadata.items()},
        )
        writer = find_format(DEFAULT_EXPORT.format).write
        assert writer is not None, "mat is written from columns"
        rest = 1 - READING_SHARE
        writer(columns, DEFAULT_EXPORT, run, mat, lambda done: progress(READING_SHARE + done * rest))
    return Converted(summary, mat)


async def _publish(services: Services, recording: Recording, converted: Converted) -> None:
    """Store the files first, then flip the document: nobody sees half a conversion."""
    summary = converted.summary
    made = artifact_id(recording.id, DEFAULT_EXPORT, __version__, recording.version)
    key = artifact_key(recording.id, made)
    stored = await services.objects.put_file(key, converted.mat)
    await services.documents.artifacts.put_many(
        [
            Artifact(
                id=made,
                recording=recording.id,
                format=DEFAULT_EXPORT.format,
                key=key,
                size_bytes=stored.size_bytes,
                created_at=services.now(),
                converter=__version__,
            )
        ]
    )
    await services.documents.signals.put_many(
        [
            msgspec.structs.replace(signal, id=f"{recording.id}:{signal.name}", recording=recording.id)
            for signal in summary.signals
        ]
    )
    while True:
        current = await services.documents.recordings.get(recording.id)
        if current is None:
            raise NotFound("The recording was removed while it was converted.")
        if await services.documents.recordings.change(
            recording.id, _changes(current, summary), [Equals("version", current.version)]
        ):
            return


def _changes(current: Recording, summary: LogSummary) -> dict[str, object]:
    metadata = fill_empty(current.metadata, prefilled(summary))
    changes: dict[str, object] = {
        "status": Status.READY,
        "error": None,
        "message_count": summary.message_count,
        "channels": summary.channels,
        "file_metadata": summary.metadata,
        "loss": summary.loss,
        "metadata": metadata,
        "build": secrets.token_hex(8),
        "search": search_text(msgspec.structs.replace(current, metadata=metadata)),
        "version": current.version + 1,
    }
    if summary.started_ns is not None and summary.ended_ns is not None:
        changes["duration_ns"] = summary.ended_ns - summary.started_ns
        if current.started_source is not StartedSource.PERSON:
            changes["started_ns"] = summary.started_ns
    return changes

"""Recordings as the JSON API and pages have them, made from documents."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paddock.domain.export_words import export_words, read_request
from paddock.domain.history import MiscFile
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.names import original_name
from paddock.domain.recording import (
    Artifact,
    Attachment,
    ChannelSummary,
    Failure,
    LossReport,
    Purpose,
    Recording,
    RunFigures,
)
from paddock.domain.setup_values import Value
from paddock.usecases.context import Context
from paddock.usecases.conversion.outdated import outdated
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import artifact_name, artifacts_of, exports_of, progress_of
from paddock.usecases.intake.originals import is_kept, is_offered
from paddock.usecases.setups.fields import shown_setups
from paddock.web.kernel.words import loss_sentences
from paddock.web.recordings.resources import (
    ArtifactResource,
    AttachmentResource,
    ChannelResource,
    DownloadResource,
    FailureResource,
    FileMetadataResource,
    FileResource,
    LossResource,
    MetadataResource,
    RecordingDetail,
    RecordingResource,
    RunFiguresResource,
)


def seconds(duration_ns: int | None) -> float | None:
    """Nanoseconds as JSON has them."""
    return None if duration_ns is None else duration_ns / NS_PER_S


def failure_resource(failure: Failure | None) -> FailureResource | None:
    """A failure as JSON has it."""
    return FailureResource(failure.code, failure.message) if failure else None


async def summarise(context: Context, recordings: Sequence[Recording]) -> tuple[RecordingResource, ...]:
    """Recordings as list pages show them, with their artifacts and progress in two reads for all."""
    artifacts = await artifacts_of(context, recordings)
    progress = await progress_of(context, recordings)
    setups = await shown_setups(context, recordings)
    return tuple(
        _resource(recording, artifacts[recording.id], progress.get(recording.id), setups[recording.id])
        for recording in recordings
    )


async def detail(context: Context, recording: Recording) -> RecordingDetail:
    """A recording with all that its page shows."""
    made = (await artifacts_of(context, [recording]))[recording.id]
    progress = await progress_of(context, [recording])
    setups = await shown_setups(context, [recording])
    summary = _resource(recording, made, progress.get(recording.id), setups[recording.id])
    inside = await contents_of(context.documents, recording)
    exports = tuple(artifact_resource(recording, each) for each in await exports_of(context, recording))
    return RecordingDetail(
        **(msgspec.structs.asdict(summary) | {"artifacts": summary.artifacts + exports}),
        channels=tuple(_channel(channel) for channel in inside.channels),
        file_metadata=tuple(FileMetadataResource(name, entries) for name, entries in inside.file_metadata),
        attachments=tuple(_attachment(recording, number, each) for number, each in enumerate(inside.attachments)),
        loss=_loss(inside.loss) if inside.loss else None,
        notices=recording.notices,
        outdated=outdated(recording, made),
        started_source=recording.started_source,
        files=tuple(file_resource(recording, file) for file in recording.files),
    )


def _resource(
    recording: Recording, artifacts: Sequence[Artifact], progress: float | None, setup: dict[str, Value]
) -> RecordingResource:
    return RecordingResource(
        id=recording.id,
        name=recording.name,
        names=recording.names,
        status=recording.status,
        progress=progress,
        error=failure_resource(recording.error),
        original_fault=failure_resource(recording.original_fault),
        health=recording.log_health or None,
        checks=recording.checks or None,
        failed_checks=recording.failed_checks,
        message_count=recording.message_count,
        size_bytes=recording.size_bytes,
        started_at=None if recording.started_ns is None else to_rfc3339(recording.started_ns),
        duration_s=seconds(recording.duration_ns),
        uploaded_at=to_rfc3339(recording.uploaded_at),
        uploaded_by=recording.uploaded_by,
        # An empty value is a person's word that nobody knows: it only matters to the file's own word.
        metadata={
            name: MetadataResource(known.value, known.source)
            for name, known in recording.metadata.items()
            if known.value
        },
        setup=setup,
        highlights=_highlights(recording.highlights),
        version=recording.version,
        deleted_at=None if recording.deleted_at is None else to_rfc3339(recording.deleted_at),
        kind=recording.kind,
        original=_original(recording),
        artifacts=tuple(artifact_resource(recording, artifact) for artifact in artifacts),
    )


def _original(recording: Recording) -> DownloadResource | None:
    """The document tells whether the bytes are there, so that a list costs no trip to the store per row."""
    if not is_offered(recording):
        return None
    return DownloadResource(
        f"/api/recordings/{recording.id}/original", original_name(recording), recording.size_bytes
    )


def artifact_resource(recording: Recording, artifact: Artifact) -> ArtifactResource:
    """A derived file as JSON has it."""
    return ArtifactResource(
        url=f"/api/recordings/{recording.id}/artifacts/{artifact.id}",
        name=artifact_name(recording, artifact),
        size_bytes=artifact.size_bytes,
        format=artifact.format,
        purpose=artifact.purpose,
        description=_description(artifact),
        created_at=to_rfc3339(artifact.created_at),
        expires_at=None if artifact.expires_at is None else to_rfc3339(artifact.expires_at),
        left_out=artifact.left_out,
        decoded_by=artifact.decoded_by,
    )


def _description(artifact: Artifact) -> str:
    told = artifact.purpose is Purpose.EXPORT and artifact.request
    return export_words(read_request(artifact.request)) if told else ""


def file_resource(recording: Recording, file: MiscFile) -> FileResource:
    """A misc file as JSON has it."""
    return FileResource(
        url=f"/api/recordings/{recording.id}/files/{file.id}",
        name=file.name,
        size_bytes=file.size_bytes,
        id=file.id,
        added_at=to_rfc3339(file.added_at),
        added_by=file.added_by,
    )


def _highlights(highlights: RunFigures) -> RunFiguresResource:
    return RunFiguresResource(
        distance_m=highlights.distance_m,
        max_speed_m_s=highlights.max_speed_m_s,
        min_cell_voltage_v=highlights.min_cell_voltage_v,
        max_cell_temperature_c=highlights.max_cell_temperature_c,
        driven=highlights.driven,
    )


def _channel(channel: ChannelSummary) -> ChannelResource:
    return ChannelResource(
        topic=channel.topic,
        schema_name=channel.schema_name,
        schema_encoding=channel.schema_encoding,
        message_encoding=channel.message_encoding,
        message_count=channel.message_count,
        rate_hz=channel.rate_hz,
        largest_gap_s=seconds(channel.largest_gap_ns),
    )


def _attachment(recording: Recording, number: int, attachment: Attachment) -> AttachmentResource:
    return AttachmentResource(
        url=f"/api/recordings/{recording.id}/attachments/{number}" if is_kept(recording) else None,
        name=attachment.name,
        media_type=attachment.media_type,
        size_bytes=attachment.size_bytes,
        logged_at=to_rfc3339(attachment.log_time) if attachment.log_time else None,
        created_at=to_rfc3339(attachment.create_time) if attachment.create_time else None,
    )


def _loss(loss: LossReport) -> LossResource:
    return LossResource(
        health=loss.health,
        sentences=loss_sentences(loss),
        lost_bytes=loss.lost_bytes,
        lost_records=loss.lost_records,
        lost_s=loss.lost_ns / NS_PER_S,
        missing=loss.missing,
        undecodable=loss.undecodable,
    )

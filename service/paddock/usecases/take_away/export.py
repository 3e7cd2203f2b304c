"""Export: ask for one artifact of a recording, and make it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from paddock.columns.columns import LogSummary
from paddock.columns.patterns import check_patterns
from paddock.columns.raster import check_span
from paddock.columns.selection import span_of
from paddock.domain.catalogue import log_units
from paddock.domain.export import DEFAULT_EXPORT, ExportRequest
from paddock.domain.job import Job
from paddock.domain.principal import Principal
from paddock.domain.recording import Artifact, Recording, StartedSource
from paddock.errors import Conflict, NotFound, PaddockError, Rejected
from paddock.formats.estimate import estimate_bytes, taken_of
from paddock.formats.mat5_elements import MAX_VARIABLE_BYTES, VariableTooLarge
from paddock.formats.registry import RunInfo, canonical, check_rate, find_format
from paddock.usecases.buses.decoding import load_databases
from paddock.usecases.catalogue.catalogue import catalogue_of, signals_of
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.usecases.conversion.write_export import DOUBT, RESERVE_BYTES, check_room, write_columns, write_export
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.usecases.intake.originals import check_original, is_kept, need_original
from paddock.usecases.jobs import jobs
from paddock.usecases.look.plots import log_span
from paddock.usecases.setups.fields import load_setup_fields
from paddock.usecases.take_away.artifacts import derived_in, find_artifact, id_of, run_of, store_artifact
from paddock.usecases.take_away.expiry import note_use
from paddock.usecases.take_away.stored_columns import may_serve, stored_columns, without_others

log = structlog.get_logger()


class Export(msgspec.Struct, frozen=True):
    """How far a request is: the artifact when it is there, else the job that makes it."""

    id: str
    """The artifact's, also before it is there."""
    artifact: Artifact | None = None
    job: Job | None = None


async def request_export(
    context: Context, principal: Principal, recording_id: str, request: ExportRequest
) -> Export:
    """Ask for an artifact; asking twice for the same is one job and one artifact.

    Args:
        principal: who asks, so that nobody waits for all that somebody else asked for before.

    Raises:
        NotFound: there is no such recording.
        Rejected: no such format or layout, too many signals named, or a time span or a rate that cannot be.
        Conflict: the recording is not ready (code ``not_ready``), or the file is not there and what it is made
            from is gone (code ``no_original``).
    """
    return await _request(context, principal.name, recording_id, request)


async def _request(context: Context, asked_by: str, recording_id: str, request: ExportRequest) -> Export:
    recording = await get_recording(context, recording_id)
    request = canonical(request)
    wanted = find_format(request.format)
    check_patterns(request.signals)
    span_of(request, recording.started_ns)
    check_rate(request)
    check_converted(recording)
    if not wanted.keeps(recording.kind) and not recording.message_count:
        raise Rejected("There is no message in this log: download the original.", code="no_messages")
    await _check_fits(context, recording, request)
    catalogue = await catalogue_of(context, recording)
    made_id = id_of(recording, request, catalogue)
    if artifact := await find_artifact(context, recording, request, catalogue):
        await note_use(context, artifact)
        return Export(artifact.id, artifact=artifact)
    if not may_serve(recording, request):
        check_original(recording)
    params = {"recording": recording.id, "request": msgspec.json.encode(request).decode()}
    return Export(made_id, job=await jobs.enqueue(context, "export", made_id, params, asked_by=asked_by))


async def renew_default_file(context: Context, asked_by: str, recording: Recording) -> None:
    """Make the default MATLAB file again, because it says who drove: as an export, without a conversion."""
    if not recording.build:
        return  # the conversion will write it
    try:
        export = await _request(context, asked_by, recording.id, DEFAULT_EXPORT)
    except PaddockError:
        # What is said of the recording is stored. What the queue has against the file is no reason to deny that.
        return
    if export.artifact is not None:
        # After an undo the old file is the right one again; the newest one is shown.
        await context.documents.artifacts.change(
            export.artifact.id, {"created_at": context.now(), "expires_at": None}
        )


async def estimate_export(context: Context, recording_id: str, request: ExportRequest) -> int:
    """About how many bytes the file of a request will have.

    Raises:
        NotFound: there is no such recording.
        Rejected: the request cannot be met, or the file would have no room.
    """
    recording = await get_recording(context, recording_id)
    request = canonical(request)
    check_patterns(request.signals)
    check_rate(request)
    return await _estimated(context, recording, request)


async def _estimated(context: Context, recording: Recording, request: ExportRequest) -> int:
    signals = await signals_of(context, recording)
    contents = await contents_of(context.documents, recording)
    contents, signals = without_others(recording, request, contents, signals)
    channels = contents.channels
    if sum(channel.message_count for channel in contents.own_channels) < (recording.message_count or 0):
        # Not all of them are listed: what is asked for may be among the others.
        channels = tuple(msgspec.structs.replace(channel, others=None) for channel in channels)
    taken = taken_of(channels, signals, request.signals)
    span = await _log_span(context, recording)
    check_span(request, *span)
    if request.mat_version == "5":
        for each in taken:
            if estimate_bytes([each], request, channels, span) > MAX_VARIABLE_BYTES * DOUBT:
                raise VariableTooLarge(f"{each.channel.topic} takes 2 GiB or more, which MAT v5 cannot hold.")
    kept = find_format(request.format).keeps(recording.kind) and not derived_in(recording, request)
    return estimate_bytes(taken, request, channels, span, recording.size_bytes if kept else 0)


async def _log_span(context: Context, recording: Recording) -> tuple[int, int]:
    """When the log itself says that it began and ended."""
    begin, end = await log_span(context, recording)
    if recording.started_ns is not None and recording.started_source is StartedSource.LOG_TIME:
        begin = recording.started_ns
    return begin, end if recording.duration_ns is None else begin + recording.duration_ns


async def _check_fits(context: Context, recording: Recording, request: ExportRequest) -> None:
    """Refuse at once what can never be made."""
    expected = await _estimated(context, recording, request)
    await asyncio.to_thread(check_room, expected, context.scratch, RESERVE_BYTES)


async def get_export(context: Context, recording_id: str, export_id: str) -> Export:
    """How far an export is, by the id that ``request_export`` gave."""
    recording = await get_recording(context, recording_id)
    artifact = await context.documents.artifacts.get(export_id)
    if artifact is not None and artifact.recording == recording.id:
        return Export(export_id, artifact=artifact)
    job = await context.documents.jobs.get(f"export-{export_id}")
    belongs = job is not None and job.params.get("recording") == recording.id
    return Export(export_id, job=job if belongs else None)


async def export(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Make the artifact of one request: from the stored columns, or where these will not do from the original.

    Raises:
        PaddockError: what the request, the log or the disk has against it.
    """
    recording = await context.documents.recordings.get(job.params["recording"])
    if recording is None or recording.deleted_at is not None:
        return
    request = msgspec.json.decode(job.params["request"], type=ExportRequest)
    catalogue = await catalogue_of(context, recording)
    if await find_artifact(context, recording, request, catalogue):
        return
    fields, setup_fields = await load_fields(context), await load_setup_fields(context)

    def run(summary: LogSummary) -> RunInfo:
        said = catalogue.with_units(log_units(summary.signals))
        units = said.units((signal.name, signal.dtype) for signal in summary.signals)
        return run_of(recording, units, fields, setup_fields)

    with tempfile.TemporaryDirectory(dir=context.scratch, prefix="export-") as directory:
        made = Path(directory) / "made"
        written = await _from_columns(context, recording, request, run, made, progress)
        if written is None:
            written = await _from_log(context, recording, request, run, made, progress)
            if derived := derived_in(recording, request):
                written = (*written, f"Maths channels are left out ({', '.join(derived)}): convert the log again.")
        await store_artifact(context, recording, request, made, catalogue, written)


async def _from_columns(
    context: Context,
    recording: Recording,
    request: ExportRequest,
    run: Callable[[LogSummary], RunInfo],
    target: Path,
    progress: Callable[[float], None],
) -> tuple[str, ...] | None:
    """Sentences about topics that are left out; None where the columns will not do."""
    try:
        columns = await stored_columns(context, recording, request, await _log_span(context, recording))
        if columns is None:
            return None
        written = await asyncio.to_thread(
            write_columns, columns, request, run, target, progress, reserve_bytes=RESERVE_BYTES
        )
        return written.left_out
    except (Conflict, NotFound, Rejected) as error:
        # Another conversion may have replaced them meanwhile, or something has damaged them; and whether there is
        # no signal of a name is for the log to say.
        if isinstance(error, Rejected) and not (error.code == "no_such_signal" and is_kept(recording)):
            raise
        check_original(recording)
        log.warning("columns_not_used", recording=recording.id, why=error.message)
        return None


async def _from_log(
    context: Context,
    recording: Recording,
    request: ExportRequest,
    run: Callable[[LogSummary], RunInfo],
    target: Path,
    progress: Callable[[float], None],
) -> tuple[str, ...]:
    await need_original(context, recording)
    databases = await load_databases(context, recording.decoded_by)
    original = await context.objects.open(recording.original_key)
    try:
        written = await asyncio.to_thread(
            write_export,
            original,
            request,
            run,
            target,
            target.parent,
            progress,
            context.memory_bytes,
            reserve_bytes=RESERVE_BYTES,
            databases=databases,
        )
    finally:
        await asyncio.to_thread(original.close)
    return written.left_out if written else ()

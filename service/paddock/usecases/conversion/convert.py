"""Convert: from the stored original to columns, statistics, the default MATLAB file and the viewer copy."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from paddock import COLUMNS
from paddock.columns.columns import Columns, LogSummary
from paddock.columns.containment import contained
from paddock.columns.parquet_footer import footer_crc32
from paddock.domain.can_database import Databases
from paddock.domain.catalogue import CarCatalogue, Catalogue, log_units
from paddock.domain.contents import Contents, contents_id
from paddock.domain.export import DEFAULT_EXPORT, VIEWER_COPY, ExportRequest
from paddock.domain.fields import Fields, fill_empty
from paddock.domain.job import Job
from paddock.domain.keys import columns_key
from paddock.domain.recording import (
    ChannelSummary,
    MetadataValue,
    Recording,
    RunFigures,
    Status,
    search_text,
    starting,
)
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.topic_set import topic_set_of
from paddock.errors import Conflict, NotFound, PaddockError, Rejected
from paddock.formats.contained import few_enough, within, write_contained
from paddock.formats.estimate import channel_bytes, described
from paddock.formats.parquet import write_channel
from paddock.formats.registry import RunInfo, find_format
from paddock.ports.documents import Equals
from paddock.readers.registry import spool_log
from paddock.usecases.alerts.ingest_rules import ask_rules
from paddock.usecases.buses.decoding import all_databases, decoders_of, load_databases
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.catalogue.signal_names import remember_names
from paddock.usecases.checks.asking import ask_checks
from paddock.usecases.contained import logged
from paddock.usecases.context import Context
from paddock.usecases.conversion.builds import old_build, remove_other_builds
from paddock.usecases.conversion.found_less import check_found
from paddock.usecases.conversion.prefill import prefilled
from paddock.usecases.conversion.run_figures import run_figures
from paddock.usecases.conversion.write_export import READING_SHARE, write_export
from paddock.usecases.find.topic_sets import remember_topics
from paddock.usecases.intake.open_log import check_is_log
from paddock.usecases.intake.originals import fault_by_hash, need_original
from paddock.usecases.jobs import leases
from paddock.usecases.laps.time_recording import time_laps_of
from paddock.usecases.look import attachments, channels, file_metadata
from paddock.usecases.maths.asking import ask_derived
from paddock.usecases.notices.outbox import tell_ready
from paddock.usecases.setups.fields import load_setup_fields
from paddock.usecases.take_away.artifacts import run_of, store_artifact

LARGEST_DEFAULT = 256_000_000
LARGEST_SHARE = 100
"""How large the default file may be, in bytes or in sizes of its log: texts may grow by thousands."""


@dataclass(frozen=True)
class Converted:
    """What one conversion made, on local disk."""

    summary: LogSummary
    recording: Recording
    """With the metadata that was written into the files."""
    from_log: dict[str, MetadataValue]
    """What the log itself says in the team's fields."""
    catalogue: CarCatalogue
    units: dict[str, str]
    """By signal name, as written into the files."""
    files: tuple[tuple[ExportRequest, Path], ...]
    columns: dict[str, Path]
    """Parquet by channel slug."""
    highlights: RunFigures


async def convert(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Make everything that is derived from a recording, then show all of it at once.

    Raises:
        PaddockError: what the log or the disk has against it.
    """
    await _convert(context, job, progress)
    once_more = False
    with logged("databases_not_looked_at", recording=job.subject):
        once_more = await _waits_no_more(context, job.subject)
    if once_more:
        await _convert(context, job, progress)


async def _convert(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    recording = await context.documents.recordings.get(job.subject)
    if recording is None or recording.deleted_at is not None:
        return
    await need_original(context, recording)
    catalogue, fields = await load_catalogue(context), await load_fields(context)
    setup_fields = await load_setup_fields(context)
    await context.documents.recordings.change(recording.id, {"status": Status.CONVERTING, "error": None})
    with tempfile.TemporaryDirectory(dir=context.scratch, prefix="convert-") as directory:
        log = await context.objects.open(recording.original_key)
        try:
            place = Path(directory)
            converted = await _decoded(
                context, log, recording, job, catalogue, fields, setup_fields, place, progress
            )
        except PaddockError as error:
            await _look_for_damage(context, recording, error)
            raise
        finally:
            await asyncio.to_thread(log.close)
        if not await leases.keep(context, job, 1.0):
            raise Conflict("Another worker took over this conversion.", code="lease_lost")
        await _publish(context, converted)
    with logged("laps_not_timed", recording=recording.id):
        await time_laps_of(context, job, lambda _: None)


async def _waits_no_more(context: Context, recording_id: str) -> bool:
    """Whether the first database for a log of frames came while it was converted without one."""
    current = await context.documents.recordings.get(recording_id)
    if current is None or current.deleted_at is not None or current.decoded_by:
        return False
    return decoders_of(current, await all_databases(context)) != ()


async def _decoded(
    context: Context,
    log: BinaryIO,
    recording: Recording,
    job: Job,
    catalogue: Catalogue,
    fields: Fields,
    setup_fields: SetupFields,
    directory: Path,
    progress: Callable[[float], None],
) -> Converted:
    """The log, decoded by the CAN databases that fit it.

    Which these are depends on car and day, which may be known only once the log was read: then it is read again.
    """
    known = await all_databases(context)
    decoded_by = decoders_of(recording, known)
    for place in (directory / "first", directory / "again"):
        place.mkdir()
        databases = await load_databases(context, decoded_by)
        before = msgspec.structs.replace(recording, decoded_by=decoded_by)
        converted = await asyncio.to_thread(
            _convert_file,
            log,
            before,
            job,
            catalogue,
            fields,
            setup_fields,
            place,
            progress,
            context.memory_bytes,
            databases,
        )
        fitting = decoders_of(converted.recording, known)
        if fitting == decoded_by:
            break
        if place.name == "first":
            shutil.rmtree(place)
            decoded_by = fitting
            await asyncio.to_thread(log.seek, 0)
    return converted


async def _look_for_damage(context: Context, recording: Recording, error: PaddockError) -> None:
    """Look whether the stored original was damaged, where a log that could be converted before cannot be any more.

    Raises:
        PaddockError: it is not (code ``original_damaged``).
    """
    if recording.build and error.permanent and (fault := await fault_by_hash(context, recording)):
        raise PaddockError(fault.message, code=fault.code) from error


def _convert_file(
    log: BinaryIO,
    recording: Recording,
    job: Job,
    catalogue: Catalogue,
    fields: Fields,
    setup_fields: SetupFields,
    directory: Path,
    progress: Callable[[float], None],
    memory_bytes: int | None,
    databases: Databases,
) -> Converted:
    """One pass over the log into a spool, and from there every file.

    Raises:
        Rejected: the bytes are no log; what a stranger's program left under ``incoming/`` may be anything. Or
            nothing can be read from them (code ``nothing_read``).
        PaddockError: it is less than before (code ``found_less``).
    """
    check_is_log(log, recording.name)
    with spool_log(
        log,
        directory,
        progress=lambda done: progress(done * READING_SHARE),
        memory_bytes=memory_bytes,
        databases=databases,
    ) as columns:
        summary = columns.summary
        check_found(recording, summary, job)
        if not (summary.message_count or summary.attachments or summary.metadata):
            lost = sum(summary.loss.undecodable.values())
            why = f"none of its {lost:,} messages can be decoded" if lost else "there is no message in this log"
            raise Rejected(f"Nothing could be read: {why}.", code="nothing_read")
        from_log = prefilled(summary, fields)
        known = msgspec.structs.replace(recording, metadata=fill_empty(recording.metadata, from_log))
        known = starting(known, summary.started_ns, has_clock=summary.facts.has_clock)
        known = msgspec.structs.replace(known, has_frames="frames" in summary.facts.said)
        of_car = CarCatalogue(catalogue, car_of(known), log_units(summary.signals))
        units = of_car.units((signal.name, signal.dtype) for signal in summary.signals)
        run = run_of(known, units, fields, setup_fields)
        failed: list[str] = []
        files: list[tuple[ExportRequest, Path]] = []
        mat = directory / "default.mat"
        if summary.message_count:
            with _alone("The MATLAB file", failed):
                failed += _write_default(columns, run, mat, log.seek(0, os.SEEK_END), progress)
                files.append((DEFAULT_EXPORT, mat))
        parquet: dict[str, Path] = {}
        kept = {channel.slug for channel in channels.listed(summary.channels)[0]}
        # Nobody would find the columns of another one.
        for channel in (each for each in columns.channels if each.slug in kept):
            made = directory / f"{len(parquet)}.parquet"
            with _alone(f"The columns of {channel.topic}", failed):
                write_channel(columns, channel, made, units)
                parquet[channel.slug] = made
        figures = RunFigures()
        with _alone("The figures of the run", failed):
            figures = run_figures(columns, catalogue, car_of(known))
        viewer = find_format(VIEWER_COPY.format)
        copy = directory / f"viewer{viewer.suffix}"
        wants_copy = summary.message_count > 0 and summary.needs_viewer_copy
        if wants_copy and not viewer.keeps(summary.kind):
            with _alone("The copy for viewers", failed):
                few, beyond = few_enough(columns)
                failed += (*beyond, *write_contained(viewer.write, few, VIEWER_COPY, run, copy, lambda _: None))
                files.append((VIEWER_COPY, copy))
        summary = dataclasses.replace(summary, channels=_sized(columns, parquet))
    if wants_copy and viewer.keeps(summary.kind):
        log.seek(0)
        with _alone("The copy for viewers", failed):
            write_export(log, VIEWER_COPY, lambda _: run, copy, directory, lambda _: None)
            files.append((VIEWER_COPY, copy))
    progress(1.0)
    summary = dataclasses.replace(summary, notices=(*failed, *summary.notices))
    return Converted(summary, known, from_log, of_car, units, tuple(files), parquet, figures)


@contextlib.contextmanager
def _alone(what: str, failed: list[str]) -> Iterator[None]:
    """An error in the block leaves one file out, and ``failed`` gets a sentence. A full disk and whatever else may
    pass is raised."""
    try:
        yield
    except OSError:
        raise
    except PaddockError as error:
        if not error.permanent:
            raise
        failed.append(f"{what} could not be made: {error.message}")
    except BaseException as error:
        failed.append(f"{what} could not be made ({contained(error)}).")


def _write_default(
    columns: Columns, run: RunInfo, target: Path, log_bytes: int, progress: Callable[[float], None]
) -> tuple[str, ...]:
    """The file that every recording has; sentences about topics that are left out of it."""
    write = find_format(DEFAULT_EXPORT.format).write
    limit = max(LARGEST_DEFAULT, LARGEST_SHARE * log_bytes)
    few, beyond = few_enough(columns)
    kept, too_large = within(few, channel_bytes(few, DEFAULT_EXPORT), limit)
    faulty = write_contained(
        write, kept, DEFAULT_EXPORT, run, target, lambda done: progress(READING_SHARE + done * 0.2)
    )
    return (*beyond, *too_large, *faulty)


def _sized(columns: Columns, parquet: dict[str, Path]) -> tuple[ChannelSummary, ...]:
    """The channels with what estimates and plots need of their files: sizes, and what proves them."""
    return tuple(
        msgspec.structs.replace(
            each,
            stored_bytes=parquet[each.slug].stat().st_size,
            footer_crc32=footer_crc32(parquet[each.slug]),
        )
        if each.slug in parquet
        else each
        for each in described(columns)
    )


async def _publish(context: Context, converted: Converted) -> None:
    """Store files and contents first, then flip the recording to them: nobody sees half a conversion."""
    recording, summary = converted.recording, converted.summary
    contents, not_listed = _contents(converted, secrets.token_hex(8))
    build, listed = contents.build, contents.channels
    # Before the columns, so that those of a conversion that is cut off are known by it.
    await context.documents.contents.put_many([contents])
    for request, made in converted.files:
        await store_artifact(context, recording, request, made, converted.catalogue)
    for slug, made in converted.columns.items():
        await context.objects.put_file(columns_key(slug, recording.id, build), made)
    slugs = {channel.slug for channel in listed}
    signals = [signal for signal in summary.signals if signal.channel in slugs]
    await context.documents.signals.delete([Equals("recording", recording.id)])
    await context.documents.signals.put_many(
        [
            msgspec.structs.replace(
                signal,
                id=f"{recording.id}:{signal.name}",
                recording=recording.id,
                unit=converted.units.get(signal.name, signal.unit),
            )
            for signal in signals
        ]
    )
    await remember_names(context, signals, listed)
    await remember_topics(context.documents, topic_set_of(listed))
    while True:
        current = await context.documents.recordings.get(recording.id)
        if current is None:
            raise NotFound("The recording was removed while it was converted.")
        if current.build != recording.build:
            # Another worker converted it meanwhile and removed what this one wrote: there is nothing to flip to.
            raise Conflict("Another worker converted this meanwhile.", code="lease_lost", permanent=False)
        if not current.build or current.decoded_by != recording.decoded_by:
            # Before it is shown: where a worker is killed in between, the next one asks again.
            await ask_rules(context, recording)
        if not current.build:
            await tell_ready(context, recording, car_of(recording))
        await ask_derived(context, recording)
        await ask_checks(context, recording)
        flipped = await context.documents.recordings.change(
            recording.id,
            _changes(current, converted, contents, not_listed) | old_build(context, current),
            [Equals("version", current.version)],
        )
        if flipped is not None:
            break
    with logged("old_builds_not_removed", recording=recording.id):
        await remove_other_builds(context, recording.id, kept={build, current.build})


def _contents(converted: Converted, build: str) -> tuple[Contents, tuple[str, ...]]:
    """What is inside of the log as far as it is listed, and sentences about what is not."""
    recording, summary = converted.recording, converted.summary
    listed, more_channels = channels.listed(summary.channels)
    attached, more_attached = attachments.listed(summary.attachments)
    records, more_records = file_metadata.listed(summary.metadata)
    loss = channels.listed_loss(summary.loss, listed)
    found = Contents(contents_id(recording.id, build), recording.id, build, listed, attached, records, loss)
    return found, (*more_channels, *more_attached, *more_records)


def _changes(
    current: Recording, converted: Converted, contents: Contents, not_listed: tuple[str, ...]
) -> dict[str, object]:
    summary = converted.summary
    metadata = fill_empty(current.metadata, converted.from_log)
    changes: dict[str, object] = {
        "status": Status.READY,
        "error": None,
        "message_count": summary.message_count,
        "topic_set": topic_set_of(contents.channels).id,
        "loss": summary.loss.sums,
        "health": summary.loss.health,
        "highlights": converted.highlights,
        "notices": (*channels.listed_notices(summary.notices), *not_listed),
        "metadata": metadata,
        "build": contents.build,
        "converter": str(COLUMNS),
        "has_frames": converted.recording.has_frames,
        "decoded_by": converted.recording.decoded_by,
        "derived": {},
        "derived_in_mat": (),
        "search": search_text(msgspec.structs.replace(current, metadata=metadata)),
        "version": current.version + 1,
    }
    if summary.started_ns is not None and summary.ended_ns is not None:
        changes["duration_ns"] = summary.ended_ns - summary.started_ns
        started = starting(current, summary.started_ns, has_clock=summary.facts.has_clock)
        changes["started_ns"], changes["started_source"] = started.started_ns, started.started_source
    return changes

"""Artifacts: derived files, stored under the hash of what was asked for."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from paddock import COLUMNS
from paddock.columns.patterns import Patterns
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.export import DEFAULT_EXPORT, ExportRequest, artifact_id, purpose_of
from paddock.domain.fields import Fields
from paddock.domain.keys import artifact_key
from paddock.domain.maths_channels import FIELD
from paddock.domain.recording import Artifact, Recording, StartedSource
from paddock.domain.setup_sheets import SetupFields
from paddock.formats.registry import RunInfo, find_format, writer_number, written_as
from paddock.usecases.buses.decoding import database_names
from paddock.usecases.context import Context
from paddock.usecases.intake.originals import is_kept
from paddock.usecases.take_away.expiry import expiry_of, outdate_others

MAX_SENTENCES = 20
_PIECE_BYTES = 1 << 20


def id_of(recording: Recording, request: ExportRequest, catalogue: CarCatalogue) -> str:
    """The id of the artifact that this code makes of a request."""
    return _id(recording, request, catalogue, columns_number(recording))


def _id(recording: Recording, request: ExportRequest, catalogue: CarCatalogue, columns: str) -> str:
    derived = {name: recording.derived[name] for name in derived_in(recording, request)}
    return artifact_id(recording, request, made_by(request, columns), catalogue.said_units(), derived)


def derived_in(recording: Recording, request: ExportRequest) -> tuple[str, ...]:
    """The maths channels that the file of a request holds: those that are named, or of a whole recording all.

    Of a whole recording MATLAB's file has those that are ticked, and MCAP none: it keeps the messages of the log.
    """
    if not request.signals:
        whole: Collection[str] = recording.derived
        if request.format == DEFAULT_EXPORT.format:
            whole = recording.derived_in_mat
        elif find_format(request.format).write_log is not None:
            whole = ()
        return tuple(sorted(set(whole) & set(recording.derived)))
    patterns = Patterns(request.signals)
    return tuple(
        name for name in sorted(recording.derived) if patterns.taking(name) | patterns.taking(f"{name}.{FIELD}")
    )


def columns_number(recording: Recording) -> str:
    """The number of the columns that files are made from: today's, or, where the log is gone, of those stored."""
    return recording.converter if recording.build and not is_kept(recording) else str(COLUMNS)


def made_by(request: ExportRequest, columns: str = str(COLUMNS)) -> str:
    """Which code makes the file of a request: the number of the columns, and that of the layout's writer."""
    return f"{columns}.{writer_number(request)}"


async def find_artifact(
    context: Context, recording: Recording, request: ExportRequest, catalogue: CarCatalogue
) -> Artifact | None:
    """The artifact that this request of this recording made already."""
    for columns in dict.fromkeys((str(COLUMNS), columns_number(recording))):
        if found := await context.documents.artifacts.get(_id(recording, request, catalogue, columns)):
            return found
    return None


async def store_artifact(
    context: Context,
    recording: Recording,
    request: ExportRequest,
    made: Path,
    catalogue: CarCatalogue,
    left_out: Sequence[str] = (),
) -> Artifact:
    """Put a derived file into the store, then say so. Doing it twice is harmless.

    Args:
        recording: as it was when ``made`` was written: its metadata is part of the artifact's id.
        catalogue: as it was then: so are the units.
        left_out: sentences about topics that were to be in it and are not.
    """
    made_id = id_of(recording, request, catalogue)
    suffix = written_as(find_format(request.format), made)[0]
    crc32 = await asyncio.to_thread(_crc32, made)
    stored = await context.objects.put_file(artifact_key(recording.id, made_id, suffix), made)
    artifact = Artifact(
        id=made_id,
        recording=recording.id,
        format=request.format,
        layout=request.layout,
        key=stored.key,
        suffix=suffix,
        size_bytes=stored.size_bytes,
        created_at=context.now(),
        converter=made_by(request, columns_number(recording)),
        purpose=purpose_of(request),
        request=msgspec.json.encode(request).decode(),
        crc32=crc32,
        expires_at=expiry_of(context, purpose_of(request)),
        left_out=_some(left_out),
        decoded_by=await database_names(context, recording),
    )
    await context.documents.artifacts.put_many([artifact])
    await outdate_others(context, artifact)
    return artifact


def _some(sentences: Sequence[str]) -> tuple[str, ...]:
    """A writer may fail at every topic, and a document has no room for a sentence about each."""
    more = len(sentences) - MAX_SENTENCES
    return (*sentences[:MAX_SENTENCES], *([f"{more:,} more topics are left out as well."] if more > 0 else ()))


def _crc32(path: Path) -> int:
    crc32 = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            crc32 = zlib.crc32(piece, crc32)
    return crc32


def run_of(recording: Recording, units: Mapping[str, str], fields: Fields, setup_fields: SetupFields) -> RunInfo:
    """What a file may say about its recording; ``units`` by signal name.

    A field that nobody filled is empty in there, so that scripts may ask any recording for it. Values of fields
    that the team removed since are there, too.
    """
    return RunInfo(
        recording=recording.id,
        file_name=recording.name,
        metadata={field.name: "" for field in fields}
        | {name: known.value for name, known in recording.metadata.items()},
        setup=setup_fields.shown_all(recording.setup_values),
        setup_units={name: setup_fields.unit(name) for name in recording.setup_values},
        units=dict(units),
        started_ns=None if recording.started_source is StartedSource.LOG_TIME else recording.started_ns,
        is_start_known=recording.started_ns is not None,
    )

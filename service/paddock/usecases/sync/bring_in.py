"""Bring in what another Paddock says of a recording: values, history and files, as they were there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from paddock.domain import lap_marks
from paddock.domain.history import Change, MiscFile
from paddock.domain.instants import INT64_MAX
from paddock.domain.keys import file_key
from paddock.domain.principal import Principal
from paddock.domain.recording import MetadataSource, MetadataValue, Recording, StartedSource, Status, with_setup
from paddock.domain.recording_names import check_file_name
from paddock.domain.setup_values import PREFIX, value_of
from paddock.domain.sync import CLOCK, DELETED, STARTED, BroughtIn, SaidChange, SaidFile, SaidInterval, SaidValue
from paddock.errors import Conflict, Rejected
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import keep_edits, store
from paddock.usecases.edit.files import keep_file
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.jobs import jobs
from paddock.usecases.sync.states import histories_of, intervals_by
from paddock.usecases.take_away.export import renew_default_file

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


async def bring_in(context: Context, principal: Principal, recording_id: str, brought: BroughtIn) -> Recording:
    """Say from now on what another Paddock says; doing it twice is harmless.

    Raises:
        NotFound: there is no such recording.
        Conflict: it was changed since ``brought.version``: compare again (code ``changed_meanwhile``).
        Rejected: a value that cannot be one.
    """
    known = await get_recording(context, recording_id, deleted=None)
    if known.version != brought.version:
        raise _changed_meanwhile()
    changed = _with_values(context, known, brought.values)
    names = tuple(name for name in brought.names if name not in known.names)
    for name in names:
        check_file_name(name)
    changed = msgspec.structs.replace(
        changed,
        names=(*known.names, *names),
        files=tuple(file for file in known.files if file.id not in brought.removed_files),
    )
    edits = await unknown_changes(context, known, brought.changes)
    await _keep_intervals(context, known, brought.intervals)
    if changed == known and not edits:
        return known
    return await store_brought(context, principal, known, changed, edits)


async def _keep_intervals(context: Context, known: Recording, said: Sequence[SaidInterval]) -> None:
    """Those that are later than what is here; each stands for itself, so that doing it twice is harmless."""
    here = {each.id: each.changed_at for each in (await intervals_by(context, [known]))[known.id]}
    later = [each.kept(known.id) for each in said if here.get(each.id, -1) < each.changed_at]
    if later:
        await context.documents.intervals.put_many(later)


async def store_brought(
    context: Context, principal: Principal, known: Recording, changed: Recording, edits: Sequence[Change]
) -> Recording:
    """Store it with its history, and have done what follows from it.

    Raises:
        Conflict: somebody else changed it meanwhile.
    """
    changed = msgspec.structs.replace(changed, version=known.version + max(1, len(edits)))
    stored = await store(context, known, changed, edits)
    if stored is None:
        raise _changed_meanwhile()
    left = {file.id for file in stored.files}
    for file in known.files:
        if file.id not in left:
            await context.objects.delete(file_key(known.id, file.id))
    restored = known.deleted_at is not None and stored.deleted_at is None
    if restored and stored.status in (Status.STORED, Status.CONVERTING):
        # Its conversion was given up when it was deleted.
        await jobs.enqueue(context, "convert", stored.id, asked_by=principal.name)
    said = (known.metadata, known.setup_values, known.started_ns)
    says_other = said != (stored.metadata, stored.setup_values, stored.started_ns)
    if stored.deleted_at is None and says_other:
        await renew_default_file(context, principal.name, stored)
    return stored


async def unknown_changes(context: Context, known: Recording, said: Sequence[SaidChange]) -> list[Change]:
    """Those that the history lacks, each with a version of its own, so that their order stays."""
    await keep_edits(context, known)
    history = await histories_of(context, [known])
    keys = {SaidChange.of(change).key(known.id) for change in history[known.id]}
    found: list[Change] = []
    for each in said:
        key = each.key(known.id)
        if key not in keys:
            keys.add(key)
            found.append(as_change(each, known.id, f"{known.id}:{key}", known.version + 1 + len(found)))
    return found


def as_change(said: SaidChange, recording_id: str, change_id: str, version: int) -> Change:
    """What another Paddock told, as it is kept in the history here."""
    return Change(
        change_id,
        recording_id,
        version,
        said.at,
        said.principal,
        said.field,
        said.before,
        said.before_source,
        said.after,
        said.subject,
        said.origin,
    )


def with_value(context: Context, known: Recording, field: str, said: SaidValue) -> Recording:
    """A recording that says something else of one field.

    Raises:
        Rejected: it cannot (code ``bad_value``).
    """
    if field == DELETED:
        deleted_at = known.deleted_at if known.deleted_at is not None else context.now()
        return msgspec.structs.replace(known, deleted_at=None if said.value is None else deleted_at)
    try:
        if field == STARTED:
            started_ns = None if said.value is None else _int64(said.value)
            source = StartedSource(said.source or StartedSource.LOG_TIME)
            return msgspec.structs.replace(known, started_ns=started_ns, started_source=source)
        if field == CLOCK:
            offset_ns = None if said.value is None else _int64(said.value)
            return msgspec.structs.replace(known, clock_offset_ns=offset_ns)
        if field == lap_marks.FIELD:
            marks_ns = None if said.value is None else lap_marks.marks_of_text(said.value)
            return msgspec.structs.replace(known, lap_marks_ns=marks_ns)
        if not _FIELD.fullmatch(field.removeprefix(PREFIX)):
            raise ValueError(field)
        if field.startswith(PREFIX):
            value = None if said.value is None else value_of(said.value)
            return with_setup(known, {field.removeprefix(PREFIX): value})
        metadata = {name: value for name, value in known.metadata.items() if name != field}
        if said.value is not None:
            metadata[field] = MetadataValue(said.value, MetadataSource(said.source))
        return msgspec.structs.replace(known, metadata=metadata)
    except ValueError:
        raise Rejected(
            f"{field[:40]!r} cannot be {(said.value or '')[:40]!r}, as a word of {said.source[:20]!r}: the other "
            "Paddock may be newer than this one.",
            code="bad_value",
        ) from None


def _int64(text: str) -> int:
    number = int(text)
    if not -INT64_MAX <= number <= INT64_MAX:
        raise ValueError(text[:40])
    return number


def _with_values(context: Context, known: Recording, values: Mapping[str, SaidValue]) -> Recording:
    for field, said in values.items():
        known = with_value(context, known, field, said)
    return known


async def bring_in_file(
    context: Context, principal: Principal, recording_id: str, file: SaidFile, body: AsyncIterator[bytes]
) -> None:
    """Keep a file of another Paddock beside the recording, under its id; its history comes with ``bring_in``.

    Raises:
        NotFound: there is no such recording.
        Rejected: no name, too large, one too many, or other bytes than it has there (code ``cut_off``).
    """
    kept = MiscFile(file.id, file.name, file.size_bytes, file.added_at, file.added_by)
    await keep_file(context, recording_id, kept, body)


def _changed_meanwhile() -> Conflict:
    return Conflict("Somebody changed this recording meanwhile: compare it again.", code="changed_meanwhile")

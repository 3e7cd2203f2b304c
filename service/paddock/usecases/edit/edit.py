"""Edit: what people say about recordings, with everything they said before, and undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from paddock.domain import lap_marks
from paddock.domain.history import Change
from paddock.domain.instants import to_rfc3339
from paddock.domain.principal import Principal
from paddock.domain.recording import (
    MetadataSource,
    MetadataValue,
    Recording,
    StartedSource,
    search_text,
    starting,
    with_setup,
)
from paddock.domain.setup_values import PREFIX, text_of, value_of
from paddock.errors import Conflict, NotFound
from paddock.ports.documents import Between, Equals, Page, Sort
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.checks.asking import ask_checks
from paddock.usecases.context import Context
from paddock.usecases.edit.conflict import Difference, EditConflict
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.jobs import jobs
from paddock.usecases.take_away.export import renew_default_file

STARTED = "started_ns"
_NOT_IN_FILES = ("file", "deleted", lap_marks.FIELD)
"""Changes that the default MATLAB file says nothing of."""


async def edit_recording(
    context: Context,
    principal: Principal,
    recording_id: str,
    *,
    metadata: Mapping[str, str] | None = None,
    started_ns: int | None = None,
    version: int | None = None,
    source: MetadataSource = MetadataSource.PERSON,
) -> Recording:
    """Change metadata fields and the start time; the recording as it is then.

    Args:
        metadata: the fields to change; an empty text says that nobody knows, and stays so.
        started_ns: when the car began to record, when its clock lied.
        version: of the recording that was looked at. Edits of other fields since then are no conflict; without a
            version this one wins.
        source: who says it. What a person said stays, whatever a base station says afterwards; and with an empty
            text it takes back what a base station said.

    Raises:
        NotFound: there is no such recording.
        Rejected: an unknown field, or a value that it cannot have.
        EditConflict: one of the fields was changed since that version to something else.
    """
    given = dict(metadata or {})
    wanted = dict.fromkeys(given, "") | (await load_fields(context)).check(given) if given else {}

    def edited(known: Recording) -> Recording:
        changed = msgspec.structs.replace(known, metadata=_edited(known.metadata, wanted, source))
        if started_ns is not None and started_ns != known.started_ns:
            changed = msgspec.structs.replace(changed, started_ns=started_ns, started_source=StartedSource.PERSON)
        return changed

    return await change_recording(context, principal, recording_id, edited, version)


async def change_recording(
    context: Context,
    principal: Principal,
    recording_id: str,
    change: Callable[[Recording], Recording],
    version: int | None,
) -> Recording:
    """Change what people say of a recording; the recording as it is then.

    Args:
        change: makes it of the recording as it is now; asked again where somebody else was first.
        version: of the recording that was looked at, see ``edit_recording``.

    Raises:
        NotFound: there is no such recording.
        EditConflict: one of the fields was changed since that version to something else.
    """
    while True:
        known = await get_recording(context, recording_id)
        changed = change(known)
        if version is not None and version != known.version:
            await _refuse_lost_edits(context, known, changed, version)
        if stored := await apply(context, principal, known, changed):
            return stored


async def edit_many(
    context: Context, principal: Principal, recording_ids: Iterable[str], metadata: Mapping[str, str]
) -> list[Recording]:
    """The same fields for several recordings, each with its own history."""
    return [
        await edit_recording(context, principal, recording_id, metadata=metadata) for recording_id in recording_ids
    ]


async def history_of(
    context: Context, recording: Recording, *, limit: int = 50, after: str | None = None
) -> Page[Change]:
    """What people changed, the last first."""
    await keep_edits(context, recording)
    return await context.documents.history.find(
        [Equals("recording", recording.id)], sort=Sort("at", descending=True), limit=limit, after=after
    )


async def undo(context: Context, principal: Principal, recording_id: str, change_id: str) -> Recording:
    """Make a field again what it was before a change, with the source it had; this is a change as well.

    Raises:
        NotFound: this recording has no such change.
        Conflict: the field was changed again since (code ``changed_since``), or this cannot be undone here.
    """
    while True:
        known = await get_recording(context, recording_id)
        await keep_edits(context, known)
        change = await context.documents.history.get(change_id)
        if change is None or change.recording != known.id:
            raise NotFound("This recording has no such change: reload the page.", code="no_such_change")
        if change.field in ("file", "deleted"):
            raise Conflict("Files and deletions are not undone here: add or restore them.", code="cannot_undo")
        if _value(known, change.field) != change.after:
            raise Conflict("The field was changed again since: undo the later change first.", code="changed_since")
        if stored := await apply(context, principal, known, _before(known, change)):
            return stored


def _edited(
    known: Mapping[str, MetadataValue], wanted: Mapping[str, str], source: MetadataSource
) -> dict[str, MetadataValue]:
    metadata = dict(known)
    for name, value in wanted.items():
        # What is the same keeps its source: nobody said it anew.
        if _text(known, name) == value:
            continue
        if source is not MetadataSource.PERSON:
            if name in known and known[name].source is MetadataSource.PERSON:
                continue
            if not value:
                if known[name].source is source:
                    del metadata[name]
                continue
        metadata[name] = MetadataValue(value, source)
    return metadata


def _before(known: Recording, change: Change) -> Recording:
    if change.field == STARTED:
        started_ns = None if change.before is None else int(change.before)
        began = StartedSource(change.before_source or StartedSource.LOG_TIME)
        restored = msgspec.structs.replace(known, started_ns=started_ns, started_source=began)
        # The car's clock may have been corrected since.
        return starting(restored, started_ns) if began is StartedSource.LOG_TIME else restored
    if change.field.startswith(PREFIX):
        value = None if change.before is None else value_of(change.before)
        return with_setup(known, {change.field.removeprefix(PREFIX): value})
    if change.field == lap_marks.FIELD:
        marks_ns = None if change.before is None else lap_marks.marks_of_text(change.before)
        return msgspec.structs.replace(known, lap_marks_ns=marks_ns)
    metadata = {name: value for name, value in known.metadata.items() if name != change.field}
    if change.before is not None:
        source = MetadataSource(change.before_source or MetadataSource.PERSON)
        metadata[change.field] = MetadataValue(change.before, source)
    return msgspec.structs.replace(known, metadata=metadata)


async def apply(
    context: Context, principal: Principal, known: Recording, changed: Recording, extra: Sequence[Change] = ()
) -> Recording | None:
    """Store ``changed`` in place of ``known`` with its history; None when somebody else was first.

    The changes are part of the recording until they are in the history, so that neither is without the other.

    Args:
        extra: changes that no comparison of the two shows, such as of files.
    """
    version, now = known.version + 1, context.now()
    edits = tuple(
        msgspec.structs.replace(
            change,
            id=f"{known.id}:{version}:{change.field}",
            recording=known.id,
            version=version,
            at=now,
            principal=principal.name,
        )
        for change in (*_differences(known, changed), *extra)
    )
    if not edits:
        return known
    stored = await store(context, known, msgspec.structs.replace(changed, version=version), edits)
    if stored is not None and any(edit.field not in _NOT_IN_FILES for edit in edits):
        await renew_default_file(context, principal.name, stored)
    return stored


async def store(
    context: Context, known: Recording, changed: Recording, edits: Sequence[Change]
) -> Recording | None:
    """Store ``changed`` with its history; None when somebody else was first.

    Args:
        edits: with the ids, versions and times that they keep.
    """
    await keep_edits(context, known)
    stored = await context.documents.recordings.change(
        known.id,
        {
            "names": changed.names,
            "metadata": changed.metadata,
            "setup": changed.setup,
            "lap_marks_ns": changed.lap_marks_ns,
            STARTED: changed.started_ns,
            "started_source": changed.started_source,
            "clock_offset_ns": changed.clock_offset_ns,
            "files": changed.files,
            "deleted_at": changed.deleted_at,
            "search": search_text(changed),
            "edits": tuple(edits),
            "version": changed.version,
        },
        [Equals("version", known.version)],
    )
    if stored is not None:
        await keep_edits(context, stored)
        if stored.build and stored.lap_marks_ns != known.lap_marks_ns:
            await jobs.enqueue(context, "laps", stored.id)
        if stored.build and car_of(stored) != car_of(known):
            # Other checklists are for another car.
            await ask_checks(context, stored)
    return stored


async def keep_edits(context: Context, recording: Recording) -> None:
    """Bring what the last edit changed into the history, from where it is read."""
    if recording.edits:
        await context.documents.history.put_many(recording.edits)


def _differences(before: Recording, after: Recording) -> list[Change]:
    setup = [f"{PREFIX}{name}" for name in (*before.setup_values, *after.setup_values)]
    fields = dict.fromkeys([*before.metadata, *after.metadata, *setup, STARTED, lap_marks.FIELD])
    return [
        Change("", "", 0, 0, "", field, _value(before, field), _source(before, field), _value(after, field))
        for field in fields
        if (_value(before, field), _source(before, field)) != (_value(after, field), _source(after, field))
    ]


def _value(recording: Recording, field: str) -> str | None:
    if field == STARTED:
        return None if recording.started_ns is None else str(recording.started_ns)
    if field.startswith(PREFIX):
        value = recording.setup_values.get(field.removeprefix(PREFIX))
        return None if value is None else text_of(value)
    if field == lap_marks.FIELD:
        return None if recording.lap_marks_ns is None else lap_marks.text_of_marks(recording.lap_marks_ns)
    return recording.metadata[field].value if field in recording.metadata else None


def _source(recording: Recording, field: str) -> str:
    if field == STARTED:
        return recording.started_source.value
    if field.startswith(PREFIX) or field == lap_marks.FIELD:
        return MetadataSource.PERSON.value if _value(recording, field) is not None else ""
    return recording.metadata[field].source.value if field in recording.metadata else ""


def _text(metadata: Mapping[str, MetadataValue], field: str) -> str:
    return metadata[field].value if field in metadata else ""


async def _refuse_lost_edits(context: Context, known: Recording, changed: Recording, version: int) -> None:
    """An edit of the same field since ``version`` must not get lost; the pipeline's writes are no edits."""
    await keep_edits(context, known)
    wanted = {change.field: change for change in _differences(known, changed)}
    since: dict[str, Change] = {}
    after = None
    while True:
        page = await context.documents.history.find(
            [Equals("recording", known.id), Between("version", version + 1)],
            sort=Sort("version", descending=True),
            limit=500,
            after=after,
        )
        for change in page.items:
            if change.field in wanted:
                since.setdefault(change.field, change)
        if (after := page.next) is None:
            break
    if since:
        raise EditConflict(
            known.version,
            [
                Difference(field, _shown(field, wanted[field].after), _shown(field, by.after), by.principal)
                for field, by in since.items()
            ],
        )


def _shown(field: str, value: str | None) -> str:
    return to_rfc3339(int(value)) if field == STARTED and value else value or ""

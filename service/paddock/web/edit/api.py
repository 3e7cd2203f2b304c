"""``/api/recordings``: what people change: metadata, start time, deletion; one by one and many at once."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.params import HeaderParameter, JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.history import Change
from paddock.domain.instants import from_rfc3339, to_rfc3339
from paddock.domain.recording import MetadataSource
from paddock.domain.roles import Permission
from paddock.domain.sidecar import MetadataTexts
from paddock.errors import Rejected
from paddock.usecases.conversion.reprocess import reprocess_one
from paddock.usecases.edit.delete import delete_recordings, restore_recordings
from paddock.usecases.edit.edit import STARTED, edit_many, edit_recording, history_of, undo
from paddock.usecases.find.recordings import get_recording
from paddock.web.kernel.injected import After, Limit, TheContext, ThePrincipal
from paddock.web.kernel.partial import Fields, Partial, only
from paddock.web.kernel.problems import responses
from paddock.web.recordings.answers import detail
from paddock.web.recordings.api import Prefix
from paddock.web.recordings.resources import Instant, RecordingDetail

Ids = Annotated[
    tuple[Annotated[str, Meta(max_length=100)], ...],
    Meta(description="Ids, or beginnings of them.", min_length=1, max_length=500),
]
NewValues = Annotated[
    MetadataTexts,
    Meta(description="Fields to change; an empty text clears one.", examples=[{"driver": "Adam"}]),
]
Version = Annotated[
    Annotated[int, Meta(ge=-(2**53), le=2**53)] | None,
    Meta(description="Of the recording that was looked at; an edit of the same field since then is refused."),
]


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change on one recording."""

    metadata: NewValues = {}
    started_at: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="When the car really began to record (RFC 3339)."),
    ] = None
    version: Version = None
    source: Annotated[
        Literal["person", "base_station"],
        Meta(
            description="Who says the metadata. What a person said stays, whatever a base station says afterwards, "
            "and with an empty text a base station takes back what one said."
        ),
    ] = "person"


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Several recordings."""

    ids: Ids


class BulkEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields to change alike on several recordings."""

    ids: Ids
    metadata: NewValues


class Done(msgspec.Struct, frozen=True):
    """How many recordings were changed."""

    count: Annotated[int, Meta(description="Those that were so already do not count.", examples=[14])]


class ChangeResource(msgspec.Struct, frozen=True):
    """One field before and after."""

    id: Annotated[str, Meta(description="To undo it by.", examples=["a3f9c210…:4:driver"])]
    at: Instant
    principal: Annotated[str, Meta(description="Who changed it.", examples=["Adam"])]
    field: Annotated[str, Meta(description="A metadata field, `started_at`, `file` or `deleted`.")]
    before: Annotated[str | None, Meta(description="Null when there was no value.")]
    after: Annotated[str | None, Meta(description="Null when there is no value any more.")]
    can_undo: Annotated[bool, Meta(description="Whether nothing changed the field since.")]
    origin: Annotated[
        str,
        Meta(description="The Paddock where it was changed, for what a sync brought; empty for this one."),
    ] = ""


class History(msgspec.Struct, frozen=True):
    """Changes, the last first."""

    items: tuple[ChangeResource, ...]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


@patch(
    "/{recording_id:str}",
    needs=Permission.EDIT,
    responses=responses(400, 404, 409, 422),
    summary="Change metadata or start time",
)
async def change_recording(
    context: TheContext,
    principal: ThePrincipal,
    recording_id: Prefix,
    data: JSONBody[Edit],
    if_match: Annotated[
        str | None,
        HeaderParameter(
            name="If-Match",
            max_length=200,
            description="The ETag of the recording as it was read, or its version in quotes, instead of `version`.",
        ),
    ] = None,
) -> RecordingDetail:
    """A concurrent edit of the same field answers 409 `edited_meanwhile` with both values in `differences`."""
    recording = await edit_recording(
        context,
        principal,
        recording_id,
        metadata=data.metadata,
        started_ns=None if data.started_at is None else from_rfc3339(data.started_at),
        version=data.version if if_match is None else _version(if_match),
        source=MetadataSource(data.source),
    )
    return await detail(context, recording)


@get(
    "/{recording_id:str}/history",
    needs=Permission.READ,
    responses=responses(404, 409, 422),
    summary="What people changed",
)
async def show_history(
    context: TheContext, recording_id: Prefix, fields: Fields = "", limit: Limit = 50, after: After = None
) -> History | Partial:
    """Who changed which field when, from what to what; the last change first."""
    recording = await get_recording(context, recording_id, deleted=None)
    page = await history_of(context, recording, limit=limit, after=after)
    whole = History(change_resources(page.items, first=after is None), page.next)
    return only(whole, fields, items=ChangeResource)


@post(
    "/{recording_id:str}/history/{change_id:str}/undo",
    needs=Permission.EDIT,
    status_code=200,
    responses=responses(404, 409, 422),
    summary="Undo a change",
)
async def undo_change(
    context: TheContext,
    principal: ThePrincipal,
    recording_id: Prefix,
    change_id: Annotated[str, PathParameter(description="As in the history.")],
) -> RecordingDetail:
    """Gives the field its value from before back; refused when it was changed again since."""
    return await detail(context, await undo(context, principal, recording_id, change_id))


@delete(
    "/{recording_id:str}", needs=Permission.DELETE, responses=responses(404, 409, 422), summary="Delete a recording"
)
async def delete_recording(context: TheContext, principal: ThePrincipal, recording_id: Prefix) -> None:
    """Hides it; `restore` shows it again, and so does uploading the same bytes."""
    await delete_recordings(context, principal, [recording_id])


@post(
    "/{recording_id:str}/restore",
    needs=Permission.DELETE,
    status_code=200,
    responses=responses(404, 409, 422),
    summary="Restore one",
)
async def restore_recording(context: TheContext, principal: ThePrincipal, recording_id: Prefix) -> RecordingDetail:
    """Shows a deleted recording again."""
    await restore_recordings(context, principal, [recording_id])
    return await detail(context, await get_recording(context, recording_id))


@post(
    "/{recording_id:str}/reprocess",
    needs=Permission.CONVERT,
    status_code=202,
    responses=responses(404, 409, 422),
    summary="Convert again",
)
async def reprocess_recording(
    context: TheContext,
    principal: ThePrincipal,
    recording_id: Prefix,
    accept: Annotated[
        bool, QueryParameter(description="Take what is found also where it is less than before (`found_less`).")
    ] = False,
) -> RecordingDetail:
    """Makes all that is derived once more; the old files are served until the new ones are whole."""
    return await detail(context, await reprocess_one(context, principal, recording_id, accept=accept))


_MANY = responses(400, 404, 409, 422)


@post(
    "/edit",
    needs=Permission.EDIT,
    status_code=200,
    responses=_MANY,
    summary="Change the metadata of several recordings",
)
async def change_many(context: TheContext, principal: ThePrincipal, data: JSONBody[BulkEdit]) -> Done:
    """Sets the same fields on all of them, each with its own history."""
    return Done(len(await edit_many(context, principal, data.ids, data.metadata)))


@post("/delete", needs=Permission.DELETE, status_code=200, responses=_MANY, summary="Delete several recordings")
async def delete_many(context: TheContext, principal: ThePrincipal, data: JSONBody[Selection]) -> Done:
    """Hides all of them."""
    return Done(await delete_recordings(context, principal, data.ids))


@post("/restore", needs=Permission.DELETE, status_code=200, responses=_MANY, summary="Restore several recordings")
async def restore_many(context: TheContext, principal: ThePrincipal, data: JSONBody[Selection]) -> Done:
    """Shows all of them again."""
    return Done(await restore_recordings(context, principal, data.ids))


def change_resources(changes: tuple[Change, ...], *, first: bool) -> tuple[ChangeResource, ...]:
    """Changes as JSON has them.

    Args:
        first: whether they are the newest ones: of each field only its last change can be undone.
    """
    seen: set[str] = set()
    found = []
    for change in changes:
        started = change.field == STARTED
        last = first and change.field not in seen
        seen.add(change.field)
        found.append(
            ChangeResource(
                change.id,
                to_rfc3339(change.at),
                change.principal,
                "started_at" if started else change.field,
                to_rfc3339(int(change.before)) if started and change.before else change.before,
                to_rfc3339(int(change.after)) if started and change.after else change.after,
                can_undo=last and change.field not in ("file", "deleted"),
                origin=change.origin,
            )
        )
    return tuple(found)


# What compresses on the way, such as Apache, makes a tag weak or adds its name.
_VERSIONED = re.compile(r'(?:W/)?"?(\d{1,15})(?:-[0-9a-f]+)?(?:[-;](?:gzip|br|zstd))?"?', re.ASCII)


def _version(if_match: str) -> int:
    match = _VERSIONED.fullmatch(if_match.strip())
    if match is None:
        raise Rejected(
            'If-Match must be the ETag of the whole recording, or its version in quotes, like "4".',
            code="bad_version",
        )
    return int(match[1])


HANDLERS = (
    change_recording,
    show_history,
    undo_change,
    delete_recording,
    restore_recording,
    reprocess_recording,
    change_many,
    delete_many,
    restore_many,
)

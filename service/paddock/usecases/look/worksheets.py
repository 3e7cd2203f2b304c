"""Worksheets: saved, changed, removed, and opened on a recording."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from paddock.domain.catalogue import Described
from paddock.domain.catalogue_defaults import Role
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.domain.worksheets import (
    MAX_WORKSHEETS,
    Fitted,
    Worksheet,
    check_worksheet,
    fit,
    remembered,
    with_roles,
)
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import Equals, Sort
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.usecases.look.overview import known_signals
from paddock.usecases.people.audit import note_act, note_change

KIND = "worksheet"
"""In the history of what people changed."""
_CHANGED = ("name", "plots", "is_default", "changed_at", "changed_by", "version")


async def all_worksheets(context: Context) -> tuple[Worksheet, ...]:
    """Those of the team, by name."""
    page = await context.documents.worksheets.find(sort=Sort("name"), limit=MAX_WORKSHEETS)
    return page.items


async def save_worksheet(
    context: Context,
    principal: Principal,
    name: str,
    recording_id: str,
    plots: Sequence[Sequence[str]],
    *,
    roles: Sequence[Sequence[Role]] = (),
    is_default: bool = False,
    worksheet_id: str = "",
    version: int = 0,
) -> Worksheet:
    """Keep plots of a recording as a worksheet.

    Args:
        recording_id: whose signals these are; empty where the names are the team's own.
        plots: their names, from the top.
        roles: what each of them is for, where there is no recording that tells it.
        is_default: whether pages of recordings begin with it from now on, instead of another one.
        worksheet_id: which one is replaced; empty for a new one.
        version: that it had.

    Raises:
        NotFound: no such recording or worksheet (code ``no_such_worksheet``).
        Conflict: somebody changed it since (code ``worksheet_changed``).
        Rejected: it has no name, nothing in it, or there are too many (code ``bad_worksheet``).
    """
    name = check_worksheet(name, plots)
    if recording_id:
        kept = remembered(plots, await _described(context, await get_recording(context, recording_id)))
    else:
        kept = with_roles(plots, roles)
    changed = Worksheet(
        id=worksheet_id or secrets.token_hex(8),
        name=name,
        plots=kept,
        is_default=is_default,
        changed_at=context.now(),
        changed_by=principal.name,
        version=version + 1,
    )
    before = None
    if worksheet_id:
        before = await _get(context, worksheet_id)
        changes = {field: getattr(changed, field) for field in _CHANGED}
        stored = await context.documents.worksheets.change(worksheet_id, changes, [Equals("version", version)])
        if stored is None:
            raise Conflict("Somebody changed this worksheet meanwhile: open it again.", code="worksheet_changed")
    else:
        if await context.documents.worksheets.count() >= MAX_WORKSHEETS:
            raise Rejected(f"There are {MAX_WORKSHEETS} worksheets: remove some first.", code="bad_worksheet")
        stored = changed
        await context.documents.worksheets.insert(stored)
    if is_default:
        for other in await all_worksheets(context):
            if other.is_default and other.id != stored.id:
                await context.documents.worksheets.change(other.id, {"is_default": False})
    await note_change(context, principal, KIND, before, stored, fields=("name", "plots", "is_default"))
    return stored


async def remove_worksheet(context: Context, principal: Principal, worksheet_id: str) -> None:
    """Take a worksheet away; links to plots that were made from it go on working.

    Raises:
        NotFound: there is none (code ``no_such_worksheet``).
    """
    known = await _get(context, worksheet_id)
    await context.documents.worksheets.delete([Equals("id", worksheet_id)])
    await note_act(context, principal, KIND, known.id, known.name, "removed", before=known.name)


async def open_worksheet(context: Context, worksheet_id: str, recording_id: str) -> tuple[Worksheet, Fitted]:
    """A worksheet on a recording.

    Raises:
        NotFound: no such worksheet or recording.
        Conflict: the recording is not converted yet.
    """
    worksheet = await _get(context, worksheet_id)
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    return worksheet, fit(worksheet.plots, await _described(context, recording))


async def default_plots(context: Context, recording: Recording) -> tuple[tuple[str, ...], ...]:
    """What the page of a recording begins with; nothing where the team has no default."""
    page = await context.documents.worksheets.find([Equals("is_default", True)], limit=1)
    if not page.items:
        return ()
    return fit(page.items[0].plots, await _described(context, recording)).plots


async def _get(context: Context, worksheet_id: str) -> Worksheet:
    found = await context.documents.worksheets.get(worksheet_id)
    if found is None:
        raise NotFound("There is no such worksheet: it may have been removed.", code="no_such_worksheet")
    return found


async def _described(context: Context, recording: Recording) -> list[Described]:
    known = await known_signals(context, recording)
    return [each.described for each in known]

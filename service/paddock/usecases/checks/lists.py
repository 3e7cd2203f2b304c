"""The team's checklists: added, changed, removed."""

from __future__ import annotations

import secrets

import msgspec

from paddock.domain.checklists import MAX_CHECKLISTS, Checklist, ChecklistText, checked_checklist
from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Equals
from paddock.usecases.checks.asking import ask_all_checks
from paddock.usecases.context import Context
from paddock.usecases.people.audit import note_act, note_change

KIND = "checklist"
"""In the history of what people changed."""


async def all_checklists(context: Context) -> tuple[Checklist, ...]:
    """Those of the team, by name."""
    page = await context.documents.checklists.find(limit=MAX_PAGE)
    return tuple(sorted(page.items, key=lambda each: (each.name.casefold(), each.id)))


async def get_checklist(context: Context, checklist_id: str) -> Checklist:
    """One checklist.

    Raises:
        NotFound: there is none (code ``no_such_checklist``).
    """
    found = await context.documents.checklists.get(checklist_id)
    if found is None:
        raise NotFound("There is no such checklist: it may have been removed.", code="no_such_checklist")
    return found


async def add_checklist(context: Context, principal: Principal, said: ChecklistText) -> Checklist:
    """Add a checklist: from now on every log of its cars that comes in is checked.

    Raises:
        Rejected: a rule cannot be (code ``bad_checklist``), or there are as many as there may be
            (``too_many_checklists``).
        Conflict: there is one of this name (code ``checklist_exists``).
    """
    said = checked_checklist(said)
    if await context.documents.checklists.count() >= MAX_CHECKLISTS:
        raise Rejected(
            f"There are {MAX_CHECKLISTS} checklists already: remove one first.", code="too_many_checklists"
        )
    await _check_name(context, said.name)
    now = context.now()
    added = Checklist(
        id=secrets.token_hex(6),
        said=said,
        added_at=now,
        added_by=principal.name,
        changed_at=now,
        changed_by=principal.name,
    )
    await context.documents.checklists.put_many([added])
    await note_change(context, principal, KIND, None, added, fields=("said",))
    return added


async def change_checklist(
    context: Context, principal: Principal, checklist_id: str, said: ChecklistText, *, version: int | None = None
) -> Checklist:
    """Change what a checklist says: another version, by which what was checked is checked again.

    Args:
        version: of the checklist that was looked at; None for whatever it says by now.

    Raises:
        NotFound: there is none (code ``no_such_checklist``).
        Rejected: a rule cannot be (code ``bad_checklist``).
        Conflict: somebody changed it since that version (code ``edited_meanwhile``), or another one is called so
            (``checklist_exists``).
    """
    said = checked_checklist(said)
    while True:
        before = await get_checklist(context, checklist_id)
        if version is not None and before.version != version:
            raise Conflict(
                f"{before.changed_by} changed this checklist meanwhile: look at it again.", code="edited_meanwhile"
            )
        if said == before.said:
            return before
        await _check_name(context, said.name, but=checklist_id)
        wanted = msgspec.structs.replace(
            before,
            said=said,
            version=before.version + 1,
            changed_at=context.now(),
            changed_by=principal.name,
        )
        changes = {name: getattr(wanted, name) for name in ("said", "version", "changed_at", "changed_by")}
        where = [Equals("version", before.version)]
        if await context.documents.checklists.change(checklist_id, changes, where) is not None:
            await note_change(context, principal, KIND, before, wanted, fields=("said",))
            await ask_all_checks(context, principal.name)
            return wanted


async def remove_checklist(context: Context, principal: Principal, checklist_id: str) -> None:
    """Remove a checklist, and in the background what it found.

    Raises:
        NotFound: there is none (code ``no_such_checklist``).
    """
    before = await get_checklist(context, checklist_id)
    await context.documents.checklists.delete([Equals("id", checklist_id)])
    await note_act(context, principal, KIND, before.id, before.name, "removed")
    await ask_all_checks(context, principal.name)


async def _check_name(context: Context, name: str, but: str = "") -> None:
    """Two Paddocks know a checklist by its name when they meet."""
    if any(each.name.casefold() == name.casefold() and each.id != but for each in await all_checklists(context)):
        raise Conflict(f"There is a checklist {name} already: change that one.", code="checklist_exists")

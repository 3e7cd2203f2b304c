"""Metadata fields: those that recordings have here, and those that the team adds itself."""

from __future__ import annotations

import msgspec

from paddock.domain.fields import Fields
from paddock.domain.own_fields import MAX_FIELDS, OwnField, OwnFieldValues, check_own, name_of, team_fields
from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import Equals, Sort
from paddock.usecases.contained import logged
from paddock.usecases.context import Context
from paddock.usecases.people.audit import note_act, note_change

KIND = "field"
"""In the history of what people changed."""
AUDITED = ("choices", "column")


async def load_fields(context: Context) -> Fields:
    """All fields of the team."""
    return team_fields(await own_fields(context))


async def own_fields(context: Context) -> tuple[OwnField, ...]:
    """Those that the team added, in the order in which it did."""
    # Two that are added at once may be one more than there may be; none of them is left out.
    page = await context.documents.fields.find(sort=Sort("added_at"), limit=2 * MAX_FIELDS)
    return page.items


async def add_field(context: Context, principal: Principal, said: OwnFieldValues, *, name: str = "") -> OwnField:
    """Give all recordings a further field.

    Args:
        name: in the API, in MATLAB and in addresses; empty for the one that the label suggests.

    Raises:
        Rejected: it cannot be called so, or there are too many (code ``bad_field``).
        Conflict: the team has a field of this name (code ``field_exists``).
    """
    name = name.strip() or name_of(said.label)
    if not name:
        raise Rejected("Give a name as well, like driver_2: none can be made from this label.", code="bad_field")
    others = await own_fields(context)
    taken = Conflict(f"There is a field {name} already.", code="field_exists")
    if any(field.id == name for field in others):
        raise taken
    added = _signed(context, principal, check_own(name, said, others), context.now())
    if not await context.documents.fields.insert(added):
        raise taken
    await note_change(context, principal, KIND, None, added, fields=AUDITED, name=added.label)
    await _index(context)
    return added


async def change_field(context: Context, principal: Principal, name: str, said: OwnFieldValues) -> OwnField:
    """Change label, choices and column. What recordings say already stays, also what is no choice any more.

    Raises:
        NotFound: the team has not added such a field (code ``no_such_field``).
        Rejected: as for ``add_field``.
    """
    fields = await own_fields(context)
    known = next((field for field in fields if field.id == name), None)
    if known is None:
        raise _no_such_field(name)
    changed = check_own(name, said, [field for field in fields if field is not known])
    changed = _signed(context, principal, changed, known.added_at)
    changes = {each: getattr(changed, each) for each in ("label", "choices", "column", "changed_by")}
    if await context.documents.fields.change(name, changes) is None:
        raise _no_such_field(name)
    await note_change(context, principal, KIND, known, changed, fields=("label", *AUDITED), name=changed.label)
    return changed


async def remove_field(context: Context, principal: Principal, name: str) -> None:
    """Take a field out of forms, filters and columns.

    What recordings say stays on their pages and in their files; added again, the field is a filter again.

    Raises:
        NotFound: the team has not added such a field (code ``no_such_field``).
    """
    if not await context.documents.fields.delete([Equals("id", name)]):
        raise _no_such_field(name)
    await note_act(context, principal, KIND, name, name, "removed", before=name)
    await _index(context)


async def _index(context: Context) -> None:
    """Indexes make a field faster; it works without, and the next start tries again."""
    with logged("fields_not_indexed"):
        await context.documents.migrate()


def _signed(context: Context, principal: Principal, field: OwnField, added_at: int) -> OwnField:
    return msgspec.structs.replace(field, added_at=added_at, changed_by=principal.name)


def _no_such_field(name: str) -> NotFound:
    return NotFound(
        f"The team has no field {name[:40]!r} of its own: it may have been removed.", code="no_such_field"
    )

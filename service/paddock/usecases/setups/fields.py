"""The fields of the team's setup sheets: shown, added, changed, removed and brought back."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from paddock.domain.own_fields import name_of
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.domain.setup_fields import MAX_FIELDS, SetupField, SetupFieldValues, check_field, default_field
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.setup_values import Value
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import Equals, Sort
from paddock.usecases.context import Context
from paddock.usecases.people.audit import note_act, note_change

KIND = "setup_field"
"""In the history of what people changed."""
_SAID = ("label", "unit", "kind", "choices", "group", "column")


async def load_setup_fields(context: Context) -> SetupFields:
    """All fields of the team's sheets."""
    # Removed ones stay, so that a value that is there still has a field to come back to.
    page = await context.documents.setup_fields.find(sort=Sort("added_at"), limit=4 * MAX_FIELDS)
    return SetupFields(page.items)


async def shown_setups(context: Context, recordings: Iterable[Recording]) -> dict[str, dict[str, Value]]:
    """The sheets of some recordings as programs get them, by recording id; empty where one has none."""
    sheets = {each.id: each.setup_values for each in recordings}
    if not any(sheets.values()):
        return sheets
    fields = await load_setup_fields(context)
    return {recording_id: fields.shown_all(values) for recording_id, values in sheets.items()}


async def add_setup_field(
    context: Context, principal: Principal, said: SetupFieldValues, *, name: str = ""
) -> SetupField:
    """Give all sheets a further field; one that was removed comes back with its values.

    Args:
        name: in programs and in addresses; empty for the one that the label suggests.

    Raises:
        Rejected: it cannot be so, or there are too many (code ``bad_setup_field``).
        Conflict: there is a field of this name (code ``setup_field_exists``).
    """
    name = name.strip() or name_of(said.label)
    if not name:
        raise Rejected(
            "Give a name as well, like damper_2: none can be made from this label.", code="bad_setup_field"
        )
    fields = await load_setup_fields(context)
    taken = Conflict(f"There is a field {name} already.", code="setup_field_exists")
    if name in fields.by_name:
        raise taken
    added = _signed(context, principal, check_field(name, said, fields))
    if not await context.documents.setup_fields.insert(added):
        changes = {each: getattr(added, each) for each in (*_SAID, "is_removed", "changed_by")}
        brought_back = await context.documents.setup_fields.change(name, changes, [Equals("is_removed", True)])
        if brought_back is None:
            raise taken
        added = brought_back
    await note_change(context, principal, KIND, None, added, fields=_SAID[1:], name=added.label)
    return added


async def change_setup_field(
    context: Context, principal: Principal, name: str, said: SetupFieldValues
) -> SetupField:
    """Change what a field is. What sheets say already stays, also what it could not be any more.

    Raises:
        NotFound: there is no such field (code ``no_such_setup_field``).
        Rejected: it cannot be so (code ``bad_setup_field``).
    """
    fields = await load_setup_fields(context)
    known = _known(fields, name)
    checked = check_field(name, said, [field for field in fields if field is not known])
    changed = msgspec.structs.replace(checked, added_at=known.added_at, changed_by=principal.name)
    await context.documents.setup_fields.put_many([changed])
    await note_change(context, principal, KIND, known, changed, fields=_SAID, name=changed.label)
    return changed


async def remove_setup_field(context: Context, principal: Principal, name: str) -> None:
    """Take a field out of forms and lists; what sheets say stays, and counts again once it is added again.

    Raises:
        NotFound: there is no such field (code ``no_such_setup_field``).
    """
    known = _known(await load_setup_fields(context), name)
    removed = msgspec.structs.replace(known, is_removed=True, changed_by=principal.name)
    await context.documents.setup_fields.put_many([removed])
    await note_act(context, principal, KIND, name, known.label, "removed", before=known.label)


def is_own(field: SetupField) -> bool:
    """Whether the team added it, rather than every team having it."""
    return default_field(field.id) is None


def _signed(context: Context, principal: Principal, field: SetupField) -> SetupField:
    added_at = 0 if default_field(field.id) else context.now()
    return msgspec.structs.replace(field, added_at=added_at, changed_by=principal.name)


def _known(fields: SetupFields, name: str) -> SetupField:
    if name not in fields.by_name:
        raise NotFound(
            f"Setup sheets have no field {name[:40]!r}: it may have been removed.", code="no_such_setup_field"
        )
    return fields.by_name[name]

"""Who changed what, when: everything that people change, on recordings and on all else, is in one history.

Recordings write theirs when they are edited (``usecases/edit``). Whatever else is changed calls one of these two,
after the change is stored:

``note_change(context, principal, "device", before, after, fields=("name", "type", "is_active"))``
    what differs between two versions of a document, a change per field. ``before`` is None when it was created.

``note_act(context, principal, "device", device.id, device.name, "token", after="made anew")``
    what is no field of the document, such as a token or an action. Never write a secret.

The audit page and ``GET /api/audit`` show all of it with ``list_changes``.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from enum import Enum
from typing import Protocol, TypeVar

import msgspec

from paddock.domain.history import RECORDING, Change
from paddock.domain.principal import Principal
from paddock.ports.documents import Between, Condition, Equals, Page, Sort
from paddock.usecases.context import Context

CREATED = "created"
MAX_VALUE = 2_000
"""Characters of a value that are kept."""


class Document(Protocol):
    """Anything that people change."""

    @property
    def id(self) -> str:
        """Its own."""
        ...


Thing = TypeVar("Thing", bound=Document)


async def note_change(
    context: Context,
    principal: Principal,
    kind: str,
    before: Thing | None,
    after: Thing,
    *,
    fields: Sequence[str],
    name: str = "",
) -> None:
    """Keep what somebody changed on anything but a recording; nothing where nothing differs.

    Args:
        kind: of the thing, one word: ``device``, ``rule``, ``dashboard``.
        before: as it was; None when it was created.
        after: as it is stored now.
        fields: those that people change and may see. What is not named, such as a hash, is not kept.
        name: what people call it; by default the document's own ``name``.
    """
    name = name or str(getattr(after, "name", ""))
    said = [
        (field, None if before is None else as_text(getattr(before, field)), as_text(getattr(after, field)))
        for field in fields
    ]
    if before is None:
        said.insert(0, (CREATED, None, name))
    changes = [_change(context, principal, kind, after.id, name, *each) for each in said if each[1] != each[2]]
    if changes:
        await context.documents.history.put_many(changes)


async def note_act(
    context: Context,
    principal: Principal,
    kind: str,
    subject: str,
    name: str,
    act: str,
    *,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Keep what somebody did to anything but a recording.

    Args:
        kind: of the thing, one word.
        subject: its id.
        name: what people call it now.
        act: what was done, one word: ``token``, ``disabled``, ``acknowledged``.
        before: what was there before, in words; None for nothing.
        after: what is there now, in words; None for nothing.
    """
    await context.documents.history.put_many([_change(context, principal, kind, subject, name, act, before, after)])


async def list_changes(
    context: Context,
    *,
    principal: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[Change]:
    """What people changed, the last first.

    Args:
        principal: only what somebody of this name changed.
        kind: only on things of this kind.
        subject: only on the thing with this id; asked for with its kind.
        limit: at most so many.
        after: continues after this cursor.
    """
    asked = {"principal": principal, "kind": None if kind == RECORDING else kind, "subject": subject}
    where: list[Condition] = [Equals(field, value) for field, value in asked.items() if value is not None]
    if kind == RECORDING:
        # Not by its kind: what was written before 0.5 says none. An id begins with a digit of base 16.
        where.append(Between("recording", at_least="0"))
    return await context.documents.history.find(where, sort=Sort("at", descending=True), limit=limit, after=after)


def as_text(value: object) -> str | None:
    """A value as the history has it; None for none."""
    if value is None or value == "":
        return None
    if isinstance(value, Enum):
        value = value.value
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"


def _change(
    context: Context,
    principal: Principal,
    kind: str,
    subject: str,
    name: str,
    field: str,
    before: str | None,
    after: str | None,
) -> Change:
    return Change(
        id=f"{kind}:{secrets.token_hex(12)}",
        recording="",
        version=0,
        at=context.now(),
        principal=principal.name,
        field=field,
        before=before,
        after=after,
        subject=subject,
        kind=kind,
        name=name,
    )

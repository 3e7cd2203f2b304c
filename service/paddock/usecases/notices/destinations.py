"""Destinations: who is told what; added, changed, tried and removed by admins."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from paddock.domain.notices import MAX_DESTINATIONS, Destination, Event, Topic, checked_destination
from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Equals, Sort
from paddock.usecases.context import Context
from paddock.usecases.people.audit import note_act, note_change

_SHOWN = ("name", "kind", "shown_address", "topics", "least", "cleared", "cars", "quiet", "on")


async def all_destinations(context: Context) -> Sequence[Destination]:
    """Those that are there, in the order in which they were added."""
    return (await context.documents.destinations.find(sort=Sort("added_at"), limit=MAX_PAGE)).items


async def get_destination(context: Context, destination_id: str) -> Destination:
    """One destination.

    Raises:
        NotFound: there is none (code ``no_such_destination``).
    """
    found = await context.documents.destinations.get(destination_id)
    if found is None:
        raise NotFound("Nobody is told under this id: look at the list.", code="no_such_destination")
    return found


async def add_destination(context: Context, principal: Principal, said: Destination) -> Destination:
    """Tell somebody from now on.

    Raises:
        Rejected: it cannot be (code ``bad_destination``), or there are as many as there may be
            (``too_many_destinations``).
    """
    now = context.now()
    wanted = msgspec.structs.replace(
        checked_destination(said),
        id=secrets.token_hex(6),
        added_at=now,
        added_by=principal.name,
        changed_at=now,
        changed_by=principal.name,
    )
    if len(await all_destinations(context)) >= MAX_DESTINATIONS:
        raise Rejected(f"{MAX_DESTINATIONS} are told already: remove one first.", code="too_many_destinations")
    await context.documents.destinations.put_many([wanted])
    await note_change(context, principal, "destination", None, wanted, fields=_SHOWN)
    return wanted


async def change_destination(
    context: Context, principal: Principal, destination_id: str, changes: Mapping[str, Any]
) -> Destination:
    """Change who is told what.

    Args:
        changes: by field of ``Destination``; an empty address leaves the one that it has.

    Raises:
        NotFound: there is none (code ``no_such_destination``).
        Rejected: it cannot be (code ``bad_destination``).
        Conflict: others change it all the time (code ``edited_meanwhile``).
    """
    said = {name: value for name, value in changes.items() if not (name == "address" and not value)}
    for _ in range(10):
        known = await get_destination(context, destination_id)
        wanted = checked_destination(msgspec.structs.replace(known, **said))
        written = {name: getattr(wanted, name) for name in said}
        written |= {"changed_at": context.now(), "changed_by": principal.name, "version": known.version + 1}
        where = [Equals("version", known.version)]
        changed = await context.documents.destinations.change(destination_id, written, where)
        if changed is not None:
            await note_change(context, principal, "destination", known, changed, fields=_SHOWN)
            return changed
    raise Conflict("Others change this all the time: try again.", code="edited_meanwhile", permanent=False)


async def remove_destination(context: Context, principal: Principal, destination_id: str) -> None:
    """Tell somebody nothing more, not even what waits.

    Raises:
        NotFound: there is none (code ``no_such_destination``).
    """
    known = await get_destination(context, destination_id)
    await context.documents.destinations.delete([Equals("id", destination_id)])
    await note_act(context, principal, "destination", destination_id, known.name, "removed")


async def try_destination(context: Context, principal: Principal, destination_id: str) -> None:
    """Send a message now, to see whether it arrives.

    Raises:
        NotFound: there is none (code ``no_such_destination``).
        Rejected: it is not taken, or the address is not written to.
        Unavailable: it does not answer (code ``not_sent``).
        PaddockError: nobody knows whether it arrived (code ``may_have_arrived``).
    """
    destination = await get_destination(context, destination_id)
    event = Event(
        id=f"test/{secrets.token_hex(8)}",
        topic=Topic.ALERTS,
        title="Test",
        text=f"{principal.name} tries whether messages of Paddock arrive here.",
        at=context.now(),
        path="/notices",
    )
    await context.notifier().send(destination.kind, destination.address, event)

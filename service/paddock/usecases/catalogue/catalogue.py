"""The signal catalogue: read it, change it, take it out as a file and in again, find what it does not know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from paddock.domain.catalogue import CATALOGUE_ID, CarCatalogue, Catalogue, Entry, check_catalogue
from paddock.domain.catalogue_toml import read_toml, write_toml
from paddock.domain.fields import CAR
from paddock.domain.instants import NS_PER_S
from paddock.domain.maths_channels import MAX_CHANNELS, entries_of
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording, Signal
from paddock.domain.words import counted
from paddock.errors import Conflict, Rejected
from paddock.ports.documents import MAX_PAGE, Equals, Sort
from paddock.usecases.checks.asking import ask_all_checks
from paddock.usecases.context import Context
from paddock.usecases.maths.asking import ask_all_derived
from paddock.usecases.people.audit import as_text, note_act

Given = TypeVar("Given")
Made = TypeVar("Made")
KIND = "signal"
"""In the history of what people changed."""
MOST_NOTED = 50
"""Entries of one change that are written down one by one."""
_PAUSE_NS = 60 * NS_PER_S
_ONE_AT_A_TIME = ThreadPoolExecutor(1, "catalogue")


async def load_catalogue(context: Context) -> Catalogue:
    """The team's catalogue with its maths channels; an empty one with version 0 as long as there is none."""
    catalogue = await context.documents.catalogues.get(CATALOGUE_ID) or Catalogue()
    channels = await context.documents.maths_channels.find(limit=MAX_CHANNELS)
    return msgspec.structs.replace(catalogue, derived=entries_of(channels.items)) if channels.items else catalogue


async def save_catalogue(
    context: Context, principal: Principal, entries: Sequence[Entry], *, version: int
) -> Catalogue:
    """Replace all entries; the catalogue as it is stored then.

    Args:
        version: of the catalogue that was changed; 0 for the first.

    Raises:
        Rejected: an entry that cannot mean anything, or a name in two of them (code ``bad_catalogue``).
        Conflict: somebody else changed it since (code ``catalogue_changed``).
    """
    changed = Catalogue(
        signals=tuple(entries), version=version + 1, changed_at=context.now(), changed_by=principal.name
    )
    await _beside_the_loop(check_catalogue, changed)
    before = await load_catalogue(context)
    if version == 0:
        stored = changed if await context.documents.catalogues.insert(changed) else None
    else:
        fields = ("signals", "version", "changed_at", "changed_by")
        changes = {field: getattr(changed, field) for field in fields}
        stored = await context.documents.catalogues.change(CATALOGUE_ID, changes, [Equals("version", version)])
    if stored is None:
        raise _changed()
    await _note_entries(context, principal, before.signals, stored.signals)
    # Names in maths channels may mean other signals now; who changes several entries waits between them.
    await ask_all_derived(context, principal.name, delay_ns=_PAUSE_NS)
    await ask_all_checks(context, principal.name, delay_ns=_PAUSE_NS)
    return stored


async def _note_entries(
    context: Context, principal: Principal, before: Sequence[Entry], after: Sequence[Entry]
) -> None:
    """Keep which entries were added, changed or removed; of very many only how many there are."""
    old, new = _by_signal(before), _by_signal(after)
    differing = [each for each in {**old, **new} if old.get(each) != new.get(each)]
    if len(differing) > MOST_NOTED:
        said = (counted(len(before), "signal"), counted(len(after), "signal"))
        await note_act(context, principal, KIND, CATALOGUE_ID, "all", "signals", before=said[0], after=said[1])
        return
    for signal in differing:
        known, now = (as_text(each) if each else None for each in (old.get(signal), new.get(signal)))
        act = "added" if known is None else "removed" if now is None else "changed"
        await note_act(context, principal, KIND, signal, signal, act, before=known, after=now)
    if not differing and list(before) != list(after):
        await note_act(context, principal, KIND, CATALOGUE_ID, "all", "order", after="changed")


def _by_signal(entries: Sequence[Entry]) -> dict[str, Entry]:
    return {" ".join((each.name, *each.cars)): each for each in entries}


def _changed() -> Conflict:
    return Conflict(
        "Somebody changed the signal catalogue meanwhile: read it again, then repeat your change.",
        code="catalogue_changed",
    )


def _no_such_position(position: int) -> Rejected:
    return Rejected(f"There is no entry at position {position}: read the catalogue again.", code="bad_catalogue")


class EntryChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry added, replaced or removed."""

    entry: Entry | None = None
    """What stands there afterwards; None removes."""
    position: Annotated[int, Meta(ge=-(2**53), le=2**53)] | None = None
    """Which entry is replaced or removed, from 0; None adds one at the end."""


async def change_entries(
    context: Context, principal: Principal, changes: Sequence[EntryChange], *, version: int
) -> Catalogue:
    """Change some entries and leave the others; positions are those of ``version``.

    Raises:
        Rejected: a position that is not there, or as for ``save_catalogue``.
        Conflict: as for ``save_catalogue``.
    """
    catalogue = await load_catalogue(context)
    if catalogue.version != version:
        raise _changed()
    entries: list[Entry | None] = list(catalogue.signals)
    known = len(entries)
    for change in changes:
        if change.position is None:
            entries.append(change.entry)
        elif 0 <= change.position < known:
            entries[change.position] = change.entry
        else:
            raise _no_such_position(change.position)
    kept = [entry for entry in entries if entry is not None]
    return await save_catalogue(context, principal, kept, version=version)


async def move_entry(context: Context, principal: Principal, position: int, to: int, *, version: int) -> Catalogue:
    """Put one entry elsewhere; of several signals for one role the upper one counts.

    Args:
        position: of the entry in ``version``, from 0.
        to: its position afterwards; those in between move up or down by one.

    Raises:
        Rejected: a position that is not there.
        Conflict: as for ``save_catalogue``.
    """
    catalogue = await load_catalogue(context)
    if catalogue.version != version:
        raise _changed()
    entries = list(catalogue.signals)
    for place in (position, to):
        if not 0 <= place < len(entries):
            raise _no_such_position(place)
    entries.insert(to, entries.pop(position))
    return await save_catalogue(context, principal, entries, version=version)


async def import_catalogue(context: Context, principal: Principal, text: str, *, version: int) -> Catalogue:
    """Replace all entries by those of a ``signals.toml``. Its comments are not kept.

    Raises:
        Rejected: it is no such file; the message has the line (code ``bad_catalogue``).
        Conflict: as for ``save_catalogue``.
    """
    read = await _beside_the_loop(read_toml, text)
    return await save_catalogue(context, principal, read.signals, version=version)


async def _beside_the_loop(work: Callable[[Given], Made], given: Given) -> Made:
    """Do it on a thread, since some thousand entries take a second to read; one caller after the other."""
    return await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, work, given)


async def export_catalogue(context: Context) -> str:
    """The catalogue as a ``signals.toml``."""
    return write_toml(await load_catalogue(context))


async def signals_of(context: Context, recording: Recording) -> list[Signal]:
    """All signals of a recording with their statistics, by name."""
    found: list[Signal] = []
    after = None
    while True:
        page = await context.documents.signals.find(
            [Equals("recording", recording.id)], sort=Sort("name"), limit=MAX_PAGE, after=after
        )
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def catalogue_of(context: Context, recording: Recording) -> CarCatalogue:
    """The team's catalogue as the recording's car sees it."""
    return CarCatalogue(await load_catalogue(context), car_of(recording))


def car_of(recording: Recording) -> str:
    """The car as the metadata have it, empty when nobody said."""
    return CAR.of(recording.metadata)

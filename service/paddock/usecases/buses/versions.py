"""Versions of a database: what a new one changes, and its renames as aliases, so that a season stays one signal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from paddock.domain.bus_database import BusDatabase
from paddock.domain.can_database import id_in_words
from paddock.domain.catalogue import Entry
from paddock.domain.database_changes import DatabaseChange, changes, renames
from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Rejected
from paddock.usecases.buses.decoding import all_databases, parsed
from paddock.usecases.catalogue.catalogue import load_catalogue, save_catalogue
from paddock.usecases.context import Context

_TRIES = 3


@dataclass(frozen=True)
class Comparison:
    """A database beside the version before it."""

    database: BusDatabase
    before: BusDatabase | None
    """None for the first of its car and bus."""
    changes: tuple[DatabaseChange, ...]


async def compare_versions(context: Context, database_id: str, with_id: str = "") -> Comparison:
    """What a database changes.

    Args:
        database_id: the newer one.
        with_id: another one; the one added before it for the same car and bus when left out.

    Raises:
        NotFound: there is none of them (code ``no_such_database``).
    """
    databases = await all_databases(context)
    known = {each.id: each for each in databases}
    database = known.get(database_id)
    before = known.get(with_id) if with_id else database and _before(database, databases)
    if database is None or (with_id and before is None):
        raise NotFound("There is no such database: it may have been removed.", code="no_such_database")
    if before is None:
        return Comparison(database, None, ())
    found = changes(await parsed(context, before.sha256), await parsed(context, database.sha256))
    return Comparison(database, before, found)


async def keep_renames(context: Context, principal: Principal, database: BusDatabase) -> tuple[str, ...]:
    """Have the catalogue know renamed signals as one; the new names that got an alias.

    A rename that the catalogue cannot take, because both names are signals of their own there, is left out.
    """
    databases = await all_databases(context)
    # One that came at the same time, and is the next, may not have seen this one.
    following = [each.id for each in databases if _before(each, databases) == database]
    renamed: dict[str, str] = {}
    for version in (database.id, *following):
        renamed |= renames((await compare_versions(context, version)).changes)
    if database.use.bus:
        # Where a log has several buses, theirs are in front.
        renamed |= {f"{database.use.bus}/{old}": f"{database.use.bus}/{new}" for old, new in renamed.items()}
    if not renamed:
        return ()
    for _ in range(_TRIES):
        catalogue = await load_catalogue(context)
        entries, done = _with_aliases(catalogue.signals, renamed, database.use.car)
        if not done:
            return ()
        try:
            await save_catalogue(context, principal, entries, version=catalogue.version)
        except Conflict:
            continue
        except Rejected:
            return ()
        return tuple(done)
    return ()


def _before(database: BusDatabase, databases: Iterable[BusDatabase]) -> BusDatabase | None:
    """The last one that was added before for the same car and bus, retired or not."""

    def same(each: BusDatabase) -> bool:
        use = each.use
        return use.car.casefold() == database.use.car.casefold() and use.bus == database.use.bus

    earlier = [each for each in databases if each.added_at < database.added_at and same(each)]
    return max(earlier, key=lambda each: each.added_at, default=None)


def _with_aliases(
    entries: tuple[Entry, ...], renamed: Mapping[str, str], car: str
) -> tuple[list[Entry], list[str]]:
    """The entries with the new names, and which of these are new in them."""
    changed, done = list(entries), []
    for old, new in renamed.items():
        at_old, at_new = _position(changed, old, car), _position(changed, new, car)
        if at_new is not None and (at_old is not None or old in changed[at_new].names):
            continue
        done.append(new)
        if at_old is not None:
            changed[at_old] = _also(changed[at_old], new)
        elif at_new is not None:
            changed[at_new] = _also(changed[at_new], old)
        else:
            changed.append(Entry(new, aliases=(old,), cars=(car,) if car else ()))
    return changed, done


def _also(entry: Entry, name: str) -> Entry:
    return msgspec.structs.replace(entry, aliases=(*entry.aliases, name))


def _position(entries: Iterable[Entry], name: str, car: str) -> int | None:
    """The position of the entry that a name means for a car: an entry of this car goes before one of all cars."""
    folded = car.casefold()
    found = [(each, at) for at, each in enumerate(entries) if name in each.names]
    own = [at for each, at in found if folded and folded in {one.casefold() for one in each.cars}]
    of_all = [at for each, at in found if not each.cars]
    return next(iter([*own, *of_all]), None)


async def known_elsewhere(
    context: Context, topics: Iterable[str], others: Iterable[BusDatabase]
) -> list[tuple[BusDatabase, list[str]]]:
    """The databases that know an id which no database of a recording knows, each with its names of such messages.

    Args:
        topics: of the recording, among them ``0x123`` or ``can0/0x123`` of frames kept as bytes.
        others: databases, the best first.
    """
    unknown = {topic.rpartition("/")[2] for topic in topics}
    found = []
    for database in others:
        content = await parsed(context, database.sha256)
        names = [each.name for each in content.messages if id_in_words(each.is_extended, each.id) in unknown]
        if names:
            found.append((database, names))
    return found

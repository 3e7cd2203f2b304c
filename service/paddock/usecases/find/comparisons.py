"""Comparisons of signals: under every name that a signal has, and what was meant where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paddock.domain.catalogue import Entry
from paddock.domain.near_misses import near_misses
from paddock.domain.signal_names import element_name, read_element
from paddock.ports.documents import MAX_PAGE, Condition, Contains, HasSignal, OneOf, Sort
from paddock.usecases.catalogue.catalogue import load_catalogue
from paddock.usecases.catalogue.signal_names import whole_name
from paddock.usecases.context import Context

SUGGESTED = 5


async def under_every_name(context: Context, comparisons: Sequence[HasSignal]) -> tuple[HasSignal, ...]:
    """Comparisons with all names that each signal has: in any case, and as the team's catalogue knows it.

    A name may be one of a log, also without its topic, an element of a list, or what the catalogue knows it by.
    """
    if not comparisons:
        return ()
    entries = (await load_catalogue(context)).entries
    meant = {each.name: _names_of(entries, await whole_name(context, each.name)) for each in comparisons}
    folded = {text for names in meant.values() for name in names for text in (name.casefold(), _list_of(name)[0])}
    page = await context.documents.signal_names.find([OneOf("search", tuple(folded))], limit=MAX_PAGE)
    spelled: dict[str, list[str]] = {}
    for known in page.items:
        spelled.setdefault(known.search, []).append(known.id)
    return tuple(_spelled(each, meant[each.name], spelled) for each in comparisons)


def _spelled(comparison: HasSignal, names: Sequence[str], spelled: dict[str, list[str]]) -> HasSignal:
    """The comparison under the spellings of some names; one that no log has is not looked for beside them."""
    also = tuple(each for name in names for each in _spellings(spelled, name))
    name = also[0] if also and comparison.name not in also else comparison.name
    return msgspec.structs.replace(comparison, name=name, also=also)


async def is_known(context: Context, name: str) -> bool:
    """Whether some log has a signal that is called so."""
    (resolved,) = await under_every_name(context, [HasSignal(name, "max", ">", 0)])
    return bool(resolved.also)


async def suggest_names(context: Context, name: str) -> list[str]:
    """Names that some log has and that are close to one that none has, the closest first."""
    parts = [part for part in name.casefold().replace("[", ".").split(".") if len(part) > 1]
    # The field is mostly known by itself and its topic wrong, or the other way round; then whatever is close.
    wheres: list[list[Condition]] = [
        [Contains("search", part)] for part in dict.fromkeys([*parts[-1:], *parts[:1]])
    ]
    found: list[str] = []
    for where in [*wheres, []]:
        page = await context.documents.signal_names.find(where, sort=Sort("search"), limit=MAX_PAGE)
        found += near_misses(name, [known.id for known in page.items], most=SUGGESTED)
    return list(dict.fromkeys(found))[:SUGGESTED]


def _names_of(entries: Sequence[Entry], name: str) -> list[str]:
    folded = name.casefold()
    called = [
        entry for entry in entries if folded in {each.casefold() for each in (*entry.names, entry.label or "")}
    ]
    return list(dict.fromkeys([name, *(each for entry in called for each in entry.names)]))


def _spellings(spelled: dict[str, list[str]], name: str) -> list[str]:
    listed, index = _list_of(name)
    elements = [] if index is None else [element_name(each, index) for each in spelled.get(listed, ())]
    return [*spelled.get(name.casefold(), ()), *elements]


def _list_of(name: str) -> tuple[str, int | None]:
    """The list that a name is an element of, in lower case, and which; the name itself of any other."""
    element = read_element(name)
    return (element[0].casefold(), element[1]) if element else (name.casefold(), None)

"""Facets: the values that a search can be narrowed to, with how many recordings each has."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from paddock.domain.fields import EVERY_TEAMS, Fields, same_value
from paddock.ports.documents import MAX_GROUPS, Equals, Scalar
from paddock.usecases.context import Context
from paddock.usecases.find.search import UNKNOWN, Search, SpelledSearch, conditions, in_every_spelling

MAX_OFFERED = 50
"""Values of a facet."""
MAX_TOPICS = 500
_TOPIC_SET = "topic_set"

Counted = Sequence[tuple[tuple[Scalar, ...], int]]


class Facets(msgspec.Struct, frozen=True):
    """Values with how many recordings a search for them as well would find."""

    values: dict[str, list[tuple[str, int]]]
    """For each of ``facet_names``, the most frequent first; what nobody filled is the empty one, at the end."""
    topics: tuple[tuple[str, int], ...]
    """By name; of very many topics those that most recordings have."""
    more_topics: int = 0
    """How many topics are left out."""
    exact: bool = True
    """Whether all recordings were counted; of a store with millions of different topics not all are."""


def facet_names(fields: Fields) -> tuple[str, ...]:
    """What a search is narrowed to by values: metadata fields, ``health`` and ``checks``."""
    return (*(field.name for field in fields.facets), *UNKNOWN)


async def count_facets(context: Context, search: Search, fields: Fields = EVERY_TEAMS) -> Facets:
    """What a click would find.

    Of a field's values one has to hold, so a facet leaves its own choice out of its counts; the topics that are
    chosen have to be there all together, so they count in.
    """
    spelled = await in_every_spelling(context, search)
    facets = facet_names(fields)
    of_states = {"health": search.health, "checks": search.checks}
    chosen = [facet for facet in facets if of_states.get(facet) or search.metadata.get(facet)]

    async def count(counted: Sequence[str], own: Sequence[str] = ()) -> Counted:
        by = [*map(_field, counted), _TOPIC_SET]
        where = conditions(spelled, without=("topic", *own))
        return await context.documents.recordings.counts(by, where)

    # Facets that nobody chose from look at the same recordings: these are gone through once for all of them. Which
    # topics a recording has its set tells; asking each recording for each topic takes three times as long.
    every_teams = facet_names(EVERY_TEAMS)
    together = [facet for facet in every_teams if facet not in chosen]
    chosen = [facet for facet in chosen if facet in every_teams]
    apart: Sequence[Counted]
    (counted, *apart), of_team = await asyncio.gather(
        asyncio.gather(count(together), *(count([facet], [facet]) for facet in chosen)),
        _count_own(context, spelled, [facet for facet in facets if facet not in every_teams]),
    )
    exact = all(len(each) < MAX_GROUPS for each in (counted, *apart))
    if search.topics:
        sets = {str(values[-1]) for each in (counted, *apart) for values, _ in each if values[-1]}
        having = await context.topic_sets.having(context.documents, sets, search.topics)
        counted = [row for row in counted if row[0][-1] in having]
        apart = [[row for row in own if row[0][-1] in having] for own in apart]
    values = {facet: _offered(facet, _of_column(counted, place)) for place, facet in enumerate(together)}
    values |= {facet: _offered(facet, _of_column(own, 0)) for facet, own in zip(chosen, apart, strict=True)}
    values |= {facet: _offered(facet, found) for facet, found in of_team.items()}
    sets_found = {str(each): number for each, number in _of_column(counted, -1).most_common() if each}
    topics, all_topics = await context.topic_sets.count_topics(context.documents, sets_found)
    return Facets(
        values={facet: values[facet] for facet in facets},
        topics=tuple(sorted(topics.most_common(MAX_TOPICS), key=lambda each: (each[0].casefold(), each[0]))),
        more_topics=max(0, len(topics) - MAX_TOPICS),
        exact=exact and all_topics,
    )


async def _count_own(context: Context, spelled: SpelledSearch, facets: Sequence[str]) -> dict[str, Counter[Scalar]]:
    """The values of the fields that the team added, which the index of the list does not have."""
    chosen = [facet for facet in facets if spelled.metadata.get(facet)]
    others = [facet for facet in facets if facet not in chosen]
    asks_nothing = len(conditions(spelled)) == 1
    # Each has an index of its own, which tells all where nothing else is asked for; else each reads the documents.
    parts = [[facet] for facet in chosen] + ([[facet] for facet in others] if asks_nothing else [others])
    counted = await asyncio.gather(
        *(
            context.documents.recordings.counts([*map(_field, part)], conditions(spelled, without=part))
            for part in parts
            if part
        )
    )
    return {
        facet: _of_column(found, place)
        for part, found in zip(filter(None, parts), counted, strict=True)
        for place, facet in enumerate(part)
    }


async def known_values(context: Context, fields: Fields) -> dict[str, tuple[str, ...]]:
    """The values that each short metadata field has, the most frequent first; at most ``MAX_OFFERED``."""
    names = [field.name for field in fields.short]
    counted = await asyncio.gather(
        *(
            context.documents.recordings.facet(
                f"metadata.{name}.value", [Equals("deleted_at", None)], limit=2 * MAX_OFFERED
            )
            for name in names
        )
    )
    spelled = [most_frequent_spellings((str(value), number) for value, number in each if value) for each in counted]
    return {name: tuple(each.values())[:MAX_OFFERED] for name, each in zip(names, spelled, strict=True)}


def most_frequent_spellings(counted: Iterable[tuple[str, int]]) -> dict[str, str]:
    """For each value the spelling that most have, by what its spellings have in common."""
    found: dict[str, str] = {}
    for value, _ in sorted(counted, key=lambda each: (-each[1], each[0])):
        found.setdefault(same_value(value), value)
    return found


def _field(facet: str) -> str:
    return facet if facet in (*UNKNOWN, _TOPIC_SET) else f"metadata.{facet}.value"


def _of_column(counted: Counted, place: int) -> Counter[Scalar]:
    found = Counter[Scalar]()
    for values, number in counted:
        found[values[place]] += number
    return found


def _offered(facet: str, counted: Counter[Scalar]) -> list[tuple[str, int]]:
    spelled = [(str(value or ""), number) for value, number in counted.items()]
    unknown = sum(number for value, number in spelled if not value.strip())
    spellings = most_frequent_spellings(spelled)
    together = Counter[str]()
    for value, number in ((each, number) for each, number in spelled if each.strip()):
        together[spellings[same_value(value)]] += number
    offered = sorted(together.items(), key=lambda each: (-each[1], each[0]))[:MAX_OFFERED]
    return [*offered, *([(UNKNOWN.get(facet, ""), unknown)] if unknown else [])]

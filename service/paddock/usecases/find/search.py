"""Search: which recordings somebody wants to see, and which days were driven."""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Literal, get_args

import msgspec

from paddock.domain.fields import EVERY_TEAMS, Fields, same_value
from paddock.domain.figures import FIGURES, FigureIs
from paddock.domain.instants import INT64_MAX, NS_PER_S
from paddock.domain.recording import Recording
from paddock.domain.setup_comparisons import SetupIs, setup_path
from paddock.domain.setup_values import PREFIX, text_of
from paddock.errors import Rejected
from paddock.ports.documents import (
    MAX_PAGE,
    Between,
    Condition,
    Contains,
    Equals,
    Exists,
    HasSignal,
    HasTopic,
    OneOf,
    Page,
    Sort,
    Statistic,
)
from paddock.usecases.context import Context
from paddock.usecases.find.comparisons import under_every_name
from paddock.usecases.setups.fields import load_setup_fields

Health = Literal["intact", "recovered", "failed", "unread"]
Checks = Literal["passed", "failed", "skipped", "unchecked"]
LATEST_FIRST = "-started_at"
MAX_WORDS = 50
MAX_VALUES = 50
"""For one filter; a query has to end somewhere."""
MAX_COMPARISONS = 10
ARRIVED_NS = 24 * 3600 * NS_PER_S
"""So long what somebody sent is pointed at, whenever it was recorded."""
_COMPARISON = re.compile(
    rf"\s*({'|'.join(get_args(Statistic))})\((.+)\)\s*(<=|>=|<|>|=)\s*([-+]?[0-9.]+(?:e[-+]?[0-9]+)?)\s*",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_SETUP_ORDER = re.compile(rf"-?{re.escape(PREFIX)}([a-z][a-z0-9_]*)", re.ASCII)
UNKNOWN = {"health": "unread", "checks": "unchecked"}
"""What a search calls a recording of which a field says nothing yet, by field."""
_NOT_KNOWN = (None, "")


def sorts(fields: Fields) -> dict[str, str]:
    """What recordings can be sorted by, and where it is in the document."""
    return {
        "started_at": "started_ns",
        "uploaded_at": "uploaded_at",
        "health": "health",
        **{field.name: field.path for field in fields.short},
        **{figure.name: figure.field for figure in FIGURES},
    }


class Search(msgspec.Struct, frozen=True):
    """What to look for; everything that is given has to hold."""

    text: str = ""
    """Words that names, metadata and id hold, in any case."""
    metadata: Mapping[str, tuple[str, ...]] = {}
    """For a field the values of which it has one, in any case; the empty one is a field that nobody filled."""
    health: tuple[Health, ...] = ()
    checks: tuple[Checks, ...] = ()
    """What came of the team's checklists."""
    topics: tuple[str, ...] = ()
    """All of them are there."""
    comparisons: tuple[HasSignal, ...] = ()
    figures: tuple[FigureIs, ...] = ()
    setup: tuple[SetupIs, ...] = ()
    """What their setup sheets say."""
    from_ns: int | None = None
    before_ns: int | None = None
    deleted: bool = False
    """Only what was deleted, instead of only what was not."""


class SpelledSearch(Search, frozen=True):
    """A search that names every spelling which recordings have of its metadata values and signals."""


class Day(msgspec.Struct, frozen=True):
    """All recordings of one day, and the days with recordings around it."""

    day: date
    driven: tuple[Recording, ...]
    parked: tuple[Recording, ...]
    arriving: tuple[Recording, ...]
    """Not read yet, so without a start time."""
    timeless: tuple[Recording, ...]
    """Read, and without a start time: there was nothing to read, or it cannot be."""
    before: date | None = None
    after: date | None = None
    more: bool = False
    """Whether there are more than a page can show; a search shows them all."""


def read_comparison(text: str) -> HasSignal:
    """``max(BatteryPack.cell_temp) > 55`` as a condition.

    Raises:
        Rejected: it is written otherwise (code ``bad_comparison``).
    """
    match = _COMPARISON.fullmatch(text)
    try:
        if match is None or not math.isfinite(float(match[4])):
            raise ValueError("of another form")
        statistic, name, operator, value = match.groups()
        return HasSignal(name.strip(), statistic.lower(), operator, float(value))  # type: ignore[arg-type]
    except ValueError:
        raise Rejected(
            f"{text[:80]!r} is no comparison: write it like max(BatteryPack.cell_temp) > 55, with one of "
            f"{', '.join(get_args(Statistic))}.",
            code="bad_comparison",
        ) from None


def write_comparison(condition: HasSignal) -> str:
    """The text that ``read_comparison`` reads."""
    return f"{condition.statistic}({condition.name}) {condition.operator} {condition.value:.15g}"


def conditions(search: SpelledSearch, *, without: Container[str] = ()) -> list[Condition]:
    """A search as the documents understand it.

    Args:
        without: filters that are left out: a facet's own, so that its other values can be offered.
    """
    words = dict.fromkeys(search.text.casefold().split())
    where: list[Condition] = [_here(search)]
    where += [Contains("search", word) for word in words]
    for field, values in search.metadata.items():
        if values and field not in without:
            wanted = [value for value in values if value]
            where.append(OneOf(f"metadata.{field}.value", (*wanted, *(_NOT_KNOWN if "" in values else ()))))
    of_states: dict[str, Sequence[str]] = {"health": search.health, "checks": search.checks}
    for field, states in of_states.items():
        if states and field not in without:
            wanted = [state for state in states if state != UNKNOWN[field]]
            where.append(OneOf(field, (*wanted, *(_NOT_KNOWN if UNKNOWN[field] in states else ()))))
    if "topic" not in without:
        where += [HasTopic(topic) for topic in search.topics]
    where += search.comparisons
    where += [Between(each.figure.field, *each.bounds) for each in search.figures]
    where += [_of_setup(each) for each in search.setup]
    if search.from_ns is not None or search.before_ns is not None:
        where.append(Between("started_ns", search.from_ns, search.before_ns))
    return where


def _of_setup(wanted: SetupIs) -> Condition:
    if wanted.bounds is not None:
        return Between(wanted.field, *wanted.bounds)
    return OneOf(wanted.field, wanted.spellings or _NOT_KNOWN)


def _here(search: Search) -> Condition:
    return Exists("deleted_at") if search.deleted else Equals("deleted_at", None)


async def search_recordings(
    context: Context,
    search: Search,
    *,
    order: str = LATEST_FIRST,
    fields: Fields = EVERY_TEAMS,
    limit: int = 50,
    after: str | None = None,
) -> Page[Recording]:
    """Recordings that match, sorted by one of ``sorts(fields)``, a ``-`` before it for the largest first.

    Those that have no such value (a start before the log was read) come last.

    Raises:
        Rejected: there is no such order (code ``bad_sort``).
    """
    field = sorted_field(order, fields)
    sort = Sort("deleted_at" if search.deleted else field, descending=order.startswith("-"))
    where = conditions(await in_every_spelling(context, search))
    return await context.documents.recordings.find(where, sort=sort, limit=limit, after=after)


def sorted_field(order: str, fields: Fields) -> str:
    """The field of the document that an order sorts by.

    Raises:
        Rejected: there is no such order (code ``bad_sort``).
    """
    if match := _SETUP_ORDER.fullmatch(order):
        return setup_path(match[1])
    known = sorts(fields)
    if field := known.get(order.removeprefix("-")):
        return field
    raise Rejected(
        f"{order[:40]!r} is no order: sort by one of {', '.join(known)}, with a - before it for the largest first.",
        code="bad_sort",
    )


def sort_recordings(
    recordings: Iterable[Recording], order: str, fields: Fields = EVERY_TEAMS
) -> tuple[Recording, ...]:
    """The same order as a search has, of recordings that are all there.

    Raises:
        Rejected: there is no such order (code ``bad_sort``).
    """
    field, descending = sorted_field(order, fields), order.startswith("-")
    valued = [(_value(recording, field), recording) for recording in recordings]
    known = sorted(
        ((value, recording.id, recording) for value, recording in valued if value is not None),
        # Numbers before texts, as in the documents: a field of the setup sheet may have both.
        key=lambda each: (isinstance(each[0], str), *each[:2]),
        reverse=descending,
    )
    unknown = [recording for value, recording in valued if value is None]
    return (
        *(recording for _, _, recording in known),
        *sorted(unknown, key=lambda each: each.id, reverse=descending),
    )


def _value(recording: Recording, field: str) -> Any:
    value: Any = recording
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
    return value


async def in_every_spelling(context: Context, search: Search) -> SpelledSearch:
    """The same search with all spellings that recordings have of the metadata values and signals it names.

    People write one event in several ways, and all of them stay as they were typed. Who asks for several things
    that one search finds looks the spellings up once.

    Raises:
        Rejected: there is more in it than can be looked for (code ``search_too_long``).
    """
    if isinstance(search, SpelledSearch):
        return search
    _check_size(search)
    known = await asyncio.gather(
        *(
            context.documents.recordings.counts([f"metadata.{field}.value"], [_here(search)])
            for field in search.metadata
        )
    )
    metadata = {}
    for (field, given), counted in zip(search.metadata.items(), known, strict=True):
        wanted = set(map(same_value, given))
        alike = (str(value) for (value,), _ in counted if value is not None and same_value(str(value)) in wanted)
        metadata[field] = tuple(dict.fromkeys((*given, *alike)))
    comparisons = await under_every_name(context, search.comparisons)
    spelled = {"metadata": metadata, "comparisons": comparisons, "setup": await _spelled_setup(context, search)}
    return SpelledSearch(**(msgspec.structs.asdict(search) | spelled))


async def _spelled_setup(context: Context, search: Search) -> tuple[SetupIs, ...]:
    """The texts that are looked for on setup sheets, in every spelling that sheets have of them."""
    if not search.setup:
        return ()
    fields = await load_setup_fields(context)
    found = []
    for wanted in search.setup:
        fields.check_name(wanted.name)
        if wanted.bounds is None and wanted.text:
            counted = await context.documents.recordings.counts([wanted.field], [_here(search)])
            texts = (value for (value,), _ in counted if isinstance(value, (str, float, int)))
            alike = [value for value in texts if same_value(text_of(value)) == same_value(wanted.text)]
            wanted = msgspec.structs.replace(wanted, spellings=(*wanted.typed, *alike))
        found.append(wanted)
    return tuple(found)


def _check_size(search: Search) -> None:
    given = [search.health, search.checks, search.topics, *search.metadata.values()]
    compared = max(len(search.comparisons), len(search.figures), len(search.setup))
    too_much = any(len(values) > MAX_VALUES for values in given) or compared > MAX_COMPARISONS
    if too_much or len(set(search.text.casefold().split())) > MAX_WORDS:
        raise Rejected(
            f"This looks for too much at once: give at most {MAX_WORDS} words, {MAX_VALUES} values of a filter "
            f"and {MAX_COMPARISONS} comparisons.",
            code="search_too_long",
        )


async def without_start(context: Context, search: Search, *, limit: int = 50) -> tuple[Recording, ...]:
    """What matches and has no start time, the newest upload first; nothing when the search wants a time."""
    if search.from_ns is not None or search.before_ns is not None:
        return ()
    return await _arriving(context, conditions(await in_every_spelling(context, search)), limit)


async def _arriving(context: Context, where: Sequence[Condition], limit: int) -> tuple[Recording, ...]:
    # Sorted by what is null, so that the index of start times finds the few; by upload it would be all documents.
    page = await context.documents.recordings.find(
        [*where, Equals("started_ns", None)], sort=Sort("started_ns"), limit=limit
    )
    return tuple(sorted(page.items, key=lambda recording: recording.uploaded_at, reverse=True))


def bounds_of(day: date, zone: tzinfo) -> tuple[int, int]:
    """First instant of a day and of the next one, in nanoseconds; at most what 64 bits can say, where time ends.

    Raises:
        Rejected: it is the last day that a date can be (code ``bad_time``).
    """
    try:
        edges = [datetime.combine(each, time(), zone).timestamp() for each in (day, day + timedelta(days=1))]
    except OverflowError:
        raise Rejected(f"{day} is too far away.", code="bad_time") from None
    start, end = (max(-INT64_MAX, min(int(edge) * NS_PER_S, INT64_MAX)) for edge in edges)
    return start, end


def day_of(instant_ns: int, zone: tzinfo) -> date:
    """The date of an instant in a zone."""
    return datetime.fromtimestamp(instant_ns // NS_PER_S, zone).date()


async def just_arrived(context: Context, zone: tzinfo, *, before: date) -> dict[date, int]:
    """How many logs of which earlier days were uploaded within the last ``ARRIVED_NS``, the latest day first."""
    counted = await context.documents.recordings.counts(
        ["started_ns"],
        # Nothing is asked of the start: a store that enters by its index looks at every recording there is.
        [Equals("deleted_at", None), Between("uploaded_at", at_least=context.now() - ARRIVED_NS)],
    )
    days = Counter[date]()
    for (started,), number in counted:
        if isinstance(started, int):
            days[day_of(started, zone)] += number
    return {day: number for day, number in sorted(days.items(), reverse=True) if day < before}


async def find_day(context: Context, zone: tzinfo, day: date | None = None) -> Day | None:
    """The recordings of a day, driven runs first; without one the latest day that has any.

    None when no recording has a start time, which is where a new Paddock begins.
    """
    latest = await _neighbour(context, Sort("started_ns", descending=True), zone, Between("started_ns"))
    if latest is None:
        return None
    shown = day or latest
    start, end = bounds_of(shown, zone)
    before, after, page, arriving = await asyncio.gather(
        _neighbour(context, Sort("started_ns", descending=True), zone, Between("started_ns", below=start)),
        _neighbour(context, Sort("started_ns"), zone, Between("started_ns", at_least=end)),
        search_recordings(context, Search(from_ns=start, before_ns=end), limit=MAX_PAGE),
        _arriving(context, [Equals("deleted_at", None)], MAX_PAGE),
    )
    # What arrives belongs to the newest day, whenever that was, also where a clock said that it is to come.
    since, until = (min(start, context.now() - ARRIVED_NS), None) if shown >= latest else (start, end)
    here = [each for each in arriving if each.uploaded_at >= since and (until is None or each.uploaded_at < until)]
    return Day(
        shown,
        driven=tuple(recording for recording in page.items if not is_parked(recording)),
        parked=tuple(recording for recording in page.items if is_parked(recording)),
        arriving=tuple(each for each in here if not each.status.settled),
        timeless=tuple(each for each in here if each.status.settled),
        before=before,
        after=after,
        more=page.next is not None,
    )


def is_parked(recording: Recording) -> bool:
    """Whether the car is known to have stood; of a log without a speed nobody knows."""
    return recording.status.settled and recording.highlights.driven is False


async def _neighbour(context: Context, sort: Sort, zone: tzinfo, span: Between) -> date | None:
    page = await context.documents.recordings.find([Equals("deleted_at", None), span], sort=sort, limit=1)
    started = page.items[0].started_ns if page.items else None
    return None if started is None else day_of(started, zone)

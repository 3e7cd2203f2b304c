"""The setup book: all runs that have a sheet, the last first, each with what was changed for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from paddock.domain.fields import CAR, same_value
from paddock.domain.recording import Recording
from paddock.domain.setup_comparisons import HAS_SHEET
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.setup_values import Value, changes_between
from paddock.ports.documents import Condition, Exists, Sort
from paddock.usecases.context import Context
from paddock.usecases.find.search import Search, conditions, in_every_spelling
from paddock.usecases.setups.fields import load_setup_fields
from paddock.usecases.setups.sheets import previous_run

EVERYTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class BookEntry:
    """One run."""

    recording: Recording
    is_first: bool
    """Whether the car has no sheet before."""
    changes: dict[str, Value | None]
    """What is otherwise than in the run of the car before."""


@dataclass(frozen=True)
class Book:
    """Some pages of it."""

    fields: SetupFields
    entries: tuple[BookEntry, ...]
    next: str | None


async def setup_book(
    context: Context,
    *,
    metadata: Mapping[str, tuple[str, ...]] = EVERYTHING,
    limit: int = 50,
    after: str | None = None,
) -> Book:
    """Runs with a sheet, the latest start first.

    Args:
        metadata: for a field the values of which a run has one, in any spelling.
        after: continues after this cursor.
    """
    search = await in_every_spelling(context, Search(metadata=metadata))
    where: list[Condition] = [*conditions(search), Exists(HAS_SHEET)]
    page = await context.documents.recordings.find(
        where, sort=Sort("started_ns", descending=True), limit=limit, after=after
    )
    entries = [await _entry(context, page.items, place) for place in range(len(page.items))]
    return Book(await load_setup_fields(context), tuple(entries), page.next)


async def _entry(context: Context, runs: Sequence[Recording], place: int) -> BookEntry:
    run = runs[place]
    later = (each for each in runs[place + 1 :] if _car_of(each) == _car_of(run) and each.started_ns is not None)
    before = next(later, None) or await previous_run(context, run)
    changes = changes_between(before.setup_values, run.setup_values) if before else {}
    return BookEntry(run, before is None, changes)


def _car_of(recording: Recording) -> str:
    return same_value(CAR.of(recording.metadata))

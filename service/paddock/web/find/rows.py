"""The rows of the list: a recording each, and what only the list says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from paddock.domain.checklists import Checklist, applies_to
from paddock.domain.fields import FIELDS, Field
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Recording
from paddock.domain.words import size
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.checks.lists import all_checklists
from paddock.usecases.context import Context
from paddock.usecases.find.search import UNKNOWN, Search, is_parked
from paddock.web.kernel.words import duration, plural
from paddock.web.recordings.answers import summarise
from paddock.web.recordings.resources import RecordingResource

_NAME_SPANS = 3
"""Columns of metadata that a file's name may lie over where they have nothing to say."""


@dataclass(frozen=True)
class Row:
    """A recording and what only the list says of it."""

    item: RecordingResource
    lost: str = ""
    """What a damaged log lost, in three words."""
    untagged: bool = False
    """Whether nobody will find this run by who drove what."""
    named_beside: str = ""
    """The field whose column has the file's name too, where that is all to know it by, or what was asked for."""
    checks: str = ""
    """What came of the checklists for its car, ``unchecked`` where nobody looked; empty where there are none."""
    parked: bool = False
    """Whether it is a log of a car that stood."""
    span: int = 0
    """Over how many columns of metadata the file's name lies."""


async def rows_of(
    context: Context, recordings: Sequence[Recording], search: Search, columns: Sequence[Field]
) -> dict[str, Row]:
    """A row of each, by id."""
    items = await summarise(context, recordings)
    words = search.text.casefold().split()
    checklists = await all_checklists(context)
    beside = next((field.name for field in reversed(columns) if field.tag), "")
    return {
        each.id: Row(
            item,
            _lost(each),
            _is_untagged(each),
            beside if _is_named(each, words) else "",
            _checks(each, checklists),
            is_parked(each),
            _span(item, columns),
        )
        for item, each in zip(items, recordings, strict=True)
    }


def _checks(recording: Recording, checklists: Sequence[Checklist]) -> str:
    if recording.checks or not recording.build:
        return recording.checks
    applies = any(applies_to(each.said, car_of(recording)) for each in checklists)
    return UNKNOWN["checks"] if applies else ""


def _span(item: RecordingResource, columns: Sequence[Field]) -> int:
    if item.started_at is None:
        return _NAME_SPANS
    if any(field.name in item.metadata for field in FIELDS if field.tag):
        return 0
    empty = takewhile(lambda field: field.name not in item.metadata, columns[:_NAME_SPANS])
    return sum(1 for _ in empty)


def _is_untagged(recording: Recording) -> bool:
    return recording.started_ns is not None and not is_parked(recording) and not _says_who(recording)


def _is_named(recording: Recording, words: Sequence[str]) -> bool:
    if recording.started_ns is None:
        return False  # it stands in the place of the time
    name = recording.name.casefold()
    return not _says_who(recording) or any(word in name for word in words)


def _says_who(recording: Recording) -> bool:
    return any(field.of(recording.metadata) for field in FIELDS if field.tag)


def _lost(recording: Recording) -> str:
    loss = recording.loss
    if loss is None or recording.log_health == "intact":
        return ""
    if loss.lost_ns:
        return f"lost {duration(loss.lost_ns / NS_PER_S)}"
    if loss.lost_bytes:
        return f"lost {size(loss.lost_bytes)}"
    return f"lost {plural(loss.lost_records, 'record')}" if loss.lost_records else "nothing lost"

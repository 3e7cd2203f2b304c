"""What differs between the setups of several runs, the car's own configuration in their logs included."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from paddock.domain.contents import Contents
from paddock.domain.recording import Recording, Signal
from paddock.domain.setup_sheets import Row, SetupFields, compare_sheets
from paddock.domain.setup_values import text_of
from paddock.errors import Rejected
from paddock.ports.documents import MAX_PAGE, Equals, StartsWith
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.setups.fields import load_setup_fields

MAX_COMPARED = 10
MAX_LOG_ROWS = 1_000
"""A log may have metadata records without end."""
MAX_CONFIGURATION_TOPICS = 10
_CONFIGURATION = re.compile(r"config|param|setup|setting|calib", re.IGNORECASE)


class LogRow(msgspec.Struct, frozen=True):
    """One entry of the logs' own configuration."""

    record: str
    """The metadata record, or the topic."""
    key: str
    values: tuple[str | None, ...]
    """In the order of the recordings; None where a log does not have it."""

    @property
    def differs(self) -> bool:
        """Whether the logs say different things."""
        return len(set(self.values)) > 1


@dataclass(frozen=True)
class ComparedSetups:
    """Several runs beside each other."""

    recordings: tuple[Recording, ...]
    fields: SetupFields
    rows: tuple[Row, ...]
    log: tuple[LogRow, ...]


async def compare_setups(context: Context, recording_ids: Sequence[str]) -> ComparedSetups:
    """The setup sheets of some runs, and what their logs say of the car's configuration.

    Raises:
        NotFound: there is no such recording.
        Rejected: fewer than two are named, or too many (code ``bad_comparison``).
    """
    if not 2 <= len(recording_ids) <= MAX_COMPARED:
        raise Rejected(f"Name 2 to {MAX_COMPARED} recordings to be compared.", code="bad_comparison")
    recordings = tuple([await get_recording(context, each) for each in recording_ids])
    fields = await load_setup_fields(context)
    return ComparedSetups(
        recordings,
        fields,
        compare_sheets(fields, [each.setup_values for each in recordings]),
        await _log_rows(context, recordings),
    )


async def _log_rows(context: Context, recordings: Sequence[Recording]) -> tuple[LogRow, ...]:
    said = []
    for recording in recordings:
        contents = await contents_of(context.documents, recording)
        said.append(_records(contents) | await _configuration(context, recording, contents))
    keys = dict.fromkeys(key for each in said for key in each)
    rows = [LogRow(*key, tuple(each.get(key) for each in said)) for key in keys]
    # What is the same in all of them is what is left out first.
    kept = sorted(rows, key=lambda row: not row.differs)[:MAX_LOG_ROWS]
    return tuple(row for row in rows if row in kept) if len(rows) > MAX_LOG_ROWS else tuple(rows)


def _records(contents: Contents) -> dict[tuple[str, str], str]:
    """The metadata records of the file; of the same entry twice the last one holds."""
    return {(name, key): value for name, entries in contents.file_metadata for key, value in entries.items()}


async def _configuration(context: Context, recording: Recording, contents: Contents) -> dict[tuple[str, str], str]:
    """What topics that are called a configuration said last: the values that the car drove with at the end."""
    found: dict[tuple[str, str], str] = {}
    topics = [each.topic for each in contents.own_channels if _CONFIGURATION.search(each.topic)]
    for topic in dict.fromkeys(topics[:MAX_CONFIGURATION_TOPICS]):
        page = await context.documents.signals.find(
            [Equals("recording", recording.id), StartsWith("name", f"{topic}.")], limit=MAX_PAGE
        )
        for signal in page.items:
            if (value := _last(signal)) is not None:
                found[topic, signal.name.removeprefix(f"{topic}.")] = value
    return found


def _last(signal: Signal) -> str | None:
    return None if signal.last is None else text_of(signal.last)

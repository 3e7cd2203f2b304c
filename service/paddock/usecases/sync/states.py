"""What is said of recordings here, for another Paddock to compare."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from paddock.domain.history import Change
from paddock.domain.intervals import Interval
from paddock.domain.recording import Recording
from paddock.domain.sync import RecordingState, digest, state_of
from paddock.ports.documents import MAX_PAGE, OneOf, Page, Sort
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.intake.originals import is_kept

MAX_STATES = 100
"""With their histories; a digest of each is for ``MAX_PAGE`` at once."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A recording with what is the same wherever the same is said of it."""

    recording: Recording
    digest: str
    has_original: bool
    """Whether its bytes can be had here."""


async def list_compared(context: Context, *, limit: int = MAX_PAGE, after: str | None = None) -> Page[Compared]:
    """All recordings by id, deleted ones too."""
    page = await context.documents.recordings.find(limit=limit, after=after)
    return Page(tuple(await _compared(context, page.items)), page.next)


async def compare(context: Context, recording_ids: Sequence[str]) -> list[Compared]:
    """Those of at most ``MAX_PAGE`` recordings that are here, deleted ones too."""
    return await _compared(context, await _found(context, recording_ids))


async def states(context: Context, recording_ids: Sequence[str]) -> list[RecordingState]:
    """All that is said of those that are here of at most ``MAX_STATES`` recordings."""
    recordings = await _found(context, recording_ids)
    histories = await histories_of(context, recordings)
    intervals = await intervals_by(context, recordings)
    return [state_of(each, histories[each.id], intervals[each.id]) for each in recordings]


async def _found(context: Context, recording_ids: Sequence[str]) -> Sequence[Recording]:
    if not recording_ids:
        return ()
    page = await context.documents.recordings.find([OneOf("id", tuple(recording_ids))], limit=MAX_PAGE)
    return page.items


async def _compared(context: Context, recordings: Sequence[Recording]) -> list[Compared]:
    histories = await histories_of(context, recordings)
    intervals = await intervals_by(context, recordings)

    def digests() -> list[Compared]:
        said = [(each, state_of(each, histories[each.id], intervals[each.id])) for each in recordings]
        return [Compared(recording=each, digest=digest(state), has_original=is_kept(each)) for each, state in said]

    # Some thousand changes take a moment, which all others would wait for.
    return await asyncio.to_thread(digests)


async def histories_of(context: Context, recordings: Sequence[Recording]) -> dict[str, list[Change]]:
    """The whole history of each, with what its last edit has not brought there yet."""
    found: dict[str, dict[str, Change]] = {each.id: {edit.id: edit for edit in each.edits} for each in recordings}
    after = None
    while found:
        page = await context.documents.history.find(
            [OneOf("recording", tuple(found))], sort=Sort("at"), limit=MAX_PAGE, after=after
        )
        for change in page.items:
            found[change.recording][change.id] = change
        if (after := page.next) is None:
            break
    return {recording_id: list(changes.values()) for recording_id, changes in found.items()}


async def intervals_by(context: Context, recordings: Sequence[Recording]) -> dict[str, list[Interval]]:
    """The intervals of each, also those that were taken away."""
    found: dict[str, list[Interval]] = {each.id: [] for each in recordings}
    if found:
        async for interval in every(context.documents.intervals, [OneOf("recording", tuple(found))]):
            found[interval.recording].append(interval)
    return found

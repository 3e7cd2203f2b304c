"""What came by radio beside what the car logged itself: two recordings of one time."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from paddock.domain.fields import CAR
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Recording, StartedSource
from paddock.domain.streams import Stream
from paddock.ports.documents import MAX_PAGE, Between, Condition, Equals, OneOf, Sort
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.context import Context

LONGEST_NS = 30 * 3_600 * NS_PER_S
"""No recording of a car that counts here is longer, or came later by radio."""
_SHARE = 0.5
"""A share of the shorter one, that both have to have in common."""


class Copy(msgspec.Struct, frozen=True):
    """A recording of what came by radio."""

    recording: Recording
    stream: Stream


class Radio(msgspec.Struct, frozen=True):
    """What there is of the same time and car."""

    stream: Stream | None = None
    """What a device sent, where the recording is that."""
    better: Recording | None = None
    """The car's own log of that time, where the recording came by radio."""
    copies: tuple[Copy, ...] = ()
    """What came by radio, where the recording is the car's own."""


async def radio_of(context: Context, recording: Recording) -> Radio:
    """What came by radio of the time of a recording, and which of them is the better one."""
    streams = await streams_of_recordings(context, [recording.id])
    stream = streams.get(recording.id)
    others = await _of_the_same_time(context, recording)
    if not others:
        return Radio(stream)
    sent = await streams_of_recordings(context, [each.id for each in others])
    if stream is None:
        return Radio(copies=tuple(Copy(each, sent[each.id]) for each in others if each.id in sent))
    own = [each for each in others if each.id not in sent]
    return Radio(stream, better=max(own, key=lambda each: _common_ns(recording, each), default=None))


async def streams_of_recordings(context: Context, recording_ids: Collection[str]) -> Mapping[str, Stream]:
    """The streams that some recordings were, by the recordings' ids."""
    found: dict[str, Stream] = {}
    wanted = list(recording_ids)
    for first in range(0, len(wanted), MAX_PAGE):
        some = OneOf("recording", tuple(wanted[first : first + MAX_PAGE]))
        page = await context.documents.streams.find([some], limit=MAX_PAGE)
        found |= {stream.recording: stream for stream in page.items}
    return found


async def _of_the_same_time(context: Context, recording: Recording) -> list[Recording]:
    """Other recordings of its car that have most of the shorter one's time in common with it."""
    car = car_of(recording)
    if not car or recording.started_ns is None or not recording.duration_ns:
        return []
    found: dict[str, Recording] = {}
    for started_ns in {recording.started_ns, _by_its_clock(recording)}:
        where: list[Condition] = [
            Equals("deleted_at", None),
            Equals(CAR.path, car),
            Between("started_ns", started_ns - LONGEST_NS, started_ns + LONGEST_NS),
        ]
        page = await context.documents.recordings.find(where, sort=Sort("started_ns"), limit=MAX_PAGE)
        found |= {each.id: each for each in page.items}
    others = sorted(found.values(), key=lambda each: (each.started_ns or 0, each.id))
    return [each for each in others if each.id != recording.id and _is_of_one_time(recording, each)]


def _is_of_one_time(one: Recording, other: Recording) -> bool:
    shorter = min(one.duration_ns or 0, other.duration_ns or 0)
    return shorter > 0 and _common_ns(one, other) >= _SHARE * shorter


def _common_ns(one: Recording, other: Recording) -> int:
    """How long both lasted at once, by the corrected times or by the clock of the car, which both may have kept.

    What the radio sent late looks as if the clock were wrong, and the car's own log says nothing of that.
    """
    return max(
        _overlap_ns(one, one.started_ns or 0, other, other.started_ns or 0),
        _overlap_ns(one, _by_its_clock(one), other, _by_its_clock(other)),
    )


def _overlap_ns(one: Recording, one_ns: int, other: Recording, other_ns: int) -> int:
    ends = min(one_ns + (one.duration_ns or 0), other_ns + (other.duration_ns or 0))
    return ends - max(one_ns, other_ns)


def _by_its_clock(recording: Recording) -> int:
    """When it began by the times in it."""
    corrected = recording.started_source is StartedSource.CLOCK_OFFSET
    return (recording.started_ns or 0) - (recording.clock_offset_ns or 0 if corrected else 0)

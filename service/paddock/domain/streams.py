"""A stream: what one device sends, from its first message until it is cut and becomes a recording."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paddock.domain.devices import StreamCuts
from paddock.domain.instants import NS_PER_S

MAX_GAPS = 500
"""That are kept of one stream; all are counted."""
SHORTEST_GAP_NS = NS_PER_S
GAP_PERIODS = 10
"""A topic that was silent for so many of its own periods has a gap."""


class StreamState(StrEnum):
    """What became of a stream."""

    LIVE = "live"
    RECORDED = "recorded"


class Gap(msgspec.Struct, frozen=True, array_like=True):
    """Where something of a stream is missing, by the times that the device says."""

    from_ns: int
    until_ns: int
    missing: int = 0
    """Messages, where the device counts them; 0 where it only was silent."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One stream, as a document."""

    id: str
    """Made of the device and where in the log it begins: the same, however often it is looked at anew."""
    device: str
    name: str
    """The device's, at that time."""
    car: str = ""
    state: StreamState = StreamState.LIVE
    first_position: int = 0
    """Where its first entry is in the log."""
    last_position: int = 0
    began_ns: int = 0
    """When its first message came."""
    received_ns: int = 0
    """When its last one came."""
    started_ns: int = 0
    """The earliest time that its messages say."""
    ended_ns: int = 0
    """The latest one."""
    messages: int = 0
    size_bytes: int = 0
    """The size of what came."""
    duplicates: int = 0
    """Messages that came again, and are in the recording once."""
    gaps: tuple[Gap, ...] = ()
    gap_count: int = 0
    missing: int = 0
    """Messages that the device counted and that never came."""
    recording: str = ""
    """The SHA-256 of its log, once it was cut."""


def begins_anew(stream: Stream, cuts: StreamCuts, cut_at: int, received_ns: int, size_bytes: int) -> bool:
    """Whether what comes next belongs to a new stream.

    It depends on what is in the log and on nothing else, so that reading the log again cuts at the same places.

    Args:
        stream: so far.
        cuts: of its device.
        cut_at: when somebody last asked for a cut.
        received_ns: when the next entry came.
        size_bytes: what it takes.
    """
    return (
        received_ns - stream.received_ns > cuts.idle_s * NS_PER_S
        or received_ns - stream.began_ns > cuts.max_s * NS_PER_S
        or stream.size_bytes + size_bytes > cuts.max_bytes
        or stream.began_ns <= cut_at < received_ns
    )


def is_over(stream: Stream, cuts: StreamCuts, cut_at: int, now_ns: int) -> bool:
    """Whether nothing that comes from now on belongs to it."""
    return begins_anew(stream, cuts, cut_at, now_ns, 0)


class Periods:
    """Notices gaps of one topic by its times and counts."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._last_sequence: int | None = None
        self._period_ns = 0.0

    def gap_before(self, time_ns: int, sequence: int | None) -> Gap | None:
        """Note a message; the gap between the one before and this one, if there is one."""
        last_ns, last_sequence = self._last_ns, self._last_sequence
        if last_ns is not None and time_ns <= last_ns:
            return None  # it comes late, or again
        self._last_ns, self._last_sequence = time_ns, sequence
        if last_ns is None:
            return None
        step_ns = time_ns - last_ns
        missing = 0
        if sequence is not None and last_sequence is not None and sequence > last_sequence:
            missing = sequence - last_sequence - 1
        elif self._period_ns and step_ns > max(SHORTEST_GAP_NS, GAP_PERIODS * self._period_ns):
            return Gap(last_ns, time_ns)
        if missing:
            return Gap(last_ns, time_ns, missing)
        self._period_ns = step_ns if not self._period_ns else self._period_ns + (step_ns - self._period_ns) / 8
        return None

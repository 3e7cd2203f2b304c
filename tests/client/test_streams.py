"""How many streams a line gets, by a clock of ours."""

from __future__ import annotations

from collections.abc import Callable

from paddock.client.streams import CUT_HOLD_S, FIRST, HOLD_S, MOST, Streams

PART = 5 * 2**20


class Road:
    """A line that is watched for a while: bytes per second by the number of streams."""

    def __init__(self, rate_of: Callable[[int], float], fixed: int = 0) -> None:
        self.now = 0.0
        self.streams = Streams(fixed, clock=lambda: self.now)
        self.rate_of = rate_of
        self.busy = 0

    def run(self, seconds: float, part: int = PART) -> list[int]:
        """How many streams there were, each second."""
        counts = []
        for _ in range(int(seconds)):
            self.now += 1.0
            while self.streams.take(part):
                self.busy += 1
            for _ in range(self.busy - self.streams.wanted):
                self.streams.give_back()
                self.busy -= 1
            self.streams.passed(int(self.rate_of(self.busy)))
            counts.append(self.busy)
        return counts


def test_each_stream_brings_its_own_on_a_line_that_loses() -> None:
    counts = Road(lambda streams: 60_000.0 * streams).run(100)
    assert counts[0] == FIRST and counts[-1] == MOST
    assert counts[28] == MOST, "within half a minute"


def test_a_line_that_is_full_gets_no_more_for_a_while() -> None:
    road = Road(lambda streams: 10_000_000.0)
    counts = road.run(60)
    assert counts[-1] == FIRST and set(counts) == {FIRST, 2 * FIRST}
    road.rate_of = lambda streams: 100_000.0 * streams
    assert road.run(HOLD_S + 60)[-1] == MOST, "the line has changed"


def test_a_slow_line_has_few_large_parts_in_the_air() -> None:
    assert Road(lambda streams: 50_000.0).run(100)[-1] == 1
    assert Road(lambda streams: 50_000.0).run(100, part=64 * 1024)[-1] == FIRST, "small ones are soon whole"


def test_what_many_streams_share_a_line_with_says_nothing() -> None:
    road = Road(lambda streams: 100_000.0 * streams)
    for _ in range(100):
        road.now += 1.0
        road.streams.take(PART)
        road.streams.passed(100_000)
        road.streams.give_back()
    assert road.streams.wanted == FIRST


def test_a_number_may_be_fixed() -> None:
    assert set(Road(lambda streams: 100_000.0 * streams, fixed=2).run(100)) == {2}


def test_a_line_that_is_cut_has_half_of_them_until_it_holds() -> None:
    road = Road(lambda streams: 60_000.0 * streams)
    for streams in (FIRST // 2, FIRST // 4, 1):
        road.streams.cut()
        assert road.streams.wanted == streams
    assert set(road.run(CUT_HOLD_S - 3)) == {1}
    assert road.run(60)[-1] == MOST

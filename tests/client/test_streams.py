"""How many streams a line gets, by a clock of ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paddock.client.streams import FIRST, HOLD_S, MOST, Streams

MIB = 2**20


class Road:
    """A line that is watched for a while: bytes per second by the number of streams."""

    def __init__(self, rate_of: Callable[[int], float]) -> None:
        self.now = 0.0
        self.streams = Streams(clock=lambda: self.now)
        self.rate_of = rate_of

    def run(self, seconds: float) -> list[int]:
        """How many streams there were, each second."""
        counts = []
        for _ in range(int(seconds)):
            self.now += 1.0
            count = self.streams.wanted(64 * 1024)
            self.streams.passed(int(self.rate_of(count)), busy=count)
            counts.append(count)
        return counts


def test_each_stream_brings_its_own_on_a_line_that_loses() -> None:
    counts = Road(lambda streams: 100_000.0 * streams).run(60)
    assert counts[0] == FIRST and counts[-1] == MOST and counts == sorted(counts)


def test_a_line_that_is_full_gets_no_more_for_a_while() -> None:
    road = Road(lambda streams: 10_000_000.0)
    counts = road.run(30)
    assert counts[-1] == FIRST and set(counts) == {FIRST, 2 * FIRST}
    road.rate_of = lambda streams: 100_000.0 * streams
    assert road.run(HOLD_S + 60)[-1] == MOST, "the line has changed"


@pytest.mark.parametrize(("part_size", "wanted"), [(5 * MIB, 1), (64 * 1024, FIRST)])
def test_a_slow_line_has_few_large_parts_in_the_air(part_size: int, wanted: int) -> None:
    road = Road(lambda streams: 50_000.0)
    road.run(30)
    assert road.streams.wanted(part_size) == wanted


def test_a_number_may_be_fixed() -> None:
    road = Road(lambda streams: 100_000.0 * streams)
    road.streams = Streams(2, clock=lambda: road.now)
    assert set(road.run(60)) == {2}

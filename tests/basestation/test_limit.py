"""How fast the station may send, by clocks of ours."""

from __future__ import annotations

import pytest

from paddock.basestation.limit import Limit, Span, parse_limit
from paddock.errors import Rejected


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.minute = 0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def limit(self, *spans: Span, always: float | None = None) -> Limit:
        return Limit(spans, always, clock=lambda: self.now, sleep=self.sleep, minute=lambda: self.minute)

    def takes(self, limit: Limit, pieces: int, size_bytes: int) -> float:
        """Seconds for so many pieces."""
        began = self.now
        for _ in range(pieces):
            limit.take(size_bytes)
        return self.now - began


@pytest.mark.parametrize(("size_bytes", "rate"), [(64_000, 1_000_000.0), (64_000, 10_000.0), (1, 100.0)])
def test_the_rate_is_kept(size_bytes: int, rate: float) -> None:
    clock = Clock()
    pieces = 400
    took = clock.takes(clock.limit(always=rate), pieces, size_bytes)
    assert took == pytest.approx(pieces * size_bytes / rate, rel=0.02, abs=0.3)


def test_without_a_limit_nobody_waits() -> None:
    clock = Clock()
    assert clock.takes(clock.limit(), 100, 10**9) == 0


def test_it_follows_the_time_of_day_also_while_somebody_waits() -> None:
    clock = Clock()
    limit = clock.limit(Span(8 * 60, 18 * 60, 0.0), Span(22 * 60, 6 * 60, 1e6), always=1e3)
    rates = []
    for hour in (7, 8, 17, 18, 22, 23, 0, 5, 6):
        clock.minute = hour * 60
        rates.append(limit.bytes_per_s)
    assert rates == [1e3, 0, 0, 1e3, 1e6, 1e6, 1e6, 1e6, 1e3]

    clock.minute = 9 * 60
    waited = []

    def look() -> None:
        waited.append(clock.now)
        if len(waited) == 5:
            clock.minute = 18 * 60

    limit.take(10, look)
    assert len(waited) == 5


def test_a_wait_ends_when_it_is_told_to() -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Clock().limit(always=0.0).take(1, stop)


@pytest.mark.parametrize(
    ("rules", "at_noon", "at_night"),
    [
        (["1MB/s"], 1e6, 1e6),
        (["5Mbit/s"], 625_000, 625_000),
        (["08:00-18:00=200kB/s"], 200_000, None),
        (["1.5MB/s", "8:00-18:00=0", "22:00-06:00=2 gb/s"], 0, 2e9),
        (["0"], 0, 0),
    ],
)
def test_rules_as_people_write_them(rules: list[str], at_noon: float, at_night: float) -> None:
    limit = parse_limit(rules)
    assert limit is not None
    found = []
    for minute in (12 * 60, 23 * 60):
        limit._minute = lambda minute=minute: minute  # type: ignore[misc]
        found.append(limit.bytes_per_s)
    assert found == [at_noon, at_night]


@pytest.mark.parametrize(
    "rules",
    [
        ["fast"],
        ["1MB"],
        ["-1MB/s"],
        ["25:00-26:00=1MB/s"],
        ["08:00-08:00=1MB/s"],
        ["08:60-09:00=1MB/s"],
        ["", ""],
        ["1MB/s", "2MB/s"],
    ],
)
def test_other_rules_are_refused(rules: list[str]) -> None:
    with pytest.raises(Rejected) as refused:
        parse_limit(rules)
    assert refused.value.code == "bad_limit"


def test_no_rule_is_no_limit() -> None:
    assert parse_limit([]) is None

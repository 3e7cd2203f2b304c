"""How often somebody may try to sign in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.domain import attempts
from paddock.domain.attempts import ACCOUNT, ADDRESS, PAIR, Attempts, TooManyTries


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.attempts = Attempts(lambda: self.now)

    def tries(self, account: str, address: str, most: int = 1_000) -> int:
        """How many there are just now."""
        for done in range(most):
            try:
                self.attempts.begin(account, address)
            except TooManyTries:
                return done
        return most


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_one_account_from_one_address(clock: Clock) -> None:
    assert clock.tries("Ada", "10.7.0.4") == PAIR.at_once
    assert clock.tries("ADA", "10.7.0.4") == 0, "in whatever case it is written"
    with pytest.raises(TooManyTries) as error:
        clock.attempts.begin("ada", "10.7.0.4")
    clock.now += error.value.retry_after_s
    assert clock.tries("Ada", "10.7.0.4") == 1, "what was said is so"
    clock.now += 1_000 * PAIR.every_s
    assert clock.tries("Ada", "10.7.0.4") == PAIR.at_once, "no more are saved up"


def test_many_accounts_from_one_address(clock: Clock) -> None:
    assert sum(clock.tries(f"user {number}", "10.7.0.4", most=1) for number in range(100)) == ADDRESS.at_once
    assert clock.tries("Ada", "10.7.0.5") == PAIR.at_once, "another one is another one"


def test_one_account_from_many_addresses(clock: Clock) -> None:
    assert sum(clock.tries("Ada", f"10.7.{n}.1", most=1) for n in range(200)) == ACCOUNT.at_once
    assert clock.tries("Ada", "10.9.0.1") == 0
    clock.now += ACCOUNT.every_s
    assert clock.tries("Ada", "10.9.0.1") == 1, "nobody is locked out for good"


def test_an_attacker_elsewhere_does_not_keep_out_who_was_here_before(clock: Clock) -> None:
    clock.attempts.begin("Ada", "10.7.0.4")
    clock.attempts.succeeded("Ada", "10.7.0.4")
    for n in range(200):
        clock.tries("Ada", f"10.8.{n}.1", most=1)
    assert clock.tries("Ada", "10.7.0.4") == PAIR.at_once


def test_signing_in_all_day_costs_nothing(clock: Clock) -> None:
    for _ in range(500):
        clock.attempts.begin("Ada", "10.7.0.4")
        clock.attempts.succeeded("Ada", "10.7.0.4")


def test_a_network_of_ipv6_is_one_address(clock: Clock) -> None:
    assert sum(clock.tries("Ada", f"2001:db8::{n:x}", most=1) for n in range(100)) == PAIR.at_once
    assert clock.tries("Ada", "2001:db8:0:1::1") == PAIR.at_once


def test_what_is_remembered_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_KEPT", 100)
    for number in range(1_000):
        address = f"10.{number % 250}.{number // 250}.1"
        clock.attempts.begin(f"user {number}", address)
        clock.attempts.succeeded(f"user {number}", address)
        clock.tries(f"other {number}", address, most=1)
    assert len(clock.attempts._buckets) <= 100 and len(clock.attempts._known) <= 100


@given(st.lists(st.tuples(st.floats(0, 300), st.booleans()), max_size=60))
def test_no_more_than_the_limit_in_any_time(steps: list[tuple[float, bool]]) -> None:
    """Whatever the pauses, wrong tries of one account from one address are as many as the bucket gives."""
    clock, done = Clock(), 0
    for pause, burst in steps:
        clock.now += pause
        done += clock.tries("Ada", "10.7.0.4", most=20 if burst else 1)
        assert done <= PAIR.at_once + clock.now / PAIR.every_s + 1e-6

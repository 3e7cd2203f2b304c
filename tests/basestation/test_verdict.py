"""When the screen is green, and what it says when it is not."""

from __future__ import annotations

from typing import Any

import pytest

from paddock.basestation.status import CarStatus, LogState, LogStatus, Status
from paddock.basestation.verdict import Kind, Verdict, duration_in_words, verdicts

S = 10**9
NOW = 1_791_115_200 * S
PLACE = "sftp://pi@car/logs"
HERE, WAITING, PULLING, OPEN = LogState.HERE, LogState.WAITING, LogState.PULLING, LogState.OPEN


def a_log(number: int, state: LogState, **more: Any) -> LogStatus:
    known = {"on_car": True, "size_bytes": 60_000_000, "seen_ns": NOW - S}
    return LogStatus(id=str(number), place=PLACE, name=f"{number}.mcap", state=state, **(known | more))


def verdict(*logs: LogStatus, **car: Any) -> Verdict:
    known = {"place": PLACE, "name": "HT09", "reachable": True, "looked_ns": NOW - 2 * S}
    (found,) = verdicts(Status(now_ns=NOW, cars=(CarStatus(**(known | car)),), logs=logs))
    return found


def test_green_is_when_every_closed_log_is_here() -> None:
    green = verdict(a_log(1, HERE), a_log(2, HERE))
    assert (green.kind, green.headline) == (Kind.SAFE, "SAFE TO POWER OFF")
    assert green.sentences == ("All 2 logs on HT09 are here.",)
    assert verdict(a_log(1, HERE)).sentences == ("The one log on HT09 is here.",)
    taken_off = verdict(a_log(1, HERE, on_car=False, removed=True))
    assert taken_off.kind is Kind.SAFE


@pytest.mark.parametrize("state", [each for each in LogState if each not in (LogState.HERE, LogState.GONE)])
def test_one_log_that_is_not_here_is_not_green(state: LogState) -> None:
    found = verdict(a_log(1, HERE), a_log(2, state))
    assert found.kind is (Kind.RECORDING if state is OPEN else Kind.LEFT)
    assert verdict(a_log(1, HERE), a_log(2, state), reachable=False).kind is Kind.AWAY
    assert verdict(a_log(1, HERE), a_log(2, state), reachable=None, looked_ns=None).kind is Kind.AWAY


def test_how_many_are_left_and_how_long_that_takes() -> None:
    logs = (a_log(1, HERE), a_log(2, PULLING, pulled_bytes=20_000_000), a_log(3, WAITING))
    red = verdict(*logs, bytes_per_s=600_000.0)
    assert (red.kind, red.headline, red.left) == (Kind.LEFT, "2 logs left, about 3 min", 2)
    assert red.sentences == ("Leave HT09 on. 100 MB to go at 600 kB/s.",)
    unknown = verdict(*logs)
    assert unknown.headline == "2 logs left"
    assert unknown.sentences == ("Leave HT09 on. 100 MB to go; how long that takes is not known.",)
    stuck = verdict(a_log(1, WAITING, why="This machine's disk is full: free some room."), bytes_per_s=600_000.0)
    assert stuck.headline == "1 log left"
    assert stuck.sentences[1] == "This machine's disk is full: free some room."
    assert verdict(a_log(1, WAITING), bytes_per_s=0.0).about_s is None


def test_a_car_that_is_away_is_never_green() -> None:
    away = {"reachable": False, "away_since_ns": NOW - 60 * S, "problem": "It does not answer."}
    gone = verdict(a_log(1, HERE), a_log(2, HERE), **away)
    assert (gone.kind, gone.headline, gone.since_ns) == (Kind.AWAY, "Not reachable since", NOW - 60 * S)
    assert gone.sentences == ("Last known: all 2 logs here.", "It does not answer.")
    assert verdict(a_log(1, WAITING), **away).sentences[0] == "Last known: 1 log left."
    assert verdict(a_log(1, HERE), **away).sentences[0] == "Last known: its log is here."
    assert verdict(**away).sentences[0] == "Last known: no logs."
    assert verdict(a_log(1, OPEN), a_log(2, WAITING), **away).sentences[0] == (
        "Last known: one log being recorded, 1 log left."
    )
    never = verdict(reachable=False, looked_ns=None, away_since_ns=NOW)
    assert never.sentences == ("It was never reached: nothing is known of its logs.",)


def test_a_look_of_long_ago_says_nothing_of_now() -> None:
    stale = verdict(a_log(1, HERE), looked_ns=NOW - 61 * S)
    assert (stale.kind, stale.headline, stale.since_ns) == (Kind.AWAY, "Not looked at since", NOW - 61 * S)
    assert verdict(a_log(1, HERE), looked_ns=NOW - 59 * S).kind is Kind.SAFE
    assert verdict(a_log(1, HERE), looked_ns=None).kind is Kind.AWAY


def test_a_look_before_the_clock_was_set_back_says_nothing_of_now() -> None:
    assert verdict(a_log(1, HERE), looked_ns=NOW + 3600 * S).kind is Kind.AWAY


def test_a_place_that_is_empty_all_at_once_is_not_green() -> None:
    """The folder where a disk was mounted is still there, and empty."""
    taken_off = a_log(1, HERE, on_car=False, removed=True)
    for other in (a_log(2, HERE, on_car=False), a_log(2, LogState.GONE, on_car=False)):
        found = verdict(taken_off, other)
        assert (found.kind, found.headline) == (Kind.NONE, "No logs")
        assert found.sentences[1] == "It had 1 log: is its disk away?"


def test_while_it_records_it_is_not_powered_off() -> None:
    recording = verdict(a_log(1, HERE), recording="2.mcap")
    assert (recording.kind, recording.sentences) == (Kind.RECORDING, ("2.mcap is being recorded.",))
    grows = verdict(a_log(1, WAITING), a_log(2, OPEN), bytes_per_s=1e6)
    assert grows.sentences[0] == "2.mcap still grows, or did a moment ago."
    assert grows.sentences[1] == "1 other log left, about 1 min."


def test_an_empty_place_is_not_green() -> None:
    """A stick that is not mounted is an empty folder."""
    assert verdict().kind is Kind.NONE
    assert verdict(a_log(1, HERE, on_car=False)).kind is Kind.NONE


def test_a_log_that_went_before_it_was_here_is_said() -> None:
    found = verdict(a_log(1, HERE), a_log(2, LogState.GONE, on_car=False))
    assert found.sentences == ("The one log on HT09 is here.", "2.mcap was removed from HT09 before it was here.")


@pytest.mark.parametrize(
    ("duration_s", "words"),
    [(0, "10 s"), (31, "40 s"), (50, "50 s"), (51, "1 min"), (61, "2 min"), (180, "3 min"), (5401, "2 h")],
)
def test_an_estimate_is_rather_too_long(duration_s: float, words: str) -> None:
    assert duration_in_words(duration_s) == words

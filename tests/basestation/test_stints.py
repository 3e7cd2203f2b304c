"""Who drove: set once and kept until changed, for logs that came before and come after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock.basestation.ledger import Ledger, open_ledger
from paddock.basestation.ledger_rows import CarFile
from paddock.basestation.sources.source import SeenFile
from paddock.basestation.stints import StintField, Stints, recorded_ns
from paddock.errors import Rejected

MINUTE = 60 * 10**9
NOON = 1_791_115_200 * 10**9
CAR, OTHER = "sftp://pi@car/logs", "/media/stick"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


def arrive(
    ledger: Ledger, name: str, at_ns: int, *, modified_ns: int | None = None, place: str = CAR, **more: object
) -> CarFile:
    """A log that was seen, pulled and hashed at an instant."""
    seen = SeenFile(name, 5, at_ns if modified_ns is None else modified_ns, True, **more)  # type: ignore[arg-type]
    others = [file.seen for file in ledger.files(place, on_car=True)]
    ledger.looked(place, [*others, seen], at_ns)
    file = next(file for file in ledger.files(place) if file.seen.name == name)
    ledger.hashed([(file, name.ljust(64, "0"))])
    return next(file for file in ledger.files(place) if file.seen.name == name)


def test_a_stint_is_kept_until_changed(ledger: Ledger) -> None:
    stints = Stints(ledger)
    stints.change(CAR, {"driver": "Adam", "event": " endurance ", "car": ""}, from_ns=NOON, now_ns=NOON)
    stints.change(CAR, {"driver": "Eve", "event": "endurance"}, from_ns=NOON + 30 * MINUTE, now_ns=NOON)
    early, first, second = (arrive(ledger, f"{at}.mcap", NOON + at * MINUTE) for at in (-10, 12, 45))
    for _ in range(2):
        assert stints.metadata_of(early) == {}
        assert stints.metadata_of(first) == {"driver": "Adam", "event": "endurance"}
        assert stints.metadata_of(second) == {"driver": "Eve", "event": "endurance"}
        assert stints.at(CAR, NOON + MINUTE) == {"driver": "Adam", "event": "endurance"}
        assert stints.at(OTHER, NOON + MINUTE) == {}
        assert [stint.values for stint in stints.stints(CAR)] == [
            {"driver": "Eve"},
            {"driver": "Adam", "event": "endurance"},
        ], "what holds already is no change"
        stints = Stints(ledger)  # as after a restart


def test_it_was_eve_and_not_adam(ledger: Ledger) -> None:
    stints = Stints(ledger)
    stints.change(CAR, {"driver": "Adam"}, from_ns=NOON, now_ns=NOON)
    stints.change(CAR, {"notes": "gusty"}, from_ns=NOON + 20 * MINUTE, now_ns=NOON)
    logs = [arrive(ledger, f"{at}.mcap", NOON + at * MINUTE) for at in (5, 15, 25)]
    stints.change(CAR, {"driver": "Eve"}, from_ns=NOON + 10 * MINUTE, now_ns=NOON + 60 * MINUTE)
    assert [stints.metadata_of(log) for log in logs] == [
        {"driver": "Adam"},
        {"driver": "Eve"},
        {"driver": "Eve", "notes": "gusty"},
    ]
    stints.take_back(CAR, NOON + 10 * MINUTE)
    assert [stints.metadata_of(log)["driver"] for log in logs] == ["Adam"] * 3


def test_a_change_said_twice_is_mended(ledger: Ledger) -> None:
    stints = Stints(ledger)
    stints.change(CAR, {"driver": "Adma"}, from_ns=NOON, now_ns=NOON)
    stints.change(CAR, {"driver": "Adam"}, from_ns=NOON, now_ns=NOON + 1)
    assert stints.stints(CAR)[0].values == {"driver": "Adam"}
    stints.change(CAR, {"driver": ""}, from_ns=NOON + 1, now_ns=NOON + 2)
    assert stints.at(CAR, NOON + 1) == {}


@pytest.mark.parametrize(
    ("modified_ns", "offset_ns", "expected_ns"),
    [
        (NOON - 90 * MINUTE, None, NOON - 90 * MINUTE),
        (NOON + 30 * MINUTE, None, NOON + 30 * MINUTE),  # seen while it was written
        (5 * MINUTE, None, NOON),
        (5 * MINUTE, NOON - 65 * MINUTE, NOON - 60 * MINUTE),
        (NOON + 300 * MINUTE, None, NOON),
        (-5, None, NOON),
    ],
)
def test_a_clock_that_lies_does_not_say_when(modified_ns: int, offset_ns: int | None, expected_ns: int) -> None:
    assert recorded_ns(modified_ns, offset_ns, NOON) == expected_ns


def test_a_log_of_1970_has_the_stint_in_which_it_appeared(ledger: Ledger) -> None:
    stints = Stints(ledger)
    stints.change(CAR, {"driver": "Adam"}, from_ns=NOON, now_ns=NOON)
    stints.change(CAR, {"driver": "Eve"}, from_ns=NOON + 30 * MINUTE, now_ns=NOON)
    first = arrive(ledger, "1.mcap", NOON + 10 * MINUTE, modified_ns=7)
    second = arrive(ledger, "2.mcap", NOON + 40 * MINUTE, modified_ns=8)
    third = arrive(ledger, "3.mcap", NOON + 50 * MINUTE, modified_ns=9, clock_offset_ns=NOON + 20 * MINUTE)
    assert [stints.metadata_of(each)["driver"] for each in (first, second, third)] == ["Adam", "Eve", "Adam"]


def test_the_car_knows_its_log_better_until_somebody_says_otherwise(ledger: Ledger) -> None:
    stints = Stints(ledger)
    stints.change(CAR, {"driver": "Adam", "venue": "Lincoln"}, from_ns=NOON, now_ns=NOON)
    log = arrive(ledger, "1.mcap", NOON + 5 * MINUTE, metadata={"driver": "Bo", "run": "7"})
    assert stints.metadata_of(log) == {"driver": "Bo", "run": "7", "venue": "Lincoln"}
    stints.change(CAR, {"driver": "Eve"}, from_ns=NOON + MINUTE, now_ns=NOON + 9 * MINUTE)
    assert stints.metadata_of(log)["driver"] == "Eve"
    stints.correct(log.id, {"driver": "Cy", "run": ""})
    stints.change(CAR, {"driver": "Adam"}, from_ns=NOON + 2 * MINUTE, now_ns=NOON + 20 * MINUTE)
    for found in (stints, Stints(ledger)):
        assert found.metadata_of(log) == {"driver": "Cy", "venue": "Lincoln"}


def test_a_log_that_was_found_twice_is_told_of_once(ledger: Ledger) -> None:
    stints = Stints(ledger)
    stints.change(CAR, {"driver": "Adam"}, from_ns=NOON, now_ns=NOON)
    stints.change(OTHER, {"driver": "Eve", "venue": "Lincoln"}, from_ns=NOON, now_ns=NOON)
    arrive(ledger, "1.mcap", NOON + MINUTE)
    arrive(ledger, "1.mcap", NOON + 2 * MINUTE, place=OTHER)
    (log,) = ledger.logs()
    assert stints.metadata_of_log(log) == {"driver": "Adam", "venue": "Lincoln"}, "what was known first stays"
    assert stints.metadata_by_log(ledger.files()) == {log.sha256: stints.metadata_of_log(log)}


def test_what_is_offered(ledger: Ledger) -> None:
    stints = Stints(ledger)
    assert [field.name for field in stints.fields][:3] == ["car", "driver", "event"]
    stints.offer(
        [StintField("driver", "Driver", known=("Adam", "Bo")), StintField("tyre", "Tyre", ("Wet", "R25B"))]
    )
    stints.change(CAR, {"driver": "Eve", "tyre": "wet"}, from_ns=NOON, now_ns=NOON)
    for found in (stints, Stints(ledger)):
        driver, tyre = found.fields
        assert driver.known == ("Eve", "Adam", "Bo")
        assert tyre.choices == ("Wet", "R25B")
        assert found.at(CAR, NOON) == {"driver": "Eve", "tyre": "Wet"}
    for values in ({"tyre": "Dry"}, {"colour": "red"}, {"driver": "x" * 300}):
        with pytest.raises(Rejected):
            stints.change(CAR, values, from_ns=NOON, now_ns=NOON)
        with pytest.raises(Rejected):
            stints.correct(1, values)
    assert stints.at(CAR, NOON) == {"driver": "Eve", "tyre": "Wet"}

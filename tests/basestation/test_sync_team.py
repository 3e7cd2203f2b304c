"""What a team made once goes over in a sync: maths channels, venues and worksheets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.basestation.sync_people import answer
from tests.basestation.sync_sides import Paddock, meet, paddocks

Both = tuple[Paddock, Paddock]
LINE = {"left": {"latitude": 42.0, "longitude": -84.0}, "right": {"latitude": 42.0, "longitude": -83.9999}}


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with paddocks(tmp_path, "pit", "cloud") as (here, there):
        yield here, there


def listed(side: Paddock, path: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in side.call("GET", path)["items"]}


def add(side: Paddock, path: str, **said: Any) -> None:
    side.call("POST", path, json=said)


def test_maths_channels_meet_by_name_and_car(both: Both) -> None:
    here, there = both
    add(here, "/api/maths", name="slip", text="a.b / 2", constants={"gear": 11.5}, note="new", unit="m")
    add(there, "/api/maths", name="heat", text="c.d * 3")
    report = meet(here, there)
    assert report.setup == 2 and not report.problems
    for side in both:
        known = listed(side, "/api/maths")
        assert set(known) == {"slip", "heat"}
        assert known["slip"]["constants"] == {"gear": 11.5} and known["slip"]["unit"] == "m"
    assert meet(here, there).setup == 0

    slip = listed(there, "/api/maths")["slip"]
    there.call("PUT", f"/api/maths/{slip['id']}", json={"name": "slip", "text": "a.b / 4"})
    there.call("DELETE", f"/api/maths/{listed(there, '/api/maths')['heat']['id']}")
    meet(here, there)
    assert {name: each["text"] for name, each in listed(here, "/api/maths").items()} == {"slip": "a.b / 4"}


def test_two_people_who_changed_one_differently_are_asked(both: Both) -> None:
    here, there = both
    add(here, "/api/maths", name="slip", text="a.b")
    meet(here, there)
    for side, text in ((here, "a.b * 2"), (there, "a.b * 3")):
        side.call(
            "PUT", f"/api/maths/{listed(side, '/api/maths')['slip']['id']}", json={"name": "slip", "text": text}
        )
    report = meet(here, there)
    assert report.questions == 1
    (asked,) = here.call("GET", "/api/sync/questions")["items"]
    assert asked["question"]["kind"] == "maths"
    answer(here, "theirs")
    meet(here, there)
    assert {listed(side, "/api/maths")["slip"]["text"] for side in both} == {"a.b * 3"}


def test_venues_go_over_with_their_lines(both: Both) -> None:
    here, there = both
    add(here, "/api/venues", name="Michigan", courses=[{"name": "Saturday", "start": LINE}])
    meet(here, there)
    venue = listed(there, "/api/venues")["Michigan"]
    assert venue["courses"][0]["name"] == "Saturday" and venue["courses"][0]["start"] == LINE
    courses = [{**venue["courses"][0], "valid_from": "2026-04-18"}]
    change = {"name": "Michigan", "courses": courses, "version": venue["version"]}
    there.call("PUT", f"/api/venues/{venue['id']}", json=change)
    meet(here, there)
    assert listed(here, "/api/venues")["Michigan"]["courses"][0]["valid_from"] == "2026-04-18"


def test_worksheets_keep_the_roles_of_their_signals_and_each_side_its_default(both: Both) -> None:
    here, there = both
    sheet = {"recording": "", "plots": [["Car.speed", "Car.gear"], ["Car.brake"]], "roles": [["speed"]]}
    add(here, "/api/worksheets", name="Brakes", is_default=True, **sheet)
    add(there, "/api/worksheets", name="Heat", is_default=True, recording="", plots=[["Car.temp"]])
    meet(here, there)
    for side, default in ((here, "Brakes"), (there, "Heat")):
        known = listed(side, "/api/worksheets")
        assert known["Brakes"]["plots"] == sheet["plots"]
        assert known["Brakes"]["roles"] == [["speed", "none"], ["none"]]
        assert [name for name, each in known.items() if each["is_default"]] == [default]
    assert meet(here, there).setup == 0

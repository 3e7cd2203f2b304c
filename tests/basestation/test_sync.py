"""Syncs of Paddocks in this process: what goes over, what is asked, and that nothing is lost by an end anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.errors import Rejected, Unavailable
from paddock.ports.documents import Exists
from tests.basestation.sync_people import (
    answer,
    asked,
    attach,
    changes,
    digests,
    edit,
    history,
    insert,
    prove,
    said,
    upload,
)
from tests.basestation.sync_sides import Paddock, meet, paddocks
from tests.logs import small_log
from tests.web.builders import build_recording
from tests.web.converted import converted, json_log, work

pytestmark = pytest.mark.slow("two whole Paddocks for each test")

Both = tuple[Paddock, Paddock]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries the client waits."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with paddocks(tmp_path, "pit", "cloud") as (here, there):
        yield here, there


@pytest.fixture
def shared(both: Both) -> tuple[Paddock, Paddock, str]:
    """Both have one recording already."""
    recording = build_recording()
    insert(recording, *both)
    return *both, recording.id


def test_a_log_goes_up_with_all_that_was_said_of_it(both: Both) -> None:
    here, there = both
    log = small_log()
    run = upload(here, log, "1.mcap", driver="Adam")
    upload(here, log, "run_1.mcap")
    edit(here, run, driver="Mei", notes="wet")
    attach(here, run, "setup.txt", b"camber -2")
    report = meet(here, there)
    assert (report.sent, report.files, report.problems) == (1, 1, [])
    prove(there)
    found = there.call("GET", f"/api/recordings/{run}")
    assert found["names"] == ["1.mcap", "run_1.mcap"]
    assert said(there, run) == {"driver": "Mei", "notes": "wet"}
    assert changes(there, run) == changes(here, run)
    assert {each["origin"] for each in history(there, run)} == {"pit"}
    assert b"".join(there.connection.pieces(f"/api/recordings/{run}/original", 0, len(log))) == log
    (file,) = found["files"]
    assert b"".join(there.connection.pieces(file["url"], 0, 9)) == b"camber -2"
    assert digests(here) == digests(there)
    again = meet(here, there)
    assert (again.sent, again.told_here, again.told_there, again.files, again.setup) == (0, 0, 0, 0, 0)


def test_edits_of_both_meet_field_by_field_and_history_names_who_said_it(
    shared: tuple[Paddock, Paddock, str],
) -> None:
    here, there, run = shared
    edit(here, run, driver="Mei")
    edit(there, run, notes="wet", event="Autocross")
    there.call("PATCH", f"/api/recordings/{run}", json={"started_at": "2026-04-18T10:00:00.5Z"})
    report = meet(here, there)
    assert (report.told_here, report.told_there, report.questions) == (1, 1, 0)
    for side in (here, there):
        assert said(side, run) == {"driver": "Mei", "notes": "wet", "event": "Autocross"}
        found = side.call("GET", f"/api/recordings/{run}")
        assert (found["started_at"], found["started_source"]) == ("2026-04-18T10:00:00.500Z", "person")
    assert {each["field"]: each["origin"] for each in history(here, run)} == {
        **dict.fromkeys(("notes", "event", "started_at"), "cloud"),
        "driver": "",
    }
    (mine,) = [each for each in history(there, run) if each["field"] == "driver"]
    there.call("POST", f"/api/recordings/{run}/history/{mine['id']}/undo")
    meet(here, there)
    assert here.call("GET", f"/api/recordings/{run}")["metadata"]["driver"] == {"value": "Adam", "source": "file"}


def test_a_conflict_replaces_nothing_until_somebody_chooses(shared: tuple[Paddock, Paddock, str]) -> None:
    here, there, run = shared
    edit(here, run, driver="Mei", notes="dry")
    edit(there, run, driver="Zoe", notes="wet")
    assert meet(here, there).questions == 2
    assert (said(here, run)["driver"], said(there, run)["driver"]) == ("Mei", "Zoe")
    assert asked(here) == [("driver", "Mei", "Zoe"), ("notes", "dry", "wet")]
    assert asked(there) == [("driver", "Zoe", "Mei"), ("notes", "wet", "dry")]
    (who, *_) = here.call("GET", "/api/sync/questions")["items"]
    assert (who["question"]["theirs_by"], who["question"]["peer"]) == ("local", "cloud")
    again = meet(here, there)
    assert (again.questions, again.told_here, again.told_there) == (2, 0, 0)
    driver = next(
        each["question"]["id"]
        for each in here.call("GET", "/api/sync/questions")["items"]
        if each["question"]["field"] == "driver"
    )
    here.call("POST", f"/api/sync/questions/{driver}/answer", json={"keep": "ours"})
    answer(there, "ours")
    # Both chose their own driver: still a question, and the notes of the cloud hold.
    assert meet(here, there).questions == 1
    assert asked(here) == [("driver", "Mei", "Zoe")]
    answer(here, "theirs")
    assert meet(here, there).questions == 0
    for side in (here, there):
        assert said(side, run) == {"driver": "Zoe", "notes": "wet"}
        assert asked(side) == []
    assert changes(here, run) == changes(there, run)
    edit(here, run, driver="Luis")
    meet(here, there)
    assert said(there, run)["driver"] == "Luis"


def test_deleting_restoring_and_removed_files_go_over(shared: tuple[Paddock, Paddock, str]) -> None:
    here, there, run = shared
    kept = attach(here, run, "a.txt", b"a")
    meet(here, there)
    there.call("DELETE", f"/api/recordings/{run}/files/{kept}")
    attach(there, run, "b.txt", b"")
    meet(here, there)
    assert [each["name"] for each in here.call("GET", f"/api/recordings/{run}")["files"]] == ["b.txt"]
    here.call("DELETE", f"/api/recordings/{run}")
    edit(there, run, notes="still edited there")
    meet(here, there)
    assert there.call("GET", "/api/recordings?deleted=true")["items"][0]["id"] == run
    there.call("POST", f"/api/recordings/{run}/restore")
    meet(here, there)
    assert said(here, run) == {"notes": "still edited there"}
    assert digests(here) == digests(there)


def test_another_station_gets_it_through_the_cloud(tmp_path: Path) -> None:
    with paddocks(tmp_path, "pit", "cloud", "shop") as (pit, cloud, shop):
        run = upload(pit, small_log(), driver="Adam")
        edit(pit, run, notes="wet")
        meet(pit, cloud)
        prove(cloud)
        report = meet(shop, cloud, take=20)
        assert (report.taken, report.sent) == (1, 0)
        prove(shop)
        assert {each["origin"] for each in history(shop, run)} == {"pit"}
        edit(shop, run, driver="Zoe")
        meet(shop, cloud)
        meet(pit, cloud)
        assert digests(pit) == digests(cloud) == digests(shop)
        assert said(pit, run)["driver"] == "Zoe"
        (one,) = [each for each in history(pit, run) if each["field"] == "driver"]
        assert one["origin"] == "shop"


def test_signals_and_fields_meet_entry_by_entry(both: Both) -> None:
    here, there = both

    def catalogue(side: Paddock, *entries: dict[str, str]) -> None:
        version = side.call("GET", "/api/catalogue")["version"]
        side.call("PUT", "/api/catalogue", json={"version": version, "signals": list(entries)})

    def signals(side: Paddock) -> list[dict[str, str]]:
        return list(side.call("GET", "/api/catalogue")["signals"])

    speed, brake, throttle = {"name": "V.x", "unit": "m/s"}, {"name": "P.brake"}, {"name": "P.throttle"}
    catalogue(here, speed, brake)
    catalogue(there, throttle)
    there.call("POST", "/api/fields", json={"label": "Tyre set", "choices": ["R25B"]})
    assert meet(here, there).problems == []
    assert signals(here) == signals(there) and len(signals(here)) == 3
    assert here.call("GET", "/api/fields")["items"][-1]["choices"] == ["R25B"]
    # One removes, one changes: each on its own entry; then both change the same.
    catalogue(here, speed, throttle)
    catalogue(there, {**speed, "label": "Speed"}, brake, throttle)
    meet(here, there)
    assert signals(here) == signals(there) == [{**speed, "label": "Speed"}, throttle]
    catalogue(here, {**speed, "unit": "km/h"}, throttle)
    catalogue(there, {**speed, "unit": "mph"}, throttle)
    assert meet(here, there).questions == 1
    assert [each["unit"] for each in (signals(here)[0], signals(there)[0])] == ["km/h", "mph"]
    answer(there, "theirs")
    assert meet(here, there).questions == 0
    assert signals(here) == signals(there) and signals(there)[0]["unit"] == "km/h"
    # A cloud that was set up anew has agreed on nothing: nothing is taken for removed.
    here.call("DELETE", "/api/fields/tyre_set")
    meet(here, there)
    assert [each["own"] for each in there.call("GET", "/api/fields")["items"]].count(True) == 0
    there.run(there.context.documents.agreements.delete([Exists("id")]))
    catalogue(there)
    meet(here, there)
    assert len(signals(here)) == len(signals(there)) == 2


def test_setup_sheets_and_their_fields_meet_value_by_value(shared: tuple[Paddock, Paddock, str]) -> None:
    here, there, run = shared

    def sheet(side: Paddock, **values: object) -> dict[str, object]:
        answer = side.call("PUT", f"/api/recordings/{run}/setup", json={"values": values})
        return dict(answer["values"])

    def fields(side: Paddock) -> dict[str, dict[str, object]]:
        return {each["name"]: each for each in side.call("GET", "/api/setup-fields")["items"]}

    here.call("DELETE", "/api/setup-fields/spring_rear")
    here.call("PUT", "/api/setup-fields/ballast", json={"label": "Lead", "unit": "lb"})
    there.call("POST", "/api/setup-fields", json={"label": "Damper", "kind": "choice", "choices": ["soft", "2"]})
    sheet(here, spring_front=35, tire_set="12", ballast=5)
    sheet(there, damper="2", arb_front="soft")
    assert meet(here, there).problems == []
    assert fields(here) == fields(there) and "spring_rear" not in fields(there)
    assert fields(there)["ballast"]["unit"] == "lb" and fields(here)["damper"]["own"]
    assert (
        sheet(here)
        == sheet(there)
        == {
            "spring_front": 35.0,
            "tire_set": "12",
            "ballast": 5.0,
            "damper": "2",
            "arb_front": "soft",
        }
    )
    sheet(here, spring_front=37, ballast=None)
    sheet(there, spring_front=33)
    assert meet(here, there).questions == 1
    answer(there, "theirs")
    assert meet(here, there).questions == 0
    assert sheet(here) == sheet(there) and sheet(there)["spring_front"] == 37.0 and "ballast" not in sheet(there)


def test_marked_laps_and_intervals_go_over(both: Both, tmp_path: Path) -> None:
    here, there = both
    log = json_log(tmp_path / "run.mcap", "Car", [{"speed": 10 + number % 100 / 10} for number in range(1000)])
    run = here.run(converted(here.context, log)).id
    assert there.run(converted(there.context, log)).id == run

    def intervals(side: Paddock) -> list[dict[str, Any]]:
        return list(side.call("GET", f"/api/recordings/{run}/intervals")["items"])

    def laps(side: Paddock, *marks_s: float) -> list[float | None]:
        if marks_s:
            side.call("PUT", f"/api/recordings/{run}/laps", json={"marks_s": marks_s})
        side.run(work(side.context))
        items = side.call("GET", f"/api/recordings/{run}/laps")["items"]
        return [each["duration_s"] for each in items if each["kind"] == "lap"]

    marked = f"/api/recordings/{run}/intervals"
    here.call("POST", marked, json={"name": "Brake test 3", "start_s": 1, "end_s": 2, "notes": "new pads"})
    there.call("POST", marked, json={"name": "Stint", "start_s": 0, "end_s": 9})
    for side in both:
        side.call("POST", f"{marked}/find", json={"name": "Fast", "condition": "Car.speed > 15", "at_least_s": 4})
    assert laps(here, 10, 35.5, 60) == [25.5, 24.5]
    assert meet(here, there).problems == []
    assert intervals(here) == intervals(there) and len(intervals(there)) == 12, "what both found is there once"
    assert laps(there) == [25.5, 24.5]

    gone = next(each["id"] for each in intervals(there) if each["name"] == "Brake test 3")
    there.call("DELETE", f"{marked}/{gone}")
    assert laps(there, 20, 40) == [20.0]
    meet(here, there)
    assert intervals(here) == intervals(there) and len(intervals(here)) == 11, "what was taken away stays away"
    assert laps(here) == [20.0]
    changed = here.call("GET", f"/api/recordings/{run}/history")["items"][0]
    assert (changed["field"], changed["before"], changed["after"]) == ("laps.marked", "10, 35.5, 60", "20, 40")

    assert laps(here, 10, 50) == [40.0] and laps(there, 10, 60) == [50.0]
    assert meet(here, there).questions == 1, "both marked them, and nobody's marks are replaced"
    answer(there, "ours")
    assert meet(here, there).questions == 0
    assert laps(here) == laps(there) == [50.0]
    requests = here.requests
    assert meet(here, there).told_here == 0 and here.requests - requests < 20


def test_checklists_meet_by_their_names(both: Both) -> None:
    here, there = both
    gap = {"kind": "gap", "subject": "VNData", "longest_s": 1.0}

    def lists(side: Paddock) -> dict[str, Any]:
        return {each["name"]: each for each in side.call("GET", "/api/checklists")["items"]}

    def change(side: Paddock, name: str, longest_s: float) -> None:
        said = {"name": name, "rules": [{**gap, "longest_s": longest_s}]}
        side.call("PUT", f"/api/checklists/{lists(side)[name]['id']}", json=said)

    def longest(side: Paddock) -> dict[str, float]:
        return {name: each["rules"][0]["longest_s"] for name, each in lists(side).items()}

    here.call("POST", "/api/checklists", json={"name": "Systems", "rules": [gap]})
    there.call("POST", "/api/checklists", json={"name": "Brakes", "rules": [gap], "cars": ["HT09"]})
    report = meet(here, there)
    assert (report.problems, report.setup) == ([], 2)
    assert longest(here) == longest(there) == {"Brakes": 1.0, "Systems": 1.0}
    assert lists(here)["Brakes"]["cars"] == ["HT09"]
    assert meet(here, there).setup == 0
    # One removes, one changes; then both change the same.
    here.call("DELETE", f"/api/checklists/{lists(here)['Brakes']['id']}")
    change(there, "Systems", 2.0)
    meet(here, there)
    assert longest(here) == longest(there) == {"Systems": 2.0}
    change(here, "Systems", 3.0)
    change(there, "Systems", 4.0)
    assert meet(here, there).questions == 1
    assert (longest(here), longest(there)) == ({"Systems": 3.0}, {"Systems": 4.0})
    (choice,) = there.call("GET", "/api/sync/questions")["items"]
    assert choice["question"]["kind"] == "checklist"
    page = there.connection._http.get("/sync").text
    assert "VNData without a gap over 4 s" in page and "VNData without a gap over 3 s" in page
    answer(there, "theirs")
    assert meet(here, there).questions == 0
    assert longest(here) == longest(there) == {"Systems": 3.0}


def test_signals_that_contradict_each_other_are_said(both: Both) -> None:
    here, there = both
    for side, entry in (
        (here, {"name": "V.x", "aliases": ["speed"]}),
        (there, {"name": "W.x", "aliases": ["speed"]}),
    ):
        side.call("PUT", "/api/catalogue", json={"version": 0, "signals": [entry]})
    (problem,) = meet(here, there).problems
    assert "speed is in two entries" in problem


@pytest.mark.slow("two thousand recordings")
def test_two_thousand_recordings_that_did_not_change_cost_some_pages(both: Both) -> None:
    here, there = both
    recordings = [build_recording(number) for number in range(2_000)]
    for side in both:
        side.run(side.context.documents.recordings.put_many(recordings))
        side.requests = 0
    report = meet(here, there)
    assert (report.compared, report.told_here, report.told_there) == (2_000, 0, 0)
    assert here.requests + there.requests < 25


def test_who_edits_while_it_runs_loses_nothing(shared: tuple[Paddock, Paddock, str]) -> None:
    here, there, run = shared

    def somebody(side: Paddock, field: str) -> Callable[[httpx.Request], None]:
        numbers = count()

        def before(request: httpx.Request) -> None:
            if "/api/sync/recordings/" in request.url.path and (number := next(numbers)) < 3:
                edit(side, run, **{field: f"said {number}"})

        return before

    edit(here, run, driver="Mei")
    here.before, there.before = somebody(here, "notes"), somebody(there, "venue")
    edit(there, run, event="Skidpad")
    report = meet(here, there)
    here.before = there.before = None
    assert report.problems == []
    meet(here, there)
    assert said(here, run) == said(there, run)
    assert said(here, run).keys() == {"driver", "notes", "venue", "event"}
    assert changes(here, run) == changes(there, run)


def test_two_at_once_do_no_harm(shared: tuple[Paddock, Paddock, str]) -> None:
    here, there, run = shared
    edit(here, run, driver="Mei")
    edit(there, run, notes="wet")
    upload(here, small_log(), "2.mcap")
    nested = count()

    def another(request: httpx.Request) -> None:
        if next(nested) == 12:
            there.before = None
            meet(here, there)

    there.before = another
    report = meet(here, there)
    assert report.problems == []
    prove(there)
    assert digests(here) == digests(there)
    assert changes(here, run) == changes(there, run)


def test_the_line_is_cut_in_the_middle_of_a_log(both: Both) -> None:
    here, there = both
    log = small_log(3_000)
    run = upload(here, log)
    cuts = iter((len(log) // 3, 17, 0))

    def cut(request: httpx.Request) -> None:
        if request.method == "PUT" and (after := next(cuts, None)) is not None:
            request.read()
            raise httpx.WriteError(f"cut after {after} bytes")

    there.before = cut
    assert meet(here, there).sent == 1
    prove(there)
    assert b"".join(there.connection.pieces(f"/api/recordings/{run}/original", 0, len(log))) == log


def test_away_is_one_sentence_and_a_paddock_is_no_other_one(both: Both) -> None:
    here, there = both
    there.away = True
    with pytest.raises(Unavailable, match="does not answer"):
        meet(here, there)
    there.away = False
    with pytest.raises(Rejected, match="one Paddock"):
        meet(here, here)


def test_a_log_whose_bytes_are_gone_is_said_and_stops_nobody(both: Both) -> None:
    here, there = both
    gone, sound = upload(here, small_log()), upload(here, small_log(60), "sound.mcap")
    found = here.run(here.context.documents.recordings.get(gone))
    here.run(here.context.objects.delete(found.original_key))
    report = meet(here, there)
    assert report.sent == 1 and any("run.mcap" in problem for problem in report.problems)
    assert digests(there).keys() == {sound}

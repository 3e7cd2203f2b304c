"""``/api/…/setup``, ``/api/setups`` and ``/api/setup-fields``: works, refuses, and is in every list."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from paddock.domain.lap_table import StoredLap
from paddock.domain.laps import Lap, LapKind
from paddock.domain.recording import Recording
from paddock.usecases.context import Context
from tests.web.builders import STARTED_NS, build_recording, metadata

pytestmark = pytest.mark.anyio
HOUR_NS = 3_600_000_000_000


@pytest.fixture
async def runs(context: Context) -> list[Recording]:
    built = [
        build_recording(number, started_ns=STARTED_NS + number * HOUR_NS, metadata=metadata(car="HT09"))
        for number in range(3)
    ]
    for each in built:
        await context.documents.recordings.insert(each)
    return built


async def put(client: httpx.AsyncClient, recording: Recording, **body: object) -> httpx.Response:
    return await client.put(f"/api/recordings/{recording.id}/setup", json=body)


async def test_a_sheet_is_filled_copied_and_compared(client: httpx.AsyncClient, runs: list[Recording]) -> None:
    first, second, _ = runs
    empty = (await client.get(f"/api/recordings/{first.id}/setup")).json()
    assert (empty["values"], empty["previous"], empty["changes"]) == ({}, None, [])
    filled = await put(client, first, values={"spring_front": "35", "tire_set": "12", "ballast": 5})
    assert filled.status_code == 200
    assert filled.json()["values"] == {"spring_front": 35.0, "tire_set": "12", "ballast": 5.0}
    changed = (await put(client, second, values={"spring_front": 37.5})).json()
    assert changed["values"] == {"spring_front": 37.5, "tire_set": "12", "ballast": 5.0}
    assert changed["copied_from"] == changed["previous"]["recording"] == first.id
    assert changed["changes"] == [
        {"name": "spring_front", "label": "Front spring", "unit": "N/mm", "before": 35.0, "after": 37.5}
    ]
    assert changed["changed_at"] and changed["changed_by"]
    compared = (
        await client.get(f"/api/setups/compare?recordings={first.short_id},{second.short_id}&only=true")
    ).json()
    assert [row["name"] for row in compared["rows"]] == ["spring_front"] and compared["log"] == []
    assert compared["rows"][0]["values"] == [35.0, 37.5]
    whole = (await client.get(f"/api/setups/compare?recordings={first.id},{second.id}")).json()
    assert [(row["name"], row["differs"]) for row in whole["rows"]] == [
        ("spring_front", True),
        ("tire_set", False),
        ("ballast", False),
    ]


async def test_lists_carry_the_sheet_and_are_searched_and_sorted_by_it(
    client: httpx.AsyncClient, runs: list[Recording]
) -> None:
    for recording, values in zip(
        runs,
        ({"spring_front": 35, "tire_set": "R25B"}, {"spring_front": 37.5, "tire_set": "r25b "}, {"tire_set": "12"}),
        strict=True,
    ):
        await put(client, recording, values=values, copy_from="")
    for query, expected in (
        ("setup=spring_front >= 36", [1]),
        ("setup=spring_front < 36", [0]),
        ("setup=spring_front = 35.0", [0]),
        ("setup=spring_front = 30..40", [1, 0]),
        ("setup=spring_front > 30&setup=spring_front <= 35", [0]),
        ("setup=spring_front =", [2]),
        ("setup=tire_set = r25B", [1, 0]),
        ("setup=tire_set = 12", [2]),
        ("setup=tire_set > 11", [2]),
        ("setup=ballast > 0", []),
        ("sort=setup.spring_front", [0, 1, 2]),
        ("sort=-setup.spring_front", [1, 0, 2]),
        ("q=r25b", [1, 0]),
    ):
        answer = await client.get(f"/api/recordings?{query}")
        assert answer.status_code == 200, answer.text
        assert [item["name"] for item in answer.json()["items"]] == [f"run_{n}.mcap" for n in expected], query
    found = (await client.get("/api/recordings?fields=setup&sort=started_at")).json()["items"]
    assert [item["setup"] for item in found] == [
        {"spring_front": 35.0, "tire_set": "R25B"},
        {"spring_front": 37.5, "tire_set": "r25b"},
        {"tire_set": "12"},
    ]
    book = (await client.get("/api/setups?car=ht09")).json()["items"]
    assert [(entry["name"], entry["changed"]) for entry in book][:2] == [
        ("run_2.mcap", ["spring_front", "tire_set"]),
        ("run_1.mcap", ["spring_front", "tire_set"]),
    ]
    rows = list(csv.DictReader(io.StringIO((await client.get("/api/setups/csv")).text)))
    assert [(row["car"], row["spring_front"], row["tire_set"]) for row in rows] == [
        ("HT09", "", "12"),
        ("HT09", "37.5", "r25b"),
        ("HT09", "35", "R25B"),
    ]


async def test_lap_tables_carry_the_sheet(
    client: httpx.AsyncClient, context: Context, runs: list[Recording]
) -> None:
    await put(client, runs[0], values={"spring_front": 35, "tire_set": "12"})
    laps = [
        StoredLap(
            id=f"{each.id}:1",
            recording=each.id,
            number=1,
            venue="",
            course="",
            day="2026-04-18",
            time_s=60.0 + place,
            lap=Lap(number=1, kind=LapKind.LAP, started_ns=0, ended_ns=1, duration_s=60.0 + place),
        )
        for place, each in enumerate(runs[:2])
    ]
    await context.documents.laps.put_many(laps)
    items = (await client.get("/api/laps")).json()["items"]
    assert [item["setup"] for item in items] == [{"spring_front": 35.0, "tire_set": "12"}, {}]
    rows = list(csv.DictReader(io.StringIO((await client.get("/api/laps/csv")).text)))
    assert [(row["setup.spring_front"], row["setup.tire_set"]) for row in rows] == [("35", "12"), ("", "")]
    page = (await client.get("/laps")).text
    assert "Front spring</th>" in page and "35 N/mm</td>" in page
    assert (await client.get(f"/api/recordings/{runs[0].id}/laps")).json()["setup"] == items[0]["setup"]


async def test_two_who_edit_at_once_get_both_values(client: httpx.AsyncClient, runs: list[Recording]) -> None:
    seen = (await put(client, runs[0], values={"ballast": 5})).json()["version"]
    assert (await put(client, runs[0], values={"ballast": 6}, version=seen)).status_code == 200
    refused = await put(client, runs[0], values={"ballast": 7}, version=seen)
    assert (refused.status_code, refused.json()["code"]) == (409, "edited_meanwhile")
    (difference,) = refused.json()["differences"]
    assert (difference["field"], difference["yours"], difference["theirs"]) == ("setup.ballast", "7", "6")
    changes = (await client.get(f"/api/recordings/{runs[0].id}/history")).json()["items"]
    undone = await client.post(f"/api/recordings/{runs[0].id}/history/{changes[0]['id']}/undo")
    assert undone.json()["setup"] == {"ballast": 5.0}


async def test_what_cannot_be_is_refused_in_words(client: httpx.AsyncClient, runs: list[Recording]) -> None:
    for body, status, code in (
        ({"values": {"spring_front": "soft"}}, 422, "bad_setup"),
        ({"values": {"springs": 5}}, 422, "bad_setup"),
        ({"values": {"ballast": [5]}}, 422, "bad_request"),
        ({"values": {}, "copy_from": "abcdefabcdef"}, 404, "no_such_recording"),
        ({"values": {}, "copy_from": "nonsense"}, 422, "bad_id"),
        ({"value": {}}, 422, "bad_request"),
    ):
        answer = await put(client, runs[0], **body)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    for path, status, code in (
        ("/api/setups/compare?recordings=abcdef", 422, "bad_comparison"),
        ("/api/setups/compare?recordings=abcdefabcdef,abcdefabcdee", 404, "no_such_recording"),
        ("/api/recordings?setup=spring_front", 422, "bad_setup_comparison"),
        ("/api/recordings?setup=springs = 5", 422, "bad_setup"),
        ("/api/recordings?sort=setup.", 422, "bad_sort"),
        ("/api/recordings/abcdefabcdef/setup", 404, "no_such_recording"),
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_fields_are_the_teams_own(client: httpx.AsyncClient, runs: list[Recording]) -> None:
    before = (await client.get("/api/setup-fields")).json()["items"]
    assert before[0]["name"] == "spring_front" and not any(field["own"] for field in before)
    added = await client.post(
        "/api/setup-fields", json={"label": "Damper", "kind": "choice", "choices": ["a", "b"]}
    )
    assert (added.status_code, added.json()["name"], added.json()["own"]) == (201, "damper", True)
    assert (await client.post("/api/setup-fields", json={"label": "D", "name": "damper"})).status_code == 409
    assert (await put(client, runs[0], values={"damper": "B"})).json()["values"] == {"damper": "b"}
    changed = await client.put("/api/setup-fields/spring_front", json={"label": "Front spring", "unit": "lb/in"})
    assert changed.json()["unit"] == "lb/in" and not changed.json()["own"]
    assert (await client.delete("/api/setup-fields/spring_rear")).status_code == 204
    assert (await client.delete("/api/setup-fields/spring_rear")).json()["code"] == "no_such_setup_field"
    names = [field["name"] for field in (await client.get("/api/setup-fields")).json()["items"]]
    assert "spring_rear" not in names and names[-1] == "damper"
    refused = await client.post("/api/setup-fields", json={"label": ""})
    assert refused.json()["code"] == "bad_setup_field"


async def test_the_pages_show_sheets_and_escape_what_people_typed(
    client: httpx.AsyncClient, runs: list[Recording]
) -> None:
    first, second, third = runs
    assert "No setup sheet yet" in (await client.get("/setups")).text
    assert "Nobody said how the car was set up" in (await client.get(f"/recordings/{first.id}")).text
    await put(client, first, values={"spring_front": 35, "tire_set": "<b>'\"", "ballast": 5})
    await put(client, second, values={"spring_front": 37.5, "ballast": ""})
    panel = (await client.get(f"/recordings/{second.id}")).text
    assert "was 35" in panel and "2 changes since" in panel and "&lt;b&gt;" in panel and "<b>'" not in panel
    assert "Nothing changed since" in (await client.get(f"/recordings/{third.id}")).text
    compared = (await client.get(f"/setups/compare?recordings={first.short_id}&recordings={second.short_id}")).text
    assert "Front spring" in compared and "Tire set" not in compared
    whole = (await client.get(f"/setups/compare?recordings={first.id},{second.id}&all=true")).text
    assert "Tire set" in whole and "&lt;b&gt;" in whole
    book = (await client.get("/setups?car=HT09")).text
    assert "Front spring" in book and "The same in all of them" in book
    assert (await client.get("/setups/compare?recordings=abcdef")).status_code == 422
    fields = (await client.get("/setups/fields")).text
    assert "spring_front" in fields and "N/mm" in fields
    await client.delete("/api/setup-fields/ballast")
    assert "ballast" in (await client.get(f"/recordings/{first.id}")).text, "what it says of a removed field stays"

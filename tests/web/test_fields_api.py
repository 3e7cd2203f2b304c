"""A field of the team's own, through everything that a field is part of."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import httpx
import pytest

from paddock.domain.contents import Contents
from paddock.domain.own_fields import RESERVED
from paddock.domain.setup_sheets import SetupFields
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.web.compare.differences import Difference, differences
from tests.logs import STARTED_NS, small_log
from tests.matlab_files import loadmat
from tests.web.builders import build_recording, insert_converted, metadata
from tests.web.conftest import Sender
from tests.web.laps import stored_lap

pytestmark = pytest.mark.anyio

TYRES: dict[str, Any] = {"label": "Tyre set", "choices": ["R25B", "Wet"], "column": True}


async def add(client: httpx.AsyncClient, **said: object) -> dict[str, Any]:
    answer = await client.post("/api/fields", json=said)
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert isinstance(added, dict)
    return added


async def found(client: httpx.AsyncClient, **query: object) -> list[str]:
    answer = await client.get("/api/recordings", params={"fields": "id", **query})  # type: ignore[dict-item]
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def mat_of(client: httpx.AsyncClient, sender: Sender, recording: str) -> Any:
    """``meta.run`` of a newly made MATLAB file."""
    await client.post(f"/api/recordings/{recording}/exports", json={"format": "mat", "native": True})
    await sender.work_off()
    artifacts = (await client.get(f"/api/recordings/{recording}")).json()["artifacts"]
    newest = max((each for each in artifacts if each["format"] == "mat"), key=lambda each: each["created_at"])
    file = await client.get(newest["url"], follow_redirects=True)
    loaded = loadmat(io.BytesIO(file.content), struct_as_record=False, squeeze_me=True)
    return loaded["meta"].run


async def test_a_field_is_added_changed_and_removed(client: httpx.AsyncClient) -> None:
    added = await add(client, **TYRES)
    assert added == {
        "name": "tyre_set",
        "label": "Tyre set",
        "choices": ["R25B", "Wet"],
        "column": True,
        "filter": True,
        "max_length": 200,
        "own": True,
    }
    items = (await client.get("/api/fields")).json()["items"]
    assert items[-1] == added and items[0]["name"] == "car" and not items[0]["own"]
    again = await client.post("/api/fields", json={"label": "Tyres", "name": "tyre_set"})
    assert (again.status_code, again.json()["code"]) == (409, "field_exists")
    changed = await client.put("/api/fields/tyre_set", json={"label": "Tyres", "choices": []})
    assert (changed.json()["label"], changed.json()["choices"], changed.json()["column"]) == ("Tyres", [], False)
    for method, path in (("PUT", "/api/fields/driver"), ("DELETE", "/api/fields/driver"), ("PUT", "/api/fields/x")):
        refused = await client.request(method, path, json={"label": "L"} if method == "PUT" else None)
        assert (refused.status_code, refused.json()["code"]) == (404, "no_such_field"), path
    assert (await client.delete("/api/fields/tyre_set")).status_code == 204
    assert (await client.delete("/api/fields/tyre_set")).status_code == 404


async def test_what_cannot_be_a_field_is_refused(client: httpx.AsyncClient) -> None:
    for said, why in (
        ({"label": "2nd driver"}, "Give a name as well"),
        ({"label": "Venue"}, "Every team has the field venue"),
        ({"label": "Query", "name": "q"}, "means something else"),
        ({"label": "Tyres", "name": "Tyre Set"}, "cannot be a field's name"),
        ({"label": ""}, "Give a name as well"),
        ({"label": "Tyres", "choices": ["a", "A"]}, "is there twice"),
    ):
        answer = await client.post("/api/fields", json=said)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_field") and why in answer.text, said
    assert (await client.post("/api/fields", json={"label": "T", "colour": "red"})).status_code in (400, 422)


@pytest.mark.slow("asks every search")
async def test_no_parameter_of_a_search_can_be_a_fields_name(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/schema/openapi.json")).json()
    names = [(await client.get("/", params={"day": "all", "nonsense": "1"})).json()["detail"]]
    taken = set(re.findall(r"\w+", names[0].partition("use ")[2]))
    for path in ("/api/recordings", "/api/recordings/facets", "/api/laps", "/api/laps/csv", "/api/setups"):
        taken |= {each["name"] for each in schema["paths"][path]["get"]["parameters"]}
    every_teams = {"car", "driver", "event", "venue", "session", "run"}
    assert every_teams <= taken and taken - every_teams <= RESERVED


async def test_an_upload_says_it_and_the_file_has_it(client: httpx.AsyncClient, sender: Sender) -> None:
    log = small_log()
    wrong = await sender.announce(log, metadata={"tyre_set": "Wet"})
    assert wrong.status_code == 422 and "'tyre_set' is no metadata field" in wrong.text
    await add(client, **TYRES)
    await add(client, label="Wing angle")
    slick = await sender.announce(log, metadata={"tyre_set": "slick"})
    assert "Tyre set is one of R25B, Wet" in slick.json()["detail"]
    assert (await sender.announce(log, metadata={"tyre_set": "wet"})).status_code == 200
    recording = (await sender.upload(log))["id"]
    await sender.work_off()
    said = (await client.get(f"/api/recordings/{recording}")).json()["metadata"]
    assert said["tyre_set"] == {"value": "Wet", "source": "person"}
    run = await mat_of(client, sender, recording)
    assert (run.tyre_set, run.wing_angle.size, run.car) == ("Wet", 0, "HT09")
    assert set(run._fieldnames) - {"car", "driver", "event", "venue", "session", "run", "notes"} <= {
        "tyre_set",
        "wing_angle",
        *RESERVED,
    }
    # Removed, it stays where it was said, and a file made from now on has it as well.
    await client.delete("/api/fields/tyre_set")
    await client.patch(f"/api/recordings/{recording}", json={"metadata": {"notes": "made anew"}})
    run = await mat_of(client, sender, recording)
    assert (run.tyre_set, run.notes) == ("Wet", "made anew")


async def test_the_logs_own_setup_record_fills_it(client: httpx.AsyncClient, sender: Sender) -> None:
    await add(client, label="trackName")
    recording = (await sender.upload(small_log()))["id"]
    await sender.work_off()
    said = (await client.get(f"/api/recordings/{recording}")).json()["metadata"]
    assert said["trackname"] == {"value": said["venue"]["value"], "source": "file"}


async def test_it_is_searched_counted_and_sorted_by(client: httpx.AsyncClient, context: Context) -> None:
    sets = ("Wet", "R25B", "wet ", None)
    runs = [
        build_recording(number, started_ns=number, metadata=metadata(**({"tyre_set": each} if each else {})))
        for number, each in enumerate(sets)
    ]
    await context.documents.recordings.put_many(runs)
    ids = [run.id for run in runs]
    refused = await client.get("/api/recordings", params={"tyre_set": "Wet"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_parameter")
    await add(client, **TYRES)
    assert set(await found(client, tyre_set="WET")) == {ids[0], ids[2]}
    assert set(await found(client, tyre_set=["wet", ""])) == {ids[0], ids[2], ids[3]}
    assert await found(client, tyre_set="R25B", car="nobody's") == []
    first, *_, last = await found(client, sort="tyre_set")
    assert (first, last, (await found(client, sort="-tyre_set"))[-1]) == (ids[1], ids[3], ids[3])
    facets = (await client.get("/api/recordings/facets")).json()
    assert facets["tyre_set"] == [
        {"value": "Wet", "count": 2},
        {"value": "R25B", "count": 1},
        {"value": "", "count": 1},
    ]
    narrowed = (await client.get("/api/recordings/facets", params={"tyre_set": "R25B"})).json()
    assert narrowed["tyre_set"] == facets["tyre_set"] and narrowed["health"] == [{"value": "intact", "count": 1}]
    for query in ({"topic": "VNData"}, {"q": "run_"}, {"car": "HT09"}, {"topic": "nowhere"}):
        counted = (await client.get("/api/recordings/facets", params=query)).json()["tyre_set"]
        assert sum(each["count"] for each in counted) == len(await found(client, **query)), query
    assert set((await client.get("/api/metadata-values")).json()["tyre_set"]) == {"Wet", "R25B"}
    for path in ("/api/jobs", "/api/fields", "/upload", "/jobs"):
        assert (await client.get(path, params={"tyre_set": "Wet"})).status_code == 422, path
    assert (await client.get("/api/recordings", params={"tyreset": "Wet"})).status_code == 422
    await client.delete("/api/fields/tyre_set")
    assert "tyre_set" not in (await client.get("/api/recordings/facets")).json()
    assert (await client.get("/", params={"tyre_set": "Wet"})).status_code == 422
    await add(client, **TYRES)
    assert len(await found(client, tyre_set="wet")) == 2


async def test_lap_tables_figures_and_setups_have_it(
    client: httpx.AsyncClient, context: Context, sender: Sender
) -> None:
    await add(client, **TYRES)
    await add(client, label="Lap", name="lap")
    for driver, tyres in (("Adam", "Wet"), ("Eve", "R25B")):
        log = small_log(driver=driver)
        await sender.announce(log, metadata={"tyre_set": tyres, "lap": "qualifying"})
        await sender.upload(log)
    await sender.work_off()
    ids = [item["id"] for item in (await client.get("/api/recordings", params={"sort": "driver"})).json()["items"]]
    await context.documents.laps.put_many([stored_lap(each, STARTED_NS, 60.0) for each in ids])
    for path in ("/api/laps/csv", f"/api/recordings/{ids[0]}/laps/csv"):
        rows = list(csv.DictReader(io.StringIO((await client.get(path)).text)))
        assert (rows[0]["driver"], rows[0]["tyre_set"]) == ("Adam", "Wet")
        assert (rows[0]["metadata.lap"], rows[0]["lap"]) == ("qualifying", "1"), "no two columns are called alike"
    wet = (await client.get("/api/laps", params={"tyre_set": "wet "})).json()["items"]
    assert [each["recording"] for each in wet] == ids[:1]
    two = await client.get("/api/laps", params={"tyre_set": ["wet", "R25B"], "driver": ""})
    assert len(two.json()["items"]) == 2
    page = (await client.get("/laps", params={"tyre_set": "Wet"})).text
    assert 'data-sort="text">Tyre set</th>' in page and "<option selected>Wet" in page
    assert "<td>Adam</td>" in page and "<td>Eve</td>" not in page and '<input name="lap"' not in page
    assert "/api/laps/csv?tyre_set=Wet" in page
    asked = {"recordings": ids, "signals": ["Pedals.throttle"], "over": "recording", "format": "csv"}
    table = csv.DictReader(io.StringIO((await client.post("/api/kpis", json=asked)).text))
    assert [(row["driver"], row["tyre_set"]) for row in table] == [("Adam", "Wet"), ("Eve", "R25B")]
    figures = (await client.get("/kpis", params={"recordings": ",".join(ids)})).text
    assert '"label": "Tyre set", "name": "tyre_set"' in html.unescape(figures)
    for each in ids:
        await client.put(f"/api/recordings/{each}/setup", json={"values": {"ballast": 5}})
    book = (await client.get("/setups", params={"tyre_set": "Wet"})).text
    assert '<th scope="col">Tyre set</th>' in book and f"/recordings/{ids[0][:16]}#setup" in book
    assert f"/recordings/{ids[1][:16]}#setup" not in book
    rows = list(csv.DictReader(io.StringIO((await client.get("/api/setups/csv", params={"tyre_set": "wet"})).text)))
    assert [(row["driver"], row["tyre_set"]) for row in rows] == [("Adam", "Wet")]
    await client.delete("/api/fields/tyre_set")
    assert "Tyre set" not in (await client.get("/laps")).text
    for path in ("/laps", "/api/laps", "/api/laps/csv", "/setups", "/api/setups"):
        refused = await client.get(path, params={"tyre_set": "Wet"})
        assert refused.status_code == 422 and "tyre_set" in refused.text, path


async def test_people_edit_one_and_many_and_undo(client: httpx.AsyncClient, context: Context) -> None:
    runs = [await insert_converted(context, seed=number) for number in range(2)]
    await add(client, **TYRES)
    ids = [run.id for run in runs]
    many = await client.post("/api/recordings/edit", json={"ids": ids, "metadata": {"tyre_set": "r25b"}})
    assert many.json() == {"count": 2}
    refused = await client.patch(f"/api/recordings/{ids[0]}", json={"metadata": {"tyre_set": "slick"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_metadata")
    assert len(await found(client, q="r25b")) == 2
    changed = await client.patch(f"/api/recordings/{ids[0]}", json={"metadata": {"tyre_set": "Wet"}})
    assert changed.json()["metadata"]["tyre_set"]["value"] == "Wet"
    history = (await client.get(f"/api/recordings/{ids[0]}/history")).json()["items"]
    assert [(each["field"], each["after"]) for each in history] == [("tyre_set", "Wet"), ("tyre_set", "R25B")]
    # What people said is taken back also once the field is gone.
    await client.delete("/api/fields/tyre_set")
    await client.post(f"/api/recordings/{ids[0]}/history/{history[0]['id']}/undo")
    assert (await client.get(f"/api/recordings/{ids[0]}")).json()["metadata"]["tyre_set"]["value"] == "R25B"


async def test_pages_have_it_in_forms_filters_columns_and_tables(
    client: httpx.AsyncClient, context: Context
) -> None:
    await add(client, **TYRES)
    await add(client, label="Wing <angle>", name="wing")
    a = await insert_converted(context, seed="a", metadata=metadata(driver="Adam", tyre_set="slick", wing="<b>12"))
    b = await insert_converted(context, seed="b", metadata=metadata(driver="Eve", tyre_set="Wet"))
    page = (await client.get("/")).text
    assert re.search(r'<th scope="col" class="field"><a class="sort" href="[^"]*sort=tyre_set">Tyre set</a>', page)
    assert "sort=wing" not in page and page.count('<td class="field">') == 2
    assert re.search(r"<summary>Wing &lt;angle&gt;</summary>", page) and "<b>12" not in page
    assert "<option>R25B</option><option>Wet</option>" in page
    chosen = (await client.get("/", params={"tyre_set": "wet"})).text
    assert "Tyre set: wet" in chosen and a.id not in chosen
    assert 'aria-sort="descending"' in (await client.get("/", params={"sort": "-tyre_set"})).text
    upload = (await client.get("/upload")).text
    assert '<select name="tyre_set">' in upload and 'name="wing"' in upload
    shown = (await client.get(f"/recordings/{a.id}")).text
    assert "<dt>Tyre set</dt>" in shown and '<option value="slick" selected>slick (no choice any more)' in shown
    sides = [(each, Contents(each.id, each.id, "b")) for each in (a, b)]
    rows = differences(*sides, await load_fields(context), SetupFields())
    assert Difference("Tyre set", "slick", "Wet") in rows
    await client.patch(f"/api/recordings/{a.id}", json={"metadata": {"tyre_set": "R25B"}})
    await client.delete("/api/fields/tyre_set")
    gone = (await client.get(f"/recordings/{a.id}")).text
    assert re.search(r"<dt title=[^>]*>tyre_set</dt><dd><span class=\"text\">R25B", gone)
    assert 'name="tyre_set"' not in gone and "<b>tyre_set</b>" in gone
    fields = (await client.get("/fields")).text
    assert re.search(r'data-field="wing" data-said=\'[^\'<>]*"Wing \\u003cangle\\u003e"', fields)
    assert 'data-field="tyre_set"' not in fields

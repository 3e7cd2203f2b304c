"""``/api/checklists``, ``/api/recordings/{id}/checks`` and their pages: kept, refused, tried, run, shown, found."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.logs import small_log
from tests.web.conftest import Sender

pytestmark = pytest.mark.anyio

THROTTLE = {"kind": "limits", "subject": "Pedals.throttle", "high": 4.0, "all_but_s": 0.5}
RATE = {"kind": "rate", "subject": "Pedals", "rate_hz": 10.0}
GAP = {"kind": "gap", "subject": "Pedals", "longest_s": 1.0}
SYSTEMS: dict[str, Any] = {"name": "Systems check", "rules": [THROTTLE, RATE, GAP]}
ORIGIN = {"Origin": "http://127.0.0.1:8080"}


async def checks(client: httpx.AsyncClient, recording: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/api/recordings/{recording}/checks")).json()
    return answer


async def test_a_checklist_is_added_changed_and_removed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/checklists")).json() == {"items": []}
    answer = await client.post("/api/checklists", json=SYSTEMS)
    made = answer.json()
    assert answer.status_code == 201 and (made["version"], made["cars"]) == (1, [])
    assert [rule["words"] for rule in made["rules"]] == [
        "Pedals.throttle at most 4 for all but 0.5 s",
        "Pedals at 10 Hz ± 10 %",
        "Pedals without a gap over 1 s",
    ]
    assert (await client.get("/api/checklists")).json()["items"] == [made]
    place = f"/api/checklists/{made['id']}"
    changed = await client.put(f"{place}?version=1", json={**SYSTEMS, "cars": ["HT09"]})
    assert (changed.json()["version"], changed.json()["cars"]) == (2, ["HT09"])
    again = await client.put(f"{place}?version=1", json=SYSTEMS)
    assert (again.status_code, again.json()["code"]) == (409, "edited_meanwhile")
    assert (await client.get(place)).json() == changed.json()
    assert (await client.delete(place)).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await client.request(method, place)).json()["code"] == "no_such_checklist"


async def test_what_cannot_be_is_refused_in_words(client: httpx.AsyncClient) -> None:
    for rules, words in (
        ([], "1 to 50 rules"),
        ([{"kind": "limits", "subject": "x"}], "Rule 1: say the least value"),
        ([RATE, {"kind": "gap", "subject": "x"}], "Rule 2: say how long"),
        ([{"kind": "condition", "subject": "speed >"}], "Rule 1, at character 8"),
    ):
        for path in ("/api/checklists", "/api/checklists/preview"):
            answer = await client.post(path, json={"name": "x", "rules": rules})
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_checklist"), (path, rules)
            assert words in answer.json()["detail"]
    for body in ({"name": "x"}, {**SYSTEMS, "more": 1}, {"name": "x", "rules": [{"kind": "loud", "subject": "x"}]}):
        assert (await client.post("/api/checklists", json=body)).status_code in (400, 422), body
    for method, path in (
        ("GET", "/api/checklists/previews/none"),
        ("GET", "/api/recordings/abcdef/checks"),
        ("POST", "/api/recordings/abcdef/checks"),
    ):
        assert (await client.request(method, path)).status_code == 404, path


async def test_a_log_is_checked_as_it_comes_in_and_leads_to_its_moment(
    client: httpx.AsyncClient, sender: Sender
) -> None:
    made = (await client.post("/api/checklists", json=SYSTEMS)).json()
    bad = (await sender.upload(small_log(100)))["id"]
    good = (await sender.upload(small_log(30, driver="Mei")))["id"]
    await sender.work_off()
    found = await checks(client, bad)
    (result,) = found["items"]
    assert (found["waiting"], found["unchecked"], result["checklist"]) == (False, [], made["id"])
    assert (result["outcome"], result["failed"], result["version"], result["outdated"]) == ("failed", 1, 1, False)
    throttle = result["rules"][0]
    assert (throttle["said"], throttle["count"], throttle["total_s"]) == (
        "Outside for 5.8 s, at worst 9.9.",
        1,
        5.8,
    )
    (moment,) = throttle["moments"]
    assert (moment["start_s"], moment["end_s"], moment["worst"], moment["signals"]) == (
        4.1,
        9.9,
        9.9,
        ["Pedals.throttle"],
    )
    assert moment["time"] == "2026-04-18T14:32:04.100Z"
    assert moment["link"] == f"/recordings/{bad[:16]}#plots=Pedals.throttle&from=0.000&to=14.900"
    assert [rule["outcome"] for rule in (await checks(client, good))["items"][0]["rules"]] == ["passed"] * 3

    listed = (await client.get("/api/recordings?checks=failed")).json()["items"]
    assert [(each["id"], each["checks"], each["failed_checks"]) for each in listed] == [(bad, "failed", 1)]
    assert len((await client.get("/api/recordings?checks=failed&checks=passed")).json()["items"]) == 2
    assert (await client.get("/api/recordings?checks=unchecked")).json()["items"] == []
    assert (await client.get("/api/recordings?checks=maybe")).status_code == 422
    facets = (await client.get("/api/recordings/facets")).json()["checks"]
    assert sorted((each["value"], each["count"]) for each in facets) == [("failed", 1), ("passed", 1)]

    page = (await client.get(f"/recordings/{bad[:16]}")).text
    assert moment["link"].replace("&", "&amp;") in page and "Outside for 5.8 s, at worst 9.9." in page
    assert "version 1" in page and "2 rules met" in page
    rows = (await client.get("/?checks=failed")).text
    assert "1 failed" in rows and "Checks: failed" in rows
    assert "Run the checklists" in (await client.get("/jobs")).text


async def test_what_came_before_says_so_and_is_checked_by_one_click(
    client: httpx.AsyncClient, sender: Sender
) -> None:
    recording = (await sender.upload(small_log(100)))["id"]
    await sender.work_off()
    assert 'id="checks"' not in (await client.get(f"/recordings/{recording[:16]}")).text, "there are no checklists"
    assert "not checked" not in (await client.get("/")).text
    made = (await client.post("/api/checklists", json=SYSTEMS)).json()
    assert "not checked" in (await client.get("/")).text
    assert (await checks(client, recording))["unchecked"] == ["Systems check"]
    page = f"/recordings/{recording[:16]}"
    assert "Check now" in (await client.get(page)).text
    shown = await client.post(f"{page}/checks", headers=ORIGIN, follow_redirects=True)
    assert "is being checked" in shown.text and (await checks(client, recording))["waiting"]
    await sender.work_off()
    assert (await checks(client, recording))["items"][0]["failed"] == 1
    # Another version says so until it is computed anew.
    milder = {**SYSTEMS, "rules": [{**THROTTLE, "all_but_s": 9.0}]}
    await client.put(f"/api/checklists/{made['id']}", json=milder)
    (old,) = (await checks(client, recording))["items"]
    assert (old["version"], old["outdated"]) == (1, True)
    assert "version 1, which is not today" in (await client.get(page)).text
    await sender.work_off()
    (new,) = (await checks(client, recording))["items"]
    assert (new["version"], new["outdated"], new["outcome"]) == (2, False, "passed")
    for path, headers in (("/api/checklists/run", {}), ("/checklists/run", ORIGIN)):
        assert (await client.post(path, headers=headers)).status_code in (202, 303)
    assert (await client.post(f"/api/recordings/{recording}/checks")).status_code == 202
    await sender.work_off()


async def test_a_checklist_is_tried_on_past_recordings(client: httpx.AsyncClient, sender: Sender) -> None:
    recording = (await sender.upload(small_log(100)))["id"]
    await sender.upload(small_log(30, driver="Mei"))
    await sender.work_off()
    answer = await client.post("/api/checklists/preview", json=SYSTEMS)
    preview: dict[str, Any] = answer.json()
    assert answer.status_code == 202 and preview["state"] == "waiting"
    await sender.work_off()
    done = (await client.get(f"/api/checklists/previews/{preview['id']}")).json()
    assert (done["state"], done["failed"], done["looked"], done["total"]) == ("done", 1, 2, 2)
    assert (done["by_rule"], done["skipped_by_rule"]) == ([1, 0, 0], [0, 0, 0])
    (run,) = done["runs"]
    assert run["link"] == f"/recordings/{recording[:16]}#plots=Pedals.throttle&from=0.000&to=9.100"
    assert (await client.delete(f"/api/checklists/previews/{preview['id']}")).status_code == 204
    assert (await client.get("/api/recordings")).json()["items"][0]["checks"] is None


async def test_the_page_shows_the_checklists(client: httpx.AsyncClient) -> None:
    assert "No checklists yet" in (await client.get("/checklists")).text
    await client.post("/api/checklists", json={**SYSTEMS, "name": "<b>", "cars": ["HT09"]})
    page = (await client.get("/checklists")).text
    assert "&lt;b&gt;" in page and "For HT09" in page and "Pedals at 10 Hz ± 10 %" in page

"""``/api/rules`` and its page: kept, refused, tried, switched."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.logs import small_log
from tests.web.conftest import Sender

pytestmark = pytest.mark.anyio

FULL = {"name": "Full throttle", "signal": "Pedals.throttle", "comparison": "above", "limit": 4.0, "for_s": 0.2}
ORIGIN = {"Origin": "http://127.0.0.1:8080"}


async def test_a_rule_is_added_changed_switched_and_removed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/rules")).json() == {"items": []}
    answer = await client.post("/api/rules", json=FULL)
    rule = answer.json()
    assert answer.status_code == 201 and (rule["on"], rule["version"], rule["severity"]) == (False, 1, "warning")
    assert rule["words"] == "Pedals.throttle above 4 for 0.2 s"
    assert (await client.get("/api/rules")).json()["items"] == [rule]
    quiet = {"start": "22:00", "end": "07:00", "zone": "Europe/Berlin"}
    changed = await client.put(
        f"/api/rules/{rule['id']}?version=1", json={**FULL, "quiet": quiet, "cars": ["HT09"]}
    )
    assert changed.json()["quiet"] == quiet and changed.json()["cars"] == ["HT09"]
    again = await client.put(f"/api/rules/{rule['id']}?version=1", json=FULL)
    assert (again.status_code, again.json()["code"]) == (409, "edited_meanwhile")
    assert (await client.post(f"/api/rules/{rule['id']}/switch", json={"on": True})).json()["on"]
    assert (await client.delete(f"/api/rules/{rule['id']}")).status_code == 204
    assert (await client.get("/api/rules")).json() == {"items": []}
    assert (await client.get(f"/api/rules/{rule['id']}")).json()["name"] == "Full throttle", "alerts name it"
    assert (await client.delete(f"/api/rules/{rule['id']}")).status_code == 404


async def test_what_cannot_be_is_refused_in_words(client: httpx.AsyncClient) -> None:
    for changes, code in (
        ({"limit": None}, "bad_rule"),
        ({"name": ""}, "bad_rule"),
        ({"comparison": "outside"}, "bad_rule"),
        ({"quiet": {"start": "22", "end": "07:00", "zone": "UTC"}}, "bad_quiet_hours"),
        ({"quiet": {"start": "22:00", "end": "07:00", "zone": "../etc/passwd"}}, "bad_quiet_hours"),
    ):
        for path in ("/api/rules", "/api/rules/preview"):
            answer = await client.post(path, json={**FULL, **changes})
            assert (answer.status_code, answer.json()["code"]) == (422, code), (path, changes)
    for body in ({"name": "x"}, {**FULL, "limit": "hot"}, {**FULL, "severity": "loud"}, {**FULL, "more": 1}):
        assert (await client.post("/api/rules", json=body)).status_code in (400, 422), body
    for method, path in (
        ("GET", "/api/rules/none"),
        ("GET", "/api/rules/previews/none"),
        ("DELETE", "/api/rules/none"),
    ):
        assert (await client.request(method, path)).status_code == 404, path


async def test_a_rule_is_tried_and_the_alert_of_a_log_leads_to_its_moment(
    client: httpx.AsyncClient, sender: Sender
) -> None:
    recording = await sender.upload(small_log(60))
    await sender.work_off()
    answer = await client.post("/api/rules/preview", json=FULL)
    preview: dict[str, Any] = answer.json()
    assert answer.status_code == 202 and preview["state"] == "waiting"
    await sender.work_off()
    done = (await client.get(f"/api/rules/previews/{preview['id']}")).json()
    assert (done["state"], done["fired"], done["total"]) == ("done", 1, 1)
    link = f"/recordings/{recording['id'][:16]}#plots=Pedals.throttle&from=0.000&to=9.100"
    assert done["hits"][0]["link"] == link
    assert (await client.delete(f"/api/rules/previews/{preview['id']}")).status_code == 204

    rule = (await client.post("/api/rules", json=FULL)).json()
    await client.post(f"/rules/{rule['id']}/on", headers=ORIGIN)
    other = await sender.upload(small_log(60, driver="Mei"))
    await sender.work_off()
    (alert,) = (await client.get(f"/api/alerts?rule={rule['id']}")).json()["items"]
    assert (alert["recording"], alert["link"]) == (
        other["id"],
        link.replace(recording["id"][:16], other["id"][:16]),
    )
    assert "Apply the alert rules" in (page := (await client.get("/jobs")).text) and "Try an alert rule" in page


async def test_the_page_shows_the_rules_and_switches_without_scripts(client: httpx.AsyncClient) -> None:
    assert "No rules yet" in (await client.get("/rules")).text
    rule = (await client.post("/api/rules", json={**FULL, "name": "<b>"})).json()
    shown = await client.post(f"/rules/{rule['id']}/on", headers=ORIGIN, follow_redirects=True)
    assert "&lt;b&gt;" in shown.text and "Pedals.throttle above 4 for 0.2 s" in shown.text
    assert ">on<" in shown.text
    shown = await client.post(f"/rules/{rule['id']}/off", headers=ORIGIN, follow_redirects=True)
    assert ">off<" in shown.text

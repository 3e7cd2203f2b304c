"""``/api/dashboards``: kept, changed by one at a time, copied, and one by default for each device."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from paddock.domain.dashboards import COLUMNS
from paddock.usecases.context import Context
from tests.web.live_car import Car

pytestmark = pytest.mark.anyio

VALUE: dict[str, Any] = {"id": "a", "kind": "value", "device": "ht09", "signals": ["T.a"], "x": 0, "y": 0}


async def made(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/dashboards", json={"name": "Pit wall", "widgets": [VALUE], **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_one_is_kept_and_listed_and_deleted(client: httpx.AsyncClient) -> None:
    dashboard = await made(client)
    assert dashboard["widgets"][0]["span_s"] == 60 and dashboard["version"] == 1 and not dashboard["own"]
    assert (await client.get(f"/api/dashboards/{dashboard['id']}")).json() == dashboard
    assert (await client.get("/api/dashboards")).json()["items"] == [dashboard]
    assert (await client.delete(f"/api/dashboards/{dashboard['id']}")).status_code == 204
    gone = await client.get(f"/api/dashboards/{dashboard['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "no_such_dashboard")


async def test_of_two_who_change_it_at_once_one_is_told(client: httpx.AsyncClient) -> None:
    dashboard = await made(client)
    address = f"/api/dashboards/{dashboard['id']}"
    mine = {"version": 1, "name": "Mine", "widgets": [VALUE | {"x": 3}]}
    saved = await client.put(address, json=mine)
    assert saved.status_code == 200 and saved.json()["version"] == 2
    late = await client.put(address, json=mine | {"name": "Late"})
    assert (late.status_code, late.json()["code"]) == (409, "dashboard_changed")
    assert (await client.get(address)).json()["name"] == "Mine"


async def test_a_copy_is_another_one(client: httpx.AsyncClient) -> None:
    dashboard = await made(client)
    copy = (await client.post(f"/api/dashboards/{dashboard['id']}/copy", json={})).json()
    assert copy["name"] == "Pit wall (copy)" and copy["id"] != dashboard["id"]
    assert copy["widgets"] == dashboard["widgets"]


async def test_ones_own_is_seen_by_link_and_changed_by_nobody_else(connect: Any, tmp_path: Any) -> None:
    from paddock.settings import Settings

    peers = tmp_path / "peers"
    peers.write_text("10.7.0.4 Adam\n10.7.0.5 Mei\n")
    settings = Settings(data=tmp_path / "data", peers_file=peers)
    async with connect(settings, "10.7.0.4") as adam, connect(settings, "10.7.0.5") as mei:
        dashboard = await made(adam, own=True)
        assert dashboard["own"] and dashboard["may_change"]
        assert (await mei.get("/api/dashboards")).json()["items"] == []
        seen = (await mei.get(f"/api/dashboards/{dashboard['id']}")).json()
        assert not seen["may_change"]
        for answer in (
            await mei.put(f"/api/dashboards/{dashboard['id']}", json={"version": 1, "name": "Mei's"}),
            await mei.delete(f"/api/dashboards/{dashboard['id']}"),
        ):
            assert answer.json()["code"] == "not_yours"
        assert (
            await mei.post(f"/api/dashboards/{dashboard['id']}/copy", json={"name": "Mei's"})
        ).status_code == 201


@pytest.mark.parametrize(
    "widgets",
    [
        [VALUE, VALUE],
        [VALUE | {"signals": []}],
        [VALUE | {"signals": ["T.a", "T.b"]}],
        [VALUE | {"x": COLUMNS - 1, "width": 2}],
        [VALUE | {"device": ""}],
        [VALUE | {"low": 2, "high": 1}],
        [VALUE | {"kind": "action", "signals": []}],
        [VALUE | {"kind": "map"}],
        [VALUE | {"kind": "clock"}],
        [VALUE | {"id": "a b"}],
        [VALUE | {"x": -1}],
        [VALUE | {"span_s": 1e9}],
        [VALUE | {"id": f"w{number}"} for number in range(61)],
    ],
)
async def test_what_cannot_be_is_refused(client: httpx.AsyncClient, widgets: list[dict[str, Any]]) -> None:
    answer = await client.post("/api/dashboards", json={"name": "x", "widgets": widgets})
    assert answer.status_code in (400, 422), answer.text
    assert (await client.post("/api/dashboards", json={"name": " "})).status_code == 422


async def test_the_default_is_made_of_what_the_device_sends(client: httpx.AsyncClient, context: Context) -> None:
    Car(context.watching.live, past_s=10)
    dashboard = (await client.get("/api/dashboards/default?device=ht09")).json()
    shown = [(each["kind"], each["title"], len(each["signals"])) for each in dashboard["widgets"]]
    assert ("value", "", 1) in shown and ("plot", "Speed", 1) in shown and ("map", "Track", 3) in shown
    assert ("state", "States and faults", 2) in shown and ("alerts", "Alerts", 0) in shown
    kept = await client.post("/api/dashboards", json={"name": "Kept", "widgets": dashboard["widgets"]})
    assert kept.status_code == 201
    places = {
        (x, y)
        for each in dashboard["widgets"]
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    }
    assert len(places) == sum(each["width"] * each["height"] for each in dashboard["widgets"]), "none on another"
    nothing = (await client.get("/api/dashboards/default?device=nobody")).json()
    assert [each["kind"] for each in nothing["widgets"]] == ["alerts"]

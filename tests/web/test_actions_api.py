"""``/api/devices/{id}/actions`` and alerts of devices by HTTP: asked by people, answered by the device."""

from __future__ import annotations

import httpx
import pytest

from tests.web.conftest import Connect

pytestmark = pytest.mark.anyio


@pytest.fixture
async def token(client: httpx.AsyncClient) -> str:
    await client.post("/api/devices", json={"name": "Tires", "id": "tires-1", "car": "HT09"})
    return str((await client.post("/api/devices/tires-1/token")).json()["token"])


def device(connect: Connect, token: str) -> httpx.AsyncClient:
    return connect(headers={"Authorization": f"Bearer {token}"})


async def test_a_device_polls_its_actions_and_says_what_came_of_them(
    client: httpx.AsyncClient, connect: Connect, token: str
) -> None:
    answer = await client.post("/api/devices/tires-1/actions", json={"name": "zero", "params": {"wheel": "fl"}})
    action = answer.json()
    assert answer.status_code == 201 and (action["state"], action["asked_by"]) == ("queued", "local")
    assert (await client.get("/api/devices/tires-1/actions?pending")).json()["items"] == [action]
    async with device(connect, token) as box:
        (given,) = (await box.get("/api/devices/tires-1/actions?pending")).json()["items"]
        assert (given["state"], given["params"], given["times_sent"]) == ("sent", {"wheel": "fl"}, 1)
        path = f"/api/devices/tires-1/actions/{action['id']}"
        assert (await box.post(path, json={"state": "acknowledged"})).json()["state"] == "acknowledged"
        assert (await box.get("/api/devices/tires-1/actions?pending")).json()["items"] == []
        assert (await box.post(path, json={"state": "done", "result": "zeroed"})).json()["result"] == "zeroed"
        assert (await box.post(path, json={"state": "perhaps"})).json()["code"] == "bad_answer"
        assert (await box.post(path.replace("tires-1", "other"), json={"state": "done"})).status_code == 403
        assert (await box.get("/api/devices/other/actions?pending")).status_code == 403
        assert (await box.post("/api/devices/tires-1/actions", json={"name": "zero"})).status_code == 403
        assert (await box.get("/api/alerts")).status_code == 403
    assert (await client.post(path, json={"state": "done"})).json()["code"] == "not_allowed"
    (done,) = (await client.get("/api/devices/tires-1/actions")).json()["items"]
    assert (done["state"], done["result"]) == ("done", "zeroed")


async def test_a_dangerous_one_asks_twice(client: httpx.AsyncClient, token: str) -> None:
    said = {"label": "Pump on", "dangerous": True, "params": {"on": True}}
    assert (await client.put("/api/devices/tires-1/buttons/pump", json=said)).json()["name"] == "pump"
    assert [each["label"] for each in (await client.get("/api/devices/tires-1/buttons")).json()["items"]] == [
        "Pump on"
    ]
    asked = {"name": "pump", "id": "p1"}
    refused = await client.post("/api/devices/tires-1/actions", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "confirm_first")
    action = (await client.post("/api/devices/tires-1/actions", json={**asked, "confirm": True})).json()
    assert action["params"] == {"on": True} and action["dangerous"]
    assert (await client.post("/api/devices/tires-1/actions", json=asked)).json()["id"] == action["id"]
    assert (await client.delete("/api/devices/tires-1/buttons/pump")).status_code == 204
    assert (await client.delete("/api/devices/tires-1/buttons/pump")).status_code == 404


async def test_what_cannot_be_is_refused(client: httpx.AsyncClient, token: str) -> None:
    for path, body, status in (
        ("/api/devices/none/actions", {"name": "zero"}, 404),
        ("/api/devices/tires-1/actions", {"name": " "}, 422),
        ("/api/devices/tires-1/actions", {"name": "zero", "expires_s": 0}, 422),
        ("/api/devices/tires-1/actions", {"name": "zero", "id": "a/b"}, 422),
        ("/api/devices/tires-1/actions", {"name": "zero", "params": {"x": "y" * 9_000}}, 422),
    ):
        assert (await client.post(path, json=body)).status_code == status, body
    assert (await client.put("/api/devices/none/buttons/x", json={"label": "X"})).status_code == 404
    assert (await client.put("/api/devices/tires-1/buttons/x", json={"label": ""})).status_code == 422


async def test_an_alert_of_a_device_is_taken_with_its_token_alone(
    client: httpx.AsyncClient, connect: Connect, token: str
) -> None:
    said = {"message": "FL is at 112 °C", "severity": "critical"}
    assert (await client.post("/api/devices/tires-1/alerts", json=said)).status_code == 401
    async with device(connect, token) as box:
        taken = await box.post("/api/devices/tires-1/alerts", json=said)
        assert (taken.status_code, taken.json()["messages"]) == (200, 1)
        assert (await box.post("/api/devices/other/alerts", json=said)).status_code in (401, 403)
        for content in (b"{", b"\xff\xff", b"{}"):
            answer = await box.post("/api/devices/tires-1/alerts", content=content)
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_alert"), content
    assert (await client.post("/api/devices/tires-1/alerts", json={**said, "jwt_token": token})).status_code == 200

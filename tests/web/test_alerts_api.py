"""``/api/alerts`` and its page: listed, acknowledged, cleared, refused."""

from __future__ import annotations

import httpx
import pytest

from paddock.domain.alerts import Alert, AlertSource, Raising, Severity
from paddock.usecases.alerts.alerts import raise_alert
from paddock.usecases.context import Context

pytestmark = pytest.mark.anyio


async def hot(context: Context, key: str = "device/tires-1/hot", **more: str) -> Alert:
    raising = Raising(
        key=key,
        text="FL is at 112 <°C>",
        severity=Severity.CRITICAL,
        source=AlertSource.DEVICE,
        device="tires-1",
        car="HT09",
        value=112.0,
        moment_ns=1_776_526_320 * 10**9,
    )
    return await raise_alert(context, raising, at=1_776_526_321 * 10**9)


async def test_an_alert_is_listed_counted_acknowledged_and_cleared(
    client: httpx.AsyncClient, context: Context
) -> None:
    assert (await client.get("/api/alerts")).json() == {"items": [], "next": None}
    alert = await hot(context)
    (item,) = (await client.get("/api/alerts?state=firing&device=tires-1&car=HT09&severity=critical")).json()[
        "items"
    ]
    assert item == (await client.get(f"/api/alerts/{alert.id}")).json()
    assert (item["text"], item["state"], item["source"], item["value"]) == (alert.text, "firing", "device", 112.0)
    assert (item["moment"], item["fired_at"]) == ("2026-04-18T15:32:00Z", "2026-04-18T15:32:01Z")
    assert (await client.get("/api/alerts/counts")).json() == {"firing": 1, "acknowledged": 0, "cleared": 0}
    seen = (await client.post(f"/api/alerts/{alert.id}/acknowledge")).json()
    assert (seen["state"], seen["acknowledged_by"]) == ("acknowledged", "local")
    assert (await client.post(f"/api/alerts/{alert.id}/acknowledge")).json() == seen
    assert (await client.get("/api/alerts?state=firing")).json()["items"] == []
    over = (await client.post(f"/api/alerts/{alert.id}/clear")).json()
    assert (over["state"], over["cleared_by"]) == ("cleared", "local")
    assert (await client.get("/api/alerts?fields=id,state")).json()["items"] == [
        {"id": alert.id, "state": "cleared"}
    ]


async def test_what_cannot_be_is_refused_in_words(client: httpx.AsyncClient) -> None:
    for method, path, status, code in (
        ("GET", "/api/alerts?state=loud", 422, "invalid"),
        ("GET", "/api/alerts?cars=HT09", 422, "unknown_parameter"),
        ("GET", "/api/alerts?after=x", 422, "bad_cursor"),
        ("GET", "/api/alerts/none", 404, "no_such_alert"),
        ("POST", "/api/alerts/none/acknowledge", 404, "no_such_alert"),
        ("POST", "/api/alerts/none/clear", 404, "no_such_alert"),
    ):
        answer = await client.request(method, path)
        assert answer.status_code == status, path
        assert code == "invalid" or answer.json()["code"] == code, path


async def test_the_page_shows_what_fires_and_its_buttons_work_without_scripts(
    client: httpx.AsyncClient, context: Context
) -> None:
    assert "No alerts yet" in (await client.get("/alerts")).text
    alert = await hot(context)
    page = (await client.get("/alerts")).text
    assert "FL is at 112" not in (await client.get("/alerts?device=other")).text
    narrowed = (await client.get("/alerts?device=tires-1&state=firing")).text
    assert "FL is at 112" in narrowed and "/alerts?device=tires-1&amp;state=cleared" in narrowed
    assert "FL is at 112 &lt;°C&gt;" in page and "HT09" in page and "No alerts" not in page
    answer = await client.post(f"/alerts/{alert.id}/acknowledge", headers={"Origin": "http://127.0.0.1:8080"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts")
    assert "seen by local" in (await client.get("/alerts?state=acknowledged")).text
    await client.post(f"/alerts/{alert.id}/clear", headers={"Origin": "http://127.0.0.1:8080"})
    assert "over by local" in (await client.get("/alerts")).text
    assert "No alert is firing" in (await client.get("/alerts?state=firing")).text

"""``/api/notices`` and its page: admins say who is told, addresses stay secret, a test says whether it arrives."""

from __future__ import annotations

import httpx
import pytest

from paddock.domain.alerts import Raising
from paddock.usecases.alerts.alerts import raise_alert
from paddock.usecases.context import Context
from paddock.usecases.notices.sending import Sender

pytestmark = pytest.mark.anyio

CHAT = {"name": "Pit <b>", "kind": "discord", "address": "https://127.0.0.1/api/webhooks/1/very-secret"}


async def test_somebody_is_told_changed_and_removed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/notices/destinations", json=CHAT)
    made = answer.json()
    assert answer.status_code == 201 and (made["topics"], made["least"], made["on"]) == (
        ["alerts"],
        "warning",
        True,
    )
    assert made["address"] == "https://127.0.0.1/…cret"
    changes = {"name": "Box", "topics": ["log_ready"], "address": "", "quiet": None}
    path = f"/api/notices/destinations/{made['id']}"
    changed = (await client.patch(path, json=changes)).json()
    assert (changed["name"], changed["address"], changed["topics"]) == ("Box", made["address"], ["log_ready"])
    assert (await client.get("/api/notices/destinations")).json()["items"] == [changed]
    assert "very-secret" not in (await client.get("/api/audit")).text
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).json()["code"] == "no_such_destination"


async def test_what_cannot_be_is_refused_in_words(client: httpx.AsyncClient) -> None:
    for changes in ({"name": ""}, {"address": "x"}, {"kind": "email"}, {"topics": []}):
        answer = await client.post("/api/notices/destinations", json={**CHAT, **changes})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_destination"), changes
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/test")):
        answer = await client.request(method, f"/api/notices/destinations/none{path}", json={})
        assert answer.status_code == 404, (method, path)


async def test_nothing_is_sent_into_the_own_network_and_the_page_says_why(
    client: httpx.AsyncClient, context: Context
) -> None:
    assert "Nobody is told yet" in (await client.get("/notices")).text
    made = (await client.post("/api/notices/destinations", json=CHAT)).json()
    answer = await client.post(f"/api/notices/destinations/{made['id']}/test")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_destination")
    assert "PADDOCK_NOTICES_PRIVATE" in answer.json()["detail"]
    await raise_alert(context, Raising(key="hot", text="FL is hot"))
    sender = Sender(context)
    await sender.look()
    await sender.finish()
    (notice,) = (await client.get(f"/api/notices?destination={made['id']}")).json()["items"]
    assert (notice["state"], notice["topic"], notice["text"]) == ("failed", "alerts", "FL is hot")
    page = (await client.get("/notices")).text
    assert "Pit &lt;b&gt;" in page and "is in a private network" in page and "very-secret" not in page

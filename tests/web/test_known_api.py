"""``/api/recordings/known`` over HTTP: works, refuses, belongs."""

from __future__ import annotations

import hashlib

import pytest

from tests.logs import small_log
from tests.web.conftest import Sender

pytestmark = pytest.mark.anyio


async def test_each_is_answered_in_the_order_of_the_question(sender: Sender) -> None:
    log = small_log()
    sha256 = hashlib.sha256(log).hexdigest()
    await sender.upload(log)
    answer = await sender.client.post("/api/recordings/known", json={"sha256": ["0" * 64, sha256]})
    unknown = {"sha256": "0" * 64, "standing": "unknown", "recording": None, "status": None}
    on_the_way = {"sha256": sha256, "standing": "on_the_way", "recording": sha256, "status": "verifying"}
    assert answer.json() == {"items": [unknown, on_the_way]}
    await sender.work_off()
    answer = await sender.client.post("/api/recordings/known", json={"sha256": [sha256]})
    assert answer.json()["items"] == [{**on_the_way, "standing": "stored", "status": "ready"}]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"sha256": ["0" * 64] * 1_001}, "bad_request", "at most 1,000"),
        ({"sha256": ["0" * 63]}, "bad_sha256", "64 lower-case"),
        ({"sha256": "0" * 64}, "bad_request", "Expected `array`"),
        ({}, "bad_request", "sha256"),
    ],
)
async def test_refusals_say_what_would_be_right(sender: Sender, body: object, code: str, said: str) -> None:
    answer = await sender.client.post("/api/recordings/known", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert said in answer.text


async def test_a_base_station_says_who_drove_and_how_wrong_the_clock_was(sender: Sender) -> None:
    log = small_log()
    said = {
        "metadata": {"event": "Endurance", "tyres": "wet"},
        "metadata_source": "base_station",
        "clock_offset_ns": 3_600_000_000_000,
        "part_size_bytes": 65_536,
    }
    assert "'tyres'" in (await sender.announce(log, **said)).json()["left_out"][0]
    recording = await sender.upload(log)
    await sender.work_off()
    page = (await sender.client.get(f"/recordings/{recording['id']}")).text
    assert "from the base station" in page and "its clock corrected" in page
    after = (await sender.client.get(f"/api/recordings/{recording['id']}")).json()
    assert (after["started_at"], after["started_source"]) == ("2026-04-18T15:32:00Z", "clock_offset")
    refused = await sender.announce(log, metadata_source="file")
    assert refused.status_code == 422 and "base_station" in refused.text

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.domain.job import Job
from paddock.formats import contained
from paddock.usecases.context import Context
from paddock.usecases.conversion.write_export import RESERVE_BYTES
from tests.logs import small_log
from tests.readers.mcap.builders import car_log
from tests.web.builders import build_id, build_recording
from tests.web.conftest import Sender
from tests.web.converted import converted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"format": "exe"}, "bad_format"),
        ({"format": "mat", "layout": "nope"}, "bad_layout"),
        ({"format": "csv", "rate_hz": -1}, "bad_rate"),
        ({"format": "csv", "rate_hz": 0}, "bad_rate"),
        ({"format": "csv", "rate_hz": 1e300}, "bad_rate"),
        ({"format": "csv", "start_s": 5, "end_s": 5}, "bad_span"),
        ({"format": "csv", "start_s": 1e300}, "bad_span"),
        ({"format": "csv", "start_s": 1, "start_ns": 1}, "bad_span"),
        ({"format": "csv", "start_s": 1000}, "bad_span"),
        ({"format": "csv", "end_s": -3}, "bad_span"),
        ({"format": "csv", "start_ns": 1, "end_ns": 2}, "bad_span"),
        ({"format": "mcap", "rate_hz": 10}, "bad_rate"),
        ({"format": "mcap", "layout": "hytech-v1"}, "bad_layout"),
        ({"format": "mcap", "signals": ["Wings"]}, "no_such_signal"),
        ({"format": "mat", "signals": ["Pedals.nothing"]}, "no_such_signal"),
        ({"format": "mat", "signals": ["Pedals", "*.nothing[3]"]}, "no_such_signal"),
        ({"format": "csv", "wings": "high"}, "bad_request"),
        ({"format": "csv", "rate_hz": "9"}, "bad_request"),
    ],
)
async def test_what_cannot_be_made_is_refused_at_once(
    client: httpx.AsyncClient, sender: Sender, tmp_path: Path, asked: dict[str, Any], code: str
) -> None:
    (tmp_path / "run.mcap").write_bytes(small_log())
    recording = await converted(sender.context, tmp_path / "run.mcap")
    answer = await client.post(f"/api/recordings/{recording.id}/exports", json=asked)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    estimated = await client.post(f"/api/recordings/{recording.id}/exports/estimate", json=asked)
    assert estimated.json() | {"instance": ""} == answer.json() | {"instance": ""}
    assert [job["kind"] for job in (await client.get("/api/jobs")).json()["items"]] == ["convert"], "nothing to do"


async def test_an_export_belongs_to_its_recording(client: httpx.AsyncClient, context: Context) -> None:
    one, other = build_recording(1), build_recording(2)
    await context.documents.recordings.put_many([one, other])
    export = build_id("export")[:32]
    job = Job(f"export-{export}", "export", export, 0, 0, params={"recording": one.id})
    await context.documents.jobs.insert(job)
    assert (await client.get(f"/api/recordings/{one.id}/exports/{export}")).json()["state"] == "queued"
    for path in (f"{other.id}/exports/{export}", f"{other.id}/exports/{export}/events"):
        answer = await client.get(f"/api/recordings/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_export")


async def test_what_has_no_room_is_refused_at_once_and_what_has_is_estimated(
    client: httpx.AsyncClient, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.mcap").write_bytes(small_log())
    recording = await converted(sender.context, tmp_path / "run.mcap")
    url = f"/api/recordings/{recording.id}/exports"
    asked = {"format": "mat", "rate_hz": 100_000}
    about = (await client.post(f"{url}/estimate", json=asked)).json()["size_bytes"]
    assert about == pytest.approx(490_000 * 4 * 8, rel=0.1)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=RESERVE_BYTES + about // 2))
    answer = await client.post(url, json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_room")
    assert "take fewer signals, a lower rate or a shorter span" in answer.json()["detail"]
    assert (await client.post(url, json={"format": "mat", "rate_hz": 100})).status_code == 202


async def test_topics_that_a_file_has_no_room_for_are_said_wherever_it_is(
    client: httpx.AsyncClient, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.mcap").write_bytes(car_log(20))
    recording = await converted(sender.context, tmp_path / "run.mcap")
    monkeypatch.setattr(contained, "MOST_TOPICS", 1)
    asked = (await client.post("/api/bundles", json={"ids": [recording.id], "export": {"format": "csv"}})).json()
    await sender.work_off()
    sentence = "left out of this file, which has 1, the most it may: name some, or take the log itself."
    (part,) = (await client.get(f"/api/bundles/{asked['id']}")).json()["items"]
    exported = (await client.get(f"/api/recordings/{recording.id}")).json()["artifacts"][-1]
    assert part["left_out"] == exported["left_out"] and part["left_out"][0].endswith(sentence)
    for page in (f"/recordings/{recording.id}", "/jobs", f"/bundles/{asked['id']}"):
        assert sentence in (await client.get(page)).text

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.domain.job import Job
from paddock.usecases.services import Services
from tests.logs import small_log
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
        ({"format": "csv", "wings": "high"}, "bad_request"),
        ({"format": "csv", "rate_hz": "9"}, "bad_request"),
    ],
)
async def test_what_cannot_be_made_is_refused_at_once(
    client: httpx.AsyncClient, sender: Sender, tmp_path: Path, asked: dict[str, Any], code: str
) -> None:
    (tmp_path / "run.mcap").write_bytes(small_log())
    recording = await converted(sender.services, tmp_path / "run.mcap")
    answer = await client.post(f"/api/recordings/{recording.id}/exports", json=asked)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [job["kind"] for job in (await client.get("/api/jobs")).json()["items"]] == ["convert"], "nothing to do"


async def test_an_export_belongs_to_its_recording(client: httpx.AsyncClient, services: Services) -> None:
    one, other = build_recording(1), build_recording(2)
    await services.documents.recordings.put_many([one, other])
    export = build_id("export")[:32]
    job = Job(f"export-{export}", "export", export, 0, 0, params={"recording": one.id})
    await services.documents.jobs.insert(job)
    assert (await client.get(f"/api/recordings/{one.id}/exports/{export}")).json()["state"] == "queued"
    for path in (f"{other.id}/exports/{export}", f"{other.id}/exports/{export}/events"):
        answer = await client.get(f"/api/recordings/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_export")

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.logs import small_log
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

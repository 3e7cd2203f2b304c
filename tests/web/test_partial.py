"""``fields=`` on single things and on lists, with an ETag each."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from paddock.domain.job import Job
from paddock.usecases.context import Context
from tests.web.builders import build_id, build_recording

pytestmark = pytest.mark.anyio

ID = build_id(1)


@pytest.fixture(autouse=True)
async def _known(context: Context) -> None:
    await context.documents.recordings.put_many([build_recording(1), build_recording(2, started_ns=1)])
    for number in (1, 2):
        await context.documents.jobs.insert(Job(f"convert-{number}", "convert", ID, 0, 0, updated_at=number))


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (f"/api/recordings/{ID}?fields=name,size_bytes", {"name": "run_1.mcap", "size_bytes": 73_400_320}),
        (
            "/api/jobs?fields=id,error&limit=1",
            {"items": [{"id": "convert-2", "error": None}], "next": "…"},
        ),
        ("/api/recordings?fields=name&limit=1", {"items": [{"name": "run_1.mcap"}], "next": "…"}),
        (f"/api/recordings/{ID}/signals?fields=unit", {"recording": ID, "items": []}),
        (f"/api/recordings/{ID}/history?fields=at", {"items": [], "next": None}),
        ("/api/catalogue/unknown?fields=name", {"total": 0, "items": []}),
    ],
)
async def test_only_what_is_asked_for(client: httpx.AsyncClient, path: str, part: dict[str, Any]) -> None:
    answer = await client.get(path)
    found = answer.json()
    if part.get("next"):
        assert found["next"], "there is more"
        part = {**part, "next": found["next"]}
    assert found == part
    again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    whole = await client.get(path.replace("fields=", "fields=,"))
    assert whole.json() == found and whole.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize(
    "path", ["/api/recordings", f"/api/recordings/{ID}", "/api/jobs", "/api/catalogue/unknown"]
)
async def test_a_field_that_is_not_there_is_named_beside_those_that_are(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, params={"fields": f"name,{'a_wing_' * 10}"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field")
    assert "'a_wing_a_wing_" in answer.json()["detail"] and len(answer.json()["detail"]) < 600


async def test_without_it_all_is_answered(client: httpx.AsyncClient) -> None:
    for fields in ("", ",", " "):
        answer = await client.get(f"/api/recordings/{ID}", params={"fields": fields})
        assert {"channels", "loss", "version"} <= set(answer.json())

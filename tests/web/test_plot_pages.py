"""The pages around plots as the server sends them."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from paddock.domain.job import JobState
from paddock.usecases.context import Context
from tests.logs import small_log
from tests.web.builders import HOSTILE, build_recording, metadata
from tests.web.conftest import Sender
from tests.web.converted import converted
from tests.web.test_pages import Tags

pytestmark = pytest.mark.anyio


async def test_compare_asks_for_what_is_missing(client: httpx.AsyncClient, context: Context) -> None:
    a, b = build_recording("a", build="1"), build_recording("b", build="1")
    await context.documents.recordings.put_many([a, b])
    nothing = (await client.get("/compare")).text
    assert a.id[:16] in nothing and "Two recordings, one time axis" in nothing
    assert "plot-workspace" not in (await client.get(f"/compare?a={a.id[:10]}")).text
    both = Tags((await client.get(f"/compare?a={a.id[:10]}&b={b.id[:10]}")).text)
    (workspace,) = (attributes for tag, attributes in both.found if tag == "plot-workspace")
    sources = json.loads(str(workspace["data-sources"]))
    assert [(source["id"], source["label"]) for source in sources] == [(a.id, "A"), (b.id, "B")]
    assert (await client.get("/compare?a=abcdef", headers={"Accept": "text/html"})).status_code == 404


async def test_files_of_several_recordings(client: httpx.AsyncClient, context: Context) -> None:
    a, b = build_recording("a", build="1"), build_recording("b", build="1", names=(HOSTILE,))
    await context.documents.recordings.put_many([a, b])
    page = Tags((await client.get(f"/export?recording={a.id}&recording={b.id[:8]}&recording={a.id}")).text)
    (form,) = (attributes for tag, attributes in page.found if tag == "take-away")
    assert [one["id"] for one in json.loads(str(form["data-recordings"]))] == [a.id, b.id]
    assert json.loads(str(form["data-recordings"]))[1]["name"] == HOSTILE
    formats = {one["name"]: one["layouts"] for one in json.loads(str(form["data-formats"]))}
    assert "hytech-v1" in formats["mat"] and "csv" in formats
    assert "Nothing is selected" in (await client.get("/export")).text
    many = "&".join(f"recording={number:06x}" for number in range(501))
    assert (await client.get(f"/export?{many}")).status_code == 422


async def test_hostile_names_on_these_pages(client: httpx.AsyncClient, context: Context) -> None:
    hostile = build_recording(names=(HOSTILE,), build="1", metadata=metadata(driver=HOSTILE, event=HOSTILE))
    await context.documents.recordings.insert(hostile)
    for path in (
        f"/compare?a={hostile.id}&b={hostile.id}",
        f"/export?recording={hostile.id}",
        f"/compare?a={HOSTILE}",
    ):
        tags = Tags((await client.get(path, headers={"Accept": "text/html"})).text).found
        assert all(str(attributes.get("src")).startswith("/static/") for tag, attributes in tags if tag == "script")
        assert not any(name.startswith("on") for _, attributes in tags for name in attributes), path


async def test_an_export_is_followed_by_events(client: httpx.AsyncClient, sender: Sender, tmp_path: Path) -> None:
    (tmp_path / "run.mcap").write_bytes(small_log())
    recording = await converted(sender.context, tmp_path / "run.mcap")
    path = f"/api/recordings/{recording.id}/exports"
    asked = (await client.post(path, json={"format": "csv"})).json()
    assert asked["state"] == JobState.QUEUED
    await sender.work_off()
    answer = await client.get(f"{path}/{asked['id']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    (event,) = [line for line in answer.text.splitlines() if line.startswith("data:")]
    told = json.loads(event.removeprefix("data:"))
    assert told["state"] == "done" and told["artifact"]["format"] == "csv"
    assert (await client.get(f"{path}/{'0' * 32}/events")).status_code == 404

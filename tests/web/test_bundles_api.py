"""Several recordings taken away at once, over HTTP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from paddock.domain.export import ExportRequest
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Recording
from paddock.usecases.context import Context
from paddock.usecases.take_away import bundles
from tests.logs import small_log
from tests.web.builders import build_recording
from tests.web.conftest import Sender
from tests.web.converted import converted

pytestmark = pytest.mark.anyio


@pytest.fixture
async def runs(context: Context, tmp_path: Path) -> list[Recording]:
    """Two that are ready."""
    found = []
    for driver in ("Adam", "Mei"):
        path = tmp_path / f"run_{driver}.mcap"
        path.write_bytes(small_log(driver=driver))
        found.append(await converted(context, path))
    return found


async def ask(client: httpx.AsyncClient, ids: Sequence[str], **export: object) -> httpx.Response:
    return await client.post("/api/bundles", json={"ids": list(ids), "export": export})


async def test_it_is_followed_and_downloaded_as_one_zip(
    client: httpx.AsyncClient, sender: Sender, runs: list[Recording]
) -> None:
    asked = (await ask(client, [run.short_id for run in runs], format="csv", rate_hz=10)).json()
    assert (asked["description"], asked["settled"], asked["archive"]) == ("CSV, 10 Hz", False, None)
    early = await client.get(f"/api/bundles/{asked['id']}/zip")
    assert (early.status_code, early.json()["code"]) == (409, "not_done")
    await sender.work_off()
    done = (await client.get(f"/api/bundles/{asked['id']}")).json()
    assert (done["settled"], done["progress"]) == (True, 1.0)
    assert [item["name"] for item in done["items"]] == ["run_Adam.mcap", "run_Mei.mcap"]
    whole = await client.get(done["archive"]["url"])
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [item["file"]["name"] for item in done["items"]]
        for item in done["items"]:
            alone = await client.get(item["file"]["url"], follow_redirects=True)
            assert archive.read(item["file"]["name"]) == alone.content
    # Asking again is the same bundle, and every piece of the zip is a piece of the same bytes.
    assert (await ask(client, [run.id for run in runs], format="csv", rate_hz=10)).json()["id"] == asked["id"]
    for start, end in ((0, 0), (17, 400), (len(whole.content) - 30, len(whole.content) - 1)):
        part = await client.get(done["archive"]["url"], headers={"Range": f"bytes={start}-{end}"})
        assert (part.status_code, part.content) == (206, whole.content[start : end + 1])
    head = await client.head(done["archive"]["url"])
    assert int(head.headers["content-length"]) == len(whole.content)


async def test_one_that_cannot_be_made_does_not_stop_the_others(
    client: httpx.AsyncClient, sender: Sender, context: Context, runs: list[Recording]
) -> None:
    unready = build_recording(names=("later.mcap",))
    await context.documents.recordings.insert(unready)
    asked = (await ask(client, [runs[0].id, unready.id], format="csv")).json()
    assert asked["items"][1]["error"]["code"] == "not_ready" and not asked["settled"]
    await sender.work_off()
    archive = (await client.get(f"/api/bundles/{asked['id']}")).json()["archive"]
    with zipfile.ZipFile(io.BytesIO((await client.get(archive["url"])).content)) as zipped:
        assert len(zipped.namelist()) == 2
        assert zipped.read("not in here.txt").startswith(b"later.mcap: The recording is not converted yet")
    page = (await client.get(f"/bundles/{asked['id']}")).text
    assert "1 file could not be made" in page and "Ask again" in page


async def test_what_nobody_can_have_is_refused_at_once(client: httpx.AsyncClient, runs: list[Recording]) -> None:
    for export, code in (
        ({"format": "exe"}, "bad_format"),
        ({"rate_hz": -1}, "bad_rate"),
        ({"wings": 1}, "bad_request"),
    ):
        answer = await ask(client, [run.id for run in runs], **export)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await ask(client, ["abcdef"])).status_code == 404
    assert (await ask(client, [])).status_code == 422
    assert (await client.get("/api/bundles/nothing")).json()["code"] == "no_such_bundle"
    assert [job["kind"] for job in (await client.get("/api/jobs")).json()["items"]] == ["convert", "convert"]


async def test_after_an_edit_or_a_deletion_it_says_so_and_is_asked_again(
    client: httpx.AsyncClient, sender: Sender, runs: list[Recording]
) -> None:
    asked = (await ask(client, [run.id for run in runs], format="csv")).json()
    await client.patch(f"/api/recordings/{runs[0].id}", json={"metadata": {"driver": "Noah"}})
    await sender.work_off()
    state = (await client.get(f"/api/bundles/{asked['id']}")).json()
    assert [item["error"] and item["error"]["code"] for item in state["items"]] == ["export_gone", None]
    again = await client.post(f"/bundles/{asked['id']}/again")
    assert again.status_code == 303
    state = (await client.get(f"/api{again.headers['location']}")).json()
    assert state["settled"] and "Noah" in state["items"][0]["file"]["name"]
    await client.delete(f"/api/recordings/{runs[1].id}")
    state = (await client.get(f"/api{again.headers['location']}")).json()
    assert state["items"][1]["error"]["code"] == "recording_deleted"


async def test_files_of_an_older_version_get_their_checksum(
    client: httpx.AsyncClient, context: Context, runs: list[Recording]
) -> None:
    asked = (await ask(client, [run.id for run in runs])).json()
    assert asked["settled"], "the default file is there"
    for item in asked["items"]:
        await context.documents.artifacts.change(item["file"]["url"].rpartition("/")[2], {"crc32": None})
    with zipfile.ZipFile(io.BytesIO((await client.get(asked["archive"]["url"])).content)) as archive:
        assert archive.testzip() is None and len(archive.namelist()) == 2


async def test_names_in_the_zip_differ_also_where_ids_begin_alike(context: Context, runs: list[Recording]) -> None:
    (state,) = await bundles.states_of(
        context, [await bundles.request_bundle(context, LOCAL_USER, [runs[0].id], ExportRequest())]
    )
    (part,) = state.parts
    twice = bundles.BundleState(state.bundle, (part, part))
    assert len({name.casefold() for name, _ in twice.files}) == 2


async def test_exports_are_among_a_recordings_downloads(
    client: httpx.AsyncClient, sender: Sender, runs: list[Recording]
) -> None:
    run = runs[0]
    for export in ({"format": "csv"}, {"rate_hz": 10}, {"native": True}, {"rate_hz": 10, "start_s": 1}):
        await client.post(f"/api/recordings/{run.id}/exports", json=export)
    await sender.work_off()
    artifacts = (await client.get(f"/api/recordings/{run.id}")).json()["artifacts"]
    assert len({file["name"] for file in artifacts}) == len(artifacts) == 5
    assert {file["description"] for file in artifacts} >= {"MAT, 10 Hz", "MAT, native", "MAT, 10 Hz, 1 s to end"}
    page = (await client.get(f"/recordings/{run.id}")).text
    assert "MAT, 10 Hz, 1 s to end" in page and all(file["url"] in page for file in artifacts)
    (listed,) = (each for each in (await client.get("/api/recordings")).json()["items"] if each["id"] == run.id)
    assert [file["purpose"] for file in listed["artifacts"]] == ["default"]


async def test_the_jobs_page_names_logs_and_links_files(
    client: httpx.AsyncClient, sender: Sender, runs: list[Recording]
) -> None:
    asked = (await ask(client, [run.id for run in runs], format="csv", rate_hz=10)).json()
    waiting = (await client.get("/jobs")).text
    assert waiting.count("Make CSV, 10 Hz") == 2 and "2 recordings as CSV, 10 Hz" in waiting
    await sender.work_off()
    done = (await client.get("/jobs")).text
    assert "run_Adam.mcap</a>" in done and f'href="/bundles/{asked["id"]}"' in done
    assert f'href="/api/bundles/{asked["id"]}/zip"' in done
    for item in (await client.get(f"/api/bundles/{asked['id']}")).json()["items"]:
        assert f'href="{item["file"]["url"]}"' in done

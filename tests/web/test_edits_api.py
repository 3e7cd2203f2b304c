"""Filters, edits, deletion and files over HTTP: works, refuses, belongs."""

from __future__ import annotations

import httpx
import pytest

from paddock.domain.job import JobState
from paddock.domain.recording import Signal
from paddock.usecases.context import Context
from paddock.usecases.find.topic_sets import find_topic_sets
from tests.web.builders import (
    HOSTILE,
    STARTED_NS,
    build_channel,
    build_id,
    build_recording,
    insert_with_contents,
    metadata,
)

pytestmark = pytest.mark.anyio


async def test_filters_narrow_the_list(client: httpx.AsyncClient, context: Context) -> None:
    hot = build_recording(1)
    eve = build_recording(2, metadata=metadata(driver="Eve"), started_ns=STARTED_NS + 86_400_000_000_000)
    await insert_with_contents(context.documents, hot, channels=(build_channel("B"),))
    await insert_with_contents(context.documents, eve)
    await find_topic_sets(context.documents)
    await context.documents.signals.put_many([Signal("s", hot.id, "B.t", "float", max=60.0)])
    for query, expected in (
        ("driver=Eve", ["run_2.mcap"]),
        ("driver=Eve&driver=Adam", ["run_2.mcap", "run_1.mcap"]),
        ("car=", ["run_2.mcap"]),
        ("topic=B", ["run_1.mcap"]),
        ("signal=max(B.t)%20>%2055", ["run_1.mcap"]),
        ("signal=max(B.t)>55&signal=max(B.t)>61", []),
        ("from=2026-04-19", ["run_2.mcap"]),
        ("to=2026-04-18", ["run_1.mcap"]),
        ("to=2026-04-18T14:32:08Z", ["run_1.mcap"]),
        ("sort=started_at", ["run_1.mcap", "run_2.mcap"]),
        ("health=failed", []),
        ("deleted=true", []),
    ):
        found = (await client.get(f"/api/recordings?{query}")).json()["items"]
        assert [item["name"] for item in found] == expected, query
    assert (await client.get("/api/recordings?fields=,&limit=1")).json() == (
        await client.get("/api/recordings?limit=1")
    ).json(), "no field named is no field left out"
    partial = (await client.get("/api/recordings?fields=id,started_at&limit=1")).json()
    assert partial["items"] == [{"id": eve.id, "started_at": "2026-04-19T14:32:07.500Z"}]
    assert partial["next"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("signal=max(x)", "bad_comparison"),
        ("from=yesterday", "bad_time"),
        ("to=9999-12-31", "bad_time"),
        ("from=2026-02-30", "bad_time"),
        ("health=well", "bad_request"),
        ("sort=name", "bad_sort"),
        ("fields=id,nope", "unknown_field"),
        ("q=" + "+".join(map(str, range(99))), "search_too_long"),
        ("&".join(f"topic={number}" for number in range(99)), "search_too_long"),
        ("context=1", None),
    ],
)
async def test_what_cannot_be_looked_for_is_said(client: httpx.AsyncClient, query: str, code: str | None) -> None:
    for path in ("/api/recordings", "/"):
        answer = await client.get(f"{path}?{query}")
        if path == "/" and query.startswith("fields"):
            assert answer.json()["code"] == "unknown_parameter"
        elif code:
            assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


@pytest.mark.parametrize("text", [".*", "[", "\\", "%_", "'; DROP", HOSTILE, "x" * 9_999, "🏎️ " * 2_000, "\x00"])
async def test_a_search_is_only_text(client: httpx.AsyncClient, context: Context, text: str) -> None:
    await context.documents.recordings.insert(build_recording())
    for name in ("q", "driver", "topic"):
        answer = await client.get("/", params={name: text})
        assert answer.status_code in (200, 422), name
        assert "<script>alert" not in answer.text
    assert (await client.get("/api/signal-names", params={"q": text[:300]})).json() == []


async def test_an_edited_cursor_is_refused_on_pages_too(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many([build_recording(number) for number in range(3)])
    cursor = (await client.get("/api/recordings?limit=1")).json()["next"]
    for path in ("/api/recordings?", "/?day=all&", "/deleted?"):
        edited = await client.get(f"{path}after={cursor[:-2]}xx")
        assert (edited.status_code, edited.json()["code"]) == (422, "bad_cursor")


async def test_an_edit_its_history_and_undo(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    path = f"/api/recordings/{recording.id}"
    edited = await client.patch(
        path,
        json={"metadata": {"driver": HOSTILE, "notes": ""}, "started_at": "2026-04-18T10:00:00Z", "version": 1},
    )
    assert edited.status_code == 200, edited.text
    body = edited.json()
    assert body["metadata"]["driver"] == {"value": HOSTILE, "source": "person"}
    assert (body["started_at"], body["started_source"], body["version"]) == ("2026-04-18T10:00:00Z", "person", 2)
    history = (await client.get(f"{path}/history")).json()["items"]
    assert {(each["field"], each["principal"], each["can_undo"]) for each in history} == {
        ("driver", "local", True),
        ("started_at", "local", True),
    }
    for change in history:
        assert (await client.post(f"{path}/history/{change['id']}/undo")).status_code == 200
    assert (await client.get(path)).json()["metadata"]["driver"] == {"value": "Adam", "source": "file"}
    again = await client.post(f"{path}/history/{history[0]['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "changed_since")
    assert (await client.post(f"{path}/history/nothing/undo")).status_code == 404


async def test_a_base_station_is_named_as_the_source(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    path = f"/api/recordings/{recording.id}"
    body = {"metadata": {"driver": "Eve"}, "source": "base_station"}
    said = (await client.patch(path, json=body)).json()
    assert said["metadata"]["driver"] == {"value": "Eve", "source": "base_station"}
    await client.patch(path, json={"metadata": {"driver": "Bo"}})
    said = (await client.patch(path, json=body)).json()
    assert said["metadata"]["driver"] == {"value": "Bo", "source": "person"}
    assert (await client.patch(path, json=body | {"source": "file"})).status_code == 422


async def test_a_lost_race_answers_with_both_values(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    path = f"/api/recordings/{recording.id}"
    await client.patch(path, json={"metadata": {"driver": "Eve"}})
    lost = await client.patch(path, json={"metadata": {"driver": "Bo"}}, headers={"If-Match": '"1"'})
    assert (lost.status_code, lost.json()["code"], lost.json()["version"]) == (409, "edited_meanwhile", 2)
    assert lost.json()["differences"] == [{"field": "driver", "yours": "Bo", "theirs": "Eve", "by": "local"}]


@pytest.mark.parametrize("changed", ["{}", "W/{}", "{gzip}", "W/{gzip}"])
async def test_the_etag_of_a_recording_is_what_a_change_has_as_if_match(
    client: httpx.AsyncClient, context: Context, changed: str
) -> None:
    """Proxies that compress make it weak, or add how they did."""
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    path = f"/api/recordings/{recording.id}"
    etag = (await client.get(path)).headers["etag"]
    seen = {"If-Match": changed.format(etag, gzip=etag[:-1] + '-gzip"')}
    assert (await client.get(path, headers={"If-None-Match": seen["If-Match"]})).status_code == 304
    assert (await client.patch(path, json={"metadata": {"driver": "Eve"}}, headers=seen)).status_code == 200
    lost = await client.patch(path, json={"metadata": {"driver": "Bo"}}, headers=seen)
    assert (lost.status_code, lost.json()["code"]) == (409, "edited_meanwhile")
    for nothing in ('"nonsense"', "*", '"-1"', '"4", "5"', '"' + "9" * 40 + '"'):
        refused = await client.patch(path, json={"metadata": {"driver": "Bo"}}, headers={"If-Match": nothing})
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_version")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"metadata": {"nope": "x"}}, 422),
        ({"metadata": {"driver": "x" * 300}}, 422),
        ({"metadata": {"driver": 3}}, 422),
        ({"started_at": "noon"}, 422),
        ({"version": "1"}, 422),
        ({"status": "ready"}, 422),
        ([], 422),
    ],
)
async def test_edits_that_are_none(client: httpx.AsyncClient, context: Context, body: object, status: int) -> None:
    await context.documents.recordings.insert(build_recording())
    answer = await client.patch(f"/api/recordings/{build_recording().id}", json=body)
    assert answer.status_code == status, answer.text


async def test_many_at_once(client: httpx.AsyncClient, context: Context) -> None:
    recordings = [build_recording(number) for number in range(3)]
    await context.documents.recordings.put_many(recordings)
    ids = [recording.id for recording in recordings]
    tagged = await client.post("/api/recordings/edit", json={"ids": ids, "metadata": {"event": "Test"}})
    assert tagged.json() == {"count": 3}
    assert (await client.post("/api/recordings/delete", json={"ids": ids[:2]})).json() == {"count": 2}
    assert len((await client.get("/api/recordings?event=Test")).json()["items"]) == 1
    assert len((await client.get("/api/recordings?deleted=true")).json()["items"]) == 2
    assert (await client.post("/api/recordings/restore", json={"ids": ids})).json() == {"count": 2}
    for wrong in ([], [build_id("nobody")], ["x"]):
        assert (await client.post("/api/recordings/delete", json={"ids": wrong})).status_code in (404, 422)
    unready = await client.post("/api/bundles", json={"ids": ids, "export": {"format": "csv"}})
    assert (unready.status_code, unready.json()["code"]) == (409, "not_ready")


async def test_a_deleted_recording_says_so_and_comes_back(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording(names=(HOSTILE,))
    await context.documents.recordings.insert(recording)
    assert (await client.delete(f"/api/recordings/{recording.id}")).status_code == 204
    assert (await client.get(f"/api/recordings/{recording.id}")).status_code == 404
    page = (await client.get(f"/recordings/{recording.id}")).text
    assert "was deleted" in page and "<script>alert" not in page
    assert "<script>alert" not in (await client.get("/deleted")).text
    assert (await client.post(f"/recordings/{recording.id}/restore")).status_code == 303
    assert (await client.get(f"/api/recordings/{recording.id}")).json()["deleted_at"] is None


async def test_a_recording_is_converted_again(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording(build="b1")
    await context.documents.recordings.insert(recording)
    answer = await client.post(f"/api/recordings/{recording.short_id}/reprocess")
    assert (answer.status_code, answer.json()["id"]) == (202, recording.id)
    answer = await client.post(f"/recordings/{recording.short_id}/reprocess")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/recordings/{recording.short_id}")
    job = await context.documents.jobs.get(f"convert-{recording.id}")
    assert job is not None and job.kind == "convert"
    page = (await client.get(f"/recordings/{recording.id}")).text
    assert "Converted again in a moment" in page and "Convert again</button>" not in page
    await context.documents.jobs.change(job.id, {"state": JobState.DONE})
    page = (await client.get(f"/recordings/{recording.id}")).text
    assert "Converted again in a moment" not in page and "Convert again</button>" in page
    for path in ("/api/recordings/abcdef/reprocess", "/recordings/abcdef/reprocess"):
        assert (await client.post(path)).status_code == 404


async def test_files_are_downloads_and_never_pages(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    path = f"/api/recordings/{recording.id}/files"
    added = (await client.post(path, params={"name": "x.html"}, content=b"<script>alert(1)</script>")).json()
    answer = await client.get(added["url"], follow_redirects=True)
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await client.post(path, params={"name": "../x"}, content=b"")).status_code == 422
    assert (await client.delete(f"{path}/{added['id']}")).status_code == 204
    assert (await client.get(added["url"])).status_code == 404


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_another_sites_page_changes_nothing(client: httpx.AsyncClient, context: Context, origin: str) -> None:
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    path = f"/api/recordings/{recording.id}"
    for method, address in (
        ("PATCH", path),
        ("DELETE", path),
        ("POST", f"{path}/restore"),
        ("POST", "/api/recordings/delete"),
        ("POST", f"{path}/files?name=x"),
        ("POST", f"/recordings/{recording.id}/restore"),
        ("POST", f"{path}/reprocess"),
        ("POST", f"/recordings/{recording.id}/reprocess"),
    ):
        answer = await client.request(method, address, headers={"Origin": origin}, content=b"{}")
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site"), address

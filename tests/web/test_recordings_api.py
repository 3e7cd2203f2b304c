"""``/api/recordings``: works, refuses, belongs."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from paddock.domain.job import Job, JobState
from paddock.domain.recording import Failure, Loss, LossReport, Status
from paddock.usecases.context import Context
from paddock.usecases.find.topic_sets import find_topic_sets
from paddock.web.recordings.resources import RecordingDetail, RecordingPage
from tests.web.builders import (
    HOSTILE,
    STARTED_NS,
    build_artifact,
    build_channel,
    build_id,
    build_recording,
    insert_converted,
    insert_with_contents,
)

pytestmark = pytest.mark.anyio


async def test_a_recording_is_listed_with_all_that_a_script_needs(
    client: httpx.AsyncClient, context: Context
) -> None:
    recording = await insert_converted(context)

    answer = await client.get("/api/recordings")

    page = msgspec.convert(answer.json(), RecordingPage)
    (item,) = page.items
    assert page.next is None
    assert item.id == recording.id
    assert item.status is Status.READY
    assert item.health == "intact"
    assert item.started_at == "2026-04-18T14:32:07.500Z"
    assert item.duration_s == 612.4
    assert item.message_count == 1_204_331
    assert item.metadata["driver"].value == "Adam"
    assert item.artifacts[0].format == "mat"
    assert item.artifacts[0].name == f"HT09_2026-04-18_1432Z_Adam_Endurance_{recording.id[:8]}.mat"
    assert item.original is not None and item.original.url == f"/api/recordings/{recording.id}/original"


async def test_pages_follow_each_other(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many(
        [build_recording(number, started_ns=STARTED_NS + number) for number in range(5)]
    )
    seen = []
    after: dict[str, str] = {}
    while True:
        page = (await client.get("/api/recordings", params={"limit": "2", **after})).json()
        seen += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [f"run_{number}.mcap" for number in (4, 3, 2, 1, 0)]


async def test_search_looks_in_metadata_and_takes_no_pattern(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many([build_recording(1), build_recording(2, metadata={})])
    found = (await client.get("/api/recordings", params={"q": "ADAM endur"})).json()["items"]
    assert [item["name"] for item in found] == ["run_1.mcap"]
    for text in (".*", "%", "_ _", "\\", "'", "x" * 10_000, "\u0000"):
        answer = await client.get("/api/recordings", params={"q": text})
        assert answer.status_code in (200, 422), text


async def test_a_beginning_of_the_id_is_enough(client: httpx.AsyncClient, context: Context) -> None:
    loss = LossReport(missing=("footer",), losses=(Loss("truncated_chunk", 900, 52_000),), lost_bytes=52_000)
    recording = await insert_converted(context, loss=loss)
    answer = await client.get(f"/api/recordings/{recording.id[:6].upper()}")
    item = msgspec.convert(answer.json(), RecordingDetail)
    assert item.id == recording.id
    assert item.health == "recovered"
    assert item.loss is not None and "a chunk is cut off" in " ".join(item.loss.sentences)
    assert [channel.topic for channel in item.channels] == ["VNData", "BatteryPack"]
    assert item.file_metadata[0].entries["wing"] == "high"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/api/recordings/{build_id('nobody')}", 404, "no_such_recording"),
        ("/api/recordings/abc", 422, "bad_id"),
        ("/api/recordings/..%2f..%2fetc", 404, "no_such_page"),
        ("/api/recordings?limit=0", 422, "bad_request"),
        ("/api/recordings?limit=many", 422, "bad_request"),
        ("/api/recordings?lmit=3", 422, "unknown_parameter"),
        ("/api/recordings?after=edited", 422, None),
    ],
)
async def test_refusals_are_problems(client: httpx.AsyncClient, path: str, status: int, code: str | None) -> None:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert code is None or answer.json()["code"] == code


async def test_two_recordings_that_begin_alike_are_a_conflict(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many(
        [build_recording(1, id="abcdef" + "1" * 58), build_recording(2, id="abcdef" + "2" * 58)]
    )
    answer = await client.get("/api/recordings/abcdef")
    assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous_id")


async def test_asking_again_costs_no_body_until_something_changes(
    client: httpx.AsyncClient, context: Context
) -> None:
    recording = build_recording(status=Status.CONVERTING)
    await context.documents.recordings.insert(recording)
    for path in ("/api/recordings", f"/api/recordings/{recording.id}", "/"):
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])

    first = await client.get("/api/recordings")
    await context.documents.recordings.change(recording.id, {"status": Status.READY})
    changed = await client.get("/api/recordings", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json()["items"][0]["status"] == "ready"


async def test_the_running_job_says_how_far_it_is(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording(status=Status.CONVERTING)
    await context.documents.recordings.insert(recording)
    await context.documents.jobs.insert(
        Job(f"convert-{recording.id}", "convert", recording.id, 0, 0, state=JobState.RUNNING, progress=0.42)
    )
    (item,) = (await client.get("/api/recordings")).json()["items"]
    assert item["progress"] == 0.42


async def test_a_failed_log_says_why_and_keeps_its_original(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording(
        status=Status.FAILED, error=Failure("truncated", "The log ends in a chunk."), loss=None
    )
    gone = build_recording(2, status=Status.FAILED, error=Failure("wrong_hash", "Other bytes arrived."), loss=None)
    await context.documents.recordings.put_many([recording, gone])
    items = {item["id"]: item for item in (await client.get("/api/recordings")).json()["items"]}
    assert items[recording.id]["error"] == {"code": "truncated", "message": "The log ends in a chunk."}
    assert items[recording.id]["original"]
    assert items[gone.id]["original"] is None


async def test_downloads_of_what_is_not_there(client: httpx.AsyncClient, context: Context) -> None:
    recording, other = build_recording(1), build_recording(2)
    await context.documents.recordings.put_many([recording, other])
    artifact = build_artifact(other)
    await context.documents.artifacts.put_many([artifact])
    answer = await client.get(f"/api/recordings/{recording.id}/original")
    assert (answer.status_code, answer.json()["code"]) == (404, "original_missing")
    # It is there, but belongs to another recording.
    answer = await client.get(f"/api/recordings/{recording.id}/artifacts/{artifact.id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_artifact")


async def test_facets_of_a_search(client: httpx.AsyncClient, context: Context) -> None:
    await insert_with_contents(context.documents, build_recording(1))
    await insert_with_contents(context.documents, build_recording(2, metadata={}), channels=())
    await find_topic_sets(context.documents)
    answer = (await client.get("/api/recordings/facets", params={"driver": "adam"})).json()
    assert answer["topic"] == [{"value": "BatteryPack", "count": 1}, {"value": "VNData", "count": 1}]
    assert answer["driver"] == [{"value": "Adam", "count": 1}, {"value": "", "count": 1}]
    assert (answer["exact"], answer["more_topics"]) == (True, 0)
    refused = await client.get("/api/recordings/facets", params={"limit": "3"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_parameter")


async def test_a_topic_in_the_list_says_how_many_have_it(client: httpx.AsyncClient, context: Context) -> None:
    await insert_with_contents(context.documents, build_recording(1))
    await insert_with_contents(context.documents, build_recording(2), channels=(build_channel(HOSTILE),))
    await find_topic_sets(context.documents)
    page = (await client.get("/", params={"topic": "VNData"})).text
    assert 'value="VNData" checked> <span class="text">VNData</span> <span class="count">1<' in page
    assert "<script>alert" not in (await client.get("/")).text

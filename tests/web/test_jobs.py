"""Jobs, as API and as page."""

from __future__ import annotations

import httpx
import pytest

from paddock.domain.job import Job, JobState
from paddock.domain.recording import Failure
from paddock.usecases.context import Context
from tests.web.builders import build_recording

pytestmark = pytest.mark.anyio


@pytest.fixture
async def dead(context: Context) -> Job:
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    job = Job(
        f"convert-{recording.id}",
        "convert",
        recording.id,
        created_at=1,
        due_at=1,
        state=JobState.DEAD,
        tries=5,
        error=Failure("internal_error", "It crashed."),
        updated_at=1,
    )
    await context.documents.jobs.insert(job)
    await context.documents.jobs.insert(Job("ingest-gone", "ingest", "gone", 0, 0, JobState.DONE))
    return job


async def test_jobs_are_listed_by_state(client: httpx.AsyncClient, dead: Job) -> None:
    everything = (await client.get("/api/jobs")).json()["items"]
    assert [job["id"] for job in everything] == [dead.id, "ingest-gone"]
    assert everything[0]["error"] == {"code": "internal_error", "message": "It crashed."}
    assert everything[0]["created_at"] == "1970-01-01T00:00:00.000000001Z"
    (only,) = (await client.get("/api/jobs", params={"state": ["dead", "queued"]})).json()["items"]
    assert only["id"] == dead.id
    assert (await client.get("/api/jobs?state=sleeping")).status_code == 422


async def test_a_dead_job_is_retried_once(client: httpx.AsyncClient, dead: Job) -> None:
    answer = await client.post(f"/api/jobs/{dead.id}/retry")
    assert (answer.json()["state"], answer.json()["tries"]) == ("queued", 0)
    again = await client.post(f"/api/jobs/{dead.id}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "job_not_dead")
    assert (await client.post("/api/jobs/nobody/retry")).status_code == 404


async def test_the_page_says_why_and_its_button_works_without_scripts(
    client: httpx.AsyncClient, context: Context, dead: Job
) -> None:
    page = (await client.get("/jobs")).text
    assert "It crashed." in page and "run_1.mcap" in page and f'action="/jobs/{dead.id}/retry"' in page
    answer = await client.post(f"/jobs/{dead.id}/retry", headers={"Origin": "http://127.0.0.1:8080"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs")
    job = await context.documents.jobs.get(dead.id)
    assert job is not None and job.state is JobState.QUEUED


async def test_empty_pages_tell_the_next_step(client: httpx.AsyncClient) -> None:
    assert "Upload logs" in (await client.get("/jobs")).text
    assert "All jobs" in (await client.get("/jobs?state=dead")).text


async def test_one_job_is_shown(client: httpx.AsyncClient, dead: Job) -> None:
    job = (await client.get(f"/api/jobs/{dead.id}")).json()
    assert (job["id"], job["state"], job["error"]["message"]) == (dead.id, "dead", "It crashed.")
    assert (await client.get(f"/api/jobs/{dead.id}?fields=state")).json() == {"state": "dead"}
    missing = await client.get("/api/jobs/nobody")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_job")


async def test_all_dead_jobs_are_retried_at_once(client: httpx.AsyncClient, context: Context, dead: Job) -> None:
    await context.documents.jobs.insert(
        Job("export-x", "export", "x", 0, 0, JobState.DEAD, params={"request": "{}"})
    )
    page = (await client.get("/jobs")).text
    assert "Retry all 2 failed" in page and "Make MAT" in page
    assert (await client.post("/jobs/retry")).status_code == 303
    assert "Retry all" not in (await client.get("/jobs")).text
    assert {job["state"] for job in (await client.get("/api/jobs")).json()["items"]} == {"queued", "done"}


async def test_storage_as_api_and_page(client: httpx.AsyncClient, context: Context) -> None:
    assert "Nothing is stored yet" in (await client.get("/storage")).text
    await context.documents.recordings.insert(build_recording())
    storage = (await client.get("/api/storage")).json()
    assert storage["groups"][0] | {"derived_bytes": 0} == {
        "car": "HT09",
        "event": "Endurance",
        "recordings": 1,
        "original_bytes": 73_400_320,
        "derived_bytes": 0,
    }
    assert "73.4 MB" in (await client.get("/storage")).text

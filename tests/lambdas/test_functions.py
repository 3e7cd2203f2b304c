"""The functions from event to link: real runtime client, S3 server and MongoDB-wire server; SQS is the test."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time
from dataclasses import replace

import httpx
import pytest

from paddock.domain.export import ExportRequest
from paddock.domain.job import JobState
from paddock.domain.keys import raw_key
from paddock.domain.principal import LOCAL_USER
from paddock.domain.queue_messages import announcement
from paddock.domain.recording import Status
from paddock.usecases.conversion.builds import sweep_old_builds
from paddock.usecases.find.recordings import artifact_link, artifacts_of
from paddock.usecases.intake import uploads
from paddock.usecases.intake.sweep_uploads import sweep_uploads
from paddock.usecases.jobs import leases
from paddock.usecases.jobs.attempt import do
from paddock.usecases.storage.fsck import fsck
from paddock.usecases.take_away.export import get_export, request_export
from tests.lambdas.conftest import Cloud
from tests.logs import small_log
from tests.matlab_files import loadmat

pytestmark = pytest.mark.anyio
LOG = small_log()
ID = hashlib.sha256(LOG).hexdigest()
TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})


async def download(cloud: Cloud, recording_id: str) -> bytes:
    recording = await cloud.recording(recording_id)
    (artifact,) = (await artifacts_of(cloud.context, [recording]))[recording_id]
    link = await artifact_link(cloud.context, recording, artifact.id)
    return httpx.get(link, trust_env=False).raise_for_status().content


async def test_whatever_lands_in_the_bucket_becomes_matlab_and_both_events_of_it_are_harmless(cloud: Cloud) -> None:
    key = "incoming/logger/run 7+8 ü.mcap"
    cloud.drop(key, LOG)
    ingest = cloud.function()
    assert ingest.invoke(TEST_EVENT, cloud.event(key)) == []
    assert ingest.invoke(cloud.event(key, "ObjectCreated:CompleteMultipartUpload"), cloud.event(key)) == []
    recording = await cloud.recording(ID)
    assert (recording.status, recording.names) == (Status.READY, ("run 7+8 ü.mcap",))
    mat = loadmat(io.BytesIO(await download(cloud, ID)), simplify_cells=True)
    assert mat["Pedals"]["throttle"].shape == (50,)
    assert await cloud.keys("incoming/") == []
    assert raw_key(ID) in await cloud.keys()
    convert = await cloud.context.documents.jobs.get(f"convert-{ID}")
    assert convert is not None and (convert.state, convert.tries) == (JobState.DONE, 1)


async def test_an_announced_upload_told_three_times_and_out_of_order_is_one_conversion(cloud: Cloud) -> None:
    plan = await cloud.send(LOG)
    assert plan.upload is not None
    ingest = cloud.function()
    # Before anybody completed it there is no object, so an event about it is nothing to do.
    assert ingest.invoke(cloud.event(plan.upload.key)) == []
    await uploads.complete(cloud.context, plan.upload.id)
    messages = [
        cloud.event(plan.upload.key, "ObjectCreated:CompleteMultipartUpload"),
        announcement(f"ingest-{plan.upload.id}"),
        announcement(f"convert-{ID}"),
    ]
    assert ingest.invoke(*reversed(messages)) == []
    assert ingest.invoke(*messages) == []
    assert (await cloud.recording(ID)).status is Status.READY
    assert len(await cloud.keys("artifacts/")) == 1


async def test_eight_containers_at_once_make_one_recording(cloud: Cloud) -> None:
    cloud.drop("incoming/run.mcap", LOG)
    containers = [cloud.function() for _ in range(3)]
    for number in range(8):
        containers[number % 3].send(cloud.event("incoming/run.mcap"))
    await asyncio.gather(*(asyncio.to_thread(containers[number % 3].answer) for number in range(8)))
    for container in containers:
        container.invoke(cloud.event("incoming/run.mcap"))
    assert (await cloud.recording(ID)).status is Status.READY
    assert len(await cloud.keys("artifacts/")) == 1
    assert len(await cloud.keys("columns/")) == 1


async def test_a_poison_log_and_garbage_do_not_hold_up_the_good_ones(cloud: Cloud) -> None:
    poison = b"\x89PNG" * 10_000
    cloud.drop("incoming/poison.mcap", poison)
    cloud.drop("incoming/good.mcap", LOG)
    ingest = cloud.function()
    answer = ingest.invoke(cloud.event("incoming/poison.mcap"), "no JSON at all", cloud.event("incoming/good.mcap"))
    assert answer == [1], (
        "only the message that nobody understands is sent again, and ends on the dead letter queue"
    )
    assert (await cloud.recording(ID)).status is Status.READY
    failed = await cloud.recording(hashlib.sha256(poison).hexdigest())
    assert failed.error is not None
    assert (failed.status, failed.error.code) == (Status.FAILED, "not_mcap")
    assert raw_key(failed.id) in await cloud.keys()


async def test_a_log_that_is_too_large_for_a_function_is_left_to_the_host(cloud: Cloud) -> None:
    cloud.drop("incoming/run.mcap", LOG)
    assert cloud.function(PADDOCK_FUNCTION_MAX_BYTES="100").invoke(cloud.event("incoming/run.mcap")) == []
    assert await leases.take(cloud.context, "host", overdue_ns=10**12) is None
    while job := await leases.take(cloud.context, "host"):
        await do(cloud.context, job)
    assert (await cloud.recording(ID)).status is Status.READY


async def test_exports_are_made_by_their_function(cloud: Cloud) -> None:
    cloud.drop("incoming/run.mcap", LOG)
    cloud.function().invoke(cloud.event("incoming/run.mcap"))
    request = ExportRequest(format="csv", signals=("Pedals.throttle",), end_s=1.0)
    asked = await request_export(cloud.context, LOCAL_USER, ID, request)
    again = await request_export(cloud.context, LOCAL_USER, ID, request)
    assert again.id == asked.id
    assert asked.job is not None
    assert cloud.function("export").invoke(announcement(asked.job.id), announcement(asked.job.id)) == []
    made = await get_export(cloud.context, ID, asked.id)
    assert made.artifact is not None
    link = await artifact_link(cloud.context, await cloud.recording(ID), made.artifact.id)
    assert b"throttle" in httpx.get(link, trust_env=False).raise_for_status().content
    assert (await request_export(cloud.context, LOCAL_USER, ID, request)).artifact == made.artifact


@pytest.mark.parametrize("delay_s", [0.0, 0.4, 1.2])
async def test_a_function_killed_in_the_middle_loses_nothing(cloud: Cloud, delay_s: float) -> None:
    log = small_log(100_000)
    recording_id = hashlib.sha256(log).hexdigest()
    cloud.drop("incoming/long.mcap", log)
    first = cloud.function()
    first.invoke(TEST_EVENT)
    first.send(cloud.event("incoming/long.mcap"))
    time.sleep(delay_s)
    first.kill()
    # SQS sends the message again after its visibility timeout, when the lease of the dead has long run out.
    second = cloud.function()
    second.invoke(cloud.event("incoming/long.mcap"))
    later = replace(cloud.context, now=lambda: time.time_ns() + 31 * 10**9)
    await sweep_uploads(later)
    while job := await leases.take(later, "host"):
        await do(later, job)
    recording = await cloud.recording(recording_id)
    assert (recording.status, recording.message_count) == (Status.READY, 100_000)
    much_later = replace(cloud.context, now=lambda: time.time_ns() + 2 * 3600 * 10**9)
    # Killed after it was shown, a conversion is done again: what it had made is kept until its links have run out.
    await sweep_old_builds(much_later)
    _ = [finding async for finding in fsck(much_later, mend=True)]
    assert [finding async for finding in fsck(much_later)] == []
    assert len(await cloud.keys("artifacts/")) == 1
    assert len(await cloud.keys("columns/")) == 1
    assert await cloud.keys("incoming/") == []

"""From parts to the link in the database: upload → S3 event → SQS → batch handler → artifact → download.

The S3 server and its events are versitygw's, the queue is moto's, the function runs in AWS's runtime client, the
documents are on FerretDB. What polls the queue for the function is simulated here.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.bootstrap import open_context
from paddock.domain.recording import Status
from paddock.settings import read_settings
from paddock.usecases.find.recordings import artifact_link, artifacts_of
from paddock.usecases.intake import uploads
from tests.adapters import s3_sides
from tests.adapters.mongodb_sides import own_database
from tests.adapters.s3_sides import moto_server
from tests.lambdas.conftest import Cloud
from tests.lambdas.runtime import Function
from tests.logs import small_log
from tests.matlab_files import loadmat
from tests.servers import versitygw
from tests.servers.versitygw import REGION, S3Server

__all__ = ["moto_server"]

pytestmark = pytest.mark.anyio


class Bucket2Queue(ThreadingHTTPServer):
    """The bucket's event configuration: what the store tells goes to the queue as it is."""

    daemon_threads = True

    def __init__(self, sqs: Any, queue_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.sqs, self.queue_url = sqs, queue_url


class _Forward(BaseHTTPRequestHandler):
    server: Bucket2Queue

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "ObjectCreated" in body and "incoming" in body:
            self.server.sqs.send_message(QueueUrl=self.server.queue_url, MessageBody=body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def queue(moto_server: S3Server) -> Iterator[Bucket2Queue]:
    import boto3

    sqs = boto3.client(
        "sqs",
        endpoint_url=moto_server.endpoint,
        region_name=REGION,
        aws_access_key_id=moto_server.access_key,
        aws_secret_access_key=moto_server.secret_key,
    )
    url = sqs.create_queue(QueueName=f"paddock-{secrets.token_hex(4)}")["QueueUrl"]
    forwarding = Bucket2Queue(sqs, url)
    threading.Thread(target=forwarding.serve_forever, daemon=True).start()
    yield forwarding
    forwarding.shutdown()
    forwarding.server_close()


def drain(queue: Bucket2Queue, function: Function) -> int:
    """Poll the queue as Lambda does until it is empty; how many messages were done."""
    done = 0
    while True:
        answer = queue.sqs.receive_message(QueueUrl=queue.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages = answer.get("Messages", [])
        if not messages:
            return done
        failed = function.invoke(*(message["Body"] for message in messages))
        assert failed == []
        for message in messages:
            queue.sqs.delete_message(QueueUrl=queue.queue_url, ReceiptHandle=message["ReceiptHandle"])
        done += len(messages)


async def test_from_the_parts_to_the_link(
    request: pytest.FixtureRequest, queue: Bucket2Queue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = small_log(200)
    recording_id = hashlib.sha256(log).hexdigest()
    webhook = f"http://127.0.0.1:{queue.server_address[1]}/"
    with versitygw.running(tmp_path / "s3", webhook) as store:
        bucket = s3_sides.make_bucket(store, monkeypatch)
        async with own_database(request, "ferretdb") as url:
            environment = {
                **store.environment(),
                "PADDOCK_MONGODB_URL": url,
                "PADDOCK_S3_BUCKET": bucket,
                "PADDOCK_S3_ENDPOINT": store.endpoint,
                "PADDOCK_S3_PATH_STYLE": "true",
                "PADDOCK_AWS_REGION": REGION,
            }
            ours = {name: value for name, value in environment.items() if name.startswith("PADDOCK_")}
            ours["PADDOCK_INGEST_QUEUE_URL"] = queue.queue_url
            async with open_context(read_settings(ours, data=tmp_path / "host")) as context:
                cloud = Cloud(store, bucket, environment, tmp_path, context)
                function = cloud.function()
                plan = await cloud.send(log)
                assert plan.upload is not None
                await uploads.complete(context, plan.upload.id)
                cloud.drop("incoming/from another program.mcap", small_log(driver="Eva"))
                assert drain(queue, function) >= 2
                function.kill()
                recordings = (await context.documents.recordings.find()).items
                assert [recording.status for recording in recordings] == [Status.READY] * 2
                recording = await cloud.recording(recording_id)
                (artifact,) = (await artifacts_of(context, [recording]))[recording_id]
                link = await artifact_link(context, recording, artifact.id)
                mat = loadmat(
                    io.BytesIO(httpx.get(link, trust_env=False).raise_for_status().content), simplify_cells=True
                )
                assert mat["Pedals"]["throttle"].shape == (200,)
                assert await cloud.keys("incoming/") == []

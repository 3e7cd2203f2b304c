"""Job ids over SQS, on moto; and a queue that is away."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import boto3
import botocore.retries.standard
import pytest

from paddock.adapters import sqs
from paddock.adapters.sqs import SqsWork
from paddock.errors import Unavailable
from tests.adapters.faulty_proxy import proxying
from tests.servers.versitygw import REGION, S3Server

pytestmark = pytest.mark.anyio


@dataclass
class Queue:
    client: object
    url: str

    def bodies(self) -> list[str]:
        answer = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def queue(moto_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Queue:
    for name, value in moto_server.environment().items():
        monkeypatch.setenv(name, value)
    client = boto3.client("sqs", endpoint_url=moto_server.endpoint, region_name=REGION)
    return Queue(client, client.create_queue(QueueName=f"paddock-{secrets.token_hex(6)}")["QueueUrl"])


@pytest.fixture
async def work(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqsWork]:
    monkeypatch.setattr(sqs, "LONGEST_POLL_S", 1)
    opened = SqsWork(queue.url, region=REGION)
    yield opened
    await opened.close()


async def test_an_announced_id_travels(work: SqsWork, queue: Queue) -> None:
    await work.announce("ingest-7f3a")
    assert [json.loads(body) for body in queue.bodies()] == [{"job": "ingest-7f3a"}]


async def test_waiting_ends_when_an_id_arrives_and_takes_it(work: SqsWork, queue: Queue) -> None:
    waiting = asyncio.create_task(work.wait(60))
    await asyncio.sleep(0.2)
    await work.announce("ingest-7f3a")
    await asyncio.wait_for(waiting, 30)
    assert queue.bodies() == []


async def test_waiting_ends_in_time_and_the_poll_goes_on(work: SqsWork, queue: Queue) -> None:
    begun = time.monotonic()
    await work.wait(0.05)
    assert time.monotonic() - begun < 0.9, "shorter than the poll"
    await work.announce("ingest-7f3a")
    await work.wait(30)
    assert queue.bodies() == []


async def test_messages_for_others_are_left(work: SqsWork, queue: Queue) -> None:
    for body in ('{"Records": []}', "garbage"):
        queue.client.send_message(QueueUrl=queue.url, MessageBody=body)
    await work.announce("ingest-7f3a")
    for _ in range(3):
        await work.wait(0.3)
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "0"})
    left = int(
        queue.client.get_queue_attributes(
            QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )["Attributes"]["ApproximateNumberOfMessagesNotVisible"]
    ) + len(queue.bodies())
    assert left == 2


@pytest.mark.parametrize("fault", ["busy", "cut", "nonsense"])
async def test_a_queue_that_does_not_answer_is_unavailable(
    queue: Queue, moto_server: S3Server, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda self, context: 0.01)
    with proxying(moto_server.endpoint) as proxy:
        work = SqsWork(queue.url.replace(moto_server.endpoint, proxy.endpoint), region=REGION)
        proxy.fail(fault)
        with pytest.raises(Unavailable) as away:
            await work.announce("ingest-7f3a")
        assert away.value.code == "queue_unavailable"
        if fault != "nonsense":  # which says that nothing waits
            with pytest.raises(Unavailable):
                await work.wait(30)
        proxy.fail("none")
        await work.announce("ingest-7f3a")
        await work.close()
    assert len(queue.bodies()) == 1


async def test_a_queue_that_is_not_there_is_unavailable(queue: Queue) -> None:
    """Permanent for us would mean permanent for a recording."""
    work = SqsWork(queue.url + "-gone", region=REGION)
    with pytest.raises(Unavailable):
        await work.announce("ingest-7f3a")
    await work.close()


async def test_the_region_is_in_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    work = SqsWork("https://sqs.eu-central-1.amazonaws.com/123456789012/paddock")
    assert work._sqs.meta.region_name == "eu-central-1"
    assert work._sqs.meta.endpoint_url == "https://sqs.eu-central-1.amazonaws.com"
    await work.close()

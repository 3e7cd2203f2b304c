"""Job ids over SQS, on moto; and a queue that is away."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from paddock.errors import Unavailable
from tests.adapters.faulty_proxy import proxying
from tests.servers.versitygw import REGION, S3Server

if TYPE_CHECKING:
    from paddock.adapters.sqs import SqsWork

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
    import boto3

    for name, value in moto_server.environment().items():
        monkeypatch.setenv(name, value)
    client = boto3.client("sqs", endpoint_url=moto_server.endpoint, region_name=REGION)
    return Queue(client, client.create_queue(QueueName=f"paddock-{secrets.token_hex(6)}")["QueueUrl"])


@pytest.fixture
def exports(queue: Queue) -> Queue:
    return Queue(queue.client, queue.client.create_queue(QueueName=f"paddock-{secrets.token_hex(6)}")["QueueUrl"])


def sqs_work(*urls: str) -> SqsWork:
    from paddock.adapters.sqs import SqsWork

    return SqsWork(*urls, region=REGION)


@pytest.fixture
async def work(queue: Queue) -> AsyncIterator[SqsWork]:
    opened = sqs_work(queue.url)
    yield opened
    await opened.close()


async def test_an_announced_id_travels(work: SqsWork, queue: Queue) -> None:
    await work.announce("ingest-7f3a")
    assert [json.loads(body) for body in queue.bodies()] == [{"job": "ingest-7f3a"}]


async def test_exports_travel_on_their_own_queue(queue: Queue, exports: Queue) -> None:
    work = sqs_work(queue.url, exports.url)
    await work.announce("export-1")
    await work.announce("convert-1")
    assert [json.loads(body)["job"] for body in exports.bodies()] == ["export-1"]
    assert [json.loads(body)["job"] for body in queue.bodies()] == ["convert-1"]
    await work.close()


async def test_waiting_leaves_the_functions_their_messages(work: SqsWork, queue: Queue) -> None:
    await work.announce("ingest-7f3a")
    await work.wait(0.01)
    assert len(queue.bodies()) == 1


async def test_what_the_functions_gave_up_is_sent_again(queue: Queue, exports: Queue) -> None:
    """``exports`` plays the dead letter queue."""
    arn = exports.client.get_queue_attributes(QueueUrl=exports.url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})
    for number in range(12):
        queue.client.send_message(QueueUrl=exports.url, MessageBody=f'{{"job": "ingest-{number}"}}')
    work = sqs_work(queue.url)
    assert await work.redrive() == 12
    assert exports.bodies() == []
    assert queue.bodies() != []
    assert await work.redrive() == 0
    await work.close()


@pytest.mark.parametrize("fault", ["busy", "cut", "nonsense"])
async def test_a_queue_that_does_not_answer_is_unavailable(
    queue: Queue, moto_server: S3Server, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.01)
    with proxying(moto_server.endpoint) as proxy:
        work = sqs_work(queue.url.replace(moto_server.endpoint, proxy.endpoint))
        proxy.fail(fault)
        with pytest.raises(Unavailable) as away:
            await work.announce("ingest-7f3a")
        assert away.value.code == "queue_unavailable"
        if fault != "nonsense":  # which says that there is no dead letter queue
            with pytest.raises(Unavailable):
                await work.redrive()
        proxy.fail("none")
        await work.announce("ingest-7f3a")
        await work.close()
    assert len(queue.bodies()) == 1


async def test_a_queue_that_is_not_there_is_unavailable(queue: Queue) -> None:
    """Permanent for us would mean permanent for a recording."""
    work = sqs_work(queue.url + "-gone")
    with pytest.raises(Unavailable):
        await work.announce("ingest-7f3a")
    await work.close()


async def test_the_region_is_in_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    from paddock.adapters.sqs import SqsWork

    work = SqsWork("https://sqs.eu-central-1.amazonaws.com/111111111111/paddock")
    assert work._sqs.meta.region_name == "eu-central-1"
    assert work._sqs.meta.endpoint_url == "https://sqs.eu-central-1.amazonaws.com"
    await work.close()

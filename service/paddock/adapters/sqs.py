"""Job ids over SQS. What can be lost here is a wake-up, never a job."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from paddock.domain.queue_messages import announcement
from paddock.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10
"""The most messages that SQS hands out at once."""
REDRIVE_LIMIT = 10_000
"""Messages moved in one call, so that one that comes back at once cannot make it run for ever."""


class SqsWork:
    """``ports/work.py`` over the queues that wake the functions. Credentials are found by boto3, as for S3.

    Args:
        ingest_queue_url: ``https://sqs.eu-central-1.amazonaws.com/…/paddock-ingest``; its host is the endpoint.
        export_queue_url: the same for exports; empty to send them to the ingest queue too.
        region: empty for the one in the URL, or what boto3 finds.
        connect_timeout_s: until a connection is made.
        read_timeout_s: without an answer.
    """

    def __init__(
        self,
        ingest_queue_url: str,
        export_queue_url: str = "",
        *,
        region: str = "",
        connect_timeout_s: float = 5,
        read_timeout_s: float = 10,
    ) -> None:
        self._ingest = ingest_queue_url
        self._export = export_queue_url or ingest_queue_url
        parts = urlsplit(ingest_queue_url)
        host = (parts.hostname or "").split(".")
        if not region and len(host) > 2 and host[0] == "sqs":
            region = host[1]
        config = Config(
            connect_timeout=connect_timeout_s,
            read_timeout=read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": 4},
        )
        self._sqs: SQSClient = boto3.session.Session(region_name=region or None).client(
            "sqs", endpoint_url=f"{parts.scheme}://{parts.netloc}", config=config
        )

    async def announce(self, job_id: str) -> None:
        """Send ``{"job": id}`` to the queue of its kind.

        Raises:
            Unavailable: the queue does not answer. Nothing is lost: the job is a document already, and the host's
                worker takes what no function took in time.
        """
        queue = self._export if job_id.startswith("export-") else self._ingest
        await asyncio.to_thread(self._send, queue, announcement(job_id))

    async def wait(self, timeout_s: float) -> None:
        """Sleep: the queues are the functions', and a message that we received would be kept from them."""
        await asyncio.sleep(timeout_s)

    async def redrive(self) -> int:
        """Send what the functions gave up from each dead letter queue back to its queue; how many messages."""
        return sum([await asyncio.to_thread(self._redrive, queue) for queue in {self._ingest, self._export}])

    def _redrive(self, queue: str) -> int:
        moved = 0
        with self._errors(queue):
            dead = self._dead_letter_queue(queue)
            while dead and moved < REDRIVE_LIMIT:
                found = self._sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=_BATCH).get("Messages", [])
                for message in found:
                    self._sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
                    # Only now: a message that is there twice is harmless, one that is gone is not.
                    self._sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
                moved += len(found)
                if not found:
                    break
        return moved

    def _dead_letter_queue(self, queue: str) -> str:
        """Its URL; empty when the queue has none."""
        attributes = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])
        policy = attributes.get("Attributes", {}).get("RedrivePolicy")
        if policy is None:
            return ""
        name = msgspec.json.decode(policy, type=_RedrivePolicy).arn.rpartition(":")[2]
        return self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def _send(self, queue: str, body: str) -> None:
        with self._errors(queue):
            answer = self._sqs.send_message(QueueUrl=queue, MessageBody=body)
        if "MessageId" not in answer:
            # boto3 takes any 200 for an answer, also that of a login page in between.
            raise self._unavailable(queue, "it is no queue")

    async def close(self) -> None:
        """Give back connections."""
        self._sqs.close()

    @contextlib.contextmanager
    def _errors(self, queue: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise self._unavailable(queue, error.response.get("Error", {}).get("Code", "")) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise self._unavailable(queue, type(error).__name__) from error

    @staticmethod
    def _unavailable(queue: str, why: str) -> Unavailable:
        # Also for a queue that refuses us: no recording may fail for ever because of a wrong policy.
        name = urlsplit(queue).path.rpartition("/")[2]
        return Unavailable(f"The queue {name!r} does not answer ({why}).", code="queue_unavailable")


class _RedrivePolicy(msgspec.Struct):
    arn: str = msgspec.field(name="deadLetterTargetArn")

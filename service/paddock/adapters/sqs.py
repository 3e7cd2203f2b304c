"""Job ids over SQS. What can be lost here is a wake-up, never a job."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from paddock.domain.queue_messages import Announced, announcement, parse_message
from paddock.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

LONGEST_POLL_S = 20
"""What SQS allows. An idle worker then costs some 130,000 requests a month, which are free."""
_BATCH = 10

R = TypeVar("R")


class SqsWork:
    """``ports/work.py`` over one queue. Credentials are found by boto3, as for ``S3Objects``.

    Args:
        queue_url: like ``https://sqs.eu-central-1.amazonaws.com/123456789012/paddock``; its host is the endpoint.
        region: empty for the one in the URL, or what boto3 finds.
        connect_timeout_s: until a connection is made.
        read_timeout_s: without an answer, beyond the time of a long poll.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        region: str = "",
        connect_timeout_s: float = 5,
        read_timeout_s: float = 10,
    ) -> None:
        self._queue_url = queue_url
        parts = urlsplit(queue_url)
        host = (parts.hostname or "").split(".")
        if not region and len(host) > 2 and host[0] == "sqs":
            region = host[1]
        config = Config(
            connect_timeout=connect_timeout_s,
            read_timeout=LONGEST_POLL_S + read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": 4},
        )
        self._sqs: SQSClient = boto3.session.Session(region_name=region or None).client(
            "sqs", endpoint_url=f"{parts.scheme}://{parts.netloc}", config=config
        )
        self._poll: asyncio.Future[None] | None = None

    async def announce(self, job_id: str) -> None:
        """Send ``{"job": id}``.

        Raises:
            Unavailable: the queue does not answer. The job is a document already, and the sweeper sends the ids of
                jobs that stay due again: the caller may tell its user to retry, but nothing is lost if he does not.
        """
        await asyncio.to_thread(self._announce, job_id)

    def _announce(self, job_id: str) -> None:
        with self._errors():
            sent = self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=announcement(job_id))
            if not sent.get("MessageId"):
                raise self._unavailable("no SQS")

    async def wait(self, timeout_s: float) -> None:
        """Return when an id arrived, at the latest after ``timeout_s``. For a worker with a queue of its own.

        Ids are deleted at once: the job itself is in the documents, under a lease. Any other message, such as S3's
        events for the functions, is left, and comes again after the queue's visibility timeout.

        Raises:
            Unavailable: the queue does not answer.
        """
        # One long poll outlives many short waits: asking anew for each would cost forty times the requests.
        if self._poll is None:
            self._poll = _on_daemon_thread(self._receive)
        done, _ = await asyncio.wait({self._poll}, timeout=timeout_s)
        if done:
            poll, self._poll = self._poll, None
            poll.result()

    def _receive(self) -> None:
        with self._errors():
            answer = self._sqs.receive_message(
                QueueUrl=self._queue_url, WaitTimeSeconds=LONGEST_POLL_S, MaxNumberOfMessages=_BATCH
            )
            handles = [found["ReceiptHandle"] for found in answer.get("Messages", []) if _is_announcement(found)]
            if handles:
                self._sqs.delete_message_batch(
                    QueueUrl=self._queue_url,
                    Entries=[{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)],
                )

    async def close(self) -> None:
        """Give back connections; a poll under way ends by itself."""
        if self._poll is not None:
            self._poll.cancel()
            self._poll = None
        self._sqs.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise self._unavailable(code) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise self._unavailable(type(error).__name__) from error

    def _unavailable(self, why: str) -> Unavailable:
        # Also for a queue that refuses us: no recording may fail for ever because of a wrong policy.
        name = urlsplit(self._queue_url).path.rpartition("/")[2]
        return Unavailable(f"The queue {name!r} does not answer ({why}).", code="queue_unavailable")


def _is_announcement(message: MessageTypeDef) -> bool:
    try:
        return any(isinstance(said, Announced) for said in parse_message(message.get("Body", "")))
    except Rejected:
        return False


def _on_daemon_thread(function: Callable[[], R]) -> asyncio.Future[R]:
    """Like ``asyncio.to_thread``, on a thread that the end of the process does not wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[R] = loop.create_future()

    def settle(result: R | None, error: Exception | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failure = None, None
        try:
            result = function()
        except Exception as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="sqs", daemon=True).start()
    return future

"""A Lambda runtime API on loopback, and a function in AWS's own runtime client behind it.

``awslambdaric`` is what runs a Python function inside Lambda. It polls this server for events and posts answers, as
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html describes. SQS and the service around the function
are simulated by the test; the function, its stores and their servers are real.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY

ANSWER_S = 120


class _RuntimeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: queue.Queue[tuple[str, Any]] = queue.Queue()


class _Handler(BaseHTTPRequestHandler):
    server: _RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        while True:
            with contextlib.suppress(queue.Empty):
                request_id, event = self.server.events.get(timeout=0.2)
                break
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(2**42))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:111111111111:function:f")
        self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.put((self.path.rsplit("/", 1)[1], json.loads(body or b"null")))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


class Function:
    """One warm container of a function."""

    def __init__(self, name: str, directory: Path, environment: dict[str, str]) -> None:
        task_root = directory / f"task-{uuid.uuid4().hex[:8]}"
        task_root.mkdir()
        for source in ("batch.py", f"{name}/handler.py"):
            shutil.copy(REPOSITORY / "lambdas" / source, task_root)
        self._api = _RuntimeApi()
        threading.Thread(target=self._api.serve_forever, daemon=True).start()
        host, port = self._api.server_address[:2]
        self.log = directory / f"{task_root.name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", "handler.handler"],
                cwd=task_root,
                env={
                    "PATH": os.environ["PATH"],
                    "AWS_LAMBDA_RUNTIME_API": f"{host!s}:{port}",
                    "AWS_LAMBDA_FUNCTION_NAME": f"paddock-{name}",
                    "AWS_LAMBDA_FUNCTION_VERSION": "1",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
                    "LAMBDA_TASK_ROOT": str(task_root),
                    "PYTHONPATH": str(task_root),
                    "POWERTOOLS_LOG_LEVEL": "WARNING",
                    "PADDOCK_DATA": str(task_root / "tmp"),
                    **environment,
                },
                stdout=log,
                stderr=log,
            )

    def invoke(self, *bodies: str) -> list[int]:
        """Deliver one batch; which of its messages SQS would send again, by position."""
        self.send(*bodies)
        return self.answer()

    def send(self, *bodies: str) -> None:
        """Deliver one batch without waiting."""
        records = [_record(number, body) for number, body in enumerate(bodies)]
        self._api.events.put((str(uuid.uuid4()), json.dumps({"Records": records}).encode()))

    def answer(self) -> list[int]:
        """Wait for the answer to the oldest batch."""
        try:
            kind, answer = self._api.answers.get(timeout=ANSWER_S)
        except queue.Empty:
            raise AssertionError(f"no answer from the function:\n{self.log.read_text()[-4000:]}") from None
        if kind == "error":
            # Powertools raises when every message of a batch failed: SQS then sends all of them again.
            assert answer["errorType"] == "BatchProcessingError", self.log.read_text()[-4000:]
            return [-1]
        return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]

    def kill(self) -> None:
        """End it as Lambda ends a container that runs over its time."""
        self.process.kill()
        self.process.wait()
        self._api.shutdown()
        self._api.server_close()


def _record(number: int, body: str) -> dict[str, Any]:
    """A message as Lambda gets it from SQS."""
    return {
        "messageId": str(number),
        "receiptHandle": f"handle-{number}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1776522720000",
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": "1776522720001",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:111111111111:paddock-ingest",
        "awsRegion": "us-east-1",
    }

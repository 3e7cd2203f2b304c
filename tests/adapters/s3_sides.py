"""S3 servers for the contract suites, an empty bucket each time, and links followed as a browser does.

moto runs in this process. It takes bad checksums, and expired and tampered links: tests of those are marked
``not_on("moto")``.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.servers.versitygw import REGION, S3Server, models_read_once

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from paddock.adapters.s3 import S3Objects

LEAST_PART_BYTES = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    from moto.server import ThreadedMotoServer  # a second of imports, which few tests need

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with models_read_once():
        yield S3Server(f"http://{host}:{port}", "test", "test")
    server.stop()


def make_bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, and the server's credentials where boto3 looks for them."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    bucket = f"paddock-{secrets.token_hex(6)}"
    client(server).create_bucket(Bucket=bucket)
    return bucket


def client(server: S3Server) -> S3Client:
    """Plain boto3: another program that uses the same bucket."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=REGION,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
    )


def retry_without_pauses(patch: pytest.MonkeyPatch) -> None:
    """Requests are repeated as often as ever, but at once."""
    patch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.01)
    patch.setattr("paddock.adapters.s3_stream.PAUSES_S", (0.01, 0.01, 0.01))


def objects_on(server: S3Server, bucket: str, **arguments: Any) -> S3Objects:
    from paddock.adapters.s3 import S3Objects

    return S3Objects(bucket, **{"endpoint": server.endpoint, "path_style": True, "region": REGION, **arguments})


def leaving(server: S3Server, bucket: str) -> Callable[[str, bytes, str], Awaitable[None]]:
    """Another program that puts objects there, with what it says of them."""

    async def leave(key: str, data: bytes, sidecar: str) -> None:
        client(server).put_object(Bucket=bucket, Key=key, Body=data, Metadata={"paddock": sidecar})

    return leave


def browser() -> httpx.AsyncClient:
    """It reads no certificates, which takes 20 ms: the stores of the tests speak plain HTTP."""
    return httpx.AsyncClient(trust_env=False, verify=False, timeout=60)


async def get(url: str, **headers: str) -> tuple[int, bytes]:
    """Status and body; an error's body is the store's own and says nothing to us."""
    async with browser() as http:
        answer = await http.get(url, headers=headers)
    # A link that is not even well-formed is a 400.
    refused = answer.status_code in (400, 401, 403)
    return (403, b"") if refused else (answer.status_code, answer.content)


async def put(url: str, body: bytes, **headers: str) -> int:
    async with browser() as http:
        status = (await http.put(url, content=body, headers=headers)).status_code
    return 403 if status in (400, 401) else status


@contextlib.contextmanager
def signing_earlier(seconds: float) -> Iterator[None]:
    """Links are signed as if it was some time ago: a real server's clock cannot be moved."""
    import botocore.auth

    now: Callable[..., datetime] = vars(botocore.auth)["get_current_datetime"]

    def earlier(*arguments: Any, **named: Any) -> datetime:
        return now(*arguments, **named) - timedelta(seconds=seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", earlier)
        yield

"""The cloud side as it stands: MongoDB-wire documents, a real S3 server, and a function in AWS's runtime client."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import pytest

from paddock.bootstrap import open_context
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Recording
from paddock.settings import Settings, read_settings
from paddock.usecases.context import Context
from paddock.usecases.intake import uploads
from tests.adapters import s3_sides
from tests.adapters.mongodb_sides import ferretdb, own_database
from tests.lambdas.runtime import Function
from tests.servers.versitygw import REGION, S3Server, versitygw_server

__all__ = ["ferretdb", "versitygw_server"]


@dataclass
class Cloud:
    """A bucket, a database, and the host that shares them with the functions."""

    server: S3Server
    bucket: str
    environment: dict[str, str]
    directory: Path
    context: Context
    functions: list[Function] = field(default_factory=list)

    def function(self, name: str = "ingest", **settings: str) -> Function:
        """A cold start."""
        started = Function(name, self.directory, {**self.environment, **settings})
        self.functions.append(started)
        return started

    def drop(self, key: str, body: bytes) -> None:
        """Another program puts an object into the bucket."""
        s3_sides.client(self.server).put_object(Bucket=self.bucket, Key=key, Body=body)

    def event(self, key: str, name: str = "ObjectCreated:Put") -> str:
        """What S3 says about an object, as it arrives through SQS."""
        return json.dumps(
            {
                "Records": [
                    {
                        "eventVersion": "2.1",
                        "eventSource": "aws:s3",
                        "awsRegion": REGION,
                        "eventTime": "2026-04-18T14:45:00.000Z",
                        "eventName": name,
                        "userIdentity": {"principalId": "AWS:EXAMPLE"},
                        "requestParameters": {"sourceIPAddress": "10.0.0.1"},
                        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
                        "s3": {
                            "s3SchemaVersion": "1.0",
                            "configurationId": "incoming",
                            "bucket": {"name": self.bucket, "arn": f"arn:aws:s3:::{self.bucket}"},
                            "object": {"key": quote_plus(key, safe="/"), "size": 1, "eTag": "0", "sequencer": "0"},
                        },
                    }
                ]
            }
        )

    async def send(self, log: bytes, name: str = "run.mcap") -> uploads.UploadPlan:
        """Announce a log and send its parts straight to the store, as a browser does."""
        plan = await uploads.announce(
            self.context, LOCAL_USER, sha256=hashlib.sha256(log).hexdigest(), size_bytes=len(log), name=name
        )
        async with httpx.AsyncClient(trust_env=False) as http:
            for part in plan.parts:
                piece = log[part.offset : part.offset + part.size_bytes]
                (await http.put(part.url, content=piece)).raise_for_status()
        return plan

    async def recording(self, recording_id: str) -> Recording:
        found = await self.context.documents.recordings.get(recording_id)
        assert found is not None
        return found

    async def keys(self, prefix: str = "") -> list[str]:
        return [found.key async for found in self.context.objects.list(prefix)]


@pytest.fixture
async def cloud(
    request: pytest.FixtureRequest,
    versitygw_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> AsyncIterator[Cloud]:
    bucket = s3_sides.make_bucket(versitygw_server, monkeypatch)
    async with own_database(request, "ferretdb") as url:
        environment = {
            **versitygw_server.environment(),
            "PADDOCK_MONGODB_URL": url,
            "PADDOCK_S3_BUCKET": bucket,
            "PADDOCK_S3_ENDPOINT": versitygw_server.endpoint,
            "PADDOCK_S3_PATH_STYLE": "true",
            "PADDOCK_AWS_REGION": REGION,
        }
        settings: Settings = read_settings(
            {name: value for name, value in environment.items() if name.startswith("PADDOCK_")},
            data=tmp_path / "host",
        )
        async with open_context(settings) as context:
            opened = Cloud(versitygw_server, bucket, environment, tmp_path, context)
            try:
                yield opened
            finally:
                for function in opened.functions:
                    function.kill()

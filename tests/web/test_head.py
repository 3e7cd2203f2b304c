"""HEAD: on every address what GET answers, without a body."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from paddock.bootstrap import open_context
from paddock.domain.job import Job, JobState
from paddock.domain.keys import raw_key
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.web.app import create_app
from paddock.web.kernel.head import answering_head
from tests.adapters.s3_sides import make_bucket, moto_server
from tests.logs import small_log
from tests.servers.versitygw import REGION, S3Server
from tests.web.builders import build_id, build_recording, insert_converted
from tests.web.conftest import Connect, Sender

__all__ = ["moto_server"]

pytestmark = pytest.mark.anyio

_OF_ONE_ANSWER = ("x-request-id", "date")


async def test_every_address_answers_as_to_get_but_without_a_body(
    client: httpx.AsyncClient, context: Context
) -> None:
    recording = await insert_converted(context)
    for path in (
        *("/", "/upload", "/jobs", "/storage", "/signals", "/deleted", "/sync", "/compare", "/export"),
        *(f"/recordings/{recording.id}", "/static/kernel/paddock.css", "/health", "/schema/openapi.json"),
        *("/api/recordings", f"/api/recordings/{recording.id}", "/api/jobs", "/api/catalogue", "/api/storage"),
        *("/nowhere", "/api/recordings/abcdef", "/api/recordings?limit=0", "/api/uploads"),
    ):
        asked, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (asked.status_code, b""), path
        different = {
            name for name in {*asked.headers, *head.headers} if asked.headers.get(name) != head.headers.get(name)
        }
        if "no-store" not in asked.headers.get("cache-control", ""):
            assert different <= set(_OF_ONE_ANSWER), path
        if "etag" in asked.headers:
            again = await client.head(path, headers={"If-None-Match": asked.headers["etag"]})
            assert again.status_code == 304, path


async def test_nothing_is_changed_by_it(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    for path in ("/api/recordings/edit", "/jobs/retry", f"/api/recordings/{recording.id}/restore"):
        assert (await client.head(path)).status_code in (404, 405)


async def test_a_file_behind_a_signed_link_is_described_here(client: httpx.AsyncClient, sender: Sender) -> None:
    recording = await sender.upload(small_log(), "run 1.mcap")
    path = f"/api/recordings/{recording['id']}"
    assert (await client.head(f"{path}/original")).status_code == 404, "it is not moved there yet"
    await sender.work_off()
    detail = (await client.get(path)).json()
    added = (await client.post(f"{path}/files?name=setup.txt", content=b"wing 4")).json()
    for file in (detail["original"], detail["artifacts"][0], added):
        head = await client.head(file["url"])
        assert (head.status_code, head.content) == (200, b""), file
        asked = await client.get(file["url"], follow_redirects=True)
        for header in ("content-length", "content-type", "content-disposition", "accept-ranges", "etag"):
            assert head.headers[header] == asked.headers[header], header
        assert head.headers["content-length"] == str(file["size_bytes"])
        again = await client.head(file["url"], headers={"If-None-Match": head.headers["etag"]})
        assert again.status_code == 304


async def test_s3_takes_a_link_for_get_alone_so_head_is_not_sent_there(
    tmp_path: Path, moto_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = make_bucket(moto_server, monkeypatch)
    settings = Settings(
        data=tmp_path / "data",
        s3_bucket=bucket,
        s3_endpoint=moto_server.endpoint,
        s3_path_style=True,
        aws_region=REGION,
    )
    async with open_context(settings) as context:
        recording = build_recording()
        await context.documents.recordings.insert(recording)
        (tmp_path / "log").write_bytes(small_log())
        await context.objects.put_file(raw_key(recording.id), tmp_path / "log")
        transport = httpx.ASGITransport(create_app(context, settings), client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            asked = await client.get(f"/api/recordings/{recording.id}/original")
            head = await client.head(f"/api/recordings/{recording.id}/original", headers={"Range": "bytes=0-9"})
    assert (asked.status_code, asked.headers["location"].startswith(moto_server.endpoint)) == (302, True)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(small_log()))
    assert head.headers["content-type"] == "application/octet-stream"
    assert head.headers["accept-ranges"] == "bytes"
    assert head.headers["content-disposition"].startswith("attachment; filename=")


async def test_a_range_is_for_get_alone(client: httpx.AsyncClient, context: Context, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(100))
    await context.objects.put_file("raw/a.mcap", tmp_path / "a")
    link = await context.objects.link("raw/a.mcap", file_name="a.mcap", expires_s=60)
    for wanted in ("bytes=10-19", "bytes=100-"):
        head = await client.head(link, headers={"Range": wanted})
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "100", b"")
        assert "content-range" not in head.headers


async def test_an_export_is_not_followed_for_nobody(connect: Connect, context: Context) -> None:
    """A stream of events lasts as long as the export: who asks for the headers alone is not kept waiting."""
    recording, export = build_recording(), build_id("export")[:32]
    await context.documents.recordings.insert(recording)
    job = Job(f"export-{export}", "export", export, 0, 0, JobState.RUNNING, params={"recording": recording.id})
    await context.documents.jobs.insert(job)
    async with connect() as client, asyncio.timeout(20):
        head = await client.head(f"/api/recordings/{recording.id}/exports/{export}/events")
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_the_body_is_not_even_read() -> None:
    sent: list[dict[str, object]] = []

    async def app(scope: object, receive: object, send: object) -> None:
        assert scope["method"] == "GET"  # type: ignore[index]
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        assert (await receive())["type"] == "http.disconnect"  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"much", "more_body": True})  # type: ignore[operator]

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "HEAD", "headers": [(b"range", b"bytes=0-1")]}
    await answering_head(app)(scope, lambda: None, send)  # type: ignore[arg-type]
    assert [message.get("body") for message in sent] == [None, b""]
    assert scope["method"] == "HEAD"

"""Objects behind signed links: Range, validators, names, and nobody without a link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog
from litestar import Request

from paddock.adapters.directory import DirectoryObjects
from paddock.domain.names import content_disposition
from paddock.ports.objects import ObjectInfo
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.web.kernel.ranged import Ranged
from paddock.web.kernel.ranges import Span, requested_span
from tests.web.serving import serve

CONTENT = bytes(range(256)) * 4
SIZE = len(CONTENT)


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=10-19", Span(10, 20)),
        ("bytes=10-", Span(10, SIZE)),
        ("bytes=-24", Span(SIZE - 24, SIZE)),
        (f"bytes=-{SIZE * 2}", Span(0, SIZE)),
        (f"bytes=1000-{SIZE * 9}", Span(1000, SIZE)),
        ("BYTES=1-2", Span(1, 3)),
        ("bytes= 1-2 ", Span(1, 3)),
        ("bytes=00000000000000000000001-2", Span(1, 3)),
        (f"bytes={SIZE}-", Span(0, 0)),
        (f"bytes={SIZE}-{SIZE + 5}", Span(0, 0)),
        ("bytes=-0", Span(0, 0)),
        ("bytes=" + "9" * 400 + "-", Span(0, 0)),
        ("bytes=0-" + "9" * 400, Span(0, SIZE)),
        ("bytes=-" + "9" * 400, Span(0, SIZE)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=٣-٤", None),
    ],
)
def test_requested_span(header: str | None, span: Span | None) -> None:
    assert requested_span(header, SIZE) == span


@pytest.mark.parametrize("header", ["bytes=0-0", "bytes=-1", "bytes=0-"])
def test_no_range_of_an_empty_object_can_be_satisfied(header: str) -> None:
    assert requested_span(header, 0) == Span(0, 0)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("run.mat", "attachment; filename=\"run.mat\"; filename*=UTF-8''run.mat"),
        (
            'Jürgen\'s "lap".mat',
            "attachment; filename=\"J_rgen_s _lap_.mat\"; filename*=UTF-8''J%C3%BCrgen%27s%20%22lap%22.mat",
        ),
        ("a\r\nSet-Cookie: x", "attachment; filename=\"aSet-Cookie_ x\"; filename*=UTF-8''aSet-Cookie%3A%20x"),
        ("", "attachment; filename=\"download\"; filename*=UTF-8''download"),
    ],
)
def test_content_disposition(name: str, header: str) -> None:
    assert content_disposition(name) == header


@pytest.fixture
async def link(context: Context, tmp_path: Path) -> AsyncIterator[str]:
    source = tmp_path / "content"
    source.write_bytes(CONTENT)
    await context.objects.put_file("raw/a.mcap", source)
    yield await context.objects.link("raw/a.mcap", file_name="run ü.mcap", expires_s=60)


@pytest.mark.anyio
async def test_the_whole_object(client: httpx.AsyncClient, link: str) -> None:
    answer = await client.get(link)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"].endswith("filename*=UTF-8''run%20%C3%BC.mcap")
    assert answer.headers["x-content-type-options"] == "nosniff"

    head = await client.head(link)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == answer.headers[name]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("header", "status", "content", "content_range"),
    [
        ("bytes=10-19", 206, CONTENT[10:20], f"bytes 10-19/{SIZE}"),
        ("bytes=-24", 206, CONTENT[-24:], f"bytes {SIZE - 24}-{SIZE - 1}/{SIZE}"),
        (f"bytes={SIZE}-", 416, b"", f"bytes */{SIZE}"),
        ("bytes=0-1,5-6", 200, CONTENT, None),
    ],
)
async def test_ranges(
    client: httpx.AsyncClient, link: str, header: str, status: int, content: bytes, content_range: str | None
) -> None:
    answer = await client.get(link, headers={"Range": header})
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("content-range") == content_range
    assert answer.headers["content-length"] == str(len(content))


@pytest.mark.anyio
async def test_validators(client: httpx.AsyncClient, link: str) -> None:
    first = await client.get(link)
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    span = {"Range": "bytes=0-9"}
    statuses = {
        "none match": (await client.get(link, headers={"If-None-Match": etag})).status_code,
        "none match any": (await client.get(link, headers={"If-None-Match": "*"})).status_code,
        "none match wins": (
            await client.get(link, headers={"If-None-Match": '"x"', "If-Modified-Since": modified})
        ).status_code,
        "modified since": (await client.get(link, headers={"If-Modified-Since": modified})).status_code,
        "nonsense since": (await client.get(link, headers={"If-Modified-Since": "yesterday"})).status_code,
        "if range etag": (await client.get(link, headers={**span, "If-Range": etag})).status_code,
        "if range date": (await client.get(link, headers={**span, "If-Range": modified})).status_code,
        "if range weak": (await client.get(link, headers={**span, "If-Range": f"W/{etag}"})).status_code,
        "if range other": (await client.get(link, headers={**span, "If-Range": '"other"'})).status_code,
    }
    assert statuses == {
        "none match": 304,
        "none match any": 304,
        "none match wins": 200,
        "modified since": 304,
        "nonsense since": 200,
        "if range etag": 206,
        "if range date": 206,
        "if range weak": 200,
        "if range other": 200,
    }


@pytest.mark.anyio
async def test_only_the_link_as_it_was_signed(client: httpx.AsyncClient, context: Context, link: str) -> None:
    for changed in (link.replace("a.mcap", "b.mcap"), link + "&x=1", link[:-1], link.split("?")[0]):
        answer = await client.get(changed)
        assert (answer.status_code, answer.json()["code"]) == (403, "link_tampered")
    expired = await context.objects.link("raw/a.mcap", file_name="a", expires_s=-1)
    assert (await client.get(expired)).json()["code"] == "link_expired"
    gone = await context.objects.link("raw/gone.mcap", file_name="a", expires_s=60)
    assert (await client.get(gone)).status_code == 404


@pytest.mark.anyio
async def test_a_part_is_exactly_its_bytes(client: httpx.AsyncClient, context: Context) -> None:
    objects = context.objects
    assert isinstance(objects, DirectoryObjects)
    store_upload = await objects.begin_upload("incoming/u", 6, 4)
    first = await objects.part_link("incoming/u", store_upload, 1, 4, 60)
    second = await objects.part_link("incoming/u", store_upload, 2, 2, 60)

    assert (await client.put(first, content=b"12345")).json()["code"] == "wrong_size"

    async def no_length() -> AsyncIterator[bytes]:
        yield b"1234"

    assert (await client.put(first, content=no_length())).status_code == 411
    assert (await client.put(first.replace("part=1", "part=2"), content=b"1234")).status_code == 403
    assert (await client.get(first)).status_code == 405
    assert not await objects.parts("incoming/u", store_upload)

    assert (await client.put(first, content=b"1234")).json()["number"] == 1
    assert (await client.put(second, content=b"56")).status_code == 200
    await objects.complete_upload("incoming/u", store_upload)
    assert b"".join([piece async for piece in objects.read("incoming/u")]) == b"123456"


@pytest.mark.anyio
async def test_a_client_that_leaves_ends_the_reading() -> None:
    read: list[int] = []

    async def pieces(start: int, end: int) -> AsyncIterator[bytes]:
        for number in range(100):
            read.append(number)
            yield b"x"

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)
        return {"type": "http.disconnect" if read[-1] == 3 else "http.request"}

    async def send(message: object) -> None:
        await asyncio.sleep(0)

    request = httpx.Request("GET", "http://x/")
    scope = {"type": "http", "method": "GET", "path": "/", "headers": request.headers.raw, "query_string": b""}
    info = ObjectInfo("raw/a", 100, "etag", 0)
    response = Ranged(info, pieces, file_name="a").to_asgi_response(None, Request(scope))  # type: ignore[arg-type]
    await response(scope, receive, send)  # type: ignore[arg-type]
    assert 3 < len(read) < 10


@pytest.mark.anyio
async def test_a_sender_that_leaves_is_no_fault_of_ours(context: Context, settings: Settings) -> None:
    objects = context.objects
    assert isinstance(objects, DirectoryObjects)
    store_upload = await objects.begin_upload("incoming/u", 6, 6)
    path, query = (
        (await objects.part_link("incoming/u", store_upload, 1, 6, 60)).removeprefix(settings.base_url).split("?")
    )
    scope = {
        "type": "http",
        "method": "PUT",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"content-length", b"6")],
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
        "http_version": "1.1",
        "root_path": "",
    }
    arriving = [{"type": "http.request", "body": b"123", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return arriving.pop(0)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    with structlog.testing.capture_logs() as lines:
        await serve(context, settings)(scope, receive, send)
    assert [(line["event"], line["status"]) for line in lines] == [("request", 422)]
    assert not await objects.parts("incoming/u", store_upload)

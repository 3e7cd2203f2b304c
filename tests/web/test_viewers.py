"""Opening a log in a viewer on the web: its link, and who may read objects from another site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from paddock.domain.recording import LossReport, Purpose, Recording
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.web.viewers.addresses import VIEWERS, viewers_can_load
from tests.logs import small_log
from tests.web.builders import build_artifact, build_recording
from tests.web.conftest import Connect
from tests.web.converted import converted

pytestmark = pytest.mark.anyio

FOXGLOVE = VIEWERS["foxglove"].origin


@pytest.fixture
async def recording(context: Context, tmp_path: Path) -> AsyncIterator[Recording]:
    (tmp_path / "run.mcap").write_bytes(small_log())
    yield await converted(context, tmp_path / "run.mcap")


@pytest.mark.parametrize("viewer", list(VIEWERS))
async def test_a_viewer_gets_a_link_that_it_can_read(
    client: httpx.AsyncClient, recording: Recording, viewer: str
) -> None:
    answer = await client.get(f"/api/recordings/{recording.short_id}/viewers/{viewer}")
    address = urlsplit(answer.headers["location"])
    query = parse_qs(address.query)
    assert answer.status_code == 302 and f"https://{address.netloc}" == VIEWERS[viewer].origin
    assert query["ds"] == ["remote-file"]
    assert urlsplit(query["ds.url"][0]).path.endswith(".mcap"), "viewers know a log by how its path ends"
    origin = {"Origin": VIEWERS[viewer].origin, "Range": "bytes=0-7"}
    read = await client.get(query["ds.url"][0], headers=origin)
    assert (read.status_code, read.content) == (206, b"\x89MCAP0\r\n")
    assert read.headers["access-control-allow-origin"] == VIEWERS[viewer].origin
    exposed = read.headers["access-control-expose-headers"]
    assert {"Content-Range", "ETag", "Accept-Ranges", "Content-Length"} == set(exposed.split(", "))


async def test_of_a_damaged_log_the_viewer_copy_is_opened(
    client: httpx.AsyncClient, context: Context, recording: Recording
) -> None:
    damaged = {"loss": LossReport(missing=("footer",))}
    await context.documents.recordings.change(recording.id, damaged)
    copy = build_artifact(
        recording, format="mcap", purpose=Purpose.VIEWER, id="c" * 32, key="artifacts/copy", created_at=1
    )
    exported = {"id": "d" * 32, "key": "artifacts/slice", "created_at": 2, "purpose": Purpose.EXPORT}
    later = msgspec.structs.replace(copy, **exported)
    await context.documents.artifacts.put_many([copy, later])
    answer = await client.get(f"/api/recordings/{recording.id}/viewers/foxglove")
    (link,) = parse_qs(urlsplit(answer.headers["location"]).query)["ds.url"]
    assert parse_qs(urlsplit(link).query)["key"] == ["artifacts/copy"]


async def test_no_other_site_may_read(client: httpx.AsyncClient, recording: Recording) -> None:
    link = (await client.get(f"/api/recordings/{recording.id}/original")).headers["location"]
    for origin in (
        "https://evil.example",
        "https://app.foxglove.dev.evil.example",
        "null",
        "http://app.foxglove.dev",
    ):
        read = await client.get(link, headers={"Origin": origin})
        asked = await client.options(link, headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
        for answer in (read, asked):
            assert not [name for name in answer.headers if name.startswith("access-control")], origin
            assert answer.headers["vary"] == "Origin"
    page = await client.get(f"/api/recordings/{recording.id}", headers={"Origin": FOXGLOVE})
    assert "access-control-allow-origin" not in page.headers


async def test_a_browser_that_asks_first(client: httpx.AsyncClient, recording: Recording) -> None:
    link = (await client.get(f"/api/recordings/{recording.id}/original")).headers["location"]
    asking = {
        "Origin": FOXGLOVE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "range",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = await client.options(link, headers=asking)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FOXGLOVE
    assert "Range" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD"
    assert answer.headers["access-control-allow-private-network"] == "true"


async def test_where_the_browser_would_refuse_nothing_is_offered(
    connect: Connect, recording: Recording, settings: Settings
) -> None:
    assert viewers_can_load("https://paddock.example/objects") and viewers_can_load("http://[::1]:8080/x")
    async with connect() as in_the_vpn:
        path = f"/api/recordings/{recording.id}/viewers/foxglove"
        answer = await in_the_vpn.get(path, headers={"Host": "10.7.0.1:8080"})
        offered = await in_the_vpn.get(path.rpartition("/")[0], headers={"Host": "10.7.0.1:8080"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_reachable")
    assert offered.json()["items"] == [] and "plain http" in offered.json()["reason"]


async def test_nothing_is_offered_of_what_is_not_stored(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.insert(build_recording())
    offered = (await client.get(f"/api/recordings/{build_recording().id}/viewers")).json()
    assert offered["items"] == [] and "is gone" in offered["reason"]


async def test_there_are_two_viewers(client: httpx.AsyncClient, recording: Recording) -> None:
    offered = (await client.get(f"/api/recordings/{recording.id}/viewers")).json()
    assert [item["label"] for item in offered["items"]] == ["Foxglove", "Lichtblick"] and not offered["reason"]
    answer = await client.get(f"/api/recordings/{recording.id}/viewers/paint")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_viewer")

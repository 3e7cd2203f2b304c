from __future__ import annotations

import httpx
import pytest

from paddock.usecases.context import Context
from tests.readers.mcap.builders import STARTED_NS, LogBuilder
from tests.web.builders import HOSTILE, build_recording
from tests.web.conftest import Sender

pytestmark = pytest.mark.anyio

PAGE = b"<script>alert(1)</script>" * 40


def a_log(name: str = "report.html", media_type: str = "text/html") -> bytes:
    log = LogBuilder(chunked=False)
    log.add(log.channel("lap"), 0, {"lap": 1})
    log.writer.add_attachment(0, STARTED_NS, name, media_type, PAGE)
    log.writer.add_metadata("setup " + name, {name: media_type})
    return log.finish()


async def test_an_attachment_is_a_download_and_never_a_page(client: httpx.AsyncClient, sender: Sender) -> None:
    recording = await sender.upload(a_log())
    await sender.work_off()
    (attachment,) = (await client.get(f"/api/recordings/{recording['id']}")).json()["attachments"]
    assert attachment == {
        "url": f"/api/recordings/{recording['id']}/attachments/0",
        "name": "report.html",
        "media_type": "text/html",
        "size_bytes": len(PAGE),
        "logged_at": "2026-04-18T14:32:00Z",
        "created_at": None,
    }
    answer = await client.get(attachment["url"])
    assert (answer.status_code, answer.content) == (200, PAGE)
    assert (
        answer.headers["content-disposition"]
        == "attachment; filename=\"report.html\"; filename*=UTF-8''report.html"
    )
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox"


async def test_a_part_of_it_and_nothing_where_it_is_known(client: httpx.AsyncClient, sender: Sender) -> None:
    recording = await sender.upload(a_log())
    await sender.work_off()
    url = f"/api/recordings/{recording['id'][:10]}/attachments/0"
    part = await client.get(url, headers={"Range": "bytes=1-6"})
    assert (part.status_code, part.content) == (206, b"script")
    assert part.headers["content-range"] == f"bytes 1-6/{len(PAGE)}"
    beyond = await client.get(url, headers={"Range": f"bytes={len(PAGE)}-"})
    assert beyond.status_code == 416, "what follows in the log is not handed out"
    known = await client.get(url, headers={"If-None-Match": part.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


async def test_what_the_log_calls_things_is_text_on_the_page(client: httpx.AsyncClient, sender: Sender) -> None:
    recording = await sender.upload(a_log(HOSTILE, HOSTILE))
    await sender.work_off()
    page = (await client.get(f"/recordings/{recording['id']}")).text
    assert 'id="attachments"' in page and 'id="file-metadata"' in page
    assert page.count("&lt;script&gt;alert(1)") >= 5
    assert "<script>alert(1)" not in page
    url = f"/api/recordings/{recording['id']}/attachments/0"
    disposition = (await client.get(url)).headers["content-disposition"]
    assert disposition.startswith("attachment; ") and disposition.isascii() and "<" not in disposition


async def test_one_that_was_cut_off_is_said_and_not_offered(client: httpx.AsyncClient, sender: Sender) -> None:
    log = a_log()
    cut = log[: log.index(PAGE) + 100]
    recording = await sender.upload(cut)
    await sender.work_off()
    found = (await client.get(f"/api/recordings/{recording['id']}")).json()
    assert found["attachments"] == []
    assert found["loss"]["health"] == "recovered"
    assert any("cut off" in sentence for sentence in found["loss"]["sentences"])
    assert 'id="attachments"' not in (await client.get(f"/recordings/{recording['id']}")).text


@pytest.mark.parametrize(("number", "status"), [("1", 404), ("-1", 422), ("9" * 30, 404), ("x", 404)])
async def test_one_that_does_not_exist(
    client: httpx.AsyncClient, context: Context, number: str, status: int
) -> None:
    recording = build_recording()
    await context.documents.recordings.insert(recording)
    answer = await client.get(f"/api/recordings/{recording.id}/attachments/{number}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == status

"""The pages as the server sends them; what scripts make of them is in test_browser.py."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx
import pytest

from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Failure, Loss, LossReport, RunFigures, Status
from paddock.usecases.context import Context
from paddock.usecases.edit.delete import delete_recordings, restore_recordings
from paddock.web.kernel.words import size
from tests.web.builders import (
    HOSTILE,
    STARTED_NS,
    build_artifact,
    build_channel,
    build_recording,
    insert_converted,
    metadata,
)

pytestmark = pytest.mark.anyio


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.found if tag == "a" and attributes.get("href")]


async def test_an_empty_paddock_tells_the_next_step(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert "paddock upload" in page and "paddock up --demo" in page and "data-unsettled" not in page
    assert "Nothing matches" in (await client.get("/?q=nobody")).text


async def test_the_list(client: httpx.AsyncClient, context: Context) -> None:
    figures = RunFigures(18_240.0, "VNData.v", 31.2, 3.12, 52.4, driven=True)
    recording = await insert_converted(context, highlights=figures)
    page = (await client.get("/?q=adam")).text
    for text in ("Adam", "Endurance", "Michigan", "HT09", "10:12", "18.2", "112", "3.12", "52", "intact"):
        assert text in page
    assert 'datetime="2026-04-18T14:32:07.500Z"' in page
    links = Tags(page).links()
    assert f"/recordings/{recording.id[:16]}" in links
    assert f"/api/recordings/{recording.id}/artifacts/{build_artifact(recording).id}" in links


async def test_the_list_is_paged(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many(
        [build_recording(number, started_ns=STARTED_NS + number) for number in range(51)]
    )
    first = Tags((await client.get("/", params={"q": "run_"})).text)
    assert sum(tag == "tr" for tag, _ in first.found) == 1 + 1 + 50
    (older,) = (attributes["href"] for tag, attributes in first.found if attributes.get("rel") == "next")
    assert older is not None and older.startswith("/?q=run_&after=")
    second = (await client.get(older)).text
    assert "run_0.mcap" in second and "Latest" in second


async def test_a_recording_begins_with_what_it_was(client: httpx.AsyncClient, context: Context) -> None:
    figures = RunFigures(18_240.0, "VNData.v", 31.2, 3.12, None, driven=True)
    damaged = LossReport(missing=("footer",), losses=(Loss("bad_crc", 1_000, 52_208, 411),), lost_bytes=52_208)
    recording = await insert_converted(context, highlights=figures, loss=damaged, build="1")
    page = (await client.get(f"/recordings/{recording.id}")).text
    order = ["18.2", "112", "3.12", "lowest cell", "Adam", 'id="overview"', 'id="workspace"', 'id="downloads"']
    places = [page.index(each) for each in (*order, 'id="loss"', recording.id + "</code>")]
    assert places == sorted(places), "figures, run and plots before files, losses and the hash"
    assert "hottest cell" not in page and "not known" not in page
    assert '<a href="#loss">Lost in total: 52.2 kB.</a>' in page, "what was lost is said at the top as well"
    (actions,) = page.split('<p class="actions">', 1)[1].split("</p>", 1)[:1]
    assert ["Download MAT" in actions, "Take away…" in actions, "Compare…" in actions] == [True] * 3
    assert actions.count("button primary") == 1, "one of them goes first"
    (file,) = (attributes for tag, attributes in Tags(page).found if attributes.get("id") == "file")
    assert "open" not in file, "folded"


async def test_history_says_that_the_recording_was_deleted_and_restored(
    client: httpx.AsyncClient, context: Context
) -> None:
    recording = await insert_converted(context)
    await delete_recordings(context, LOCAL_USER, [recording.id])
    await restore_recordings(context, LOCAL_USER, [recording.id])
    page = " ".join((await client.get(f"/recordings/{recording.id}")).text.split())
    assert page.count("<b>Deleted</b>") == page.count("<b>Restored</b>") == 1


async def test_a_log_without_a_message_offers_nothing(client: httpx.AsyncClient, context: Context) -> None:
    silent = (build_channel("VNData", message_count=0, started_ns=None, ended_ns=None, rate_hz=None),)
    recording = await insert_converted(context, message_count=0, channels=silent, build="1", size_bytes=300)
    page = (await client.get(f"/recordings/{recording.id}")).text
    assert "Nothing could be read" in page and "plot-workspace" not in page
    assert not any("/artifacts/" in link for link in Tags(page).links())
    assert any(link.endswith("/original") for link in Tags(page).links()), "the bytes as they came"


async def test_a_recording(client: httpx.AsyncClient, context: Context) -> None:
    loss = LossReport(missing=("footer",), losses=(Loss("bad_crc", 1_000, 52_208, 411),), lost_records=411)
    recording = await insert_converted(context, names=("a.mcap", "b.mcap"), loss=loss)
    page = (await client.get(f"/recordings/{recording.short_id}")).text
    for text in (
        "from the log",
        "recovered",
        "the checksum of a chunk is wrong",
        "b.mcap",
        "VNData",
        "400.0 Hz",
        "13 ms",
        "wing",
    ):
        assert text in page


async def test_a_failed_recording_says_why(client: httpx.AsyncClient, context: Context) -> None:
    recording = build_recording(status=Status.FAILED, error=Failure("no_messages", "No message in it."), loss=None)
    await context.documents.recordings.insert(recording)
    page = (await client.get(f"/recordings/{recording.id}")).text
    assert "No message in it." in page and "The original is kept" in page
    assert "No message in it.</span>" in (await client.get("/")).text, "its row in the list says it too"


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ({"lost_ns": 2_300_000_000, "lost_bytes": 9}, "lost 2.3 s"),
        ({"lost_bytes": 52_000}, f"lost {size(52_000)}"),
        ({"lost_records": 411}, "lost 411 records"),
        ({}, "nothing lost"),
    ],
)
async def test_the_list_says_what_a_recovered_log_lost(
    client: httpx.AsyncClient, context: Context, lost: dict[str, int], said: str
) -> None:
    await context.documents.recordings.insert(build_recording(loss=LossReport(missing=("footer",), **lost)))
    assert f'<span class="lost">{said}</span>' in (await client.get("/")).text


@pytest.mark.parametrize("status", [Status.VERIFYING, Status.STORED, Status.CONVERTING])
async def test_pages_know_that_something_will_change(
    client: httpx.AsyncClient, context: Context, status: Status
) -> None:
    recording = build_recording(status=status, loss=None, started_ns=None, duration_ns=None, message_count=None)
    await context.documents.recordings.insert(recording)
    for path in ("/", f"/recordings/{recording.id}"):
        page = (await client.get(path)).text
        assert "data-unsettled" in page and status.value in page


async def test_hostile_words_are_only_text(client: httpx.AsyncClient, context: Context) -> None:
    hostile = await insert_converted(
        context,
        names=(HOSTILE,),
        metadata=metadata(driver=HOSTILE, car=HOSTILE, event=HOSTILE, venue=HOSTILE, notes=HOSTILE),
        channels=(build_channel(HOSTILE, schema_name=HOSTILE),),
        file_metadata=((HOSTILE, {HOSTILE: HOSTILE}),),
        loss=LossReport(missing=(HOSTILE,), undecodable={HOSTILE: 3}),
    )
    for path in ("/", f"/recordings/{hostile.id}", f"/recordings/{HOSTILE}"):
        page = (await client.get(path, headers={"Accept": "text/html"})).text
        tags = Tags(page).found
        assert all(attributes.get("src", "").startswith("/static/") for tag, attributes in tags if tag == "script")  # type: ignore[union-attr]
        assert all(attributes.get("src") == "/static/kernel/mark.svg" for tag, attributes in tags if tag == "img")
        assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
        assert "49" not in page.split("alert(2)")[-1][:12]


async def test_static_files_are_served_with_their_types(client: httpx.AsyncClient) -> None:
    for name, media_type in (
        ("kernel/paddock.css", "text/css"),
        ("find/list.js", "javascript"),
        ("kernel/mark.svg", "image/svg+xml"),
    ):
        answer = await client.get(f"/static/{name}")
        assert answer.status_code == 200 and media_type in answer.headers["content-type"]
        again = await client.get(f"/static/{name}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    ["app.py", "find/page.py", "find/list.html", "kernel/../app.py", "find/%2e%2e/app.py", "jsconfig.json"],
)
async def test_nothing_else_of_a_feature_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/static/{path}")).status_code == 404

"""The pages in a real browser: upload, watch, download; hostile names."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from paddock.domain.job import Job, JobState
from paddock.domain.recording import Failure, LossReport, Status
from tests.logs import small_log
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.builders import (
    HOSTILE,
    STARTED_NS,
    build_artifact,
    build_channel,
    build_recording,
    insert_with_contents,
    metadata,
)

pytestmark = needs_chromium


def test_sha256_of_known_vectors(browser: Any, tmp_path: Path) -> None:
    """Our own SHA-256, because crypto.subtle takes no stream and is missing on plain http."""
    sizes = [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 1_000_003]
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        page.goto(f"{site.url}/upload")
        digests = page.evaluate(
            """async (sizes) => {
                const { Sha256 } = await import("/static/upload/sha256.js");
                return sizes.map((size) => {
                    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7 + 3) % 251);
                    const digest = new Sha256();
                    for (let at = 0, step = 1; at < size; at += step, step = step * 2 + 1) {
                        digest.update(bytes.subarray(at, at + step));
                    }
                    return digest.hex();
                });
            }""",
            sizes,
        )
        abc = page.evaluate(
            """async () => new (await import("/static/upload/sha256.js")).Sha256()
                .update(new TextEncoder().encode("abc")).hex()"""
        )
    assert abc == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4
    expected = [hashlib.sha256(bytes((i * 7 + 3) % 251 for i in range(size))).hexdigest() for size in sizes]
    assert digests == expected


def test_a_log_goes_in_and_a_matlab_file_comes_out(browser: Any, tmp_path: Path) -> None:
    import scipy.io

    log, other = small_log(400), small_log(300, driver="Eve")
    with served(tmp_path, with_worker=True) as site, open_page(browser, provoked=(422,)) as page:
        page.goto(site.url)
        page.get_by_text("No recordings yet").wait_for()
        page.get_by_role("link", name="Upload logs").click()
        page.locator("#pick-files").set_input_files(
            [
                {"name": "run 1.mcap", "mimeType": "application/octet-stream", "buffer": log},
                {"name": "run 2.mcap", "mimeType": "application/octet-stream", "buffer": other},
                {"name": "empty.mcap", "mimeType": "application/octet-stream", "buffer": b""},
                {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not a log\n" * 50},
            ]
        )
        items = page.locator(".upload")
        items.nth(0).get_by_text("intact", exact=True).wait_for(timeout=30_000)
        items.nth(1).get_by_text("intact", exact=True).wait_for(timeout=30_000)
        items.nth(2).get_by_text("The file is empty").wait_for()
        items.nth(3).get_by_text("no log that Paddock reads").wait_for()
        assert "2 of 4 uploaded, 2 failed" in page.locator("#uploads-total").inner_text()
        screenshot(page, "upload-light")

        # The same bytes under another name are not sent again, once they are proven and stored.
        recording = hashlib.sha256(log).hexdigest()
        while site.run(site.context.documents.recordings.get(recording)).status is Status.VERIFYING:
            page.wait_for_timeout(50)
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
        page.locator("#pick-files").set_input_files(
            [{"name": "copy.mcap", "mimeType": "application/octet-stream", "buffer": log}]
        )
        items.nth(4).get_by_text("already here").wait_for()
        assert sent == []

        items.nth(0).get_by_role("link", name="Open").click()
        page.locator("#recording .badge.intact").first.wait_for(timeout=30_000)
        assert "Adam" in page.locator("#metadata").inner_text()
        page.locator("#file summary").click()
        assert "copy.mcap" in page.locator("#file").inner_text()
        assert "Pedals" in page.locator("#channels").inner_text()
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download MAT").click()
        download = downloading.value
        assert download.suggested_filename.startswith("HT09_2026-04-18_1432Z_Adam_")
        assert download.suggested_filename.endswith(".mat")
        contents = scipy.io.loadmat(io.BytesIO(Path(download.path()).read_bytes()), simplify_cells=True)
        assert len(contents["Pedals"]["t"]) == 400
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Original", exact=True).click()
        assert Path(downloading.value.path()).read_bytes() == log


def test_a_broken_connection_is_retried_and_only_what_is_missing_is_sent(
    browser: Any, tmp_path: Path, small_parts: None
) -> None:
    log = tmp_path / "long run.mcap"
    log.write_bytes(small_log() + bytes(4_000_000))
    with served(tmp_path / "data", with_worker=False) as site:
        page = browser.new_context().new_page()
        sent: list[str] = []
        page.on("requestfinished", lambda request: sent.append(request.url) if request.method == "PUT" else None)
        page.goto(f"{site.url}/upload")
        page.route("**/objects/put?*part=2&*", lambda route: route.abort())
        page.locator("#pick-files").set_input_files(log)
        item = page.locator(".upload")
        item.get_by_text("The connection broke").wait_for(timeout=30_000)
        assert len(sent) == 2

        page.unroute_all()
        item.get_by_role("button", name="Retry").click()
        item.get_by_text("queued", exact=True).wait_for(timeout=30_000)
        assert len(sent) == 3 and "part=2" in sent[-1]
        recording = hashlib.sha256(log.read_bytes()).hexdigest()
        assert site.run(site.context.documents.recordings.get(recording)).names == ("long run.mcap",)
        page.context.close()


def test_a_dropped_log_is_sent_and_shows_in_the_list(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        page.goto(site.url)
        transfer = page.evaluate_handle(
            """(bytes) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([Uint8Array.from(bytes)], "dropped.mcap"));
                return transfer;
            }""",
            list(small_log()),
        )
        page.dispatch_event("main", "dragenter", {"dataTransfer": transfer})
        page.locator("#drop").wait_for(state="visible")
        page.dispatch_event("main", "drop", {"dataTransfer": transfer})
        page.locator(".upload").get_by_text("queued", exact=True).wait_for()
        page.locator("#drop").wait_for(state="hidden")
        page.locator("#rows").get_by_text("dropped.mcap").wait_for()


def test_the_list_follows_without_a_reload(browser: Any, tmp_path: Path) -> None:
    recording = build_recording(1, status=Status.VERIFYING, started_ns=None, loss=None, metadata={})
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        documents = site.context.documents
        site.run(documents.recordings.insert(recording))
        page.goto(site.url)
        page.evaluate("window.sameDocument = true")
        row = page.locator(f"#r-{recording.id}")
        row.get_by_text("verifying").wait_for()
        page.keyboard.press("j")
        site.run(documents.recordings.change(recording.id, {"status": Status.CONVERTING}))
        job = Job(f"convert-{recording.id}", "convert", recording.id, 0, 0, state=JobState.RUNNING, progress=0.42)
        site.run(documents.jobs.insert(job))
        row.get_by_text("42 %").wait_for()
        ready = {"status": Status.READY, "loss": LossReport().sums, "started_ns": STARTED_NS}
        site.run(documents.artifacts.put_many([build_artifact(recording)]))
        site.run(documents.recordings.change(recording.id, ready))
        row.get_by_role("link", name="MAT", exact=True).wait_for()
        assert "selected" in (row.get_attribute("class") or "")
        # The reader's zone is Detroit, four hours behind; UTC stays in the title.
        assert row.locator("time").inner_text() == "10:32"
        assert row.locator("time").get_attribute("title") == "2026-04-18 14:32:07.500 UTC"

        another = build_recording(2, uploaded_at=recording.uploaded_at + 1, status=Status.STORED)
        site.run(documents.recordings.insert(another))
        page.locator(f"#r-{another.id}").wait_for(timeout=15_000)
        assert page.locator("#rows > tr").first.get_attribute("id") == f"r-{another.id}"
        assert page.evaluate("window.sameDocument")

        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.type") == "search"
        page.keyboard.press("Escape")
        page.locator("h1").click()
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/recordings/{another.id[:16]}")


def test_an_offline_page_says_so_and_recovers(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site:
        site.run(site.context.documents.recordings.insert(build_recording(1, status=Status.STORED)))
        context = browser.new_context()
        page = context.new_page()
        page.goto(site.url)
        context.set_offline(True)
        page.locator("#offline").wait_for(state="visible")
        context.set_offline(False)
        page.locator("#offline").wait_for(state="hidden")
        context.close()


def test_hostile_names_stay_text(browser: Any, tmp_path: Path) -> None:
    loss = LossReport(missing=(HOSTILE,), undecodable={HOSTILE: 3})
    hostile = build_recording(
        1,
        names=(HOSTILE, "b.mcap"),
        metadata=metadata(driver=HOSTILE, car=HOSTILE, event=HOSTILE, venue=HOSTILE, notes=HOSTILE),
        loss=loss,
        error=Failure(HOSTILE, HOSTILE),
    )
    inside = {
        "channels": (build_channel(HOSTILE),),
        "file_metadata": ((HOSTILE, {HOSTILE: HOSTILE}),),
        "loss": loss,
    }
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        site.run(insert_with_contents(site.context.documents, hostile, **inside))
        job = Job(f"convert-{hostile.id}", "convert", hostile.id, 0, 0, JobState.DEAD, error=hostile.error)
        site.run(site.context.documents.jobs.insert(job))
        for path in ("/", f"/recordings/{hostile.id[:16]}", "/jobs", f"/?q={HOSTILE}"):
            page.goto(site.url + path)
            page.wait_for_timeout(200)
            assert page.locator("main script, main img:not([src^='/static/'])").count() == 0, path
        page.goto(f"{site.url}/upload")
        page.locator("#pick-files").set_input_files(
            [{"name": "<img src=x onerror=alert(1)>.mcap", "mimeType": "x/y", "buffer": b""}]
        )
        page.locator(".upload .name").get_by_text("<img src=x").wait_for()

"""Uploads in a real browser: metadata for all, pause, a reload in the middle, links that ran out."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from paddock.domain.job import Job, JobState
from paddock.domain.recording import Failure, LossReport, Status
from tests.logs import small_log
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served

pytestmark = needs_chromium


@pytest.fixture
def log(tmp_path: Path, small_parts: None) -> Path:
    """Three parts: zeros behind a log are garbage that a worker would say something about."""
    path = tmp_path / "long run.mcap"
    path.write_bytes(small_log() + bytes(4_000_000))
    return path


def recording_of(site: Site, log: Path) -> Any:
    return site.run(site.context.documents.recordings.get(hashlib.sha256(log.read_bytes()).hexdigest()))


def test_pause_resume_and_metadata_for_all(browser: Any, tmp_path: Path, log: Path) -> None:
    other = tmp_path / "short.mcap"
    other.write_bytes(small_log(30, driver="Eve"))
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        page.goto(f"{site.url}/upload")
        page.get_by_label("Driver").fill("Mei")
        page.get_by_label("Notes").fill("new tyres")
        page.route("**/objects/put?*part=2&*", lambda route: None)  # never answered
        page.locator("#pick-files").set_input_files([log, other])
        first = page.locator(".upload").first
        page.locator(".upload").nth(1).get_by_text("queued", exact=True).wait_for()
        first.get_by_text("sending").wait_for()
        assert "of 4.0 MB" in page.locator("#uploads-total").inner_text()
        first.get_by_role("button", name="Pause").click()
        first.get_by_text("paused").wait_for()
        screenshot(page, "upload-paused-light")
        page.unroute_all()
        first.get_by_role("button", name="Resume").click()
        first.get_by_text("queued", exact=True).wait_for(timeout=30_000)
        assert page.locator("#uploads-total").inner_text() == "2 of 2 uploaded"
        for sent in (log, other):
            known = recording_of(site, sent).metadata
            assert {name: value.value for name, value in known.items()} == {"driver": "Mei", "notes": "new tyres"}


def test_after_a_reload_the_same_file_goes_on_where_it_stopped(browser: Any, tmp_path: Path, log: Path) -> None:
    with served(tmp_path / "data", with_worker=False) as site:
        page = browser.new_context().new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        sent: list[str] = []
        page.on("requestfinished", lambda request: sent.append(request.url) if request.method == "PUT" else None)
        page.goto(f"{site.url}/upload")
        page.route("**/objects/put?*part=2&*", lambda route: None)
        page.locator("#pick-files").set_input_files(log)
        page.locator(".upload .state").get_by_text("sending").wait_for()
        page.locator(".upload .detail").get_by_text(re.compile("^58 %")).wait_for()
        page.reload()
        page.locator("#unfinished").get_by_text("long run.mcap (4.0 MB)").wait_for()
        page.unroute_all()
        before = len(sent)
        page.locator("#pick-files").set_input_files(log)
        page.locator(".upload").get_by_text("queued", exact=True).wait_for(timeout=30_000)
        assert before == 2 and len(sent) == 3 and "part=2" in sent[-1]
        assert recording_of(site, log) is not None
        page.reload()
        assert page.locator("#unfinished").is_hidden()
        page.context.close()


def test_a_link_that_ran_out_is_asked_for_again(browser: Any, tmp_path: Path, log: Path) -> None:
    with served(tmp_path / "data", with_worker=False) as site:
        page = browser.new_context().new_page()
        page.goto(f"{site.url}/upload")
        refused = {"status": 403, "content_type": "application/problem+json", "body": '{"code": "link_expired"}'}
        page.route("**/objects/put?*part=3&*", lambda route: route.fulfill(**refused), times=1)
        page.locator("#pick-files").set_input_files(log)
        page.locator(".upload").get_by_text("queued", exact=True).wait_for(timeout=30_000)
        assert recording_of(site, log) is not None
        page.context.close()


def test_an_upload_outlasts_a_connection_that_is_away(browser: Any, tmp_path: Path, log: Path) -> None:
    with served(tmp_path / "data", with_worker=False) as site:
        page = browser.new_context().new_page()
        page.goto(f"{site.url}/upload")
        away = page.locator(".upload").get_by_text("Paddock does not answer; goes on by itself")
        page.locator(".dropzone").wait_for()
        page.wait_for_load_state("networkidle")
        page.context.set_offline(True)
        page.locator("#pick-files").set_input_files(log)
        away.wait_for()
        page.route("**/objects/put?*part=2&*", lambda route: route.abort())
        page.route("**/health", lambda route: route.abort())
        with page.expect_request("**/health"):  # a part failed, and it asks whether anybody is there
            page.context.set_offline(False)
        away.wait_for()
        screenshot(page, "upload-away-light")
        page.unroute_all()
        page.locator(".upload").get_by_text("queued", exact=True).wait_for(timeout=30_000)
        assert recording_of(site, log) is not None
        page.context.close()


def test_a_row_follows_what_becomes_of_its_log(browser: Any, tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log())
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        documents = site.context.documents
        page.goto(f"{site.url}/upload")
        page.locator("#pick-files").set_input_files([log, log])
        first, same = page.locator(".upload").first, page.locator(".upload").nth(1)
        first.get_by_text("queued", exact=True).wait_for()
        same.get_by_text("queued", exact=True).wait_for()
        known = recording_of(site, log)
        site.run(documents.recordings.change(known.id, {"status": Status.CONVERTING}))
        job = Job(f"convert-{known.id}", "convert", known.id, 0, 0, state=JobState.RUNNING, progress=0.42)
        site.run(documents.jobs.insert(job))
        for row in (first, same):
            row.get_by_text("converting", exact=True).wait_for()
            row.get_by_text(re.compile("^42 % of ")).wait_for()
        screenshot(page, "upload-converting-light")
        first.get_by_role("link", name="Open").focus()
        site.run(documents.recordings.change(known.id, {"status": Status.READY, "loss": LossReport().sums}))
        first.get_by_text("intact", exact=True).wait_for()
        same.get_by_text("intact", exact=True).wait_for()
        assert page.evaluate("document.activeElement.textContent") == "Open", "it keeps the focus"
        page.locator("#uploads-clear").click()
        assert page.locator(".upload").count() == 0 and page.locator("#uploads").is_hidden()

        other = tmp_path / "other.mcap"
        other.write_bytes(small_log(driver="Eve"))
        page.locator("#pick-files").set_input_files(other)
        page.locator(".upload").get_by_text("queued", exact=True).wait_for()
        failed = {"status": Status.FAILED, "error": Failure("no_messages", "No message in it.")}
        site.run(documents.recordings.change(recording_of(site, other).id, failed))
        page.locator(".upload").get_by_text("No message in it.").wait_for()
        assert page.locator("#uploads-total").inner_text() == "1 of 1 uploaded, 1 failed"
        page.locator(".upload").get_by_role("link", name="Open").click()
        page.wait_for_url(f"**/recordings/{recording_of(site, other).id[:16]}")


def test_a_refused_upload_is_removed_with_what_the_server_holds(browser: Any, tmp_path: Path, log: Path) -> None:
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser, provoked=(404, 418, 422)) as page:
        uploads = site.context.documents.uploads
        page.goto(f"{site.url}/upload")
        no = {"status": 418, "content_type": "application/problem+json", "body": '{"detail": "I am a teapot."}'}
        page.route("**/objects/put?*part=2&*", lambda route: route.fulfill(**no))
        notes = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not a log\n" * 50}
        page.locator("#pick-files").set_input_files(log)
        page.locator(".upload").get_by_text("I am a teapot.").wait_for()
        assert site.run(uploads.count()) == 1
        page.locator("#pick-files").set_input_files([notes])
        page.locator(".upload").nth(1).get_by_text("no log that Paddock reads").wait_for()
        screenshot(page, "upload-refused-light")
        for left in (1, 0):
            page.locator(".upload").first.get_by_role("button", name="Remove").click()
            page.wait_for_function("(left) => document.querySelectorAll('.upload').length === left", arg=left)
        assert page.locator("#uploads").is_hidden()
        assert site.run(uploads.count()) == 0
        page.reload()
        assert page.locator("#unfinished").is_hidden(), "it is not offered again"

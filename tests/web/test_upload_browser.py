"""Uploads in a real browser: metadata for all, pause, a reload in the middle, links that ran out."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from tests.logs import small_log
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served

pytestmark = needs_chromium


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three parts: zeros behind a log are garbage that a worker would say something about."""
    path = tmp_path / "long run.mcap"
    path.write_bytes(small_log() + bytes(40_000_000))
    return path


def recording_of(site: Site, log: Path) -> Any:
    return site.run(site.services.documents.recordings.get(hashlib.sha256(log.read_bytes()).hexdigest()))


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
        page.locator(".upload").nth(1).get_by_text("uploaded", exact=True).wait_for()
        first.get_by_text("sending").wait_for()
        assert "of 40.0 MB" in page.locator("#uploads-total").inner_text()
        first.get_by_role("button", name="Pause").click()
        first.get_by_text("paused").wait_for()
        screenshot(page, "upload-paused-light")
        page.unroute_all()
        first.get_by_role("button", name="Resume").click()
        first.get_by_text("uploaded", exact=True).wait_for(timeout=30_000)
        assert page.locator("#uploads-total").inner_text() == "2 of 2 done"
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
        page.locator("#unfinished").get_by_text("long run.mcap (40.0 MB)").wait_for()
        page.unroute_all()
        before = len(sent)
        page.locator("#pick-files").set_input_files(log)
        page.locator(".upload").get_by_text("uploaded", exact=True).wait_for(timeout=30_000)
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
        page.locator(".upload").get_by_text("uploaded", exact=True).wait_for(timeout=30_000)
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
        page.locator(".upload").get_by_text("uploaded", exact=True).wait_for(timeout=30_000)
        assert recording_of(site, log) is not None
        page.context.close()

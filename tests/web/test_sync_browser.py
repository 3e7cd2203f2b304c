"""The choice between what two Paddocks say, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paddock.basestation.sync.side import Side
from paddock.basestation.sync.sync import sync
from paddock.client import Client
from paddock.client.connection import Connection
from paddock.domain.catalogue import Entry
from paddock.domain.principal import LOCAL_USER
from paddock.usecases.catalogue.catalogue import save_catalogue
from paddock.usecases.edit.edit import edit_recording
from tests.basestation.sync_sides import Nobody
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served
from tests.web.builders import insert_converted

pytestmark = needs_chromium
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[tuple[Site, Site, str]]:
    """A base station and a cloud with the same recording, of which people said different things on both."""
    with served(tmp_path / "pit", with_worker=False) as pit, served(tmp_path / "cloud", with_worker=False) as cloud:
        recording = ""
        for site, driver, unit in ((pit, "Mei Lin", "m/s"), (cloud, "Zoe <b>", "km/h")):
            recording = site.run(insert_converted(site.context)).id
            site.run(
                edit_recording(site.context, LOCAL_USER, recording, metadata={"driver": driver, "notes": driver})
            )
            entry = Entry("VNData.vn_vel_m_s.x", unit=unit, label="Ground speed")
            site.run(save_catalogue(site.context, LOCAL_USER, [entry], version=0))
        sides = [Side(Connection(site.url, 60), name) for site, name in ((pit, "pit-laptop"), (cloud, "cloud"))]
        report = sync(*sides, Nobody())
        assert (report.questions, report.problems) == (3, [])
        yield pit, cloud, recording


def test_both_words_are_shown_and_the_kept_one_holds(browser: Any, asking: tuple[Site, Site, str]) -> None:
    pit, cloud, recording = asking
    with open_page(browser) as page:
        page.goto(pit.url)
        page.locator("#to-choose a").click()
        page.wait_for_url("**/sync")
        screenshot(page, "sync-desk")
        driver = page.locator(".choices li", has=page.get_by_role("heading", name="Driver"))
        assert driver.locator(".said").all_inner_texts() == ["Mei Lin", "Zoe <b>"]
        assert "cloud" in driver.inner_text()
        page.locator(".choices li", has_text="Signal").get_by_role("button", name="Keep unit: m/s").click()
        page.locator("#chosen").wait_for()
        driver.locator("h3 a").click()
        page.locator("#choices").wait_for()
        screenshot(page, "sync-recording-desk")
        page.locator("#choices li", has_text="Driver").get_by_role("button", name="Keep Zoe").click()
        page.locator("#choices li", has_text="Notes").wait_for()
        assert page.locator("#choices li").count() == 1
        assert "Zoe <b>" in page.locator("#metadata").inner_text()
    with open_page(browser, **PHONE) as page:
        page.goto(f"{pit.url}/sync")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        screenshot(page, "sync-phone")
        page.goto(f"{pit.url}/recordings/{recording}")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        screenshot(page, "sync-recording-phone")
        page.locator("#choices").get_by_role("button", name="Keep Mei Lin").click()
        page.locator("#choices").wait_for(state="detached")
    sides = [Side(Connection(site.url, 60), name) for site, name in ((pit, "pit-laptop"), (cloud, "cloud"))]
    report = sync(*sides, Nobody())
    assert (report.questions, report.problems) == (0, [])
    with Client(cloud.url) as client:
        found = client.get(recording)
        assert (found["driver"], found["notes"]) == ("Zoe <b>", "Mei Lin")
        assert 'unit = "m/s"' in client.signal_catalogue()
        assert {each.origin for each in found.history()} == {"", "pit-laptop"}
    with open_page(browser) as page:
        page.goto(f"{cloud.url}/recordings/{recording}#history")
        assert "pit-laptop" in page.locator("#history").inner_text()
        screenshot(page, "sync-history-desk")
        page.goto(f"{cloud.url}/sync")
        assert page.get_by_text("Nothing to choose").is_visible()

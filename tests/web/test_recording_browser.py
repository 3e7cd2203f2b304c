"""A recording's page on a phone and on a desk: what was driven first, the rest on demand, and nothing jumps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from paddock.domain.principal import LOCAL_USER
from paddock.usecases.edit.edit import edit_recording
from tests.web.browsing import Site, needs_chromium, open_page, site_with_a_run

pytestmark = needs_chromium

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
FOLDED = ("file", "downloads", "files", "coverage", "channels", "file-metadata")
SHOWN = """() => [...document.querySelectorAll("[data-fold=all]")]
    .filter((section) => [...section.children].some((child) => child.tagName !== "H2" && child.checkVisibility()))
    .map((section) => section.id)"""
HEIGHTS = """() => [...document.querySelectorAll(".panel, #overview, #workspace, #coverage")]
    .map((each) => Math.round(each.getBoundingClientRect().height))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    with site_with_a_run(tmp_path_factory.mktemp("recording")) as found:
        yield found


def opened(page: Any, site: tuple[Site, str]) -> None:
    page.goto(f"{site[0].url}/recordings/{site[1]}")
    page.wait_for_load_state("networkidle")


def test_a_phone_shows_what_was_driven_and_folds_the_rest(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser, **PHONE) as page:
        opened(page, site)
        assert page.evaluate(SHOWN) == []
        assert page.evaluate("document.documentElement.scrollHeight") < 3_000
        assert page.locator(".panel:visible").count() == 4
        tops = [
            page.locator(f"#{each}").bounding_box()["y"]
            for each in ("metadata", "overview", "workspace", "channels")
        ]
        assert tops == sorted(tops)

        # By keyboard, and as a screen reader is told.
        channels = page.get_by_role("button", name="Channels 28", exact=True)
        assert channels.get_attribute("aria-expanded") == "false"
        channels.focus()
        page.keyboard.press("Enter")
        assert page.evaluate(SHOWN) == ["channels"] and channels.get_attribute("aria-expanded") == "true"
        assert channels.evaluate("(button) => button === document.activeElement")
        page.keyboard.press("Space")
        assert page.evaluate(SHOWN) == []

        # By a finger anywhere on the heading; what is in the heading keeps its own press.
        page.locator("#files h2").click(position={"x": 120, "y": 14})
        assert page.evaluate(SHOWN) == ["files"]
        with page.expect_file_chooser():
            page.locator("#files label", has_text="Add").click()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_other_plots_of_the_overview_come_when_asked_for(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser, **PHONE) as page:
        opened(page, site)
        page.get_by_role("button", name="All 8 plots").click()
        assert page.locator(".panel:visible").count() == 8
        drawn = page.locator(".panel canvas.data").last.evaluate(
            "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
        )
        assert drawn


def test_what_was_opened_stays_open_while_the_page_follows(browser: Any, site: tuple[Site, str]) -> None:
    running, recording = site
    running.run(edit_recording(running.context, LOCAL_USER, recording, metadata={"notes": "wet"}))
    with open_page(browser, **PHONE) as page:
        opened(page, site)
        page.get_by_role("button", name="History").click()
        running.run(edit_recording(running.context, LOCAL_USER, recording, metadata={"notes": "drying"}))
        page.evaluate("import('/static/kernel/refresh.js').then((refresh) => refresh.refreshNow())")
        page.locator("#history").get_by_text("drying").wait_for()
        assert page.evaluate(SHOWN) == ["history"]


def test_a_desk_shows_everything_and_so_does_a_phone_without_scripts(browser: Any, site: tuple[Site, str]) -> None:
    for options in ({}, {**PHONE, "java_script_enabled": False}):
        with open_page(browser, **options) as page:
            page.goto(f"{site[0].url}/recordings/{site[1]}")
            for section in FOLDED:
                assert page.locator(f"#{section} > :not(h2)").first.is_visible(), section
            assert page.locator("fold-button button:visible").count() == 0
            assert page.locator(".panel:visible").count() == 8


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_plots_have_their_room_before_they_are_drawn(
    browser: Any, site: tuple[Site, str], options: dict[str, Any]
) -> None:
    with open_page(browser, **options) as page:
        page.route("**/plots/overview.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page.route("**/plots/workspace.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page.route("**/plots/coverage.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        opened(page, site)
        before = page.evaluate(HEIGHTS)
        page.unroute_all()
        opened(page, site)
        page.locator("plot-workspace .invitation").wait_for()
        assert page.evaluate(HEIGHTS) == before

"""The tables of a recording: every signal with its statistics, and the channels, sorted and filtered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paddock.usecases.find.contents import contents_of
from tests.web.browsing import Site, needs_chromium, open_page, served
from tests.web.converted import converted, json_log

pytestmark = needs_chromium

SIGNALS = 1_500
ROWS = "#workspace .signal-table tbody tr"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A recording of many signals: ``f<n>`` runs from −n to n² apart from ``f7``, which is a text."""
    folder = tmp_path_factory.mktemp("many")
    messages = [
        {f"f{n}": float(-n) for n in range(SIGNALS)} | {"f7": "on"},
        {f"f{n}": n * n + 0.5 for n in range(SIGNALS)} | {"f7": "off"},
    ]
    log = json_log(folder / "many.mcap", "Many", messages)
    with served(folder / "data", with_worker=False) as site:
        yield site, site.run(converted(site.context, log)).id[:16]


def column(page: Any, number: int, rows: int = 3) -> list[str]:
    return [page.locator(ROWS).nth(row).locator("td").nth(number).inner_text() for row in range(rows)]


def opened(page: Any, site: tuple[Site, str]) -> Any:
    page.goto(f"{site[0].url}/recordings/{site[1]}")
    page.get_by_role("button", name="Table", exact=True).click()
    page.locator(ROWS).first.wait_for()
    return page


def test_signals_are_sorted_by_any_statistic(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        opened(page, site)
        headers = page.locator("#workspace .signal-table th")
        expected = ["Signal", "Unit", "Type", "Values", "Min", "Max", "Mean", "First", "Last", "NaN"]
        assert headers.all_inner_texts() == expected
        assert column(page, 0) == ["Many.f0", "Many.f1", "Many.f2"], "2 comes before 10"
        assert headers.nth(0).get_attribute("aria-sort") == "ascending"

        headers.nth(5).get_by_role("button").click()
        assert headers.nth(5).get_attribute("aria-sort") == "descending"
        assert headers.nth(0).get_attribute("aria-sort") is None
        assert column(page, 0) == ["Many.f1499", "Many.f1498", "Many.f1497"]

        # By keyboard, and the other way round. What has no minimum comes last both ways.
        headers.nth(4).get_by_role("button").focus()
        page.keyboard.press("Enter")
        assert column(page, 0)[0] == "Many.f0"
        page.keyboard.press("Enter")
        assert headers.nth(4).get_attribute("aria-sort") == "ascending"
        assert column(page, 4)[0] == "−1499"
        page.get_by_label("Search signals").fill("many.f7")
        page.locator("#workspace .signal-table").evaluate("(table) => table.scrollTo(0, table.scrollHeight)")
        page.locator(ROWS).nth(110).wait_for(state="attached")
        names = [text.split("\n")[0] for text in page.locator(ROWS).all_inner_texts()]
        assert len(names) == 111 and names[-1].startswith("Many.f7")
        assert page.locator(ROWS).last.locator("td").nth(4).inner_text() == "–"


def test_all_rows_come_as_one_scrolls(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        opened(page, site)
        assert page.locator(ROWS).count() < SIGNALS
        for _ in range(100):
            if page.locator(ROWS).count() == SIGNALS:
                break
            page.locator("#workspace .signal-table").evaluate("(table) => table.scrollTo(0, table.scrollHeight)")
            page.wait_for_timeout(30)
        assert page.locator(ROWS).count() == SIGNALS


def test_a_signal_is_found_and_plotted_by_keyboard(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        opened(page, site)
        page.keyboard.press("/")
        page.keyboard.type("f149")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator("plot-workspace .chart").wait_for()
        assert page.url.endswith("#plots=Many.f1490")
        pressed = page.locator("#workspace .signal-table [aria-pressed=true]")
        assert pressed.all_inner_texts() == ["Many.f1490"]
        page.keyboard.press("Enter")
        page.locator(".invitation").wait_for()
        page.get_by_role("button", name="Table", exact=True).click()
        assert page.locator(".tree .pick").count() == 11, "the tree keeps the words"


def test_on_a_phone_the_page_is_no_wider_and_the_name_stays_in_sight(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser, viewport={"width": 390, "height": 844}, device_scale_factor=2) as page:
        opened(page, site)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        table = page.locator("#workspace .signal-table")
        table.evaluate("(table) => table.scrollTo(300, 0)")
        name = page.locator(ROWS).first.locator("td").first
        assert name.bounding_box()["x"] >= table.bounding_box()["x"]


def test_channels_are_sorted_too(browser: Any, tmp_path: Path) -> None:
    from paddock.simulator.log import simulate

    simulate(tmp_path / "a.mcap", event="autocross", laps=1, rate=0.2)
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        recording = site.run(converted(site.context, tmp_path / "a.mcap"))
        page.goto(f"{site.url}/recordings/{recording.id[:16]}")
        inside = site.run(contents_of(site.context.documents, recording))
        rows = page.locator("#channels tbody tr")
        by_count = sorted(inside.channels, key=lambda channel: -channel.message_count)
        page.locator("#channels").get_by_role("button", name="Messages").click()
        assert rows.first.locator("td").first.inner_text() == by_count[0].topic
        page.locator("#channels").get_by_role("button", name="Messages").click()
        assert rows.first.locator("td").nth(3).inner_text() == "0"
        page.locator("#channels").get_by_role("button", name="Largest gap").click()
        assert rows.last.locator("td").last.inner_text() == "–"

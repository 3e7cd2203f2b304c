"""Laps in a browser: a line is moved, the table is read, two laps lie over each other, the link is shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from paddock import Client
from paddock.domain.instants import NS_PER_S
from tests.lap_logs import lap_log
from tests.logs import STARTED_NS
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served
from tests.web.converted import converted, work
from tests.web.test_accessibility import PACKAGE, serious, serious_in_both

pytestmark = needs_chromium

PHONE = {"viewport": {"width": 390, "height": 844}}
DARK = {"color_scheme": "dark"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str]]]:
    """A served Paddock with two drivers' laps of one track, and the recordings by driver."""
    folder = tmp_path_factory.mktemp("laps")
    with served(folder / "data", with_worker=False) as site:
        found = {}
        for number, driver in enumerate(("Adam", "Maya")):
            started_ns = STARTED_NS + number * 3600 * NS_PER_S
            log = lap_log(folder / f"{driver}.mcap", driver=driver, laps=3, day_seed=number, started_ns=started_ns)
            found[driver] = site.run(converted(site.context, log.path)).id[:16]
        yield site, found


def test_the_lap_table_of_a_recording(browser: Any, site: tuple[Site, dict[str, str]]) -> None:
    with open_page(browser) as page:
        with Client(site[0].url) as client:
            client.get(site[1]["Adam"]).set_setup(spring_front=35)
        page.goto(f"{site[0].url}/recordings/{site[1]['Adam']}")
        rows = page.locator("#laps tbody tr")
        assert "Front spring" in page.locator("#laps thead").inner_text() and "35 N/mm" in rows.nth(1).inner_text()
        assert rows.first.inner_text().split()[0] == "out"
        assert page.locator("#laps .badge").inner_text() == "best"
        page.locator("#laps").get_by_role("button", name="Time").click()
        assert page.locator("#laps th[aria-sort]").inner_text() == "Time"
        assert "Michigan International Speedway" in page.locator("#laps").inner_text()


def _statistics_between_two_cursors(page: Any) -> None:
    """What the panel says is what the service and the comparison do."""
    page.locator(".numbers summary").click()
    page.get_by_label("Cursor 1").fill("100")
    # That the panel has opened is said a moment later, which leaves alone what is typed meanwhile.
    page.locator(".numbers").dispatch_event("toggle")
    page.get_by_label("Cursor 1").press("Tab")
    page.get_by_label("Cursor 2").fill("400")
    page.get_by_label("Cursor 2").press("Tab")
    page.get_by_text("Δ 300.0 m").wait_for()
    page.get_by_label("Between the cursors").check()
    page.locator(".numbers:not([aria-busy]) tbody tr[data-signal='Time difference']").wait_for()
    site, _, query = page.url.partition("#")[0].partition("/laps/compare?")
    said = httpx.get(f"{site}/api/laps/compare?{query}").json()
    names = page.locator(".numbers tbody tr").evaluate_all("rows => rows.map(row => row.dataset.signal)")
    name = next(each for each in names if each != "Time difference")
    series = page.locator(f".numbers tbody tr[data-signal='{name}']")
    for number, lap in enumerate(said["laps"]):
        begin, end = (
            lap["begin_s"] + np.interp(place, said["distance_m"], lap["time_s"]) for place in (100.0, 400.0)
        )
        asked: dict[str, str | float] = {"signal": name, "start": begin, "end": end}
        of_service = httpx.get(f"{site}/api/recordings/{lap['recording']}/statistics", params=asked).json()
        expected = [of_service["items"][0][figure] for figure in ("min", "max", "mean", "count")]
        assert _titles(series.nth(number), 0, 1, 2, 5) == pytest.approx(expected, rel=1e-3)
    apart = [np.interp(place, said["distance_m"], said["laps"][1]["difference_s"]) for place in (100.0, 400.0)]
    difference = page.locator(".numbers tbody tr[data-signal='Time difference']")
    assert _titles(difference, 6, 7, 8) == pytest.approx([*apart, apart[1] - apart[0]])


def _titles(row: Any, *columns: int) -> list[float]:
    """The values of cells in full."""
    return [float(row.locator("td").nth(column).get_attribute("title") or "nan") for column in columns]


@pytest.mark.parametrize("looks", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_two_laps_of_two_recordings_over_each_other(
    browser: Any, site: tuple[Site, dict[str, str]], looks: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with open_page(browser, **looks) as page:
        page.goto(f"{site[0].url}/laps")
        boxes = page.locator("table.laps input[type=checkbox]")
        drivers = page.locator("table.laps tbody tr td:nth-child(3)").all_inner_texts()
        boxes.nth(drivers.index("Adam")).check()
        boxes.nth(drivers.index("Maya")).check()
        screenshot(page, f"laps-season-{request.node.callspec.id}")
        page.get_by_role("button", name="Lay over each other").click()
        page.locator("lap-overlay .figure .chart canvas").first.wait_for()
        plots = page.locator("lap-overlay .plots .figure")
        assert (
            "Time difference" in str(plots.first.locator(".chart").get_attribute("aria-label") or "")
            or plots.count()
        )
        chart = plots.first.locator(".chart")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60)
        reading = plots.first.locator("output.value")
        reading.first.wait_for()
        assert reading.first.inner_text() not in ("", "–")
        _statistics_between_two_cursors(page)
        screenshot(page, f"laps-compare-{request.node.callspec.id}")
        shared = page.url
        assert "lap=" in shared and "#plots=" in shared
        page.goto("about:blank")
        page.goto(shared)
        page.locator("lap-overlay .figure .chart canvas").first.wait_for()
        assert page.locator("lap-overlay .plots .figure").count() == plots.count()
        assert page.get_by_label("Cursor 2").input_value() == "400", "cursors and panel are in the address"


def test_a_line_is_moved_by_the_keyboard_and_laps_are_timed_again(
    browser: Any, site: tuple[Site, dict[str, str]]
) -> None:
    with open_page(browser) as page:
        page.goto(f"{site[0].url}/recordings/{site[1]['Adam']}")
        page.locator("#laps a[href^='/venues/']").first.click()
        page.locator("venue-map .handle").first.wait_for()
        handle = page.locator("[data-handle='0-both']")
        before = handle.get_attribute("cy")
        handle.focus()
        page.keyboard.press("Shift+ArrowDown")
        assert page.locator("[data-handle='0-both']").get_attribute("cy") != before
        assert page.evaluate("document.activeElement.dataset.handle") == "0-both", "focus stays on the handle"
        page.get_by_role("button", name="Add a sector line").click()
        screenshot(page, "laps-venue-light")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Saved. Laps here are timed again.").wait_for()
        site[0].run(work(site[0].context))
        page.goto(f"{site[0].url}/recordings/{site[1]['Maya']}")
        headings = page.locator("#laps thead").inner_text()
        assert "S1" in headings and "S2" in headings
        assert "Theoretical best" in page.locator("#laps").inner_text()


@pytest.mark.skipif(PACKAGE is None, reason="axe-playwright-python is not installed")
@pytest.mark.parametrize("looks", [{}, PHONE], ids=["desk", "phone"])
def test_no_serious_finding(browser: Any, site: tuple[Site, dict[str, str]], looks: dict[str, Any]) -> None:
    assert PACKAGE is not None and PACKAGE.origin is not None
    axe = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
    with open_page(browser, **looks) as page:
        page.goto(f"{site[0].url}/laps")
        look = serious if looks else serious_in_both
        found = look(page, axe, "season")
        addresses = page.locator("table.laps input[type=checkbox]").evaluate_all(
            "(all) => all.map((each) => each.value)"
        )
        venue = page.locator("a[href^='/venues/']").first.get_attribute("href")
        page.goto(f"{site[0].url}/laps/compare?lap={addresses[0]}&lap={addresses[-1]}")
        page.locator("lap-overlay .figure .chart canvas").first.wait_for()
        found += look(page, axe, "compare")
        page.goto(f"{site[0].url}/laps/compare")
        found += look(page, axe, "nothing to compare")
        page.goto(f"{site[0].url}{venue}")
        page.locator("venue-map .handle").first.wait_for()
        found += look(page, axe, "venue")
        page.goto(f"{site[0].url}/recordings/{site[1]['Adam']}")
        if (unfold := page.locator("#laps fold-button button").first).is_visible():
            unfold.click()
        page.locator("#laps .by-hand summary").first.click()
        found += look(page, axe, "recording")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0
        assert found == []


@pytest.mark.parametrize("looks", [DARK, PHONE], ids=["dark", "phone"])
def test_a_line_is_dragged(
    browser: Any, site: tuple[Site, dict[str, str]], looks: dict[str, Any], tmp_path: Path
) -> None:
    with open_page(browser, **looks) as page:
        page.goto(f"{site[0].url}/laps")
        page.locator("a[href^='/venues/']").first.click()
        handle = page.locator("[data-handle='0-left']")
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        assert box is not None
        before = handle.get_attribute("cx")
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + 40, box["y"] + 10, steps=3)
        page.mouse.up()
        assert page.locator("[data-handle='0-left']").get_attribute("cx") != before
        assert "Not saved yet." in page.locator("venue-map [role=status]").inner_text()
        screenshot(page, f"laps-venue-{'phone' if 'viewport' in looks else 'dark'}")


def test_a_long_value_of_a_field_is_one_line(browser: Any, site: tuple[Site, dict[str, str]]) -> None:
    with Client(site[0].url) as client:
        run = client.get(site[1]["Maya"])
        run.set_setup(spring_front=35)
        run.edit(event=("word " * 40).strip())
    with open_page(browser) as page:
        for address in ("/laps", "/setups"):
            page.goto(f"{site[0].url}{address}")
            cell = page.locator("td", has_text="word word").first.bounding_box()
            assert cell["height"] < 60 and cell["width"] < 400, address
    with Client(site[0].url) as client:
        client.get(site[1]["Maya"]).edit(event="")

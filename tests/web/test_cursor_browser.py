"""What a plot says at a glance: red where a state is a fault, the cursor on a sample, how it is moved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.browsing import Site, needs_chromium, open_page, served
from tests.web.converted import converted, json_log

pytestmark = needs_chromium

ROWS = [{"bspd_fault": n >= 30, "imd_ok": n < 30, "running": n >= 30, "rpm": float(n)} for n in range(61)]
COLOURS = """(canvas, places) => places.map(([x, y]) => {
    const ratio = devicePixelRatio;
    return [...canvas.getContext("2d").getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data];
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A served Paddock, and the address of a recording at 10 Hz for 6 s: after 3 s something is wrong."""
    folder = tmp_path_factory.mktemp("cursor")
    with served(folder / "data", with_worker=False) as site:
        recording = site.run(converted(site.context, json_log(folder / "a.mcap", "Loop", ROWS)))
        yield site, f"{site.url}/recordings/{recording.id[:16]}"


def test_faults_are_red_and_what_is_good_is_grey(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        page.goto(f"{site[1]}#plots=Loop.bspd_fault,Loop.imd_ok,Loop.running")
        page.locator("plot-workspace .legend .state").nth(2).wait_for()
        chart = page.locator("plot-workspace .figure").evaluate(
            "() => { const { chart } = document.querySelector('plot-workspace').linked.figures[0];"
            "return { left: chart.left, right: chart.right, tops: [0, 1, 2].map((each) => chart.laneTop(each)) }; }"
        )
        places = [
            [chart["left"] + share * (chart["right"] - chart["left"]), top + 5]
            for top in chart["tops"]
            for share in (0.25, 0.75)
        ]
        pixels = page.locator("plot-workspace canvas.data").evaluate(COLOURS, places)
        is_red = [red - green > 80 for red, green, _, _ in pixels]
        assert is_red == [False, True, False, True, False, False]
        assert all(max(rgb) - min(rgb) < 30 for *rgb, _ in (pixels[place] for place in (0, 2, 4, 5)))


def test_the_cursor_stands_on_a_sample(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        page.goto(f"{site[1]}#plots=Loop.rpm")
        page.locator("plot-workspace .legend li").wait_for()
        chart = page.locator("plot-workspace .chart")
        box = chart.bounding_box()
        clock, value = page.locator("plot-workspace .clock"), page.locator("plot-workspace .legend .value")
        for place in (0.31, 0.52, 0.83):
            page.mouse.move(box["x"] + place * box["width"], box["y"] + 80)
            value.filter(has_text=re.compile(r"\d")).wait_for()
            minutes, seconds = clock.inner_text().split(":")
            assert minutes == "0" and round(float(seconds) * 10, 6) == float(value.inner_text())
        chart.focus()
        before = float(value.inner_text())
        for _ in range(30):
            page.keyboard.press("ArrowRight")
        assert float(value.inner_text()) > before, "keys never stay at one sample"


def test_gestures_are_written_on_the_page(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        page.goto(site[1])
        assert page.locator(".gestures").inner_text().startswith("Drag to zoom, Shift-drag to move")
        page.goto(f"{site[1]}#plots=Loop.rpm")
        page.locator("plot-workspace .legend li").wait_for()
        page.get_by_role("button", name="Keys and gestures").click()
        assert "Over a plot: zoom in" in page.get_by_role("dialog", name="Keys").inner_text()
    with open_page(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as page:
        page.goto(site[1])
        assert page.locator(".gestures").inner_text().startswith("One finger moves")


def test_a_plot_that_is_added_does_not_shrink(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        page.goto(f"{site[1]}#plots=Loop.rpm")
        page.locator("plot-workspace .legend li").wait_for()
        page.evaluate(
            "() => { const { stage } = document.querySelector('plot-workspace'); window.seen = [];"
            "const look = () => { window.seen.push([...stage.querySelectorAll('.figure')]"
            ".filter((each) => each.checkVisibility({ visibilityProperty: true }))"
            ".map((each) => each.offsetHeight).join()); requestAnimationFrame(look); }; look(); }"
        )
        page.get_by_label("Search signals").fill("running")
        page.get_by_label("Search signals").press("Enter")
        page.locator("plot-workspace .legend .state").wait_for()
        page.wait_for_timeout(300)
        seen = page.evaluate("[...new Set(window.seen)]")
        assert len(seen) == 2, f"without it, then with it at its own height: {seen}"

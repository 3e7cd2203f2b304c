"""Two cursors and the statistics panel: by mouse, keyboard, touch and typed; in the address; equal to NumPy."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served
from tests.web.converted import converted, json_log
from tests.web.test_accessibility import PACKAGE, serious

pytestmark = needs_chromium

RPM = [round(1_000 * math.sin(n / 7) + n, 3) for n in range(300)]
ROWS = [{"rpm": rpm, "running": n >= 30, "mode": "drive" if n % 2 else "coast"} for n, rpm in enumerate(RPM)]
PLOTS = "#plots=Loop.rpm;Loop.running,Loop.mode"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PINS = "document.querySelector('plot-workspace').linked.pins"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A served Paddock, and the address of a recording at 10 Hz for 30 s."""
    folder = tmp_path_factory.mktemp("cursors")
    with served(folder / "data", with_worker=False) as site:
        recording = site.run(converted(site.context, json_log(folder / "a.mcap", "Loop", ROWS)))
        yield site, f"{site.url}/recordings/{recording.id[:16]}"


def drawn(page: Any) -> Any:
    page.locator("plot-workspace .legend li").nth(2).wait_for()
    chart = page.locator("plot-workspace .chart").first
    page.wait_for_function("document.querySelector('plot-workspace').linked.figures[0].series.length === 1")
    chart.scroll_into_view_if_needed()
    return chart


def place(page: Any, seconds: float) -> tuple[float, float]:
    """Where an instant is on the screen."""
    left = page.evaluate(
        "(at) => { const { chart } = document.querySelector('plot-workspace').linked.figures[0];"
        "return chart.host.getBoundingClientRect().left + chart.x(at); }",
        seconds,
    )
    return left, page.locator("plot-workspace .chart").first.bounding_box()["y"] + 140


def cells(page: Any, signal: str) -> dict[str, str]:
    """A row of the panel, exact numbers where there are some."""
    table = page.locator("plot-workspace .numbers table")
    heads = table.locator("thead th").all_inner_texts()[1:]
    row = table.locator(f"tr[data-signal='{signal}'] td")
    return dict(
        zip(heads, row.evaluate_all("(all) => all.map((each) => each.title || each.textContent)"), strict=True)
    )


def numbered(page: Any, values: list[float]) -> None:
    """Waits until the panel says of the first signal what NumPy says of these."""
    known = np.array(values)
    expected = [known.min(), known.max(), known.mean(), np.sqrt((known**2).mean()), known.std(), len(known)]
    page.wait_for_function(
        """(expected) => {
            const row = document.querySelector("plot-workspace .numbers tr[data-signal='Loop.rpm']");
            const cells = [...(row?.querySelectorAll("td") ?? [])].slice(0, 6).map((each) => Number(each.title));
            return cells.length === 6 && cells.every((each, at) => Math.abs(each - expected[at]) < 1e-6);
        }""",
        arg=[float(each) for each in expected],
    )


def test_by_mouse_and_in_a_shared_link(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        page.goto(site[1] + PLOTS)
        chart = drawn(page)
        page.locator("plot-workspace .numbers summary").click()
        numbered(page, RPM)
        assert "numbers=view" in page.url and cells(page, "Loop.rpm")["At 1"] == "–"
        for seconds in (5.02, 12.03):
            page.mouse.click(*place(page, seconds))
        page.wait_for_url(re.compile("cursor1=5&cursor2=12&"))
        page.get_by_label("Between the cursors").check()
        numbered(page, RPM[50:121])
        said = cells(page, "Loop.rpm")
        assert [float(said[name]) for name in ("At 1", "At 2")] == [RPM[50], RPM[120]]
        assert float(said["Difference"]) == pytest.approx(RPM[120] - RPM[50])
        assert cells(page, "Loop.running")["At 1"] == "on", "a state is called by its name"
        assert page.locator(".numbers tr[data-signal='Loop.mode']").count() == 0, "a text has no mean"
        # The nearer one moves: by a click, and by a drag, which does not zoom.
        page.mouse.click(*place(page, 6.0))
        page.mouse.move(*place(page, 12.0))
        page.mouse.down()
        page.mouse.move(*place(page, 14.0), steps=4)
        page.mouse.move(*place(page, 15.0), steps=4)
        page.mouse.up()
        page.wait_for_url(re.compile("cursor1=6&cursor2=15&numbers=cursors"))
        assert "from=" not in page.url
        numbered(page, RPM[60:151])
        shared = page.url
        # A double click shows all, and moves no cursor.
        chart.dblclick(position={"x": 300, "y": 140})
        assert page.evaluate(PINS) == [6, 15]
        screenshot(page, "plots-cursors-light")
        with open_page(browser, color_scheme="dark") as other:
            other.goto(shared)
            drawn(other)
            numbered(other, RPM[60:151])
            assert other.evaluate(PINS) == [6, 15] and other.url == shared
            assert other.locator(".numbers output").inner_text() == "Δ 9.000 s"
            screenshot(other, "plots-cursors-dark")


def test_by_keyboard_and_typed(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser) as page:
        page.goto(site[1] + PLOTS + "&from=10&to=20")
        chart = drawn(page)
        other_ways = page.get_by_role("link", name="X-Y, histogram, spectrum").get_attribute("href")
        assert other_ways.endswith("/analysis?x=Loop.rpm&y=Loop.running&start=10.0000&end=20.0000")
        chart.focus()
        page.keyboard.press("1")
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("2")
        one, other = page.evaluate(PINS)
        assert one == 15 and other > one
        summary = page.locator("plot-workspace .numbers summary")
        summary.focus()
        page.keyboard.press("Enter")
        numbered(page, RPM[100:201])
        page.get_by_label("Cursor 1").fill("11,5")
        page.get_by_label("Cursor 1").press("Enter")
        page.wait_for_url(re.compile("cursor1=11.5&"))
        page.get_by_label("Cursor 2").fill("soon")
        page.get_by_label("Cursor 2").press("Enter")
        assert page.get_by_label("Cursor 2").input_value() == str(round(other, 6))
        # Zoomed by a key, it is of what is on the screen then.
        chart.focus()
        page.keyboard.press("0")
        numbered(page, RPM)
        page.keyboard.press("Escape")
        page.wait_for_function(f"{PINS}.every((each) => each === null)")
        page.wait_for_url(re.compile("^((?!cursor).)*$"))
        assert page.get_by_label("Between the cursors").is_disabled()


@pytest.mark.skipif(PACKAGE is None, reason="axe-playwright-python is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_by_finger_on_a_phone(browser: Any, site: tuple[Site, str], scheme: str) -> None:
    assert PACKAGE is not None and PACKAGE.origin is not None
    with open_page(browser, **PHONE, color_scheme=scheme) as page:
        page.goto(site[1] + PLOTS)
        drawn(page)
        for seconds in (5.0, 20.0):
            page.touchscreen.tap(*place(page, seconds))
        page.wait_for_function(f"{PINS}.every((each) => each !== null)")
        page.locator("plot-workspace .numbers summary").tap()
        page.get_by_label("Between the cursors").tap()
        one, other = page.evaluate(PINS)
        numbered(page, RPM[round(one * 10) : round(other * 10) + 1])
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.get_by_label("Worksheets").is_visible()
        screenshot(page, f"plots-cursors-phone-{scheme}")
        assert serious(page, (Path(PACKAGE.origin).parent / "axe.min.js").read_text(), "statistics") == []

"""Two recordings are chosen from a menu in the reader's days, and the plots come along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from paddock.domain.instants import from_rfc3339
from paddock.simulator.log import simulate
from tests.web.browsing import Site, needs_chromium, open_page, served
from tests.web.converted import converted

pytestmark = needs_chromium

SPEED = "VNData.vn_vel_m_s.x"
# Either side of midnight in Detroit, on one day in UTC.
STARTS = {"Adam": "2026-04-19T03:30:00Z", "Maya": "2026-04-19T04:30:00Z"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str]]]:
    """A served Paddock, and the recordings by driver."""
    folder = tmp_path_factory.mktemp("compare")
    with served(folder / "data", with_worker=False) as site:
        found = {}
        for driver, start in STARTS.items():
            log = folder / f"{driver}.mcap"
            simulate(log, event="autocross", laps=1, rate=0.2, driver=driver, started_ns=from_rfc3339(start))
            found[driver] = site.run(converted(site.context, log)).id[:16]
        yield site, found


def test_two_are_chosen_by_the_readers_clock(browser: Any, site: tuple[Site, dict[str, str]]) -> None:
    with open_page(browser) as page:
        page.goto(f"{site[0].url}/compare#plots={SPEED}")
        page.locator("[data-zone='America/Detroit']").wait_for()
        menu = page.get_by_label("Recording A")
        days = menu.locator("optgroup").evaluate_all("(days) => days.map((day) => day.label)")
        assert days == ["Sun 19 Apr 2026", "Sat 18 Apr 2026"]
        options = menu.locator("option").all_inner_texts()
        assert [text[:19] for text in options[1:]] == ["00:30 · HT09 · Maya", "23:30 · HT09 · Adam"]
        assert menu.locator("option").nth(1).get_attribute("title") == "2026-04-19 04:30:00 UTC"

        menu.select_option(site[1]["Maya"])
        page.get_by_label("Recording B").select_option(site[1]["Adam"])
        page.get_by_role("button", name="Compare").click()
        page.wait_for_url("**/compare?a=*")
        page.locator("plot-workspace .legend li").nth(1).wait_for()
        assert page.url.endswith(f"#plots={SPEED}"), "the plots came along"
        times = page.locator("form.compare time")
        assert times.all_inner_texts() == ["19 Apr 2026 00:30", "18 Apr 2026 23:30"]
        assert str(times.first.get_attribute("title")).startswith("2026-04-19 04:30:00")


def test_what_is_plotted_goes_along_from_the_recording(browser: Any, site: tuple[Site, dict[str, str]]) -> None:
    with open_page(browser) as page:
        page.goto(f"{site[0].url}/recordings/{site[1]['Adam']}#plots={SPEED}&from=5&to=9")
        page.locator("plot-workspace .legend li").wait_for()
        page.get_by_role("link", name="Compare…").click()
        page.wait_for_url(f"**/compare?a={site[1]['Adam']}#plots={SPEED}")
        page.get_by_label("Recording B").select_option(site[1]["Maya"])
        page.get_by_role("button", name="Compare").click()
        page.locator("plot-workspace .legend li").nth(1).wait_for()
        assert page.url.endswith(f"#plots={SPEED}")


def test_two_runs_compared_cold(browser: Any, site: tuple[Site, dict[str, str]]) -> None:
    """Nothing is plotted yet: the roles that both have are, in two colours, and what differs is in tables."""
    with open_page(browser) as page:
        page.goto(f"{site[0].url}/compare?a={site[1]['Adam']}&b={site[1]['Maya']}")
        legend = page.locator("plot-workspace .legend li")
        legend.nth(7).wait_for()
        labels = page.locator("plot-workspace .legend .label").all_inner_texts()
        assert labels[:4] == ["A · Vn vel x", "B · Vn vel x", "A · Accel pedal", "B · Accel pedal"]
        colours = page.locator("plot-workspace .figure").evaluate_all(
            "(figures) => figures.map((figure) => figure.querySelectorAll('.swatch').length - new Set("
            "[...figure.querySelectorAll('.swatch')].map((each) => each.style.getPropertyValue('--colour'))).size)"
        )
        assert colours == [0, 0, 0, 0], "no colour twice in a plot"
        assert f"#plots={SPEED}" in page.url, "whoever gets the link sees the same"
        rows = page.locator("#differences tbody tr").all_inner_texts()
        assert any(row.split() == ["Driver", "Adam", "Maya"] for row in rows)
        assert any(row.startswith("setup · driver") for row in rows)
        assert "Vn vel x" in page.locator("#statistics tbody").inner_text()
        assert "Times: America/Detroit" in page.locator(".head").inner_text()


def test_neither_run_is_lost_from_sight(browser: Any, site: tuple[Site, dict[str, str]]) -> None:
    with open_page(browser) as page:
        address = f"{site[0].url}/compare?a={site[1]['Adam']}&b={site[1]['Maya']}#plots={SPEED}&from=5&to=9"
        page.goto(address)
        page.locator("plot-workspace .legend li").nth(1).wait_for()
        page.get_by_role("button", name="Time of day").click()
        page.wait_for_url("**offset=3600")
        assert "from=" not in page.url, "an hour later B is not between the fifth and the ninth second"
        page.get_by_role("button", name="Start", exact=True).click()
        page.goto(address)
        page.locator("plot-workspace .legend li").nth(1).wait_for()
        page.get_by_label("Offset of B in seconds").fill("0.5")
        page.wait_for_url("**offset=0.5")
        assert "from=5" in page.url, "both are still seen"

"""What a plot says beside its lines: an axis for every unit, and what each signal is at the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served, site_with_a_run
from tests.web.converted import converted, json_log

pytestmark = needs_chromium

SPEED, VOLTAGE, CURRENT = "VNData.vn_vel_m_s.x", "BatteryPack.voltage_v", "BatteryPack.current_a"
CELL, STATE, VALID = "ACUAllData.max_cell_temp_c", "VehicleData.vehicle_state", "VehicleData.state_is_valid"
UNITS = (VOLTAGE, CURRENT, SPEED, CELL)

AXES = """(number) => {
    const { chart } = document.querySelector("plot-workspace").linked.figures[number];
    const canvas = chart.canvases[0];
    const ratio = canvas.width / chart.host.clientWidth;
    const inked = (from, to) => {
        const area = [from, 0, to - from, chart.bottom + 4].map((place) => place * ratio);
        const pixels = canvas.getContext("2d").getImageData(...area).data;
        let drawn = 0;
        for (let at = 3; at < pixels.length; at += 4) drawn += pixels[at] > 60;
        return drawn > 30;
    };
    // The plot below has three on the right, and the room of all is the same.
    const width = (chart.host.clientWidth - chart.right) / 3;
    const from = (number) => chart.right + number * width;
    const right = [0, 1, 2].map((number) => inked(from(number) + 5, from(number + 1) - 2));
    return { units: chart.units, axes: [inked(0, chart.left), ...right], left: chart.left, right: chart.right };
}"""
PLACES = """() => [...document.querySelectorAll("plot-workspace .legend li")]
    .map((each) => each.getBoundingClientRect())
    .map((box) => [box.x, box.y + scrollY, box.width].map(Math.round))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    with site_with_a_run(tmp_path_factory.mktemp("readings")) as found:
        yield found


def opened(page: Any, url: str, plots: int) -> None:
    page.goto(url)
    page.locator("plot-workspace .chart").nth(plots - 1).wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(100)


def point_at(page: Any, share: float) -> None:
    """The mouse over the first plot, at a share of its time axis."""
    x = page.evaluate(
        """(share) => {
            const { host, left, right } = document.querySelector("plot-workspace").linked.figures[0].chart;
            return host.getBoundingClientRect().left + left + share * (right - left);
        }""",
        share,
    )
    page.locator("plot-workspace .chart").first.scroll_into_view_if_needed()
    page.mouse.move(x, page.locator("plot-workspace .chart").first.bounding_box()["y"] + 40)


@pytest.mark.parametrize("look", ["light", "phone"])
def test_every_unit_has_an_axis_of_its_own(browser: Any, site: tuple[Site, str], look: str) -> None:
    options = {"viewport": {"width": 390, "height": 844}} if look == "phone" else {}
    plots = ";".join(",".join(UNITS[: number + 1]) for number in range(len(UNITS)))
    with open_page(browser, **options) as page:
        opened(page, f"{site[0].url}/recordings/{site[1]}#plots={plots};{SPEED},{STATE}", 5)
        for number in range(len(UNITS)):
            found = page.evaluate(AXES, number)
            assert found["units"] == ["V", "A", "m/s", "°C"][: number + 1]
            assert found["axes"] == [True] * (number + 1) + [False] * (3 - number), found
        edges = {
            (round(found["left"]), round(found["right"])) for found in (page.evaluate(AXES, n) for n in range(5))
        }
        assert len(edges) == 1, "times above each other line up"
        left, right = edges.pop()
        assert right - left > (150 if look == "phone" else 600), "the lines have most of the room"
        screenshot(page, f"axes-{look}")


def test_readings_of_every_plot_with_unit_and_name(browser: Any, site: tuple[Site, str]) -> None:
    at_s = 20.0
    asked = httpx.get(
        f"{site[0].url}/api/recordings/{site[1]}/plot",
        params={"signal": [SPEED, VOLTAGE, STATE], "start": at_s - 0.001, "end": at_s},
    ).json()
    with open_page(browser) as page:
        opened(page, f"{site[0].url}/recordings/{site[1]}#plots={SPEED};{VOLTAGE},{STATE};{VALID}", 3)
        said = page.locator("plot-workspace .legend .reading")
        assert [text.strip() for text in said.all_inner_texts()] == ["m/s", "V", "", ""]
        before = page.evaluate(PLACES)
        point_at(page, at_s / asked_span(page))
        speed, voltage, state, valid = (text.split() for text in said.all_inner_texts())
        assert float(speed[0]) == pytest.approx(asked["series"][0]["values"][0], abs=0.5) and speed[1] == "m/s"
        assert float(voltage[0]) == pytest.approx(asked["series"][1]["values"][0], abs=5) and voltage[1] == "V"
        assert (state, valid) == ([asked["series"][2]["enums"]["5"]], ["on"])
        assert page.evaluate(PLACES) == before, "nothing moves under the mouse"
        page.mouse.move(5, 5)
        assert [text.strip() for text in said.all_inner_texts()] == ["m/s", "V", "", ""]


def asked_span(page: Any) -> float:
    return float(page.evaluate("document.querySelector('plot-workspace').linked.view.end"))


def test_where_no_line_is_drawn_nothing_is_read(browser: Any, tmp_path: Path) -> None:
    log = json_log(tmp_path / "gap.mcap", "Gap", [{"a": n / 3} for n in range(200)], pause_after=100)
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        recording = site.run(converted(site.context, log))
        opened(page, f"{site.url}/recordings/{recording.id[:16]}#plots=Gap.a", 1)
        said = page.locator("plot-workspace .legend .value")
        point_at(page, 0.05)
        assert float(said.inner_text()) > 0
        point_at(page, 0.5)
        assert said.inner_text() == "–"

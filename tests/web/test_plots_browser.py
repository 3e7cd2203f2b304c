"""Plots in a real browser: overview, workspace, zoom, address, taking away, comparing; hostile topics."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest

from paddock.simulator.log import simulate
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.builders import HOSTILE
from tests.web.converted import converted, json_log

pytestmark = needs_chromium

SPEED, VOLTAGE, STATE = "VNData.vn_vel_m_s.x", "BatteryPack.voltage_v", "VehicleData.vehicle_state"
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("logs")
    simulate(folder / "a.mcap", event="autocross", laps=1, rate=0.2)
    simulate(
        folder / "b.mcap", event="autocross", laps=1, rate=0.2, driver="Maya", started_ns=1_776_526_320 * 10**9
    )
    return folder / "a.mcap", folder / "b.mcap"


def ink(page: Any, selector: str) -> int:
    """How many pixels of a chart's data layer are drawn."""
    return int(
        page.locator(f"{selector} canvas.data").first.evaluate(
            """(canvas) => {
                const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                let drawn = 0;
                for (let at = 3; at < pixels.length; at += 4) drawn += pixels[at] > 200;
                return drawn;
            }"""
        )
    )


def settled(page: Any) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(250)


def test_from_the_overview_to_a_file(browser: Any, tmp_path: Path, logs: tuple[Path, Path]) -> None:
    import scipy.io

    with served(tmp_path, with_worker=True) as site, open_page(browser) as page:
        recording = site.run(converted(site.context, logs[0]))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/plot?" in request.url else None)
        page.goto(f"{site.url}/recordings/{recording.id[:16]}")
        settled(page)
        titles = page.locator("plot-overview h3").all_inner_texts()
        assert (
            titles[:4] == ["Speed", "Throttle, brake and steering", "Track", "Pack"]
            and "States and faults" in titles
        )
        assert ink(page, "plot-overview .chart") > 500
        assert page.locator("#coverage li").count() > 20

        # Found by words, plotted by a click, in the address at once.
        page.keyboard.press("/")
        page.keyboard.type("vel x")
        page.keyboard.press("Enter")
        settled(page)
        assert page.url.endswith(f"#plots={SPEED}")
        page.get_by_label("Search signals").fill("voltage_v")
        page.locator(f".pick[data-name='{VOLTAGE}']").click()
        settled(page)
        charts = page.locator("plot-workspace .chart")
        assert charts.count() == 2 and f"#plots={SPEED};{VOLTAGE}" in page.url
        page.get_by_role("button", name=f"Move to the plot above {VOLTAGE}", exact=False).click()
        settled(page)
        assert charts.count() == 1 and f"#plots={SPEED},{VOLTAGE}" in page.url

        # Dragged over: a shorter span, fetched again in its own detail.
        box = charts.first.bounding_box()
        asked.clear()
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
        page.mouse.up()
        page.wait_for_url(re.compile(r"from="))
        settled(page)
        assert any("start=" in url for url in asked)
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
        readout = page.locator(f"plot-workspace [data-signal='{SPEED}'] .value")
        assert float(readout.inner_text()) > 0
        linked = page.url

        # The dialog takes what is plotted, as long as it is.
        page.get_by_role("button", name="Take away…").click()
        page.get_by_label("What is plotted now").check()
        page.get_by_label("As in the plots").check()
        assert f"-s {SPEED} -s {VOLTAGE} --start" in page.locator(".script").text_content()
        page.get_by_text("about").wait_for()
        page.get_by_role("button", name="Make the file").click()
        file = page.locator(".made a")
        file.wait_for(timeout=20_000)
        with page.expect_download() as downloading:
            file.click()
        contents = scipy.io.loadmat(io.BytesIO(Path(downloading.value.path()).read_bytes()), simplify_cells=True)
        assert {"VNData", "BatteryPack"} <= set(contents) and "Pedals" not in contents
        page.get_by_text("The same from a script").click()
        page.get_by_role("button", name="Python").click()
        assert ".export(" in page.locator(".script").text_content()
        page.get_by_role("button", name="MATLAB").click()
        assert f"'signals', {{'{SPEED}', '{VOLTAGE}'}}" in page.locator(".script").text_content()
        assert page.get_by_role("link", name="Foxglove").count() == 1

        # The link shows the same to somebody else; double click shows all of it again.
        with open_page(browser) as other:
            other.goto(linked)
            settled(other)
            assert other.url == linked and other.locator("plot-workspace .legend li").count() == 2
            other.locator("plot-workspace .chart").dblclick(position={"x": 300, "y": 60})
            settled(other)
            assert "from=" not in other.url


def test_two_recordings_over_each_other(browser: Any, tmp_path: Path, logs: tuple[Path, Path]) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        a, b = (site.run(converted(site.context, log)) for log in logs)
        page.goto(f"{site.url}/compare?a={a.id[:16]}&b={b.id[:16]}#plots={SPEED}")
        settled(page)
        legend = page.locator("plot-workspace .legend .label").all_inner_texts()
        assert [text[:4] for text in legend] == ["A · ", "B · "]
        assert ink(page, "plot-workspace .chart") > 500
        page.get_by_role("button", name="Time of day").click()
        settled(page)
        assert "offset=3600" in page.url
        page.get_by_label("Offset of B in seconds").fill("2.5")
        settled(page)
        assert "offset=2.5" in page.url
        page.reload()
        settled(page)
        assert page.get_by_label("Offset of B in seconds").input_value() == "2.5"
        page.get_by_role("button", name="Start", exact=True).click()
        settled(page)
        assert "offset" not in page.url

        # By hand on the plot itself: a tenth of the axis to the right, and what is seen stays.
        hand = page.get_by_role("button", name="Drag B")
        hand.click()
        span, axis = page.locator("plot-workspace").evaluate(
            "({ linked: { view, figures: [{ chart }] } }) => [view.end - view.start, chart.right - chart.left]"
        )
        box = page.locator("plot-workspace .chart").first.bounding_box()
        page.mouse.move(box["x"] + 300, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 300 + axis / 10, box["y"] + 60, steps=5)
        page.mouse.up()
        page.wait_for_url(re.compile("offset="))
        moved = float(page.get_by_label("Offset of B in seconds").input_value())
        assert moved == pytest.approx(span / 10, rel=0.05)
        assert float(re.findall(r"to=([\d.]+)", page.url)[0]) == pytest.approx(span, rel=0.01)
        hand.click()
        page.locator("plot-workspace .chart").first.dblclick(position={"x": 300, "y": 60})
        settled(page)
        assert "from=" not in page.url and "offset=" in page.url


def test_no_line_is_drawn_over_a_gap(browser: Any, tmp_path: Path) -> None:
    log = json_log(tmp_path / "gap.mcap", "Gap", [{"a": n, "b": n / 3} for n in range(200)], pause_after=100)
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        recording = site.run(converted(site.context, log))
        page.goto(f"{site.url}/recordings/{recording.id[:16]}#plots=Gap.a;Gap.b")
        page.locator("plot-workspace .chart").nth(1).wait_for()
        settled(page)
        for plot in range(2):
            # The line's colour has far more green than red; nothing else on a plot has.
            drawn = (
                page.locator("plot-workspace canvas.data")
                .nth(plot)
                .evaluate(
                    """(canvas) => [0.08, 0.5, 0.92].map((share) => {
                    const x = Math.round(canvas.width * share);
                    const pixels = canvas.getContext("2d").getImageData(x, 0, 1, canvas.height).data;
                    let line = 0;
                    for (let at = 0; at < pixels.length; at += 4) line += pixels[at + 1] - pixels[at] > 60;
                    return line > 0;
                })"""
                )
            )
            assert drawn == [True, False, True]
        kept = page.evaluate(
            """async () => {
                const { gapOf } = await import("/static/plots/linked.js");
                return gapOf({ drawing: "steps", seconds: [0, 60], samples: 9000 }, 100, 2000);
            }"""
        )
        assert kept == float("inf"), "of steps that never changed only two samples stay"


def test_a_hostile_log_without_any_known_role(browser: Any, tmp_path: Path) -> None:
    odd = json_log(tmp_path / "odd.mcap", HOSTILE, [{"wobble": n % 7, "name": HOSTILE} for n in range(60)])
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        recording = site.run(converted(site.context, odd))
        page.goto(f"{site.url}/recordings/{recording.id[:16]}")
        settled(page)
        assert page.locator("plot-overview h3").all_inner_texts() == ["Signals that move"]
        page.locator(".tree summary").click()
        page.locator(".pick:enabled").nth(1).wait_for()
        for number in range(2):
            page.locator(".pick:enabled").nth(number).click()
            page.locator("plot-workspace .chart").nth(number).wait_for()
        assert page.locator("plot-workspace .chart").count() == 2
        assert page.locator("main script, main img").count() == 0
        page.reload()
        page.locator("plot-workspace .chart").nth(1).wait_for()
        assert page.locator("plot-workspace .chart").count() == 2
        page.goto(f"{site.url}/recordings/{recording.id[:16]}#plots=No.such,%E0%A4%A;Gone.x&from=x&to=1e999")
        page.get_by_text("Not in this log: No.such, Gone.x.").wait_for()


def test_how_plots_look(browser: Any, tmp_path: Path, logs: tuple[Path, Path]) -> None:
    """Screenshots for people to look at; nothing is wider than the screen."""
    with served(tmp_path, with_worker=False) as site:
        a, b = (site.run(converted(site.context, log)) for log in logs)
        plots = f"#plots={SPEED},PedalsSystemData.accel_pedal;{VOLTAGE},BatteryPack.current_a;{STATE}"
        pages = {
            "plots": f"/recordings/{a.id}{plots}",
            "compare": f"/compare?a={a.id}&b={b.id}{plots}",
            "export": f"/export?recording={a.id}&recording={b.id}",
        }
        for look, options in LOOKS.items():
            with open_page(browser, **options) as page:
                for name, path in pages.items():
                    page.goto(site.url + path)
                    settled(page)
                    screenshot(page, f"{name}-{look}")
                    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    assert wide <= 0, f"{path} is {wide} px too wide ({look})"

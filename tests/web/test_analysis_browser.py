"""X-Y plots, histograms and spectra of a recording in a real browser; their API."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import httpx

from paddock import Client
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.converted import json_log

pytestmark = needs_chromium


def test_a_recording_is_looked_at_in_every_way(browser: Any, tmp_path: Path) -> None:
    messages = [
        {"acc": {"x": math.sin(n / 5), "y": math.cos(n / 5)}, "gear": n % 3, "mode": "on"} for n in range(1_200)
    ]
    log = json_log(tmp_path / "run.mcap", "IMU", messages)
    with (
        served(tmp_path / "data", with_worker=True) as site,
        open_page(browser, provoked=(404, 422)) as page,
        Client(site.url) as client,
    ):
        run = client.upload(log).wait()
        base = f"{site.url}/api/recordings/{run.id}"
        found = httpx.get(f"{base}/xy", params={"x": "IMU.acc.y", "y": "IMU.acc.x", "start": 10, "end": 20}).json()
        assert (found["points"], found["cell"]) == (101, None)
        assert all(abs(x * x + y * y - 1) < 1e-9 for x, y in zip(found["xs"], found["ys"], strict=True))
        times = httpx.get(f"{base}/histogram", params={"signal": "IMU.gear", "bins": 3}).json()
        assert [round(each, 1) for each in times["seconds"]] == [40.0, 40.0, 39.9]
        density = httpx.get(f"{base}/spectrum", params={"signal": "IMU.acc.x"}).json()
        peak = density["frequencies_hz"][density["density"].index(max(density["density"]))]
        assert abs(peak - 10 / (2 * math.pi * 5)) < 0.05
        numbers = httpx.get(f"{base}/statistics", params={"signal": ["IMU.acc.x", "IMU.gear"]}).json()["items"]
        assert abs(numbers[0]["rms"] - math.sqrt(0.5)) < 0.01 and numbers[1]["mean"] == 1.0
        for path, code in (
            ("histogram?signal=IMU.nothing", "no_such_signal"),
            ("histogram?signal=IMU.mode", "bad_plot"),
            ("histogram?signal=IMU.gear&bins=0", "bad_plot"),
            ("spectrum?signal=IMU.acc.x&window=wide", "bad_plot"),
            ("spectrum?signal=IMU.acc.x&end=1", "bad_plot"),
            ("xy?x=IMU.acc.x&y=IMU.acc.y&start=9&end=3", "bad_plot"),
        ):
            assert httpx.get(f"{base}/{path}").json()["code"] == code, path

        page.goto(f"{site.url}/recordings/{run.id}")
        page.get_by_role("link", name="X-Y, histogram, spectrum").click()
        page.get_by_role("link", name="g-g diagram").click()
        page.get_by_text("1,200 points.").wait_for()
        page.locator("#numbers tbody tr").nth(1).wait_for()
        assert page.locator("h1 a").get_attribute("href").endswith("#plots=IMU.acc.y;IMU.acc.x")
        screenshot(page, "analysis-xy-light")
        page.get_by_role("link", name="Histogram").click()
        page.get_by_text("For how long").wait_for()
        page.emulate_media(color_scheme="dark")
        screenshot(page, "analysis-histogram-dark")
        page.get_by_role("link", name="Spectrum").click()
        page.get_by_text("most at 0.3").wait_for()
        page.set_viewport_size({"width": 390, "height": 844})
        screenshot(page, "analysis-spectrum-phone")
        page.get_by_label("Signal").fill("IMU.mode")
        page.get_by_role("button", name="Show").click()
        page.get_by_text("IMU.mode is no number.").wait_for()

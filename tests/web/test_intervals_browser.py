"""Intervals in a real browser: marked, found by a condition, their figures as a table, CSV and SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from paddock import Client
from paddock.client import FoundRecording
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.converted import json_log

pytestmark = needs_chromium


def _slower(folder: Path) -> Path:
    return json_log(folder / "slower.mcap", "Car", [{"speed": 5.0, "mode": "on"} for _ in range(50)])


def _figures_of_two_runs_with_their_setups(
    page: Any, site: str, run: FoundRecording, slower: FoundRecording
) -> None:
    run.set_setup(spring_front=35, tire_set="R25B")
    page.goto(f"{site}/?day=all")
    for each in (run, slower):
        page.locator(f"#rows .pick input[value='{each.id}']").check()
    page.get_by_role("link", name="Figures").click()
    page.get_by_label("Figures of").fill("Car.speed")
    page.get_by_label("Over").select_option("recording")
    page.get_by_role("button", name="Show").click()
    rows = page.locator("#figures tbody tr")
    rows.first.wait_for()
    headings = page.locator("#figures th").all_inner_texts()
    page.get_by_role("button", name="mean").click()
    means = [each.split("\t")[headings.index("mean")] for each in rows.all_inner_texts()]
    assert [float(each) for each in means] == [13.0, 5.0], "the largest first"
    assert rows.first.locator("td").nth(headings.index("Front spring")).inner_text() == "35 N/mm"
    assert rows.last.locator("td").nth(headings.index("Front spring")).inner_text() == "–"
    screenshot(page, "kpis-light")
    page.reload()
    rows.first.wait_for()
    assert rows.count() == 2, "the address keeps what was asked"


def test_intervals_are_marked_found_and_measured(browser: Any, tmp_path: Path) -> None:
    # Faster than 15 from second 2 to 4 and from 7 to 8.
    speeds = [20.0 if 20 <= n < 40 or 70 <= n < 80 else 10.0 for n in range(100)]
    log = json_log(tmp_path / "run.mcap", "Car", [{"speed": speed, "mode": "on"} for speed in speeds])
    with (
        served(tmp_path / "data", with_worker=True) as site,
        open_page(browser, provoked=(404, 422)) as page,
        Client(site.url) as client,
    ):
        run = client.upload(log).wait()
        page.goto(f"{site.url}/recordings/{run.id}/intervals")
        page.get_by_text("No interval yet").wait_for()
        page.locator("#mark").get_by_label("Name").fill("Brake test 3")
        page.get_by_label("From second").fill("1")
        page.get_by_label("To second").fill("3,5")
        page.get_by_role("button", name="Mark").click()
        page.locator("#intervals").get_by_text("Brake test 3").wait_for()
        page.locator("#find").get_by_label("Name").fill("Fast")
        page.get_by_label("Where").fill("Car.speed >")
        page.get_by_role("button", name="Find").click()
        page.locator("#find .form-error").wait_for()
        page.get_by_label("Where").fill("Car.speed > 15")
        page.get_by_label("For at least").fill("1.5")
        page.get_by_role("button", name="Find").click()
        page.locator("#intervals").get_by_text("Fast 1").wait_for()
        page.get_by_label("Figures of").fill("Car.speed")
        page.locator("#kpis").get_by_role("button", name="Show").click()
        page.locator("#figures").get_by_text("Fast 1").wait_for()
        screenshot(page, "intervals-light")
        _figures_of_two_runs_with_their_setups(page, site.url, run, client.upload(_slower(tmp_path)).wait())
        page.goto(f"{site.url}/recordings/{run.id}/intervals")
        page.set_viewport_size({"width": 390, "height": 844})
        screenshot(page, "intervals-phone")
        page.get_by_role("button", name="Remove Brake test 3").click()
        page.locator("#intervals").get_by_text("Brake test 3").wait_for(state="detached")

        place = f"{site.url}/api/recordings/{run.id}/intervals"
        (fast,) = httpx.get(place).json()["items"]
        assert (fast["start_s"], fast["end_s"], fast["condition"]) == (2.0, 4.0, "Car.speed > 15")
        again = {"name": "Fast", "condition": "Car.speed > 15"}
        assert [each["name"] for each in httpx.post(f"{place}/find", json=again).json()["items"]] == [
            "Fast 1",
            "Fast 2",
        ]
        assert len(httpx.get(place).json()["items"]) == 2, "they replace those before"
        question = {"recordings": [run.id], "signals": ["Car.speed", "Car.none"]}
        rows = httpx.post(f"{site.url}/api/kpis", json=question).json()["items"]
        figures = rows[0]["figures"]["Car.speed"]
        assert (rows[0]["span"], figures["count"], figures["min"], figures["max"]) == ("Fast 1", 20, 20.0, 20.0), (
            "the sample that is too slow is no part of it"
        )
        assert rows[0]["figures"]["Car.none"]["count"] is None
        csv = httpx.post(f"{site.url}/api/kpis", json=question | {"format": "csv", "over": "recording"}).text
        assert csv.splitlines()[0].startswith(
            '"recording","name","span","start_s","end_s","setup.spring_front","setup.tire_set","Car.speed count"'
        )
        sql = (
            "select i.name, avg(s.value) as mean from intervals i join samples('Car.speed') s "
            "on s.recording = i.recording and s.time_ns >= i.started_ns and s.time_ns < i.ended_ns "
            "group by 1 order by 1"
        )
        assert client.sql(sql).to_pydict() == {"name": ["Fast 1", "Fast 2"], "mean": [20.0, 20.0]}
        lasting = {"name": "Long", "condition": "Car.speed > 15 for 1.5 s"}
        assert [each["end_s"] for each in httpx.post(f"{place}/find", json=lasting).json()["items"]] == [4.0]
        for body, code in (
            ({"name": "", "start_s": 0, "end_s": 1}, "bad_interval"),
            ({"name": "x", "start_s": 2, "end_s": 1}, "bad_interval"),
            ({"name": "x", "condition": "Car.speed +"}, "bad_maths"),
            ({"name": "x", "condition": "Car.none > 1"}, "bad_maths"),
        ):
            answer = httpx.post(f"{place}/find" if "condition" in body else place, json=body)
            assert answer.json()["code"] == code, answer.text
        for question, code in (
            ({"recordings": [], "signals": ["Car.speed"]}, "bad_plot"),
            ({"recordings": ["ffffff"], "signals": ["Car.speed"]}, "no_such_recording"),
            ({"recordings": [run.id], "signals": ["Car.mode"]}, "bad_plot"),
        ):
            assert httpx.post(f"{site.url}/api/kpis", json=question).json()["code"] == code
        assert httpx.delete(f"{place}/none").json()["code"] == "no_such_interval"

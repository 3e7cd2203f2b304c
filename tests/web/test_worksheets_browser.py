"""A worksheet in a real browser: saved on one car's recording, opened on another's, the default, removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from paddock import Client
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.converted import json_log

pytestmark = needs_chromium


def test_a_worksheet_opens_on_another_car(browser: Any, tmp_path: Path) -> None:
    first = json_log(tmp_path / "first.mcap", "Gps", [{"speed": n / 10, "altitude": n % 7} for n in range(200)])
    second = json_log(tmp_path / "second.mcap", "Ins", [{"ground_speed": n / 20} for n in range(200)])
    with (
        served(tmp_path / "data", with_worker=True) as site,
        open_page(browser, provoked=(404, 409, 422)) as page,
        Client(site.url) as client,
    ):
        one, other = client.upload(first).wait(), client.upload(second).wait()
        page.goto(f"{site.url}/recordings/{one.id}#plots=Gps.speed;Gps.altitude")
        page.get_by_label("Worksheets").select_option(label="Save as a worksheet…")
        page.get_by_label("Name", exact=True).fill("Outing")
        page.get_by_label("Pages of recordings begin with it").check()
        screenshot(page, "worksheet-save-light")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("option", name="Outing (default)").wait_for(state="attached")

        page.goto(f"{site.url}/recordings/{other.id}")  # begins with what it has of the default
        page.wait_for_function("() => location.hash === '#plots=Ins.ground_speed'")
        page.get_by_label("Worksheets").select_option(label="Outing (default)")
        page.get_by_text("Not in this log: Gps.altitude.").wait_for()
        screenshot(page, "worksheet-other-car-light")
        page.get_by_label("Worksheets").select_option(label="Save as a worksheet…")
        page.get_by_role("button", name="Remove Outing").click()
        page.get_by_role("option", name="Outing (default)").wait_for(state="detached")

        saved = {"name": "Brakes", "recording": one.id, "plots": [["Gps.speed"]]}
        worksheet = httpx.post(f"{site.url}/api/worksheets", json=saved).json()
        place = f"{site.url}/api/worksheets/{worksheet['id']}"
        assert httpx.put(place, json=saved | {"version": 1, "name": "Brakes 2"}).json()["version"] == 2
        assert httpx.put(place, json=saved | {"version": 1}).json()["code"] == "worksheet_changed"
        assert httpx.get(place, params={"recording": other.id}).json()["plots"] == [["Ins.ground_speed"]]
        assert [each["name"] for each in httpx.get(f"{site.url}/api/worksheets").json()["items"]] == ["Brakes 2"]
        for answer in (httpx.delete(f"{site.url}/api/worksheets/none"), httpx.put(f"{place}x", json=saved)):
            assert answer.json()["code"] == "no_such_worksheet"
        assert (
            httpx.post(f"{site.url}/api/worksheets", json=saved | {"plots": []}).json()["code"] == "bad_worksheet"
        )

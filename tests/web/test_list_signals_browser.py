"""A list's element from the picker to a plot to a file, over plain http on an address that is not loopback."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.web.browsing import PLAIN_HOST, needs_chromium, open_page, served
from tests.web.converted import converted, json_log

pytestmark = needs_chromium

ELEMENT = "ACUAllData.cell_voltages[11]"


def test_from_the_picker_to_a_file(browser: Any, tmp_path: Path) -> None:
    rows = [{"cell_voltages": [3.5 + n / 64 + cell / 512 for cell in range(14)]} for n in range(60)]
    log = json_log(tmp_path / "cells.mcap", "ACUAllData", rows)
    with (
        served(tmp_path / "data", with_worker=True, host=PLAIN_HOST) as site,
        open_page(browser, accept_downloads=True) as page,
    ):
        recording = site.run(converted(site.context, log))
        page.goto(f"{site.url}/recordings/{recording.id[:16]}")
        assert page.evaluate("isSecureContext") is False
        search = page.get_by_label("Search signals")
        search.fill("cell_voltages")
        (found,) = page.locator(".tree > *").all()
        assert found.locator("> summary .count").inner_text() == "14", "one list, folded"
        page.locator(".tree .pick").first.wait_for(state="detached")
        search.press("Enter")
        page.locator(".tree .pick").nth(13).wait_for()
        names = page.locator(".tree .pick").evaluate_all("(picks) => picks.map((pick) => pick.dataset.name)")
        assert names == [f"ACUAllData.cell_voltages[{cell}]" for cell in range(14)]
        search.fill("voltages[11]")
        search.press("Enter")
        legend = page.locator("plot-workspace .legend")
        legend.get_by_text("Cell voltages [11]").wait_for()
        assert page.url.endswith("#plots=ACUAllData.cell_voltages%5B11%5D")

        page.get_by_role("button", name="Copy link").click()
        page.locator(".toolbar").get_by_role("button", name="Copied").wait_for()
        page.get_by_role("button", name="Take away…").click()
        page.locator("[name=format]").select_option("csv")
        page.get_by_label("What is plotted now").check()
        page.get_by_text("The same from a script").click()
        assert f"-s '{ELEMENT}'" in page.locator(".script").text_content()
        page.locator("[data-copy]").click()
        page.locator("[data-copy]", has_text="Copied").wait_for()
        page.get_by_role("button", name="Make the file").click()
        file = page.locator(".made a")
        file.wait_for(timeout=20_000)
        with page.expect_download() as downloading:
            file.click()
        with Path(downloading.value.path()).open(encoding="utf-8-sig", newline="") as opened:
            read = list(csv.DictReader(opened))
        assert set(read[0]) == {"t", "log_time", "cell_voltages[11]"}
        assert [float(row["cell_voltages[11]"]) for row in read] == [row["cell_voltages"][11] for row in rows]


@pytest.mark.parametrize("name", ["VehicleData.current_rpms.FL", "Drivetrain.inverter_front_left_temperature_c"])
def test_a_name_that_does_not_fit_keeps_its_end(browser: Any, tmp_path: Path, name: str) -> None:
    topic, field = name.split(".", 1)
    row: dict[str, object] = {}
    inner = row
    *parents, last = field.split(".")
    for parent in parents:
        inner[parent] = inner = {}
    inner[last] = 1.5
    log = json_log(tmp_path / "names.mcap", topic, [row, row])
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        recording = site.run(converted(site.context, log))
        page.goto(f"{site.url}/recordings/{recording.id[:16]}")
        page.get_by_label("Search signals").fill(last)
        shown = page.locator(".tree .pick .text")
        assert shown.text_content() == name
        end = shown.locator("span").last
        assert end.text_content() == name[-11:]
        box, room = end.bounding_box(), shown.bounding_box()
        assert box["x"] + box["width"] <= room["x"] + room["width"] + 1, "the end is in sight"

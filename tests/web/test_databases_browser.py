"""A log of CAN frames on the site: kept as bytes, decoded by the database that comes, then by the next version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock import Client
from tests.matlab_files import loadmat
from tests.readers.can.dbc import SMALL
from tests.web.browsing import needs_chromium, open_page, screenshot, served

pytestmark = needs_chromium

LINES = [f"0,0,0,0,1,{i // 50},{i % 50 * 20},00000100,{i:02x}000a0100000000" for i in range(200)]
LOG = "\n".join(["year,month,day,hour,min,sec,ms,id,data", *LINES, ""])


def test_a_log_waits_for_its_database_and_follows_the_next_one(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text(LOG)
    (tmp_path / "car.dbc").write_text(SMALL)
    newer = SMALL.replace("SG_ Rpm : 0|16@1+ (1,0)", "SG_ EngineSpeed : 0|16@1+ (2,0)")
    (tmp_path / "newer.dbc").write_text(newer)
    (tmp_path / "none.dbc").write_text("nothing")
    with (
        served(tmp_path / "data", with_worker=True) as site,
        open_page(browser, provoked=(422,)) as page,
        Client(site.url) as client,
    ):
        run = client.upload(tmp_path / "run.csv", metadata={"car": "HT09"}).wait()
        page.goto(f"{site.url}/recordings/{run.id}")
        page.get_by_text("No CAN database decodes this log").wait_for()
        page.get_by_text("Add the .dbc file of HT09").wait_for()
        page.locator("#channels").get_by_text("0x100").first.wait_for()
        screenshot(page, "no-database-light")
        page.get_by_role("link", name="Add a database").click()
        page.get_by_text("No database yet").wait_for()
        page.get_by_role("button", name="Add a database").click()
        page.get_by_label("File").set_input_files(tmp_path / "none.dbc")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_text("none.dbc is no CAN database").wait_for()
        page.get_by_label("File").set_input_files(tmp_path / "car.dbc")
        page.get_by_label("Car", exact=True).fill("HT09")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_text("3 messages, 11 signals. 1 recording is converted now.").wait_for()
        screenshot(page, "databases-light")

        page.goto(f"{site.url}/recordings/{run.id}")
        page.locator("#decoded-by").get_by_role("link", name="car.dbc").wait_for()
        page.locator("#channels").get_by_text("Engine").first.wait_for()
        old = client.get(run.id).export("mat").wait()
        assert loadmat(old.save(tmp_path / "old.mat"), simplify_cells=True)["Engine"]["Rpm"].max() == 199

        page.goto(f"{site.url}/databases")
        page.get_by_role("button", name="Add a database").click()
        page.get_by_label("File").set_input_files(tmp_path / "newer.dbc")
        page.get_by_label("Why", exact=True).fill("gear ratio")
        page.get_by_label("Car", exact=True).fill("HT09")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_text("1 renamed signal stays one with the name before.").wait_for()
        page.get_by_text("1 recording would be decoded otherwise today").wait_for()
        page.get_by_role("link", name="newer.dbc").click()
        page.get_by_text("Engine.Rpm is called Engine.EngineSpeed now.").wait_for()
        page.get_by_text("Engine.EngineSpeed is raw × 2 now, it was raw × 1.").wait_for()
        screenshot(page, "database-changes-light")
        page.go_back()
        page.set_viewport_size({"width": 390, "height": 844})
        screenshot(page, "databases-phone")
        page.get_by_role("button", name="Decode anew").click()
        page.wait_for_url("**/jobs")
        run = client.get(run.id).wait()
        new = run.export("mat").wait().save(tmp_path / "new.mat")
        assert loadmat(new, simplify_cells=True)["Engine"]["EngineSpeed"].max() == 398
        assert "Rpm" in loadmat(old.save(tmp_path / "again.mat"), simplify_cells=True)["Engine"], (
            "the link serves it"
        )

"""Checklists on the site: tried, saved, a log comes in, its badge leads to what failed, that to the plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock import Client
from tests.logs import small_log
from tests.web.browsing import needs_chromium, open_page, screenshot, served

pytestmark = needs_chromium

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def test_from_a_log_to_its_badge_to_the_moment_in_its_plot(browser: Any, tmp_path: Path) -> None:
    logs = {}
    for name, messages, driver in (("old", 60, "Adam"), ("good", 20, "Mei"), ("late", 100, "Eve")):
        logs[name] = tmp_path / f"{name}.mcap"
        logs[name].write_bytes(small_log(messages, driver=driver))
    with (
        served(tmp_path / "data", with_worker=True) as site,
        open_page(browser, provoked=(422,)) as page,
        Client(site.url) as client,
    ):
        for name in ("old", "good"):
            client.upload(logs[name]).wait()
        page.goto(f"{site.url}/alerts")
        page.get_by_role("link", name="Checklists").click()
        page.get_by_role("heading", name="No checklists yet").wait_for()
        page.wait_for_load_state()
        page.get_by_role("button", name="Add a checklist").first.click()
        page.get_by_label("Name", exact=True).first.fill("Systems check")
        page.get_by_label("Signal").fill("Pedals.thr")
        page.locator("#checklist-signals option[value='Pedals.throttle']").wait_for(state="attached")
        page.get_by_label("Signal").fill("Pedals.throttle")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Rule 1: say the least value").wait_for()
        page.get_by_label("To", exact=True).fill("4")
        page.get_by_role("button", name="Add a rule").click()
        second = page.locator(".checklist-rule").nth(1)
        second.locator("[data-field=kind]").select_option("gap")
        second.get_by_label("Topic or signal").fill("Pedals")
        page.get_by_role("button", name="Try on past recordings").click()
        page.get_by_text("Would have fired in 1 of 2 recordings.").wait_for()
        assert page.locator("[data-came]").all_inner_texts() == ["Fired in 1.", "Fired in 0."]
        screenshot(page, "checklist-tried-light")
        page.set_viewport_size(PHONE)
        screenshot(page, "checklist-tried-phone")
        page.set_viewport_size(DESK)
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Pedals.throttle at most 4 for all but 0.5 s").wait_for()
        screenshot(page, "checklists-light")

        run = client.upload(logs["late"]).wait()
        page.goto(f"{site.url}/")
        badge = page.locator(f"#r-{run.id}").get_by_role("link", name="Checks: 1 failed")
        badge.wait_for()
        assert page.get_by_role("link", name="Checks: not checked").count() == 2
        screenshot(page, "checks-list-light")
        page.set_viewport_size(PHONE)
        screenshot(page, "checks-list-phone")
        badge.click()
        page.wait_for_url("**/recordings/*#checks")
        page.wait_for_load_state()
        page.locator("#checks").get_by_role("heading", name="Checks").wait_for()
        page.locator("#checks .said").get_by_text("Outside for 5.8 s, at worst 9.9.").wait_for()
        screenshot(page, "checks-panel-phone")
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="dark")
        screenshot(page, "checks-panel-dark")
        page.emulate_media(color_scheme="light")
        screenshot(page, "checks-panel-light")
        page.locator("#checks [data-moment]").first.click()
        page.locator("plot-workspace .legend li").get_by_text("throttle").first.wait_for()
        assert "plots=Pedals.throttle&from=0&to=14.9" in page.url
        page.wait_for_function(
            "document.querySelector('plot-workspace').getBoundingClientRect().top < innerHeight / 2"
        )
        page.go_back()

        # A recording of before: one click.
        page.goto(f"{site.url}/?checks=unchecked")
        page.get_by_role("link", name="Checks: not checked").first.click()
        page.get_by_role("button", name="Check now").click()
        page.locator("#checks .badge").first.wait_for()
        page.goto(f"{site.url}/checklists")
        page.get_by_role("button", name="Edit Systems check").click()
        page.get_by_role("heading", name="Systems check").last.wait_for()
        assert page.get_by_label("To", exact=True).first.input_value() == "4"
        page.get_by_role("button", name="Remove this rule").last.click()
        page.get_by_role("button", name="Save").click()
        page.get_by_text("version 2").wait_for()
        page.get_by_role("button", name="Edit Systems check").click()
        page.get_by_role("button", name="Remove", exact=True).click()
        page.get_by_role("heading", name="No checklists yet").wait_for()

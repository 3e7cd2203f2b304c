"""Setup sheets in a real browser: filled, copied with one change, compared, searched; two people at a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock import Client
from paddock.domain.recording import Recording
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.builders import STARTED_NS, build_recording, metadata

pytestmark = needs_chromium
HOUR_NS = 3_600_000_000_000
PHONE = {"width": 390, "height": 844}


def runs_of_a_day() -> list[Recording]:
    return [
        build_recording(
            number,
            started_ns=STARTED_NS + number * HOUR_NS,
            metadata=metadata(car="HT09", driver=("Adam", "Mei", "Jonas")[number]),
        )
        for number in range(3)
    ]


def too_wide(page: Any) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_a_sheet_is_filled_copied_compared_and_searched(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(422,)) as page:
        first, second, third = runs_of_a_day()
        site.run(site.context.documents.recordings.put_many([first, second, third]))
        page.goto(f"{site.url}/recordings/{first.id}")
        page.get_by_role("button", name="Fill in").click()
        form = page.locator("#setup-form")
        form.get_by_label("Front spring").fill("stiff")
        form.get_by_label("Tire set").fill("R25B new")
        form.get_by_label("Cold pressure front left").fill("82,5")
        page.get_by_role("button", name="Save setup").click()
        page.get_by_text("Front spring is a number in N/mm: 'stiff' is none.").wait_for()
        form.get_by_label("Front spring").fill("35")
        page.get_by_role("button", name="Save setup").click()
        shown = page.locator("#setup-shown")
        shown.get_by_text("82.5 kPa").wait_for()
        assert shown.locator(".changed").count() == 0

        page.goto(f"{site.url}/recordings/{second.id}")
        page.get_by_role("button", name="Fill in").click()
        assert form.get_by_label("Tire set").input_value() == "R25B new", "it begins as a copy"
        screenshot(page, "setup-form-light")
        form.get_by_label("Front spring").fill("37.5")
        page.get_by_role("button", name="Save setup").click()
        page.get_by_text("1 change since").wait_for()
        assert shown.locator(".changed").inner_text() == "37.5 N/mm was 35 N/mm"
        screenshot(page, "setup-light")
        page.locator("#setup").get_by_role("link", name="Compare").click()
        page.get_by_role("heading", name="What changed").wait_for()
        assert page.locator("#sheets tbody tr").count() == 1
        screenshot(page, "setups-compare-light")
        page.get_by_role("link", name="Everything").click()
        page.get_by_role("rowheader", name="Tire set").wait_for()

        page.goto(f"{site.url}/recordings/{third.id}")
        page.get_by_role("button", name="Nothing changed since Mei").click()
        page.locator("#setup .hint", has_text="as in").wait_for()

        page.goto(f"{site.url}/?day=all")
        page.locator("th.setup", has_text="Front spring").wait_for()
        page.locator("summary", has_text="Setup").click()
        page.locator("#setups").get_by_label("Value of the setup").select_option("spring_front")
        page.locator("#setups").get_by_label("Comparison").select_option(">=")
        page.locator("#setups .condition").get_by_label("Value", exact=True).fill("36")
        screenshot(page, "setups-filter-light")
        page.locator("#setups").get_by_role("button", name="Search").click()
        page.locator(".chip", has_text="Front spring >= 36 N/mm").wait_for()
        assert page.locator("#rows tr[data-href]").count() == 2

        page.locator("summary", has_text="More").click()
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Setups").click()
        page.get_by_role("heading", name="Setups").wait_for()
        assert [each.split() for each in page.locator("td.changed").all_inner_texts()] == [["37.5", "changed"]]
        for box in page.locator(".setup-book input").all():
            box.check()
        screenshot(page, "setups-light")
        page.get_by_role("button", name="Compare", exact=True).click()
        page.locator("#sheets thead th").nth(3).wait_for()

        page.goto(f"{site.url}/setups/fields")
        page.get_by_role("button", name="Add a field").click()
        page.get_by_label("Label").fill("Damper")
        page.get_by_label("Kind").select_option("choice")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("A choice needs its values").wait_for()
        page.get_by_role("textbox", name="Choices").fill("soft\nhard")
        page.get_by_role("button", name="Save").click()
        page.locator("#f-damper").get_by_text("soft, hard").wait_for()
        page.get_by_role("button", name="Edit Damper").click()
        assert page.get_by_label("Kind").input_value() == "choice"
        page.get_by_label("Unit").fill("clicks")
        page.get_by_label("Label").fill("Front damper")
        page.get_by_role("button", name="Save").click()
        page.locator("#f-damper").get_by_text("Front damper").wait_for()


def test_two_people_at_once_on_a_phone_choose_and_lose_nothing(browser: Any, tmp_path: Path) -> None:
    with (
        served(tmp_path, with_worker=False) as site,
        open_page(browser, provoked=(409,), viewport=PHONE, device_scale_factor=2, color_scheme="dark") as page,
        Client(site.url) as client,
    ):
        first, second, _ = runs_of_a_day()
        site.run(site.context.documents.recordings.put_many([first, second]))
        client.get(first.id).set_setup(spring_front=35, ballast=5, tire_set="R25B")
        page.goto(f"{site.url}/recordings/{second.id}")
        page.get_by_role("button", name="Setup", exact=True).click()
        page.get_by_role("button", name="Fill in").click()
        form = page.locator("#setup-form")
        form.get_by_label("Front spring").fill("37.5")
        client.get(second.id).set_setup(spring_front=40, ballast=4)
        page.get_by_role("button", name="Save setup").click()
        conflict = page.locator("#setup-conflict")
        conflict.get_by_text("choose which values to keep").wait_for()
        assert too_wide(page) <= 0
        screenshot(page, "setup-conflict-phone")
        conflict.locator("fieldset", has_text="Ballast").get_by_label("says").check()
        page.get_by_role("button", name="Save setup").click()
        page.locator("#setup-shown").get_by_text("37.5").wait_for()
        assert client.get(second.id).setup == {"spring_front": 37.5, "ballast": 4.0, "tire_set": "R25B"}
        screenshot(page, "setup-phone")
        for path, name in (("/setups", "setups-phone"), (f"/setups/compare?recordings={first.id},{second.id}", "")):
            page.goto(site.url + path)
            assert too_wide(page) <= 0
            screenshot(page, name or "setups-compare-phone")
        page.locator("summary", has_text="More").click()
        page.get_by_role("link", name="Fields", exact=True).wait_for()
        screenshot(page, "more-phone")

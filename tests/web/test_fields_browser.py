"""A field of the team's own in a real browser: added, said of runs, filtered by, changed and removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock.domain.recording import Recording
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served
from tests.web.builders import build_recording

pytestmark = needs_chromium


def test_a_field_is_added_said_and_filtered_by(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(422,)) as page:
        runs = [build_recording(number) for number in range(3)]
        site.run(site.context.documents.recordings.put_many(runs))
        page.goto(f"{site.url}/fields")
        page.get_by_role("button", name="Add a field").click()
        page.get_by_label("Label").fill("Venue")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Every team has the field venue").wait_for()
        page.get_by_label("Label").fill("Tyre set")
        page.get_by_label("Choices").fill("R25B\n\nWet \n")
        page.get_by_label("A column of the list").check()
        page.get_by_role("button", name="Save").click()
        page.locator("#f-tyre_set").get_by_text("R25B, Wet").wait_for()
        screenshot(page, "fields-light")

        page.goto(f"{site.url}/?day=all")
        for box in page.locator("#rows .pick input").all()[:2]:
            box.check()
        page.locator("#bulk-tag").click()
        page.locator("dialog[open]").get_by_label("Tyre set").select_option("Wet")
        page.locator("dialog[open]").get_by_role("button", name="Tag", exact=True).click()
        page.locator("#rows td.field").get_by_text("Wet").nth(1).wait_for()
        page.goto(f"{site.url}/?day=all")
        page.locator("summary", has_text="Tyre set").click()
        page.locator(".facet[open]").get_by_label("Wet").click()
        page.locator(".chip", has_text="Tyre set: Wet").wait_for()
        assert page.locator("#rows tr[data-href]").count() == 2
        page.locator("th", has_text="Tyre set").get_by_role("link").click()
        page.locator("th[aria-sort=ascending]", has_text="Tyre set").wait_for()


def tyres(site: Site, recording: Recording) -> str:
    found = site.run(site.context.documents.recordings.get(recording.id))
    return str(found.metadata["tyre_set"].value) if "tyre_set" in found.metadata else ""


def test_only_what_is_chosen_anew_is_saved_and_a_removed_field_keeps_its_values(
    browser: Any, tmp_path: Path
) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        run = build_recording()
        site.run(site.context.documents.recordings.put_many([run]))
        page.goto(f"{site.url}/fields")
        page.get_by_role("button", name="Add a field").click()
        page.get_by_label("Label").fill("Tyre set")
        page.get_by_label("Choices").fill("R25B\nWet")
        page.get_by_role("button", name="Save").click()
        page.locator("#f-tyre_set").wait_for()
        page.goto(f"{site.url}/recordings/{run.id}")
        page.locator("#edit-run").click()
        page.locator("#run-form").get_by_label("Tyre set").select_option("Wet")
        page.get_by_role("button", name="Save").click()
        page.locator("#metadata dd", has_text="Wet").wait_for()

        # What is no choice any more is shown, and stays while other fields are changed.
        page.goto(f"{site.url}/fields")
        page.get_by_role("button", name="Edit Tyre set").click()
        page.get_by_label("Choices").fill("R25B")
        page.get_by_role("button", name="Save").click()
        page.locator("#f-tyre_set .values").get_by_text("R25B", exact=True).wait_for()
        page.goto(f"{site.url}/recordings/{run.id}")
        page.locator("#edit-run").click()
        assert page.locator("#run-form").get_by_label("Tyre set").input_value() == "Wet"
        page.locator("#run-form").get_by_label("Notes").fill("gusty")
        page.get_by_role("button", name="Save").click()
        page.locator("#metadata dd", has_text="gusty").wait_for()
        assert tyres(site, run) == "Wet"

        page.goto(f"{site.url}/fields")
        page.get_by_role("button", name="Edit Tyre set").click()
        page.get_by_role("button", name="Remove").click()
        page.locator("#f-tyre_set").wait_for(state="detached")
        page.goto(f"{site.url}/recordings/{run.id}")
        page.locator("#metadata dd", has_text="Wet").wait_for()
        assert page.locator("#run-form [name=tyre_set]").count() == 0

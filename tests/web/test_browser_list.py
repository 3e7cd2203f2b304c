"""Finding and changing recordings in a real browser: search, conditions, bulk tag, conflict, delete, restore."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from paddock.domain.principal import Principal, PrincipalKind
from paddock.domain.recording import RunFigures, Signal
from paddock.domain.roles import TeamRole
from paddock.domain.signal_names import SignalName
from paddock.usecases.edit.edit import edit_recording
from paddock.usecases.find.topic_sets import find_topic_sets
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served
from tests.web.builders import (
    HOSTILE,
    STARTED_NS,
    build_artifact,
    build_channel,
    build_recording,
    insert_with_contents,
    metadata,
)

pytestmark = needs_chromium
ADA = Principal(PrincipalKind.MEMBER, "Ada", TeamRole.ADMIN)
MINUTE_NS = 60_000_000_000
UNSTORED = (404,)
"""The logs of these recordings are in no store, so a recording's page finds nothing for viewers."""
DARK = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}


def season(site: Site) -> None:
    """A test day with runs, parked logs and a hostile one, and an older day."""
    figures = RunFigures(18_240.0, "VNData.v", 31.2, 3.12, 52.4, driven=True)
    hot = build_recording("hot", highlights=figures)
    eve = build_recording(
        "eve", started_ns=STARTED_NS + 40 * MINUTE_NS, metadata=metadata(driver="Eve", car="HT09")
    )
    recordings = [
        hot,
        eve,
        build_recording("bare", started_ns=STARTED_NS + 20 * MINUTE_NS, metadata={}),
        build_recording(
            "hostile",
            names=(HOSTILE,),
            metadata=metadata(driver=HOSTILE, event=HOSTILE, venue=HOSTILE, notes=HOSTILE),
        ),
        build_recording("old", started_ns=STARTED_NS - 9 * 1440 * MINUTE_NS),
        *(
            build_recording(f"parked {number}", highlights=RunFigures(driven=False), duration_ns=MINUTE_NS // 6)
            for number in range(14)
        ),
    ]
    documents = site.context.documents
    site.run(insert_with_contents(documents, *recordings))
    site.run(insert_with_contents(documents, eve, channels=(build_channel("VNData"),)))
    site.run(insert_with_contents(documents, hot, channels=(build_channel("BatteryPack"),)))
    site.run(find_topic_sets(documents))
    site.run(documents.artifacts.put_many([build_artifact(recording) for recording in recordings]))
    site.run(documents.signals.put_many([Signal("s", hot.id, "BatteryPack.cell_temp", "float", max=61.0)]))
    name = SignalName("BatteryPack.cell_temp", "BatteryPack", "float", "batterypack.cell_temp")
    site.run(documents.signal_names.put_many([name]))


def rows(page: Any) -> Any:
    return page.locator("#rows > tr[data-href]")


def test_a_run_is_found(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=UNSTORED) as page:
        season(site)
        page.goto(site.url)
        page.get_by_role("heading", name="Sat 18 Apr 2026").wait_for()
        assert rows(page).count() == 4, "the latest day only, its parked logs folded"
        page.get_by_role("link", name="14 logs").click()
        page.locator(".fold a[aria-expanded=true]").wait_for()
        assert rows(page).count() == 18 and page.url.endswith("?parked=2026-04-18")
        page.get_by_label("The test day before").click()
        page.get_by_role("heading", name="Thu 09 Apr 2026").wait_for()
        page.get_by_label("The test day after").click()
        page.get_by_role("heading", name="Sat 18 Apr 2026").wait_for()

        page.locator("#conditions summary").click()
        page.locator("#conditions .name").press_sequentially("cell_te")
        page.locator("#signal-names option").wait_for(state="attached")
        assert page.locator("#signal-names option").get_attribute("value") == "BatteryPack.cell_temp"
        page.locator("#conditions .name").fill("BatteryPack.cell_temp")
        page.locator("#conditions .number").fill("55")
        screenshot(page, "conditions-light")
        page.get_by_role("button", name="Search").click()
        page.get_by_text("max(BatteryPack.cell_temp) > 55").wait_for()
        assert rows(page).count() == 1
        page.reload()
        assert rows(page).count() == 1, "the URL is all there is"
        page.get_by_text("max(BatteryPack.cell_temp) > 55").click()
        page.wait_for_url(f"{site.url}/")

        page.locator(".facet summary", has_text="Driver").click()
        page.locator(".facet[open]").get_by_label("Eve").click()
        page.wait_for_url("**/?driver=Eve")
        assert rows(page).count() == 1
        with page.expect_navigation():
            page.get_by_role("link", name="Driver: Eve").click()
        page.locator("#topics summary").click()
        assert page.locator("#topics label:visible").all_inner_texts() == ["BatteryPack\n18", "VNData\n18"]
        screenshot(page, "topics-light")
        page.get_by_label("Has topic").press_sequentially("batt")
        assert page.locator("#topics label:visible").count() == 1
        page.keyboard.press("Enter")
        page.wait_for_url("**/?topic=BatteryPack")
        assert rows(page).count() == 4, "all but Eve's log; the parked ones folded"
        page.keyboard.press("/")
        page.keyboard.type("[.*+")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Nothing matches").wait_for()
        with page.expect_navigation(wait_until="load"):
            page.get_by_role("link", name="Clear all").click()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("?")
        page.get_by_role("heading", name="Keys").wait_for()
        screenshot(page, "keys-light")
        page.keyboard.press("?")
        page.keyboard.press("Enter")
        page.wait_for_url("**/recordings/*")


def test_many_are_tagged_deleted_and_restored(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=UNSTORED, **DARK) as page:
        season(site)
        page.goto(site.url)
        assert page.locator("tr.untagged").count() == 1
        page.get_by_role("button", name="Tag", exact=True).click()
        page.get_by_role("button", name="Tag", exact=True).last.click()
        page.get_by_text("Fill in at least one field").wait_for()
        page.locator("#tag-dialog").get_by_label("Driver").fill("Bo")
        screenshot(page, "tag-dark")
        page.locator("#tag-dialog button[type=submit]").click()
        page.get_by_text("1 recording tagged").wait_for()
        page.locator("#rows .said-1", has_text="Bo").wait_for()
        assert page.locator("tr.untagged").count() == 0

        page.keyboard.press("j")
        page.keyboard.press("x")
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.get_by_text("2 selected").wait_for()
        screenshot(page, "list-selected-dark")
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.get_by_text("3 selected").wait_for()
        assert page.locator("#bulk-compare").is_hidden(), "two are compared"
        page.keyboard.press("x")
        with page.expect_navigation(url=re.compile(r"/compare\?a=[0-9a-f]{16}&b=[0-9a-f]{16}$")):
            page.locator("#bulk-compare").click()
        page.go_back()
        for _ in range(2):
            page.keyboard.press("j")
            page.keyboard.press("x")
        page.locator("#bulk-delete").click()
        page.get_by_text("2 recordings deleted").wait_for()
        rows(page).nth(2).wait_for(state="detached")
        page.locator("#toast").get_by_role("link", name="See and restore").click()
        assert page.get_by_role("button", name="Restore").count() == 2
        screenshot(page, "deleted-dark")
        page.get_by_role("button", name="Restore").first.click()
        page.wait_for_url("**/recordings/*")
        page.locator("#history", has_text="restored").wait_for()


def test_all_untagged_runs_of_a_day_are_tagged_together(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        season(site)
        page.goto(site.url)
        page.locator("tr.untagged").wait_for()
        assert page.locator("#untagged").count() == 0, "one is tagged in its row"
        bare = build_recording("bare too", started_ns=STARTED_NS + 25 * MINUTE_NS, metadata={})
        site.run(site.context.documents.recordings.insert(bare))
        page.reload()
        page.get_by_role("button", name="Tag all 2").click()
        page.get_by_role("heading", name="Tag 2 recordings").wait_for()
        page.locator("#tag-dialog").get_by_label("Driver").fill("Bo")
        page.locator("#tag-dialog button[type=submit]").click()
        page.get_by_text("2 recordings tagged").wait_for()
        page.locator("#untagged").wait_for(state="detached")
        assert page.locator("tr.untagged").count() == 0


def test_two_people_edit_at_once(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(404, 409)) as page:
        season(site)
        recording = build_recording("hot")
        page.goto(f"{site.url}/recordings/{recording.id}")
        page.get_by_role("button", name="Edit").click()
        page.locator("#run-form").get_by_label("Driver").fill(HOSTILE)
        site.run(edit_recording(site.context, ADA, recording.id, metadata={"driver": "Eve", "venue": "Lincoln"}))
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Somebody changed this recording meanwhile").wait_for()
        said = [" ".join(text.split()) for text in page.locator("#run-conflict label").all_inner_texts()]
        assert said == ["Ada says Eve", f"You say {HOSTILE}"]
        screenshot(page, "conflict-light")
        page.get_by_role("button", name="Save").click()
        page.locator("#metadata dl", has_text="entered by a person").wait_for()
        text = page.locator("#metadata dl").inner_text()
        assert HOSTILE in text and "Lincoln" in text
        page.locator("#history li", has_text="Ada").first.wait_for()
        page.locator("#history").get_by_role("button", name="Undo").first.click()
        page.locator("#metadata dl", has_text="Eve").wait_for()

        page.locator("#add-file").set_input_files(
            [{"name": "<b>setup.html", "mimeType": "text/html", "buffer": b"<script>alert(1)</script>"}]
        )
        with page.expect_download() as downloading:
            page.get_by_role("link", name="<b>setup.html").click()
        assert Path(downloading.value.path()).read_bytes() == b"<script>alert(1)</script>"
        page.get_by_role("button", name="Edit").click()
        page.get_by_role("button", name="Delete recording").click()
        page.wait_for_url("**/deleted")
        page.goto(f"{site.url}/recordings/{recording.id}")
        page.get_by_role("button", name="Restore it").click()
        page.locator("#metadata").wait_for()


def test_looks_of_the_list(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site:
        season(site)
        for name, options in (("light", {}), ("dark", DARK), ("phone", PHONE)):
            with open_page(browser, provoked=UNSTORED, **options) as page:
                page.goto(site.url)
                page.get_by_role("heading", name="Sat 18 Apr 2026").wait_for()
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, "nothing sticks out sideways"
                screenshot(page, f"list-day-{name}")
                page.goto(f"{site.url}/recordings/{build_recording('hot').id}")
                page.get_by_role("button", name="Edit").click()
                screenshot(page, f"edit-{name}")


def test_it_is_a_table_as_any_good_one(browser: Any, tmp_path: Path) -> None:
    """Ranges and all of them are selected, columns sort, figures narrow, fields complete what is known."""
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=UNSTORED) as page:
        season(site)
        page.goto(site.url)
        boxes = page.locator("#rows > tr[data-href] .pick input")
        boxes.nth(0).click()
        boxes.nth(2).click(modifiers=["Shift"])
        page.get_by_text("3 selected").wait_for()
        boxes.nth(0).click(modifiers=["Shift"])
        page.locator("#bulk").wait_for(state="hidden")
        page.locator("#pick-all").check()
        page.get_by_text("18 selected, 14 of them folded").wait_for()
        page.get_by_label("Select the 14 logs of a parked car").uncheck()
        page.get_by_text("4 selected", exact=True).wait_for()
        assert page.evaluate("document.getElementById('pick-all').indeterminate")

        page.locator("#bulk-tag").click()
        page.locator("#tag-dialog [name=driver]").focus()
        page.locator("#known-driver option[value=Eve]").wait_for(state="attached")
        page.locator("#tag-cancel").click()
        page.locator("#bulk-clear").click()

        page.get_by_role("link", name="Driver").click()
        page.wait_for_url("**/?sort=driver")
        drivers = page.locator("#rows .said-1").all_inner_texts()
        assert [name for name in drivers if name in ("Adam", "Eve")] == ["Adam"] * 15 + ["Eve"]
        page.get_by_role("link", name="Driver").click()
        page.wait_for_url("**/?sort=-driver")

        page.locator("#figures summary").click()
        page.get_by_label("Top speed from").fill("110")
        page.locator("#figures").get_by_role("button", name="Search").click()
        page.get_by_text("Top speed >= 110 km/h").wait_for()
        assert rows(page).count() == 1 and "sort=-driver" in page.url, "112 km/h, and still sorted"
        page.locator("#figures summary").click()
        assert page.get_by_label("Top speed from").input_value() == "110"


def test_all_that_match_are_selected_over_pages(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        site.run(site.context.documents.recordings.put_many([build_recording(number) for number in range(70)]))
        page.goto(f"{site.url}/?driver=Adam")
        page.locator("#pick-all").check()
        page.get_by_text("50 selected").wait_for()
        page.get_by_role("button", name="Select all that match").click()
        page.get_by_text("70 selected").wait_for()

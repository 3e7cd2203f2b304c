"""Every list by keyboard, and the help of each page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock.domain.catalogue import Entry
from paddock.usecases.catalogue.catalogue import load_catalogue, save_catalogue
from paddock.usecases.edit.delete import delete_recordings
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.builders import build_id
from tests.web.test_signals_browser import MEI, fill

pytestmark = needs_chromium


def keys(page: Any) -> list[str]:
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    found = page.locator("dialog.help dt").all_inner_texts()
    page.keyboard.press("?")
    return [" ".join(each.split()) for each in found]


def test_rows_are_walked_and_opened_on_every_list(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        fill(site)
        site.run(delete_recordings(site.context, MEI, [build_id(11)]))
        for path, address in (
            ("/", "**/recordings/*"),
            ("/deleted", "**/recordings/*"),
            ("/jobs", "**/recordings/*"),
            ("/storage", "**/?car=HT08&event=*"),
        ):
            page.goto(f"{site.url}{path}")
            assert {"j k", "Enter", "?"} <= set(keys(page)), path
            page.keyboard.press("k")
            first = page.locator("tr.selected")
            assert first.locator("[data-row]").evaluate("(door) => door === document.activeElement"), path
            before = first.inner_text()
            page.keyboard.press("j")
            page.keyboard.press("j")
            page.keyboard.press("k")
            if path != "/deleted":
                assert page.locator("tr.selected").inner_text() != before, path
            page.locator("tr.selected").wait_for()
            page.keyboard.press("Enter")
            page.wait_for_url(address)
        assert page.locator("#rows tr [data-row]").count() == 2, (
            "the storage of a car at an event leads to its runs"
        )

        page.goto(f"{site.url}/signals")
        page.keyboard.press("j")
        page.keyboard.press("j")
        screenshot(page, "signals-by-keyboard-light")
        page.keyboard.press("Enter")
        page.get_by_role("dialog").get_by_text("Aliases").wait_for()
        page.keyboard.press("j")  # into the field, not to the next row
        assert page.get_by_label("Name", exact=True).input_value().endswith("Pack.cell_temp_max") is False
        page.keyboard.press("Escape")
        assert page.locator("tr.selected", has_text="Pack.cell_temp_max").count() == 1


def test_the_help_names_what_the_page_has(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        fill(site)
        shown = {}
        for path in ("/", "/upload", "/signals", "/jobs"):
            page.goto(f"{site.url}{path}")
            shown[path] = keys(page)
        assert shown == {
            "/": ["/", "j k", "Enter", "x", "Esc", "?"],
            "/upload": ["Esc", "?"],
            "/signals": ["/", "j k", "Enter", "↑ ↓", "Home End", "Esc", "?"],
            "/jobs": ["j k", "Enter", "Esc", "?"],
        }


def test_an_entry_goes_to_the_top_from_another_page(browser: Any, tmp_path: Path) -> None:
    entries = [Entry(f"Topic.signal_{number}") for number in range(120)]
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        site.run(save_catalogue(site.context, MEI, entries, version=0))
        names = lambda: [entry.name for entry in site.run(load_catalogue(site.context)).signals]  # noqa: E731
        page.goto(f"{site.url}/signals?from=100")
        page.get_by_text("search a role to put its signals in order").wait_for()
        page.get_by_role("button", name="Move Topic.signal_119").focus()
        page.keyboard.press("Home")
        page.get_by_text("Topic.signal_119 is now 1 of 120.").wait_for()
        assert names()[:2] == ["Topic.signal_119", "Topic.signal_0"]
        page.get_by_role("button", name="Move Topic.signal_99").focus()
        page.keyboard.press("End")
        page.get_by_text("Topic.signal_99 is now 120 of 120.").wait_for()
        assert names()[-1] == "Topic.signal_99"

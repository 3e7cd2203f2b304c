"""The pit screen in a browser: never green when it should not be, at any width, in any light."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from paddock.basestation.screen import routes
from paddock.basestation.status import LogState
from tests.basestation.pit import CAR, OTHER, Pit, a_car, a_log, a_status, evenings, pit, set_stints
from tests.web.browsing import browser, needs_chromium, open_page, screenshot

__all__ = ["browser"]

pytestmark = needs_chromium

FRESH_S = 0.05
AXE = find_spec("axe_playwright_python")
LOOKS = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "tablet": {"viewport": {"width": 1024, "height": 768}, "color_scheme": "dark"},
    "upright": {"viewport": {"width": 768, "height": 1024}},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
COLOUR = "element => getComputedStyle(element).backgroundColor"
GREEN, GREY = "rgb(10, 107, 45)", "rgb(74, 84, 94)"
SAFE = "SAFE TO POWER OFF"
FAST = ".verdict.verdict, .verdict.verdict > * { animation-delay: 3s !important; }"


def wait_for_colour(page: Any, colour: str) -> None:
    """Not by ``wait_for_function``, which the page's policy forbids."""
    for _ in range(200):
        if page.locator(".verdict").evaluate(COLOUR) == colour:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"it is not {colour} after 20 s")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pit]:
    """One that shows what is new after ``FRESH_S`` instead of half a second."""
    with pytest.MonkeyPatch.context() as patch, pit(tmp_path_factory.mktemp("pit"), a_status()) as opened:
        patch.setattr(routes, "FRESH_S", FRESH_S)
        yield opened


@pytest.mark.parametrize("look", LOOKS)
def test_every_evening_fits_the_screen_and_is_readable(browser: Any, shown: Pit, look: str) -> None:
    set_stints(shown.stints)
    assert AXE is not None and AXE.origin is not None
    axe = (Path(AXE.origin).parent / "axe.min.js").read_text()
    with open_page(browser, **LOOKS[look]) as page:
        for name, status in evenings().items():
            if look in ("desk", "upright") and name not in ("two_cars", "forty"):
                continue  # they take a second each
            shown.show(status)
            page.wait_for_timeout(1000 * FRESH_S + 50)
            page.goto(shown.url)
            page.locator("#as-of").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            screenshot(page, f"pit/{name}_{look}")
            page.evaluate(axe)
            found = page.evaluate("axe.run().then(found => found.violations)")
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], name


def test_it_follows_by_itself(browser: Any, shown: Pit) -> None:
    shown.show(a_status(a_log(1, LogState.PULLING, pulled_bytes=6_570_000)))
    with open_page(browser) as page:
        page.goto(shown.url)
        page.locator(".said .headline", has_text="1 log left, about 40 s").wait_for()
        page.locator("#rows", has_text="10 %").wait_for()
        shown.show(a_status(a_log(1, at="")))
        page.locator(".said .headline", has_text=SAFE).wait_for()
        assert page.locator(".verdict").evaluate(COLOUR) == GREEN
        page.locator("#spoken", has_text=SAFE).wait_for()
        assert SAFE in page.title()
        shown.show(a_status(a_log(1), a_log(2, LogState.OPEN)))
        page.locator(".verdict.recording").wait_for()
        page.locator("#log-2").wait_for()
        shown.show(a_status(a_log(1), cars=(a_car(reachable=False, away_since_ns=10**18),)))
        page.locator(".verdict.away").wait_for()
        assert page.locator(".verdict").evaluate(COLOUR) == GREY


def test_it_is_grey_when_nobody_answers(browser: Any, tmp_path: Path) -> None:
    with pit(tmp_path, a_status(a_log(1))) as shown, open_page(browser, provoked=(503,)) as page:
        page.goto(shown.url)
        page.add_style_tag(content=FAST)
        page.locator("#as-of").wait_for()
        page.wait_for_timeout(4500)
        wait_for_colour(page, GREEN)  # renewed with each answer
        shown.hangs = True
        wait_for_colour(page, GREY)
        assert not page.locator(".said .headline").is_visible()
        assert page.locator(".old .headline").is_visible()
        shown.hangs = False
        wait_for_colour(page, GREEN)
        assert page.locator(".said .headline").is_visible()


def test_a_page_without_its_scripts_does_not_stay_green(browser: Any, shown: Pit) -> None:
    shown.show(a_status(a_log(1)))
    with open_page(browser, java_script_enabled=False, reduced_motion="reduce") as page:
        page.goto(shown.url)
        assert page.locator(".old .headline").is_hidden()
        page.locator(".old .headline").wait_for()
        assert page.locator(".verdict").evaluate(COLOUR) == GREY


def test_the_tone_sounds_once_when_it_turns_green(browser: Any, shown: Pit) -> None:
    left = a_status(a_log(1), a_log(2, LogState.WAITING))
    shown.show(left)
    tones = "Number(document.body.dataset.tones ?? 0)"
    with open_page(browser) as page:
        page.goto(shown.url)
        button = page.get_by_role("button", name="Sound is off")
        assert button.get_attribute("aria-pressed") == "false"
        button.click()
        page.get_by_role("button", name="Sound is on", pressed=True).wait_for()
        assert page.evaluate(tones) == 1, "so that one knows how it sounds"
        shown.show(a_status(a_log(1), a_log(2)))
        page.locator("body[data-tones='2']").wait_for()
        shown.show(a_status(a_log(1), a_log(2), cars=(a_car(reachable=False, brought=2),)))
        page.locator(".verdict.away").wait_for()
        shown.show(a_status(a_log(1), a_log(2)))
        page.locator(".verdict.safe").wait_for()
        page.wait_for_timeout(1200)
        assert page.evaluate(tones) == 2, "the car was only away for a moment"
        page.reload()
        page.get_by_role("button", name="Touch for sound").wait_for()
        assert page.evaluate(tones) == 0


def test_a_stint_is_set_and_changed(browser: Any, tmp_path: Path) -> None:
    with pit(tmp_path, a_status(a_log(1), cars=(a_car(), a_car(place=OTHER, name="HT08")))) as shown:
        set_stints(shown.stints)
        with open_page(browser, provoked=(503,), timezone_id="America/Detroit") as page:
            page.goto(shown.url)
            page.get_by_role("button", name="Change the stint of HT08").click()
            dialog = page.get_by_role("dialog", name="Stint")
            assert dialog.get_by_label("HT08").is_checked()
            assert not dialog.get_by_label("HT09").is_checked()
            dialog.get_by_label("Driver").fill("Mei Lin")
            dialog.get_by_label("Tyre set").select_option("Wet")
            dialog.get_by_label("HT09").check()
            dialog.get_by_label("Holds from").fill("2026-10-04T14:10")
            screenshot(page, "pit/stint")
            dialog.get_by_role("button", name="Save").click()
            page.get_by_label("Stint of HT08").get_by_text("Mei Lin").first.wait_for()
            at_ns = 1_791_137_400 * 10**9  # 18:10 UTC
            assert shown.stints.at(OTHER, at_ns) == {"driver": "Mei Lin", "tyre_set": "Wet"}
            assert shown.stints.at(OTHER, at_ns - 1) == {}
            assert shown.stints.at(CAR, at_ns) == {"driver": "Mei Lin", "tyre_set": "Wet"}
            assert shown.changes == 1
            page.locator("#history-2 summary").click()
            page.locator("#history-2").get_by_role("button").click()
            page.get_by_label("Stint of HT08").get_by_text("Nobody said").wait_for()
            assert shown.stints.at(OTHER, at_ns) == {}
            page.get_by_role("button", name="Change the stint of HT09").click()
            dialog.get_by_label("Notes").fill("x" * 3_000)
            full = {"detail": "The disk here is full.", "code": "disk_full"}
            page.route("**/stints", lambda route: route.fulfill(status=503, json=full))
            dialog.get_by_role("button", name="Save").click()
            dialog.get_by_text("disk here is full").wait_for()
            dialog.get_by_role("button", name="Cancel").click()
            dialog.wait_for(state="hidden")


def test_a_log_is_corrected_by_itself(browser: Any, tmp_path: Path) -> None:
    with pit(tmp_path, a_status(a_log(1), a_log(2))) as shown, open_page(browser) as page:
        set_stints(shown.stints)
        page.goto(shown.url)
        page.get_by_role("button", name="Change what is said of 2026-10-04/run_002.mcap").click()
        dialog = page.get_by_role("dialog", name="2026-10-04/run_002.mcap")
        assert dialog.get_by_label("Driver").input_value() == "Adam"
        dialog.get_by_label("Driver").fill("Eve")
        dialog.get_by_label("Run").fill("7")
        screenshot(page, "pit/log")
        dialog.get_by_role("button", name="Save").click()
        dialog.wait_for(state="hidden")
        assert shown.changes == 1
        (corrected,) = shown.corrections()
        assert corrected == (2, {"driver": "Eve", "run": "7"})

"""What an engineer leaves other programs for, in one go: from a maths channel over laps to a shared worksheet."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import httpx

from paddock import Client
from paddock.domain.instants import NS_PER_S
from paddock.simulator.lap_run import Receiver
from paddock.simulator.log import simulate
from tests.cli.running import wait_until
from tests.logs import STARTED_NS
from tests.web.browsing import needs_chromium, open_page, screenshot, served

pytestmark = needs_chromium

SLIP = "(VehicleData.current_rpms.RL / 11.86 * 2*pi/60 * 0.2032) / VNData.vn_vel_m_s.x - 1"
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "color_scheme": "dark",
    "has_touch": True,
    "is_mobile": True,
}


def computed(recording: str) -> Any:
    """What the maths channel's statistics are, once a worker has computed it."""
    return httpx.get(f"{recording}/statistics", params={"signal": "wheel_slip"}).json().get("items")


def timed(recording: str) -> bool:
    """Whether its laps are timed with all that is known by now."""
    return not httpx.get(f"{recording}/laps").json()["waiting"]


def test_from_a_maths_channel_to_a_shared_worksheet(browser: Any, tmp_path: Path) -> None:
    logs = [tmp_path / f"{driver}.mcap" for driver in ("Adam", "Maya")]
    for number, log in enumerate(logs):
        started_ns = STARTED_NS + number * 3600 * NS_PER_S
        driven: dict[str, Any] = {"driver": log.stem, "started_ns": started_ns, "receiver": Receiver()}
        simulate(log, event="autocross", laps=3, rate=0.05, **driven)
    with (
        served(tmp_path / "data", with_worker=True) as site,
        open_page(browser) as page,
        Client(site.url) as client,
    ):
        first, other = (client.upload(log).wait() for log in logs)
        page.goto(f"{site.url}/maths")
        page.get_by_role("button", name="Add a channel").click()
        page.get_by_label("Expression").fill(f"wheel_slip = {SLIP}")
        page.get_by_text("Computed from VehicleData.current_rpms.RL, VNData.vn_vel_m_s.x").wait_for()
        page.get_by_role("button", name="Save").click()
        page.get_by_text("wheel_slip is saved").wait_for()

        page.goto(f"{site.url}/recordings/{first.id}")
        page.locator("#laps a[href^='/venues/']").first.click()
        handle = page.locator("[data-handle='0-both']")
        handle.focus()
        page.keyboard.press("Shift+ArrowDown")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Saved. Laps here are timed again.").wait_for()
        for run in (first, other):
            wait_until(partial(timed, f"{site.url}/api/recordings/{run.id}"))
        page.goto(f"{site.url}/recordings/{first.id}")
        assert page.locator("#laps tbody tr").count() >= 2
        screenshot(page, "journey-recording-light")

        page.goto(f"{site.url}/laps")
        drivers = page.locator("table.laps tbody tr td:nth-child(3)").all_inner_texts()
        for driver in ("Adam", "Maya"):
            page.locator("table.laps input[type=checkbox]").nth(drivers.index(driver)).check()
        page.get_by_role("button", name="Lay over each other").click()
        page.locator("lap-overlay .figure .chart canvas").first.wait_for()
        screenshot(page, "journey-overlay-light")

        page.goto(f"{site.url}/recordings/{first.id}/analysis")
        page.get_by_role("link", name="g-g diagram").click()
        page.locator("#numbers tbody tr").nth(1).wait_for()
        screenshot(page, "journey-gg-light")

        for run in (first, other):
            wait_until(partial(computed, f"{site.url}/api/recordings/{run.id}"))
        page.goto(
            f"{site.url}/recordings/{first.id}#plots=VNData.vn_vel_m_s.x;wheel_slip.value&cursor1=20&numbers=view"
        )
        page.locator(".numbers tr[data-signal='wheel_slip.value']").wait_for()
        page.get_by_label("Worksheets").select_option(label="Save as a worksheet…")
        page.get_by_label("Name", exact=True).fill("Traction")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("option", name="Traction").wait_for(state="attached")
        shared = page.url
        # The link on somebody's phone; the worksheet on the other recording.
        with open_page(browser, **PHONE) as phone:
            phone.goto(shared)
            phone.locator(".numbers tr[data-signal='wheel_slip.value']").wait_for()
            assert phone.url == shared
            phone.goto(f"{site.url}/recordings/{other.id}")
            phone.get_by_label("Worksheets").select_option(label="Traction")
            phone.locator(".stage .legend").get_by_text("wheel_slip").wait_for()
            assert "#plots=VNData.vn_vel_m_s.x;wheel_slip.value" in phone.url
            assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            screenshot(phone, "journey-worksheet-phone-dark")

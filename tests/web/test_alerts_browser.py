"""Alerts and rules on the site: a rule is tried and switched on; an alert appears by itself and is seen to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from paddock import Client
from paddock.domain.alerts import AlertSource, Raising, Severity
from paddock.usecases.alerts.alerts import clear_alert, raise_alert
from paddock.usecases.streams.recorder import Recorder
from tests.logs import small_log
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served

pytestmark = needs_chromium

PHONE = {"width": 390, "height": 844}


def fire(site: Site, key: str, text: str, severity: Severity = Severity.WARNING) -> None:
    raising = Raising(
        key=key, text=text, severity=severity, source=AlertSource.DEVICE, device="tires-1", car="HT09"
    )
    site.run(raise_alert(site.context, raising))


def test_an_alert_appears_is_acknowledged_and_is_over(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        page.goto(f"{site.url}/alerts")
        page.get_by_role("heading", name="No alerts yet").wait_for()
        assert page.locator("[data-asks]").is_hidden()
        fire(site, "hot", "FL is at 112 °C", Severity.CRITICAL)
        fire(site, "low", "Battery at 3.1 V")
        page.get_by_text("FL is at 112 °C").wait_for()
        page.goto(f"{site.url}/")
        page.locator("[data-asks]").get_by_text("2").wait_for()
        page.goto(f"{site.url}/alerts")
        page.get_by_role("button", name="Acknowledge: FL").click()
        page.get_by_text("seen by local").wait_for()
        assert page.locator("#alert-rows tr").first.inner_text().startswith("warning")
        screenshot(page, "alerts-light")
        page.emulate_media(color_scheme="dark")
        screenshot(page, "alerts-dark")
        page.set_viewport_size(PHONE)
        screenshot(page, "alerts-phone")
        site.run(clear_alert(site.context, "hot"))
        page.get_by_text("over by itself").wait_for()


def test_a_rule_is_tried_on_past_recordings_and_switched_on(browser: Any, tmp_path: Path) -> None:
    logs = {}
    for number, messages in enumerate((100, 60, 20)):
        logs[messages] = tmp_path / f"{number}.mcap"
        logs[messages].write_bytes(small_log(messages))
    late = tmp_path / "late.mcap"
    late.write_bytes(small_log(90, driver="Eve"))
    with (
        served(tmp_path / "data", with_worker=True) as site,
        open_page(browser, provoked=(422,)) as page,
        Client(site.url) as client,
    ):
        for each in logs.values():
            client.upload(each).wait()
        page.goto(f"{site.url}/alerts")
        page.get_by_role("link", name="Alert rules").click()
        page.wait_for_load_state()
        page.get_by_role("heading", name="No rules yet").wait_for()
        page.get_by_role("button", name="Add a rule").first.click()
        page.get_by_label("Name", exact=True).fill("Full throttle")
        page.get_by_label("Signal").fill("Pedals.thr")
        page.locator("#rule-signals option[value='Pedals.throttle']").wait_for(state="attached")
        page.get_by_label("Signal").fill("Pedals.throttle")
        page.locator("[name=comparison]").select_option("outside")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("need two limits").wait_for()
        page.locator("[name=comparison]").select_option("above")
        page.get_by_label("Limit").fill("4")
        page.get_by_role("button", name="Try on past recordings").click()
        page.get_by_text("Would have fired in 2 of 3 recordings.").wait_for()
        screenshot(page, "rule-tried-light")
        page.set_viewport_size(PHONE)
        screenshot(page, "rule-tried-phone")
        page.set_viewport_size({"width": 1440, "height": 900})
        link = page.locator("#tried a").first
        assert "#plots=Pedals.throttle&from=" in link.get_attribute("href")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("looks at nothing until it is switched on").wait_for()
        page.get_by_role("button", name="Switch Full throttle on").click()
        page.get_by_role("button", name="Switch Full throttle off").wait_for()
        screenshot(page, "rules-light")

        run = client.upload(late).wait()
        page.goto(f"{site.url}/alerts")
        page.get_by_text("Full throttle: Pedals.throttle was 4.1").wait_for()
        page.get_by_role("link", name=f"recording {run.id[:10]}").click()
        page.locator("plot-workspace .legend li").get_by_text("throttle").first.wait_for()
        page.go_back()
        page.get_by_role("button", name="Acknowledge: Full throttle").click()
        page.get_by_text("over by local").wait_for()

        page.goto(f"{site.url}/rules")
        page.get_by_role("button", name="Edit Full throttle").click()
        page.get_by_role("heading", name="Full throttle").wait_for()
        assert page.get_by_label("Limit").input_value() == "4"
        page.get_by_label("Hysteresis").fill("0.5")
        page.emulate_media(color_scheme="dark")
        screenshot(page, "rule-edit-dark")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("over 0.5 inside").wait_for()
        page.get_by_role("button", name="Edit Full throttle").click()
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("heading", name="No rules yet").wait_for()


@contextlib.contextmanager
def recording(site: Site, scratch: Path) -> Iterator[None]:
    """The recorder beside the site."""
    scratch.mkdir()
    stop = asyncio.Event()
    running = asyncio.run_coroutine_threadsafe(Recorder(site.context, scratch).run(stop), site.loop)
    try:
        yield
    finally:
        site.loop.call_soon_threadsafe(stop.set)
        running.result(20)


def test_a_rule_fires_from_what_a_device_sends_and_it_is_asked_for_actions(browser: Any, tmp_path: Path) -> None:
    said = {"name": "Too hot", "signal": "tires.fl", "comparison": "above", "limit": 110, "clear_s": 0}
    with (
        served(tmp_path / "data", with_worker=False) as site,
        recording(site, tmp_path / "recorder"),
        open_page(browser) as page,
        httpx.Client(base_url=site.url) as people,
    ):
        people.post("/api/devices", json={"name": "Tires", "id": "tires-1", "type": "tires", "car": "HT09"})
        token = people.post("/api/devices/tires-1/token").json()["token"]
        rule = people.post("/api/rules", json=said).json()
        people.post(f"/api/rules/{rule['id']}/switch", json={"on": True}).raise_for_status()
        box = httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {token}"})
        page.goto(f"{site.url}/alerts")
        page.get_by_role("heading", name="No alerts yet").wait_for()
        box.post("/api/devices/tires-1/data", json={"fl": 112.5}).raise_for_status()
        page.get_by_text("Too hot: tires.fl is 112.5").wait_for()
        page.get_by_role("button", name="Acknowledge: Too hot").click()
        page.get_by_text("seen by local").wait_for()
        box.post("/api/devices/tires-1/data", json={"fl": 80.0}).raise_for_status()
        page.get_by_text("over by itself").wait_for()

        page.goto(f"{site.url}/live/tires-1")
        page.get_by_text("Nothing was asked of this device yet.").wait_for()
        page.get_by_role("button", name="Ask something else").click()
        page.get_by_label("Action").fill("pump")
        page.get_by_label("It may do harm").check()
        page.get_by_label("Button its label").fill("Pump on")
        page.get_by_role("button", name="Ask", exact=True).click()
        page.get_by_role("button", name="Pump on").click()
        page.get_by_role("heading", name="Pump on?").wait_for()
        screenshot(page, "action-asks-twice-light")
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("Nothing was asked of this device yet.").wait_for()
        page.get_by_role("button", name="Pump on").click()
        page.get_by_role("button", name="Yes, do it").click()
        page.locator("[data-state=queued]").get_by_text("pump").wait_for()
        (action,) = box.get("/api/devices/tires-1/actions?pending").json()["items"]
        page.locator("[data-state=sent]").wait_for()
        answer = {"state": "done", "result": "It runs."}
        box.post(f"/api/devices/tires-1/actions/{action['id']}", json=answer).raise_for_status()
        page.locator("[data-state=done]").get_by_text("It runs.").wait_for()
        screenshot(page, "actions-light")
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(PHONE)
        screenshot(page, "actions-phone-dark")
        box.close()

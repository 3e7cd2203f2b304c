"""Somebody adds a device, copies its token, sends by HTTP, sees the first value, and disables it."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.usecases.test_streams import car_schema
from tests.web.browsing import PLAIN_HOST, Site, needs_chromium, open_page, screenshot, served

pytestmark = needs_chromium


@contextlib.contextmanager
def recording(site: Site, folder: Path) -> Iterator[None]:
    """The recorder, as ``paddock up`` keeps one."""
    import asyncio

    from paddock.usecases.streams.recorder import Recorder

    folder.mkdir()
    stop = asyncio.Event()
    recorder = Recorder(site.context, folder)
    running = asyncio.run_coroutine_threadsafe(recorder.run(stop), site.loop)
    try:
        yield
    finally:
        site.loop.call_soon_threadsafe(stop.set)
        running.result(30)


def send(site: Site, token: str, body: bytes) -> int:
    port = site.url.rpartition(":")[2]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/devices/tire-temps/data", body, {"Authorization": f"Bearer {token}"}
    )
    try:
        return int(urllib.request.urlopen(request, timeout=20).status)
    except urllib.error.HTTPError as error:
        return int(error.code)


def test_a_device_from_its_first_page_to_its_last_message(browser: Any, tmp_path: Path) -> None:
    with (
        # Not a secure context, as on a VPN: the token is copied there as well.
        served(tmp_path / "data", with_worker=True, host=PLAIN_HOST) as site,
        recording(site, tmp_path / "recorder"),
        open_page(browser) as page,
    ):
        page.goto(f"{site.url}/devices")
        page.get_by_text("No device yet").wait_for()
        assert f"curl {site.url}/api/devices/" in page.locator("#devices-empty pre").inner_text()
        screenshot(page, "devices-empty-light")
        page.get_by_role("button", name="Add a device").last.click()
        page.get_by_label("Name").fill("Tire temps")
        page.get_by_label("Type").fill("tires")
        page.get_by_label("Car").fill("HT09")
        page.get_by_role("button", name="Add", exact=True).click()
        page.wait_for_url("**/devices/tire-temps")
        page.get_by_text("It has no token yet").wait_for()
        page.get_by_role("button", name="Make a token").click()
        page.locator("#token").wait_for()
        token = page.locator("#token-text").inner_text()
        assert token.count(".") == 2
        screenshot(page, "device-token-light")
        page.locator("#token").get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        page.get_by_role("button", name="Done").click()
        page.evaluate("""() => {
            const field = document.createElement("textarea");
            field.id = "pasted";
            document.body.append(field);
            field.focus();
        }""")
        page.keyboard.press("Control+V")
        assert page.locator("#pasted").input_value() == token
        assert token in page.locator("#way-curl").inner_text(), "ready to be pasted"
        page.get_by_text("Waiting for its first message").wait_for()

        assert send(site, token, json.dumps({"seq": 1, "temps": {"fl": 81.5}}).encode()) == 200
        page.locator("#device-values").get_by_text("tires.temps.fl").wait_for()
        page.locator("#device-values").get_by_text("81.5").wait_for()
        page.locator(".badge", has_text="active").wait_for()
        page.locator("#last-message", has_text=re.compile(r"\d\d:\d\d:\d\d ")).wait_for()
        assert send(site, token, b"hello") == 422
        page.locator("#refused").get_by_text("This is no JSON").wait_for()
        screenshot(page, "device-light")
        page.get_by_role("button", name="End it now").click()
        page.locator("#device-recordings").get_by_text("recorded").wait_for()
        page.locator("#device-recordings a").first.click()
        page.get_by_role("heading", name="Tire temps").or_(page.get_by_text("tire-temps_")).first.wait_for()

        page.goto(f"{site.url}/devices")
        page.locator("#d-tire-temps").get_by_text("active").wait_for()
        page.get_by_role("link", name="Tire temps").click()
        page.wait_for_url("**/devices/tire-temps")  # and its script has run
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Notes").fill("front axle")
        page.get_by_label("Protobuf schema").set_input_files(
            {"name": "car.desc", "mimeType": "application/octet-stream", "buffer": car_schema()}
        )
        page.get_by_role("button", name="Save").click()
        page.locator("#device-facts").get_by_text("front axle").wait_for()
        page.locator("#device-facts").get_by_text("ht.Car").wait_for()
        page.get_by_role("button", name="Edit").click()
        assert page.get_by_label("Notes").input_value() == "front axle", "as it is now, not as the page came"
        screenshot(page, "device-edit-light")
        page.get_by_role("button", name="Remove the schema").click()
        page.locator("#sure").get_by_role("button", name="Remove").click()
        page.locator("#device-facts").get_by_text("ht.Car").wait_for(state="detached")
        assert page.locator("#token-text").inner_text() == "", "it was shown once"
        page.get_by_role("button", name="Disable").click()
        page.locator("#sure").get_by_role("button", name="Disable").click()
        page.get_by_text("Disabled by Nina").wait_for()
        until_refused = threading.Event()
        for _ in range(200):
            if send(site, token, b'{"a": 1}') == 403:
                until_refused.set()
                break
        assert until_refused.is_set()
        page.set_viewport_size({"width": 390, "height": 844})
        screenshot(page, "device-phone")

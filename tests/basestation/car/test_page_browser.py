"""The car's page in a real browser: a car whose recorder is a command, and a connection that drops."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from paddock.basestation.car.server import CarServer
from paddock.basestation.car.service import Car
from paddock.domain.sidecar import read_sidecar
from tests.basestation.car.cars import Garage, Machine, S
from tests.logs import small_log
from tests.web.browsing import browser, needs_chromium, open_page, screenshot
from tests.web.test_accessibility import serious

__all__ = ["browser"]
pytestmark = needs_chromium

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}
LOOKS = {
    "phone": PHONE,
    "phone-dark": {**PHONE, "color_scheme": "dark"},
    "tablet": {"viewport": {"width": 820, "height": 1180}},
    "desk": {},
}
AXE = find_spec("axe_playwright_python")
LEAST_TARGET_PX = 44
HOSTILE = "<img src=x onerror=alert(1)>.mcap"


@dataclass
class OnTrack:
    """A car at work, and its server."""

    garage: Garage
    car: Car
    server: CarServer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


def serve(server: CarServer) -> None:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@contextlib.contextmanager
def on_track(folder: Path, machine: Machine | None = None) -> Iterator[OnTrack]:
    garage = Garage(folder, machine or Machine())
    garage.logs.mkdir()
    for number in range(3):
        (garage.logs / f"HT09_{number:03d}.mcap").write_bytes(small_log(40 + number))
    (garage.logs / "HT09_003_endurance_second_stint_after_the_driver_swap.mcap").write_bytes(small_log(50)[:-100])
    writes = f"exec 3> {garage.logs}/HT09_004.mcap; while :; do head -c 40000 /dev/zero >&3; sleep 0.1; done"
    car = garage.car(f"command:{writes}", stop="TERM")
    server = CarServer(car, "127.0.0.1", 0)
    serve(server)
    car.start()
    made = OnTrack(garage, car, server)
    try:
        yield made
    finally:
        car.recorder.stop()
        server.shutdown()
        server.server_close()
        garage.close()


@pytest.fixture
def track(tmp_path: Path) -> Iterator[OnTrack]:
    with on_track(tmp_path) as made:
        yield made


def opened(page: Any, track: OnTrack) -> None:
    page.goto(track.url)
    page.locator("#rows li").first.wait_for()


def test_start_and_stop(browser: Any, track: OnTrack) -> None:
    with open_page(browser, **PHONE) as page:
        opened(page, track)
        page.get_by_role("heading", name="Not recording", exact=True).wait_for()
        page.get_by_role("button", name="Start recording").click()
        page.get_by_role("heading", name="Recording").wait_for()
        page.locator("#what").get_by_text("HT09_004.mcap").wait_for()
        page.get_by_role("button", name="Stop recording").click()
        dialog = page.get_by_role("dialog", name="Stop recording?")
        dialog.get_by_role("button", name="Go on recording").click()
        dialog.wait_for(state="hidden")
        page.get_by_role("button", name="Stop recording").click()
        page.keyboard.press("Escape")
        assert track.car.state().recorder.doing == "recording", "nobody said yes"
        page.get_by_role("button", name="Stop recording").click()
        dialog.get_by_role("button", name="Stop recording").click()
        page.get_by_role("heading", name="Not recording", exact=True).wait_for()
        page.get_by_role("button", name="Start recording").wait_for()
        page.locator("#rows li", has_text="HT09_004.mcap").get_by_text("cut?").wait_for()


def test_a_recorder_that_dies_or_does_not_start_is_shown(browser: Any, tmp_path: Path) -> None:
    garage = Garage(tmp_path)
    car = garage.car("command:echo no bus can0; sleep 1; exit 3")
    server = CarServer(car, "127.0.0.1", 0)
    serve(server)
    car.start()
    with open_page(browser, provoked=(503,), **PHONE) as page:
        page.goto(f"http://127.0.0.1:{server.server_address[1]}")
        page.get_by_role("button", name="Start recording").click()
        page.get_by_role("heading", name="The recorder has died").wait_for()
        page.get_by_text("it ended with code 3. It said: no bus can0").wait_for()
        page.get_by_role("button", name="Start recording").wait_for()
    server.shutdown()
    server.server_close()
    garage.close()


def test_what_the_next_log_is_of(browser: Any, track: OnTrack) -> None:
    with open_page(browser, provoked=(422,), **PHONE) as page:
        opened(page, track)
        page.get_by_label("Driver").fill("Zoë")
        page.wait_for_timeout(1500)
        assert page.get_by_label("Driver").input_value() == "Zoë", "a look does not replace what somebody types"
        page.get_by_role("button", name="Add a field of the team…").click()
        page.get_by_label("Its name").fill("tyre_set")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_label("tyre_set").fill("R25B")
        page.get_by_label("Venue").evaluate("field => { field.maxLength = 999 }")
        page.get_by_label("Venue").fill("x" * 201)
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Venue is longer than 200 characters.").wait_for()
        page.get_by_label("Venue").fill("Michigan")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Saved.").wait_for()
        page.reload()
        page.get_by_label("tyre_set").wait_for()
        assert page.get_by_label("Driver").input_value() == "Zoë"
        page.get_by_role("button", name="Start recording").click()
        page.locator("#rows li", has_text="HT09_004.mcap").get_by_text("Zoë").wait_for()
        beside = read_sidecar(track.garage.logs / "HT09_004.mcap")
        assert beside is not None
        assert beside.metadata == {"driver": "Zoë", "venue": "Michigan", "tyre_set": "R25B"}
        page.get_by_label("Driver").fill("Maya")
        page.get_by_label("Also for the log that is being recorded").check()
        page.get_by_role("button", name="Save").click()
        page.locator("#rows li", has_text="HT09_004.mcap").get_by_text("Maya").wait_for()


def test_the_connection_drops_and_comes_back(browser: Any, track: OnTrack) -> None:
    context = browser.new_context(**PHONE)
    with contextlib.closing(context):
        page = context.new_page()
        opened(page, track)
        page.get_by_label("Driver").fill("Zoë")
        context.set_offline(True)
        page.get_by_text("The car does not answer. This is what was known").wait_for()
        assert page.get_by_label("Driver").input_value() == "Zoë"
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Not saved yet: the car does not answer").wait_for()
        page.get_by_role("button", name="Start recording").click()
        page.get_by_text("It was not told, or its answer was lost: see what it does.").wait_for()
        context.set_offline(False)
        page.get_by_text("Saved.").wait_for()
        page.locator("#offline").wait_for(state="hidden")
        assert track.car.state().metadata == {"driver": "Zoë"}
        assert track.car.state().recorder.doing == "stopped", "what was pressed meanwhile is not done later"


def test_a_phone_tells_a_car_of_1970_what_time_it_is(browser: Any, tmp_path: Path) -> None:
    with on_track(tmp_path, Machine(wall_ns=37 * S)) as track, open_page(browser, **PHONE) as page:
        opened(page, track)
        page.get_by_text("years behind, as a phone says").wait_for()
        assert track.car.clock.state().source == "phone"


def test_names_are_text(browser: Any, track: OnTrack) -> None:
    (track.garage.logs / HOSTILE.replace("/", "")).write_bytes(small_log())
    (track.garage.logs / os.fsdecode(b"\xff\n.mcap")).write_bytes(small_log())
    track.car.look()
    with open_page(browser, **PHONE) as page:
        opened(page, track)
        page.get_by_role("link", name=HOSTILE).wait_for()
        with page.expect_download() as download:
            page.get_by_role("link", name=HOSTILE).click()
        assert Path(download.value.path()).read_bytes() == small_log()
        assert page.locator("#rows img").count() == 0


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")
@pytest.mark.parametrize("look", LOOKS)
def test_looks(browser: Any, track: OnTrack, look: str) -> None:
    """The screenshots are for people to look at, in ``test-artefacts/looks/``."""
    assert AXE is not None and AXE.origin is not None
    axe = (Path(AXE.origin).parent / "axe.min.js").read_text()
    track.car.describe({"car": "HT09", "driver": "Adam", "event": "endurance"})
    with open_page(browser, **LOOKS[look]) as page:
        opened(page, track)
        page.get_by_text("Every closed log has its SHA-256.").wait_for()
        screenshot(page, f"looks/car-{look}-stopped")
        found = serious(page, axe, "stopped")
        page.get_by_role("button", name="Start recording").click()
        page.locator("#what").get_by_text("HT09_004.mcap").wait_for()
        if look == "phone":
            page.get_by_text("of recording at").wait_for()
        screenshot(page, f"looks/car-{look}-recording")
        found += serious(page, axe, "recording")
        page.get_by_role("button", name="Stop recording").click()
        found += serious(page, axe, "ask")
        assert found == []
        page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for target in page.locator("button:visible, #next-log input:visible, #next-log label.check:visible").all():
            if target.get_attribute("type") != "checkbox":  # its label is the target
                assert target.bounding_box()["height"] >= LEAST_TARGET_PX, target

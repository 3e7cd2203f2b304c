"""A maths channel from its first letter to a file: written, refused at its place, plotted, found, taken away."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from paddock import Client
from paddock.simulator.log import simulate
from tests.matlab_files import loadmat
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.test_accessibility import serious

pytestmark = needs_chromium

SLIP = "(VehicleData.current_rpms.RL / 11.86 * 2*pi/60 * 0.2032) / VNData.vn_vel_m_s.x - 1"


def axe_script() -> str:
    package = find_spec("axe_playwright_python")
    assert package is not None and package.origin is not None
    return (Path(package.origin).parent / "axe.min.js").read_text()


def test_a_channel_is_written_tried_and_used(browser: Any, tmp_path: Path) -> None:
    simulate(tmp_path / "run.mcap", event="autocross", laps=1, rate=0.2)
    with (
        served(tmp_path / "data", with_worker=True) as site,
        open_page(browser, provoked=(422,)) as page,
        Client(site.url) as client,
    ):
        run = client.upload(tmp_path / "run.mcap", metadata={"car": "HT09"}).wait()
        page.goto(f"{site.url}/maths")
        page.get_by_text("No maths channel yet").wait_for()
        page.get_by_role("button", name="Add a channel").click()
        text = page.get_by_label("Expression")
        text.type("VNData.vn_vel")
        page.locator(".completions button").filter(has_text="VNData.vn_vel_m_s.x").click()
        assert text.input_value() == "VNData.vn_vel_m_s.x"
        page.get_by_text("Computed from VNData.vn_vel_m_s.x; in m/s.").wait_for()
        text.fill("VNData.vn_vel_m_s.x + VehicleData.current_rpms.RL")
        page.get_by_text("is in m/s and VehicleData.current_rpms.RL in rpm, which cannot be added").wait_for()
        assert page.locator(".place mark").inner_text() == "VehicleData.current_rpms.RL"
        screenshot(page, "maths-fault-light")
        text.fill(f"wheel_slip = {SLIP}")
        page.get_by_text("Computed from VehicleData.current_rpms.RL, VNData.vn_vel_m_s.x").wait_for()
        page.locator(".preview figcaption").get_by_text("samples").wait_for()
        page.get_by_label("In the MATLAB file").check()
        screenshot(page, "maths-preview-light")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("wheel_slip is saved").wait_for()
        page.locator("#maths-table").get_by_text("wheel_slip", exact=True).wait_for()

        page.goto(f"{site.url}/recordings/{run.id}")
        page.locator("#channels").get_by_text("wheel_slip").first.wait_for()
        search = page.get_by_label("Search signals")
        search.fill("wheel_slip")
        page.locator(".tree .pick").first.click()
        page.locator(".stage .legend").get_by_text("wheel_slip").wait_for()
        screenshot(page, "maths-plot-light")

        page.goto(f"{site.url}/?day=all&signal=max(wheel_slip) > -2")
        page.get_by_role("link", name="run.mcap").or_(page.locator(f"a[href*='{run.id[:16]}']")).first.wait_for()
        seconds, values = client.get(run.id).signal("wheel_slip").numpy()
        assert len(seconds) == len(values) > 100
        kmh = client.set_maths("kmh", 'to(VNData.vn_vel_m_s.x, "km/h")')
        assert (kmh.unit, kmh.version, client.set_maths("kmh", kmh.text, note="why").version) == ("km/h", 1, 1)
        assert [each.name for each in client.maths()] == ["kmh", "wheel_slip"]
        client.remove_maths("kmh")
        made = client.get(run.id).export("mat", signals=["wheel_slip"]).wait().save(tmp_path / "slip.mat")
        assert len(loadmat(made, simplify_cells=True)["wheel_slip"]["value"]) == len(values)


def test_the_page_on_a_desk_and_a_phone_in_light_and_dark(browser: Any, tmp_path: Path) -> None:
    simulate(tmp_path / "run.mcap", event="autocross", laps=1, rate=0.1)
    axe = axe_script()
    with served(tmp_path / "data", with_worker=True) as site, Client(site.url) as client:
        client.upload(tmp_path / "run.mcap", metadata={"car": "HT09"}).wait()
        said = {"name": "wheel_slip", "text": SLIP, "note": "how much faster the wheel is than the road"}
        assert httpx.post(f"{site.url}/api/maths", json=said).status_code == 201
        found = []
        for name, look in {
            "light": {"color_scheme": "light"},
            "dark": {"color_scheme": "dark"},
            "phone": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
        }.items():
            with open_page(browser, **look) as page:
                page.goto(f"{site.url}/maths")
                page.get_by_role("button", name="Add a channel").wait_for()
                found += serious(page, axe, f"/maths {name}")
                page.get_by_role("button", name="Add a channel").click()
                page.get_by_label("Expression").fill("low_pass(VNData.vn_vel_m_s.x, 2)")
                page.get_by_text("Computed from VNData.vn_vel_m_s.x; in m/s.").wait_for()
                page.locator(".functions summary").click()
                screenshot(page, f"maths-editor-{name}")
                found += serious(page, axe, f"/maths editor {name}")
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert found == []

"""Taking files away in a browser: the copied scripts run as they are, and the file weighs what was said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import paddock
from paddock.simulator.log import simulate
from tests.web.browsing import Site, needs_chromium, open_page, served
from tests.web.converted import converted

pytestmark = needs_chromium

MATLAB = Path(paddock.__file__).parent / "matlab"
SPEED, STATE = "VNData.vn_vel_m_s.x", "VehicleData.vehicle_state"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A served Paddock, and the address of a recording with a plot that was zoomed."""
    folder = tmp_path_factory.mktemp("take")
    simulate(folder / "a.mcap", event="autocross", laps=1, rate=0.2)
    with served(folder / "data", with_worker=True) as site:
        recording = site.run(converted(site.context, folder / "a.mcap"))
        yield site, f"{site.url}/recordings/{recording.id}#plots={SPEED},{STATE}&from=5&to=15"


def scripts(page: Any, url: str) -> dict[str, str]:
    """What the dialog offers for what is plotted, as CSV at 20 Hz."""
    page.goto(url)
    page.locator("plot-workspace .legend li").nth(1).wait_for()
    page.get_by_role("button", name="Take away…").click()
    page.locator("[name=format]").select_option("csv")
    page.get_by_label("What is plotted now").check()
    page.get_by_label("As in the plots").check()
    page.locator("[name=rate]").fill("20")
    page.get_by_text("The same from a script").click()
    found = {}
    for language in ("Command", "Python", "MATLAB"):
        page.get_by_role("button", name=language, exact=True).click()
        found[language] = page.locator(".script").text_content()
    return found


def test_each_script_runs_and_brings_the_same_file(browser: Any, site: tuple[Site, str], tmp_path: Path) -> None:
    octave = shutil.which("octave-cli")
    with open_page(browser) as page:
        found = scripts(page, site[1])
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    commands = {"Command": ["sh", "-c"], "Python": [sys.executable, "-c"]}
    if octave is not None and shutil.which("curl") is not None:
        commands["MATLAB"] = [octave, "--quiet", "--norc", "--path", str(MATLAB), "--eval"]
    files = {}
    for language, command in commands.items():
        (tmp_path / language).mkdir()
        done = subprocess.run(
            [*command, found[language]],
            cwd=tmp_path / language,
            env={**os.environ, "PATH": paths},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (language, found[language], done.stderr)
        [file] = (tmp_path / language).iterdir()
        files[language] = (file.name, file.read_bytes())
    assert len(set(files.values())) == 1, files
    if "MATLAB" not in files:
        pytest.skip("GNU Octave or curl is not installed (apt install octave curl)")


def test_what_a_file_will_weigh_stands_beside_the_button(browser: Any, site: tuple[Site, str]) -> None:
    with open_page(browser, provoked=(422,)) as page:
        page.goto(site[1])
        page.locator("plot-workspace .legend li").nth(1).wait_for()
        page.get_by_role("button", name="Take away…").click()
        page.locator("[name=rate]").fill("100")
        page.locator("[name=globs]").fill("VNData, BatteryPack, Pedals*, nothing")
        page.locator(".estimate", has_text="No topic or signal of this log matches 'nothing'").wait_for()
        page.locator("[name=globs]").fill("VNData, BatteryPack, Pedals*")
        estimate = page.locator(".estimate", has_text="about")
        estimate.wait_for()
        said = in_bytes(estimate.inner_text().removeprefix("about ").removesuffix(", estimated"))
        page.get_by_role("button", name="Make the file").click()
        page.locator(".made a").wait_for(timeout=30_000)
        made = in_bytes(page.locator(".made .num").inner_text())
    assert made * 0.8 <= said <= made * 1.25, (said, made)


def in_bytes(text: str) -> float:
    number, unit = text.split()
    return float(number) * {"B": 1, "kB": 1e3, "MB": 1e6}[unit]


def test_it_opens_on_what_is_plotted(browser: Any, site: tuple[Site, str]) -> None:
    everything, plotted = ("[name=which][value=all]", "[name=span][value=all]"), ("[value=plotted]",)
    with open_page(browser) as page:
        page.goto(site[1].partition("#")[0])
        page.locator("plot-workspace .invitation").wait_for()
        page.get_by_role("button", name="Take away…").click()
        assert all(page.locator(radio).is_checked() for radio in everything)
        page.get_by_role("button", name="Close").click()

        page.goto(site[1])
        page.reload()
        page.locator("plot-workspace .legend li").nth(1).wait_for()
        page.get_by_role("button", name="Take away…").click()
        radios = page.locator(*plotted)
        assert [radios.nth(at).is_checked() for at in range(radios.count())] == [True, True]
        assert page.get_by_text("What is plotted now 2 signals").is_visible()
        assert page.get_by_text("As in the plots 0:05.0 – 0:15.0").is_visible()
        assert f"-s {SPEED} -s {STATE} --start 5 --end 15" in page.locator(".script").text_content()

        # What somebody chose stays; what is no longer plotted does not.
        page.get_by_label("All of it").check()
        page.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Take away…").click()
        assert page.get_by_label("All of it").is_checked() and page.get_by_label("What is plotted now").is_checked()
        page.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Clear").click()
        page.get_by_role("button", name="Take away…").click()
        assert all(page.locator(radio).is_checked() for radio in everything)

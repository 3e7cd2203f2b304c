"""Every page in light, in dark and on a phone: as wide as the screen, without a complaint in the console.

The screenshots are for people to look at, in ``test-artefacts/looks/``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from paddock.simulator.log import simulate
from tests.conftest import REPOSITORY
from tests.logs import small_log
from tests.web.browsing import Calm, Site, needs_chromium, open_page, screenshot, served
from tests.web.converted import converted
from tests.web.live_car import Car
from tests.web.season import Day, a_test_day

pytestmark = needs_chromium

SCREENS: dict[str, dict[str, Any]] = {
    "desk": {},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}
SCHEMES = {"desk": ("light", "dark"), "phone": ("light",)}
"""What each page is looked at in: it comes up in light, and follows when the machine turns dark."""
STYLES = REPOSITORY / "service" / "paddock"
PLOTS = "#plots=VNData.vn_vel_m_s.x;BatteryPack.voltage_v"
SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((each) => each.value)))
        .observe({ type: "layout-shift", buffered: true });
"""
PLOTS_SETTLE_MS = 400
"""After this what plots load a moment later, as their statistics, is on its way."""
AUTOCROSS = {"event": "autocross", "laps": 1, "rate": 0.2}


@dataclass(frozen=True)
class Looked:
    """A site with a test day, and three logs of it that pages can draw."""

    site: Site
    day: Day
    run: str
    other: str
    cut: str


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looked]:
    folder = tmp_path_factory.mktemp("looks")
    logs = [folder / f"04_18_2026_{name}.mcap" for name in ("15_32_00", "15_52_00", "16_12_00")]
    simulate(logs[0], started_ns=1_776_526_320 * 10**9, **AUTOCROSS)  # type: ignore[arg-type]
    simulate(logs[1], started_ns=1_776_527_520 * 10**9, driver="Maya", **AUTOCROSS)  # type: ignore[arg-type]
    simulate(logs[2], started_ns=1_776_528_720 * 10**9, driver="Luis", truncate=0.6, **AUTOCROSS)  # type: ignore[arg-type]
    with served(folder / "data", with_worker=False) as site:
        ids = [site.run(converted(site.context, log)).id[:16] for log in logs]
        Car(site.context.watching.live)
        yield Looked(site, site.run(a_test_day(site.context)), *ids)


def open_facet(label: str) -> Callable[[Any], None]:
    return lambda page: page.locator(".facet summary", has_text=label).click()


def edit_setup(page: Any) -> None:
    """A phone shows the sheet folded."""
    if (unfold := page.locator("#setup fold-button button")).is_visible():
        unfold.click()
    page.locator("#edit-setup").click()


def select_two(page: Any) -> None:
    for row in (0, 1):
        page.locator("#rows .pick input").nth(row).check()


def upload(page: Any) -> None:
    """One that is done, one that is refused, one that is held in the middle."""
    page.route(re.compile("/objects/put"), lambda route: None)
    files = {"04_18_2026_16_40_00_endurance_second_stint.mcap": small_log(44), "empty.mcap": b""}
    page.locator("#pick-files").set_input_files(
        [{"name": name, "mimeType": "x/y", "buffer": content} for name, content in files.items()]
    )
    page.locator(".upload[data-state=failed]").wait_for()
    page.locator(".upload .state").get_by_text("sending").wait_for()


def press(name: str) -> Callable[[Any], None]:
    return lambda page: page.get_by_role("button", name=name).first.click()


def key(character: str) -> Callable[[Any], None]:
    return lambda page: page.keyboard.press(character)


def pages_of(looked: Looked) -> list[tuple[str, str, Callable[[Any], None] | None]]:
    """Name of the screenshot, path, and what is done there before it is taken."""
    day, run, other = looked.day, looked.run, looked.other
    return [
        ("list", "/", None),
        ("list-driver", "/", open_facet("Driver")),
        ("list-topics", "/", open_facet("Topic")),
        ("list-conditions", "/", open_facet("Signal value")),
        ("list-figures", "/", open_facet("Figures")),
        ("list-sorted", "/?day=all&sort=-max_speed_m_s", None),
        ("list-miss", "/?signal=max(Inverter.motor_temp) > 3", None),
        ("list-parked", "/?parked=2026-04-18", None),
        ("list-selected", "/", select_two),
        ("list-keys", "/", key("?")),
        ("list-found", "/?driver=Adam&driver=Mei&health=intact&q=run", None),
        ("list-nothing", "/?q=nobody", None),
        ("list-all", "/?day=all", None),
        ("recording", f"/recordings/{run}", None),
        ("recording-edit", f"/recordings/{run}", press("Edit")),
        ("recording-take-away", f"/recordings/{run}", press("Take away…")),
        ("recording-damaged", f"/recordings/{looked.cut}", None),
        ("recording-failed", f"/recordings/{day.broken}", None),
        ("recording-deleted", f"/recordings/{day.deleted}", None),
        (
            "plots",
            f"/recordings/{run}{PLOTS}",
            lambda page: page.locator("plot-workspace").scroll_into_view_if_needed(),
        ),
        ("compare", f"/compare?a={run}&b={other}{PLOTS}", None),
        ("compare-choose", "/compare", None),
        ("laps", "/laps", None),
        ("laps-compare", "/laps/compare", None),
        ("take-away", f"/export?recording={run}&recording={other}", None),
        ("take-away-nothing", "/export", None),
        ("bundle", f"/bundles/{day.bundle}", None),
        ("upload", "/upload", None),
        ("alerts", "/alerts", None),
        ("rules", "/rules", None),
        ("rules-add", "/rules", press("Add a rule")),
        ("checklists", "/checklists", None),
        ("checklists-add", "/checklists", press("Add a checklist")),
        ("notices", "/notices", None),
        ("notices-add", "/notices", press("Tell somebody")),
        ("jobs", "/jobs", None),
        ("jobs-none", "/jobs?state=queued", None),
        ("storage", "/storage", None),
        ("signals", "/signals", None),
        ("signals-edit", "/signals", press("Edit")),
        ("signals-import", "/signals", press("Import…")),
        ("signals-unknown", "/signals?show=unknown", None),
        ("fields", "/fields", None),
        ("setups", "/setups", None),
        ("setups-compare", f"/setups/compare?recordings={day.run},{run}&all=true", None),
        ("setups-fields", "/setups/fields", None),
        ("setups-fields-add", "/setups/fields", press("Add a field")),
        ("setup-edit", f"/recordings/{day.run}", edit_setup),
        ("list-setup", "/?setup=spring_front = 30..40", open_facet("Setup")),
        ("devices", "/devices", None),
        ("devices-add", "/devices", press("Add a device")),
        ("device", "/devices/ht09", None),
        ("device-edit", "/devices/ht09", press("Edit")),
        ("device-token", "/devices/odd", press("Make a")),
        ("databases", "/databases", None),
        ("maths", "/maths", None),
        ("maths-add", "/maths", press("Add a channel")),
        ("sql", "/sql", None),
        ("kpis", f"/kpis?recordings={day.run},{run}", None),
        ("kpis-nothing", "/kpis", None),
        ("databases-add", "/databases", press("Add a database")),
        ("live", "/live", None),
        ("live-device", "/live/ht09", None),
        ("dashboards", "/dashboards", None),
        ("dashboard-new", "/dashboards/new?device=ht09", None),
        ("dashboard-widget", "/dashboards/new?device=ht09", press("Add a widget")),
        ("fields-add", "/fields", press("Add a field")),
        ("signals-alias", "/signals?show=unknown", press("is another name of…")),
        ("deleted", "/deleted", None),
        ("people", "/people", None),
        ("account", "/account", None),
        ("audit", "/audit", None),
        # The last one: a page that sends asks before it is left.
        ("upload-running", "/upload", upload),
    ]


def too_wide(page: Any) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


class Looker:
    """Somebody who takes screenshots of pages, on one screen."""

    def __init__(self, page: Any, screen: str) -> None:
        self.page = page
        self._calm = Calm(page)
        self._screen = screen

    def look_at(self, url: str, prepare: Callable[[Any], None] | None, name: str) -> list[str]:
        """Takes the screenshots; what is wrong with them."""
        self.page.emulate_media(color_scheme="light")
        self.page.goto(url)
        self._calm.wait()
        if prepare:
            prepare(self.page)
            self.page.wait_for_timeout(150)  # canvases, a dialog's place
        found = []
        for scheme in SCHEMES[self._screen]:
            look = scheme if self._screen == "desk" else self._screen
            self.page.emulate_media(color_scheme=scheme)
            screenshot(self.page, f"looks/{name}-{look}")
            if (wide := too_wide(self.page)) > 0:
                found.append(f"{name}-{look} is {wide} px too wide")
        return found


@contextlib.contextmanager
def looking(browser: Any, screen: str, **options: Any) -> Iterator[Looker]:
    with open_page(browser, **SCREENS[screen], **options) as page:
        yield Looker(page, screen)


def test_dark_is_another_choice_of_colours_alone() -> None:
    """So what holds of a page's places and words in light holds in dark."""
    blocks = [
        block
        for path in STYLES.rglob("*.css")
        for block in re.findall(
            r"@media \(prefers-color-scheme: dark\) \{(.*?\})\s*\}", path.read_text(), re.DOTALL
        )
    ]
    said = [each.split(":") for block in blocks for each in re.findall(r"[\w-]+: [^;{]+;", block)]
    assert len(said) > 30
    for name, value in said:
        assert name == "background" or name.startswith("--"), name
        assert re.fullmatch(r" (#[0-9a-f]{3,8}|none);", value), (name, value)


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page(browser: Any, looked: Looked, screen: str) -> None:
    found = []
    with looking(browser, screen) as looker:
        for name, path, prepare in pages_of(looked):
            found += looker.look_at(looked.site.url + path, prepare, name)
    assert found == []


@pytest.mark.parametrize("screen", SCREENS)
def test_members(browser: Any, tmp_path: Path, screen: str) -> None:
    def let_in(page: Any) -> None:
        page.locator(".members-form [name=name]").fill("Mei Lin")
        press("Add member")(page)
        page.locator(".qr svg").wait_for()

    with (
        served(tmp_path / "data", with_worker=False, host="127.0.0.1") as site,
        looking(browser, screen) as looker,
    ):
        for name, prepare in (("members-added", let_in), ("members", None)):
            assert looker.look_at(f"{site.url}/members", prepare, name) == []


@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_jumps_while_a_page_comes_up(browser: Any, looked: Looked, screen: str) -> None:
    lists = (
        "/",
        "/?day=all&parked=2026-04-18",
        "/?sort=driver",
        f"/bundles/{looked.day.bundle}",
        "/jobs",
        "/storage",
        "/signals",
        "/signals?show=unknown",
        "/upload",
    )
    run, other = looked.run, looked.other
    paths = (
        *lists,
        f"/recordings/{run}",
        f"/recordings/{run}{PLOTS}",
        f"/compare?a={run}&b={other}{PLOTS}",
        "/compare",
    )
    followed = 0

    def count(request: Any) -> None:
        nonlocal followed
        followed += request.resource_type == "fetch" and request.url == page.url.partition("#")[0]

    with open_page(browser, **SCREENS[screen]) as page:
        page.add_init_script(SHIFTS)
        page.on("request", count)
        calm = Calm(page)
        # A slow machine paints tables that are half there; on a fast one that happens once in a hundred runs.
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
        for path in paths:
            page.goto(looked.site.url + path)
            calm.wait()
            # A page that follows asks once more, now.
            page.evaluate("dispatchEvent(new Event('online'))")
            page.wait_for_timeout(PLOTS_SETTLE_MS)
            calm.wait()
            assert page.evaluate("window.shifts") == [], path
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    assert followed >= len(lists)


@pytest.mark.parametrize("screen", SCREENS)
def test_what_is_not_there(browser: Any, looked: Looked, screen: str) -> None:
    with looking(browser, screen, provoked=(404,)) as looker:
        for name, path in (("error", "/nothing-here"), ("error-recording", "/recordings/ffffffffff")):
            assert looker.look_at(looked.site.url + path, None, name) == []


@pytest.mark.parametrize("screen", SCREENS)
def test_a_new_paddock(browser: Any, tmp_path: Path, screen: str) -> None:
    """Every page before the first log says what to do next."""
    pages = {
        "list": "/",
        "alerts": "/alerts",
        "jobs": "/jobs",
        "storage": "/storage",
        "signals": "/signals",
        "deleted": "/deleted",
        "setups": "/setups",
    }
    with served(tmp_path, with_worker=False) as site, looking(browser, screen) as looker:
        for name, path in pages.items():
            assert looker.look_at(site.url + path, None, f"empty-{name}") == []
            assert looker.page.locator(".empty .actions a").count() > 0, path

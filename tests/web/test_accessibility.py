"""An axe scan of every page, light, dark and on a phone: nothing serious or critical."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from paddock.domain.principal import LOCAL_USER
from paddock.simulator.log import simulate
from paddock.usecases.edit.edit import edit_recording
from paddock.usecases.find.recordings import get_recording
from tests.web.browsing import needs_chromium, open_page, served
from tests.web.builders import build_question
from tests.web.converted import converted
from tests.web.every_page import address_of, page_routes, route_at, what_pages_show
from tests.web.live_car import Car
from tests.web.season import a_test_day
from tests.web.serving import shared_application

pytestmark = needs_chromium

PACKAGE = find_spec("axe_playwright_python")


@pytest.mark.skipif(PACKAGE is None, reason="axe-playwright-python is not installed")
def test_no_serious_finding(browser: Any, tmp_path: Path) -> None:
    assert PACKAGE is not None and PACKAGE.origin is not None
    axe = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
    with (
        served(tmp_path, with_worker=False) as site,
        open_page(browser, provoked=(401, 404, 409, 422)) as page,
    ):
        Car(site.context.watching.live, past_s=10)
        day = site.run(a_test_day(site.context))
        for each in (day.damaged, day.run):
            asked = site.run(get_recording(site.context, each))
            site.run(edit_recording(site.context, LOCAL_USER, asked.id, metadata={"driver": "Adam"}))
            site.run(site.context.documents.questions.put_many([build_question(asked.id)]))
        paths = [
            "/",
            "/?day=all&parked=2026-04-18",
            "/?q=nobody",
            "/?day=all&sort=-max_speed_m_s",
            "/?signal=max(Inverter.motor_temp) > 3&figure=max_speed_m_s > 3",
            f"/bundles/{day.bundle}",
            f"/recordings/{day.damaged}",
            f"/recordings/{day.broken}",
            f"/compare?a={day.damaged}&b={day.run}",
            "/laps",
            "/laps?driver=nobody",
            "/laps/compare",
            "/upload",
            "/signals",
            "/signals?show=unknown",
            "/fields",
            "/setups",
            f"/setups/compare?recordings={day.damaged},{day.run}&all=true",
            "/setups/fields",
            "/?setup=spring_front = 30..40",
            "/alerts",
            "/rules",
            "/checklists",
            "/notices",
            "/databases",
            "/maths",
            "/sql",
            "/live",
            "/live/ht09",
            "/dashboards",
            "/dashboards/new?device=ht09",
            "/devices",
            "/devices/ht09",
            "/devices/odd",
            "/jobs",
            "/jobs?state=queued",
            "/deleted",
            "/sync",
            "/storage",
            "/members",
            "/people",
            "/account",
            "/audit",
            "/nothing-here",
        ]
        routes = page_routes(shared_application())
        visited = {route_at(routes, urlsplit(path).path) for path in paths}
        shown = site.run(what_pages_show(site.context, day))
        # Those that nobody named: every page there is was looked at.
        paths += [address_of(route, shown) for route in routes if route not in visited]
        found = []
        for path in paths:
            page.goto(site.url + path)
            page.wait_for_timeout(150)
            # On a machine that is too busy a page may have lost its connection, which pale values show.
            page.locator("[data-lost]").wait_for(state="detached")
            found += serious_in_both(page, axe, path)
        assert found == []


@pytest.mark.skipif(PACKAGE is None, reason="axe-playwright-python is not installed")
def test_no_serious_finding_in_what_opens_on_a_recording(browser: Any, tmp_path: Path) -> None:
    assert PACKAGE is not None and PACKAGE.origin is not None
    axe = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
    simulate(tmp_path / "a.mcap", event="autocross", laps=1, rate=0.2)
    plots = "#plots=VNData.vn_vel_m_s.x,PedalsSystemData.accel_pedal;VehicleData.vehicle_state"
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        recording = site.run(converted(site.context, tmp_path / "a.mcap"))
        page.goto(f"{site.url}/recordings/{recording.id[:16]}{plots}")
        page.locator("plot-workspace .legend li").nth(2).wait_for()
        page.locator("plot-overview .panel").nth(4).wait_for()
        page.locator(".tree summary").first.click()
        found = serious_in_both(page, axe, "tree")
        page.get_by_role("button", name="Table", exact=True).click()
        page.locator("#workspace .signal-table tbody tr").first.wait_for()
        found += serious_in_both(page, axe, "table")
        page.locator("#edit-run").click()
        found += serious_in_both(page, axe, "edit")
        page.locator("#edit-setup").click()
        found += serious_in_both(page, axe, "setup")
        page.get_by_role("button", name="Take away…").click()
        page.get_by_text("The same from a script").click()
        found += serious_in_both(page, axe, "take away")
        assert found == []


@pytest.mark.skipif(PACKAGE is None, reason="axe-playwright-python is not installed")
def test_no_serious_finding_on_a_phone(browser: Any, tmp_path: Path) -> None:
    assert PACKAGE is not None and PACKAGE.origin is not None
    axe = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
    simulate(tmp_path / "a.mcap", event="autocross", laps=1, rate=0.2)
    phone = {"viewport": {"width": 390, "height": 844}}
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser, **phone) as page:
        recording = site.run(converted(site.context, tmp_path / "a.mcap"))
        page.goto(f"{site.url}/recordings/{recording.id[:16]}")
        page.locator("plot-workspace .invitation").wait_for()
        found = serious(page, axe, "folded")
        for button in page.locator("fold-button button").all():
            button.click()
        found += serious(page, axe, "unfolded")
        page.goto(f"{site.url}/compare?a={recording.id[:16]}")
        found += serious(page, axe, "compare")
        assert found == []


COLOUR_RULES = ("color-contrast", "link-in-text-block")
"""The rules of axe that see colours; dark changes nothing else (``test_looks.py`` looks that up)."""


def serious_in_both(page: Any, axe: str, where: str) -> list[str]:
    """What axe finds on the page in light, and of its colours in dark."""
    found = serious(page, axe, where)
    page.emulate_media(color_scheme="dark")
    found += serious(page, axe, f"{where} in dark", runOnly=COLOUR_RULES)
    page.emulate_media(color_scheme="light")
    return found


def serious(page: Any, axe: str, where: str, **options: Any) -> list[str]:
    """What axe finds on the page as it is now; options are those of ``axe.run``."""
    # Evaluated by the debugger, which no CSP concerns; pages get no script that they do not serve.
    page.evaluate(f"window.axe || (() => {{ {axe} }})()")
    result = page.evaluate("(options) => axe.run(document, options)", {"resultTypes": ["violations"], **options})
    return [
        f"{where}: {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]

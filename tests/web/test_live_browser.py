"""Live in a browser: a value appears, plots follow and pause, a lost connection goes on, a dashboard is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paddock.domain.alerts import AlertSource, Raising, Severity
from paddock.domain.devices import Device
from paddock.domain.streams import Stream, StreamState
from paddock.usecases.alerts.alerts import raise_alert
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served
from tests.web.live_car import Car

pytestmark = needs_chromium

RECORDED = Stream(
    id="ht09-1",
    device="ht09",
    name="HT09",
    first_position=1,
    last_position=2,
    began_ns=1_790_000_000_000_000_000,
    received_ns=1_790_000_600_000_000_000,
    state=StreamState.RECORDED,
    recording="a3f9c210" * 8,
)
VALUE = ".live-row[data-name='VNData.vn_vel_m_s.x'] .value"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with (
        served(tmp_path_factory.mktemp("live") / "data", with_worker=False) as site,
        Car(site.context.watching.live),
    ):
        site.run(site.context.documents.devices.insert(Device(id="ht09", name="HT09", car="HT09")))
        yield site


def changes(page: Any, selector: str) -> None:
    """Waits until the text of an element is another one."""
    before = page.locator(selector).first.text_content()
    until(page, lambda: page.locator(selector).first.text_content() != before)


def until(page: Any, true: Callable[[], Any]) -> None:
    """The page's policy lets nobody evaluate text there, so it is asked again and again."""
    for _ in range(600):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("waited 30 s in vain")


def test_values_and_plots_follow_now_pause_and_go_back(browser: Any, site: Site) -> None:
    with open_page(browser) as page:
        page.goto(f"{site.url}/live")
        page.get_by_role("link", name="HT09", exact=True).click()
        page.get_by_text("live", exact=True).wait_for()
        changes(page, VALUE)
        assert page.locator(".live-row").count() == 18
        states = (".live-row[data-name='VCU.inverter'] .value", ("STANDBY", "RUNNING"))
        until(page, lambda: page.locator(states[0]).text_content() in states[1])
        assert page.locator("live-device .figure").count() == 3, "what says most of a car is plotted"
        page.get_by_role("button", name="pack_current", exact=True).click()
        assert page.locator("live-device .figure").count() == 4
        assert "pack_current" in page.evaluate("location.hash")

        page.get_by_role("button", name="Pause").click()
        clock = page.locator(".clock")
        shown = clock.text_content()
        assert "–" in shown, "the span that is looked at"
        chart = page.locator(".chart").first
        chart.focus()
        page.keyboard.press("+")
        until(page, lambda: page.locator("live-device").get_attribute("aria-busy") == "false")
        assert clock.text_content() != shown
        changes(page, VALUE)  # values go on
        held = clock.text_content()
        page.wait_for_timeout(300)
        assert clock.text_content() == held
        page.get_by_role("button", name="Back to live").click()
        page.get_by_text("live", exact=True).wait_for()
        changes(page, ".clock")

        page.reload()
        page.locator("live-device .figure").nth(3).wait_for()
        page.get_by_label("Search signals").fill("temperature 3")
        until(page, lambda: page.locator(".live-row:visible").count() == 1)


def test_what_is_drawn_is_in_the_plot_without_a_gap_after_a_lost_connection(browser: Any, site: Site) -> None:
    with open_page(browser, provoked=()) as page:
        opened: list[Any] = []
        page.on("websocket", lambda socket: opened.append(socket))
        page.goto(f"{site.url}/live/ht09#plots=VNData.vn_vel_m_s.x")
        page.get_by_text("live", exact=True).wait_for()
        changes(page, VALUE)
        page.evaluate("document.querySelector('live-device').stream.socket.close()")
        until(page, lambda: page.evaluate("document.querySelector('live-device').stream.socket?.readyState === 1"))
        changes(page, VALUE)
        gaps = page.evaluate("""() => {
            const { series } = document.querySelector("live-device").signals.known.get("ht09:VNData.vn_vel_m_s.x");
            const steps = series.seconds.slice(1).map((each, at) => each - series.seconds[at]);
            return [Math.min(...steps), Math.max(...steps), steps.length];
        }""")
        assert len(opened) == 2
        assert gaps[0] > 0.04 and gaps[1] < 0.06 and gaps[2] > 1000, (
            "one sample each 50 ms, none twice and none missing"
        )


def test_where_the_memory_begins_late_plots_go_on_into_what_was_recorded(browser: Any, tmp_path: Path) -> None:
    device = Device(id="ht09", name="HT09", car="HT09")
    with served(tmp_path / "data", with_worker=False) as site, Car(site.context.watching.live, past_s=5):
        site.run(site.context.documents.devices.insert(device))
        with open_page(browser) as page:
            asked: list[str] = []

            def recorded(route: Any) -> None:
                """The plot as it is answered, after ten samples of recordings, and with one that the page has."""
                asked.append(route.request.url)
                plot = route.fetch().json()
                for series in plot["series"]:
                    first = series["seconds"][0]
                    series["seconds"][:0] = [first - 30 + number for number in range(10)]
                    series["values"][:0] = [float(number) for number in range(10)]
                route.fulfill(json=plot)

            page.route("**/api/live/ht09/plot?*", recorded)
            page.goto(f"{site.url}/live/ht09#plots=VNData.vn_vel_m_s.x")
            page.get_by_text("live", exact=True).wait_for()
            series = "document.querySelector('live-device').signals.known.get('ht09:VNData.vn_vel_m_s.x')?.series"
            until(page, lambda: page.evaluate(f"{series}?.values[9] === 9"))
            seconds = page.evaluate(f"{series}.seconds")
            assert seconds == sorted(set(seconds)), "joined without a sample that is there twice"
            assert 20 < seconds[10] - seconds[9] < 22 and asked


def test_a_device_that_sends_nothing_is_waited_for_and_one_that_stopped_looks_stale(
    browser: Any, tmp_path: Path
) -> None:
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        page.goto(f"{site.url}/live")
        page.get_by_text("Nothing is being sent").wait_for()
        page.goto(f"{site.url}/live/ht09")
        page.get_by_text("Nothing has come in the last minutes.").wait_for()
        assert page.locator("#live-recorded").count() == 0
        site.run(site.context.documents.streams.insert(RECORDED))
        page.reload()
        page.get_by_text("Nothing has come in the last minutes.").wait_for()
        link = page.locator("#live-recorded").get_by_role("link", name="its last recording")
        assert link.get_attribute("href") == f"/recordings/{RECORDED.recording[:16]}"
        screenshot(page, "live-recorded")
        with Car(site.context.watching.live, past_s=5):
            page.locator(VALUE).wait_for()
            page.get_by_text("live", exact=True).wait_for()
            assert page.locator("#live-recorded").is_hidden()
            site.context.watching.live.leave_out("ht09", 1234)
            page.get_by_text("1,234 values are not shown").wait_for()
            screenshot(page, "live-left-out")
        page.locator(".live-row.stale").first.wait_for()
        page.locator("live-device .badge.recovered").wait_for()


def test_a_dashboard_is_built_saved_seen_again_and_copied(browser: Any, site: Site) -> None:
    with open_page(browser, provoked=(409,)) as page:
        page.goto(f"{site.url}/live/ht09")
        page.get_by_role("link", name="New dashboard").click()
        page.locator(".widget[data-kind=map]").wait_for()
        page.get_by_label("Name").fill("Pit wall")
        page.get_by_role("button", name="Add a widget").click()
        page.get_by_label("Kind").select_option("gauge")
        page.locator("dialog .offered").get_by_text("Pack.pack_current").click()
        page.get_by_label("Lower limit").fill("-50")
        page.get_by_label("Upper limit").fill("50")
        page.get_by_role("button", name="Done").click()
        gauge = page.locator(".widget[data-kind=gauge]")
        changes(page, ".widget[data-kind=gauge] .value")
        # By keys, and by hand.
        gauge.focus()
        before = gauge.evaluate("each => each.style.gridArea")
        page.keyboard.press("Shift+ArrowDown")
        assert gauge.evaluate("each => each.style.gridArea") != before
        first = page.locator(".widget[data-id=w1]")
        first.scroll_into_view_if_needed()
        box = first.bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 16)
        page.mouse.down()
        page.mouse.move(box["x"] + 60 + 350, box["y"] + 16, steps=5)
        page.mouse.up()
        assert first.bounding_box()["x"] > box["x"] + 200
        shown = page.locator(".widget").count()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Edit").wait_for()
        page.get_by_role("heading", name="Pit wall").wait_for()
        page.reload()
        page.locator(".widget[data-kind=gauge]").wait_for()
        assert page.locator(".widget").count() == shown
        changes(page, ".widget[data-kind=gauge] .value")
        screenshot(page, "dashboard-light")

        # Somebody else changes it meanwhile.
        address = page.url
        page.get_by_role("button", name="Edit").click()
        (dashboard,) = site.run(site.context.documents.dashboards.find()).items
        site.run(site.context.documents.dashboards.change(dashboard.id, {"version": 7, "changed_by": "Mei"}))
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Mei changed this dashboard meanwhile").wait_for()
        page.get_by_role("button", name="Copy", exact=True).click()
        page.get_by_role("heading", name="Pit wall (copy)").wait_for()
        assert page.url != address
        page.goto(f"{site.url}/dashboards")
        page.get_by_role("link", name="Pit wall", exact=True).wait_for()
        page.get_by_role("link", name="Pit wall on a big screen").click()
        page.set_viewport_size({"width": 1920, "height": 1080})
        changes(page, ".widget[data-kind=gauge] .value")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "all of it at once"
        assert not page.locator(".bar").is_visible()
        screenshot(page, "dashboard-wall")


def test_alerts_are_acknowledged_and_actions_asked_for_on_a_dashboard(browser: Any, site: Site) -> None:
    raising = Raising(
        key="pump/ht09",
        text="The pump is stuck.",
        severity=Severity.CRITICAL,
        source=AlertSource.DEVICE,
        device="ht09",
    )
    site.run(raise_alert(site.context, raising))
    with open_page(browser, provoked=(409,)) as page:
        page.goto(f"{site.url}/dashboards/new")
        page.get_by_text("Add a widget, then drag it where it belongs.").wait_for()
        for kind, action in (("alerts", ""), ("action", "zero_sensors"), ("action", "reboot"), ("table", "")):
            page.get_by_role("button", name="Add a widget").click()
            page.get_by_label("Kind").select_option(kind)
            page.locator("dialog [name=device] option[value=ht09]").wait_for(state="attached")
            page.get_by_label("Device").select_option("ht09")
            if action:
                page.get_by_label("Action", exact=True).fill(action)
            page.get_by_role("button", name="Done").click()
        changes(page, ".table-widget tr:nth-child(9) .value")
        page.get_by_text("The pump is stuck.").wait_for()
        page.get_by_role("button", name="Acknowledge").click()
        page.get_by_text("seen by local").wait_for()
        page.get_by_role("button", name="zero_sensors", exact=True).click()
        page.get_by_text("It waits for the device to come.").wait_for()
        page.get_by_role("button", name="reboot", exact=True).click()
        page.get_by_role("button", name="No", exact=True).click()
        page.get_by_role("button", name="reboot", exact=True).click()
        page.get_by_role("button", name="Yes, do it").click()
        page.get_by_text("It waits for the device to come.").nth(1).wait_for()
        asked = site.run(site.context.documents.actions.find()).items
        assert sorted(each.name for each in asked) == ["reboot", "zero_sensors"]
        screenshot(page, "dashboard-actions")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Edit").wait_for()

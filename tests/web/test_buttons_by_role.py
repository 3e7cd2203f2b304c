"""Nobody is shown what they may not use: on every page each link leads to, and each button asks, what the role may.

Every button is pressed in a browser, dialogs are filled in and sent; nothing of it reaches the site, which would
refuse it, and the routes that were asked are compared with the table of roles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from litestar.handlers import HTTPRouteHandler

from paddock.domain.roles import PEOPLE_ROLES, PERMISSIONS, Permission, TeamRole
from paddock.web.kernel.permission import Anyone, handlers_of, needs_of
from tests.web.browsing import needs_chromium, served
from tests.web.every_page import address_of, page_routes, route_at, what_pages_show
from tests.web.live_car import Car
from tests.web.people import PASSWORD, add_person
from tests.web.season import a_test_day
from tests.web.serving import shared_application

pytestmark = needs_chromium

PRESS = """async () => {
    const pause = () => new Promise((done) => setTimeout(done, 15));
    const said = (each) => `${each.tagName} ${each.className} ${each.textContent.trim().slice(0, 40)}`;
    const texts = { number: "1", email: "a@b.example", url: "https://a.example", date: "2026-04-18" };
    const pressed = new Set();
    const fill = (field) => {
        if (field.value || field.type === "file" || field.type === "checkbox") return;
        if (field.tagName === "SELECT") field.selectedIndex = field.options.length - 1;
        else field.value = texts[field.type] ?? "a";
    };
    const isNew = (each) =>
        each instanceof HTMLElement && !each.disabled && each.checkVisibility() && !pressed.has(said(each));
    for (let turn = 0; turn < 60; turn += 1) {
        const open = document.querySelector("dialog[open]") ?? document.body;
        // From the end: what is said is sent before it is cancelled.
        const next = [...open.querySelectorAll("button, summary, [role=button]")].reverse().find(isNew);
        if (next) {
            pressed.add(said(next));
            for (const field of next.form?.elements ?? []) fill(field);
            next.click();
            await pause();
        } else if (open.tagName === "DIALOG") open.close();
        else break;
    }
    return pressed.size;
}"""
LINKS = """() => [...document.querySelectorAll("a[href]")]
    .filter((each) => each.origin === location.origin && each.checkVisibility()).map((each) => each.pathname)"""


def needed(method: str, path: str) -> Permission | Anyone | None:
    """What a request needs; None where no route has this path."""
    app = shared_application()
    by_path = {route.path: route for route in app.routes}
    route = route_at(by_path, path)
    if route is None:
        return None
    for handler in handlers_of(by_path[route]):
        if isinstance(handler, HTTPRouteHandler) and method in handler.http_methods:
            return needs_of(handler)
    return None


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """Where a site is that a person of each role may enter, and what stands for parameters of its pages."""
    with served(tmp_path_factory.mktemp("team") / "data", with_worker=False) as site:
        Car(site.context.watching.live, past_s=2)
        shown = site.run(what_pages_show(site.context, site.run(a_test_day(site.context))))
        for role in PEOPLE_ROLES:
            site.run(add_person(site.context, role.value, role.value))
        yield site.url, shown


def sign_in(page: Any, url: str, role: TeamRole) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_label("Name").fill(role.value)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")


@pytest.mark.parametrize("role", [TeamRole.VIEWER, TeamRole.ENGINEER])
def test_nobody_is_shown_a_link_or_a_button_that_they_may_not_use(
    browser: Any, team: tuple[str, dict[str, str]], role: TeamRole
) -> None:
    url, shown = team
    # Not ``open_page``: what is pressed is answered nothing, which scripts may complain about.
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, url, role)
    may = PERMISSIONS[role]
    wrong, pressed = [], 0
    asked: list[tuple[str, str]] = []
    coming = True

    def hold(route: Any) -> None:
        """Let nothing through that changes something, or leaves the page."""
        request = route.request
        changes = request.method not in ("GET", "HEAD")
        if changes:
            asked.append((request.method, urlsplit(request.url).path))
        leaves = request.is_navigation_request() and not coming
        if changes or leaves:
            route.fulfill(status=204)
        else:
            route.continue_()

    page.route(lambda at: "/static/" not in at, hold)
    for pattern in page_routes(shared_application()):
        path = address_of(pattern, shown)
        if needed("GET", path) not in {Anyone.LET_IN, Anyone.AT_ALL, *may}:
            continue
        coming = True
        page.goto(url + path)
        coming = False
        for link in sorted(set(page.evaluate(LINKS))):
            needs = needed("GET", link)
            if isinstance(needs, Permission) and needs not in may:
                wrong.append(f"{pattern} leads to {link}")
        pressed += page.evaluate(PRESS)
        for method, at in dict.fromkeys(asked):
            needs = needed(method, at)
            assert needs is not None, f"{pattern} asks {method} {at}, which no route has"
            if isinstance(needs, Permission) and needs not in may:
                wrong.append(f"{pattern} asks {method} {at}, which needs {needs}")
        asked.clear()
    context.close()
    assert not wrong, "\n".join(wrong)
    assert pressed > 60

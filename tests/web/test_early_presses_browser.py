"""What is pressed before the page's scripts are there, as on a slow line, is done once they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.browsing import browser as browser
from tests.web.browsing import needs_chromium, open_page, served

pytestmark = needs_chromium


def open_dialog(page: Any) -> None:
    page.get_by_role("button", name="Add a database").click()


def ask(page: Any) -> None:
    page.get_by_label("Query").fill("SELECT 6 * 7 AS answer")
    page.get_by_role("button", name="Run", exact=True).click()


@pytest.mark.parametrize(
    ("path", "script", "press", "shown"),
    [
        ("/databases", "databases/databases.js", open_dialog, "dialog[open]"),
        ("/sql", "season/sql.js", ask, "td:text('42')"),
    ],
)
def test_it_waits_for_the_script(
    browser: Any, tmp_path: Path, path: str, script: str, press: Callable[[Any], None], shown: str
) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        held: list[Any] = []
        page.route(f"**/{script}", lambda route: held.append(route))
        page.goto(f"{site.url}{path}", wait_until="commit")
        press(page)
        press(page)
        assert page.locator(shown).count() == 0
        (route,) = held
        route.continue_()
        page.locator(shown).first.wait_for()


def test_presses_on_two_buttons_are_done_one_after_the_other(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        held: list[Any] = []
        page.route("**/season/sql.js", lambda route: held.append(route))
        page.goto(f"{site.url}/sql", wait_until="commit")
        example = page.locator("[data-example]").nth(1)
        wanted = example.get_attribute("data-example")
        assert page.get_by_label("Query").input_value() != wanted
        example.click()
        page.get_by_role("button", name="Run", exact=True).click()
        (route,) = held
        route.continue_()
        page.locator("#sql-answer th").first.wait_for()
        assert page.get_by_label("Query").input_value() == wanted
        assert parse_qs(urlsplit(page.url).query) == {"q": [wanted]}

"""People in a browser: signing in and out, users, tokens, the audit; in light, dark and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served
from tests.web.people import PASSWORD, add_person
from tests.web.test_accessibility import serious

pytestmark = needs_chromium

PACKAGE = find_spec("axe_playwright_python")
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served(tmp_path / "data", with_worker=False) as running:
        running.run(add_person(running.context, "Ada Lovelace", email="ada@example.org"))
        yield running


def sign_in(page: Any, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name or e-mail").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def looked_at(page: Any, name: str) -> list[str]:
    """What axe finds, and whether the page is wider than the screen; a screenshot is taken."""
    assert PACKAGE is not None and PACKAGE.origin is not None
    axe = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
    screenshot(page, f"people/{name}")
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*serious(page, axe, name), *([f"{name} is wider than the screen"] if wide else [])]


@pytest.mark.skipif(PACKAGE is None, reason="axe-playwright-python is not installed")
def test_a_day_with_users(browser: Any, site: Site) -> None:
    """Wrong password, right one; who is added sets a password on a phone in the dark, and signs out everywhere."""
    found = []
    with (
        open_page(browser, provoked=(401, 403, 404)) as page,
        open_page(browser, provoked=(401, 403), color_scheme="dark", **PHONE) as phone,
    ):
        page.goto(f"{site.url}/jobs?state=dead")
        assert "/sign-in?next=" in page.url and page.locator("nav").count() == 0
        found += looked_at(page, "sign-in")
        sign_in(page, "Ada Lovelace", "not it")
        page.get_by_role("alert").get_by_text("Name or password is not right.").wait_for()
        assert page.get_by_label("Name or e-mail").input_value() == "Ada Lovelace"
        found += looked_at(page, "wrong-password")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/jobs?state=dead")

        page.locator("details.who summary").click()
        found += looked_at(page, "menu")
        page.keyboard.press("Escape")
        assert page.locator("details.who[open]").count() == 0
        page.locator("details.who summary").click()
        page.get_by_role("link", name="Users").click()
        page.get_by_label("Name", exact=True).fill("Mei Lin")
        page.get_by_label("E-mail").last.fill("mei@example.org")
        page.get_by_label("Role").last.select_option("engineer")
        page.get_by_role("button", name="Add user").click()
        link = page.get_by_label("Link").inner_text()
        found += looked_at(page, "added")

        phone.goto(link)
        found += looked_at(phone, "link-phone-dark")
        phone.get_by_label(re.compile("^Password")).fill("tyre pressure 0.8")
        phone.get_by_label("Once more").fill("tyre pressure 0.8")
        phone.get_by_role("button", name="Set the password").click()
        phone.wait_for_url(f"{site.url}/")
        phone.locator("details.who summary").get_by_text("Mei Lin").wait_for()
        phone.locator("details.who summary").click()
        found += looked_at(phone, "menu-phone-dark")
        assert phone.get_by_role("link", name="Audit").count() == 0, "not what an engineer may not"
        phone.get_by_role("link", name="Your account").click()
        phone.get_by_label("Name", exact=True).fill("notebook")
        phone.get_by_role("button", name="Make a token").click()
        assert re.fullmatch(r"pdk_[0-9a-f]{16}_[\w-]{43}", phone.locator("#made-token").inner_text())
        found += looked_at(phone, "account-phone-dark")

        page.goto(f"{site.url}/people")
        row = page.locator("tr", has_text="Mei Lin")
        row.locator("summary").click()
        found += looked_at(page, "people")
        page.goto(f"{site.url}/audit")
        page.locator("#audit-table").get_by_text("Mei Lin").first.wait_for()
        found += looked_at(page, "audit")
        phone.get_by_role("button", name="Sign out everywhere").click()
        phone.wait_for_url(f"{site.url}/sign-in")
        found += looked_at(phone, "signed-out-phone-dark")
        phone.goto(f"{site.url}/account")
        assert "/sign-in?next=%2Faccount" in phone.url
        sign_in(phone, "mei@example.org", "tyre pressure 0.8")
        phone.wait_for_url(f"{site.url}/account")

        page.goto(f"{site.url}/people")
        row.locator("summary").click()
        row.get_by_role("button", name="Disable Mei Lin now").click()
        row.get_by_role("button", name="Let Mei Lin in again").wait_for()
        phone.goto(f"{site.url}/account")
        assert "/sign-in" in phone.url, "who is disabled is out"
        sign_in(phone, "mei@example.org", "tyre pressure 0.8")
        phone.get_by_role("alert").get_by_text("Name or password is not right.").wait_for()
    assert found == []


def test_a_page_that_follows_leads_to_the_sign_in_page_once_signed_out(browser: Any, site: Site) -> None:
    with open_page(browser, provoked=(401,)) as page:
        page.goto(f"{site.url}/jobs")
        sign_in(page, "ada@example.org")
        page.wait_for_url(f"{site.url}/jobs")
        page.context.clear_cookies()
        page.evaluate("dispatchEvent(new Event('online'))")  # has the page look at once
        page.wait_for_url(re.compile("/sign-in"))

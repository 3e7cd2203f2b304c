"""The page of SQL in a real browser: ask, see, plot, save, share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.web.browsing import browser as browser
from tests.web.browsing import open_page, screenshot, served


def test_a_query_is_asked_plotted_saved_and_shared(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser, provoked=(422,)) as page:
        page.goto(f"{site.url}/sql")
        page.get_by_label("Query").fill("select range as n, range * range as square from range(1500)")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("1,500 rows, the first 1,000 are shown").wait_for()
        assert page.locator("#sql-answer tbody tr").count() == 1000
        assert page.locator("#sql-plot circle").count() == 1500
        screenshot(page, "sql-light")
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        assert Path(download.value.path()).read_text().splitlines()[:2] == ['"n","square"', "0,0"]
        page.reload()  # the address has the query
        page.get_by_text("1,500 rows").wait_for()
        page.get_by_label("Query").fill("copy (select 1) to 'x'")
        page.get_by_label("Query").press("Control+Enter")
        page.get_by_text("One SELECT is answered here.").wait_for()
        page.get_by_label("Query").fill(
            "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r"
        )
        page.get_by_label("Query").press("Control+Enter")
        page.get_by_text("It runs. A minute is the most").wait_for()
        screenshot(page, "sql-running")
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_text("The query was cancelled.").wait_for()

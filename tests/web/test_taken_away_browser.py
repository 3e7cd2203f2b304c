"""As a person goes: send logs, find them, take several away in one file, in hand and read.

Once at a desk, and once on a phone over plain http by a name that is not this machine's, which is no secure context
to a browser.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest

from tests.logs import small_log
from tests.matlab_files import loadmat
from tests.web.browsing import PLAIN_HOST, needs_chromium, open_page, screenshot, served
from tests.web.builders import STARTED_NS, build_recording

pytestmark = needs_chromium
DAY_NS = 86_400 * 10**9
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


@pytest.mark.parametrize(("look", "host"), [({}, ""), (PHONE, PLAIN_HOST)], ids=["desk", "phone-by-name"])
def test_from_sending_to_one_file_in_hand(browser: Any, tmp_path: Path, look: dict[str, Any], host: str) -> None:
    logs = []
    for driver in ("Adam", "Mei", "Noah"):
        logs.append(tmp_path / f"run_{driver}.mcap")
        logs[-1].write_bytes(small_log(driver=driver))
    with (
        served(tmp_path / "data", with_worker=True, host=host) as site,
        open_page(browser, provoked=(404,), accept_downloads=True, **look) as page,
    ):
        site.run(
            site.context.documents.recordings.insert(build_recording("newer", started_ns=STARTED_NS + 9 * DAY_NS))
        )
        page.goto(f"{site.url}/upload")
        assert page.evaluate("isSecureContext") is not bool(host)
        page.locator("#pick-files").set_input_files(logs)
        for log in logs:
            page.locator(".upload", has_text=log.name).get_by_text("intact").wait_for(timeout=60_000)

        # Where are they? The list shows the newest day, and points at what just arrived.
        page.goto(site.url)
        page.locator("#arrived", has_text="3 logs").wait_for()
        screenshot(page, f"arrived{'-phone' if look else ''}")
        page.get_by_role("link", name="Show them").click()
        page.wait_for_url("**sort=-uploaded_at")
        rows = page.locator("#rows > tr[data-href]")
        assert rows.count() == 4
        page.get_by_role("link", name=re.compile("18 Apr 2026")).first.click()
        page.get_by_role("heading", name=re.compile(r"run_\w+\.mcap|18 Apr")).first.wait_for()
        page.go_back()

        sent = page.locator("#rows > tr[data-href]", has_not_text="Endurance").locator(".pick input")
        assert sent.count() == 3
        if look:
            for number in range(3):
                sent.nth(number).tap()
        else:
            sent.first.click()
            sent.last.click(modifiers=["Shift"])
        page.get_by_text("3 selected").wait_for()
        page.get_by_label("Format").select_option("csv")
        page.get_by_role("button", name="Export").click()
        page.wait_for_url("**/bundles/*")
        everything = taken(page, tmp_path / "csvs")
        tables = {name: pyarrow.csv.read_csv(path) for name, path in everything.items()}
        assert len(tables) == 3 and all(table.num_rows == 50 for table in tables.values())
        for driver in ("Adam", "Mei", "Noah"):
            (table,) = (table for name, table in tables.items() if driver in name)
            (column,) = (name for name in table.column_names if name.endswith("throttle"))
            assert table[column].to_pylist()[:3] == [0.0, 0.1, 0.2]
        with page.expect_download() as alone:
            page.get_by_role("link", name=re.compile(r"Mei.*\.csv")).click()
        assert alone.value.path().read_bytes() == next(p for n, p in everything.items() if "Mei" in n).read_bytes()

        # What is made already is taken away in the same way, and the jobs page leads to both.
        page.goto(f"{site.url}/?day=2026-04-18")
        page.locator("#pick-all").evaluate("box => box.click()")  # a phone has no heads of columns
        page.get_by_text("3 selected").wait_for()
        page.get_by_role("button", name="Export").click()
        page.wait_for_url("**/bundles/*")
        for name, path in taken(page, tmp_path / "mats").items():
            read = loadmat(path, simplify_cells=True)
            assert read["meta"]["run"]["driver"] in name and len(read["Pedals"]["throttle"]) == 50
        page.goto(f"{site.url}/jobs")
        page.get_by_role("link", name="3 recordings as CSV").click()
        page.locator("#bundle-zip").wait_for()


def taken(page: Any, folder: Path) -> dict[str, Path]:
    """The files in the zip that the page of a bundle gives, unpacked, by name."""
    link = page.locator("#bundle-zip")
    link.wait_for(timeout=60_000)
    with page.expect_download() as download:
        link.click()
    folder.mkdir()
    download.value.save_as(folder / download.value.suggested_filename)
    with zipfile.ZipFile(folder / download.value.suggested_filename) as archive:
        assert archive.testzip() is None
        return {name: Path(archive.extract(name, folder)) for name in archive.namelist()}

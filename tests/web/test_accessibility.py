"""An axe scan of every page, light and dark: nothing serious or critical."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.web.browsing import needs_chromium, open_page, served
from tests.web.season import a_test_day

pytestmark = needs_chromium

PACKAGE = find_spec("axe_playwright_python")


@pytest.mark.skipif(PACKAGE is None, reason="axe-playwright-python is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding(browser: Any, tmp_path: Path, scheme: str) -> None:
    assert PACKAGE is not None and PACKAGE.origin is not None
    axe = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
    with (
        served(tmp_path, with_worker=False) as site,
        open_page(browser, provoked=(404,), color_scheme=scheme) as page,
    ):
        day = site.run(a_test_day(site.services))
        found = []
        for path in (
            "/",
            "/?q=nobody",
            f"/recordings/{day.damaged}",
            f"/recordings/{day.broken}",
            f"/compare?a={day.damaged}&b={day.run}",
            "/upload",
            "/signals",
            "/signals?show=unknown",
            "/jobs",
            "/jobs?state=queued",
            "/deleted",
            "/storage",
            "/nothing-here",
        ):
            page.goto(site.url + path)
            page.wait_for_timeout(150)
            # Evaluated by the debugger, which no CSP concerns; pages get no script that they do not serve.
            page.evaluate(axe)
            result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [
                f"{path}: {violation['id']}: {node['target']} {node['failureSummary']}"
                for violation in result["violations"]
                if violation["impact"] in ("serious", "critical")
                for node in violation["nodes"]
            ]
        assert found == []

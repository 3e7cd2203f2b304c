"""A viewer's own site reads a log by its link, in a real browser; it asks as Lichtblick's reader does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.web.viewers.addresses import VIEWERS
from tests.logs import small_log
from tests.web.browsing import needs_chromium, open_page, served
from tests.web.converted import converted

pytestmark = needs_chromium

READ = """
async (link) => {
  // All of it is asked for and given up, because a link that is signed for GET is refused to HEAD.
  const giveUp = new AbortController();
  const whole = await fetch(link, { signal: giveUp.signal, cache: "no-store" });
  const length = Number(whole.headers.get("content-length"));
  const ranges = whole.headers.get("accept-ranges");
  giveUp.abort();
  const slice = async (from, to) => {
    const part = await fetch(link, { headers: new Headers({ range: `bytes=${from}-${to}` }) });
    return [part.status, part.headers.get("content-range"), [...new Uint8Array(await part.arrayBuffer())]];
  };
  return { length, ranges, start: await slice(0, 7), end: await slice(length - 8, length - 1) };
}
"""
MAGIC = list(b"\x89MCAP0\r\n")


def blank(route: Any) -> None:
    """Another site's page, without that site."""
    route.fulfill(body="<!doctype html><title>Elsewhere</title>", content_type="text/html")


@pytest.mark.parametrize("viewer", list(VIEWERS))
def test_the_viewers_site_reads_ranges_of_a_log(browser: Any, tmp_path: Path, viewer: str) -> None:
    (tmp_path / "run.mcap").write_bytes(small_log())
    size = len(small_log())
    with served(tmp_path / "data", with_worker=False) as site, open_page(browser) as page:
        recording = site.run(converted(site.context, tmp_path / "run.mcap"))
        path = f"/api/recordings/{recording.id}/viewers/{viewer}"
        address = httpx.get(f"{site.url}{path}", trust_env=False).headers["location"]
        page.context.grant_permissions(["local-network-access"], origin=VIEWERS[viewer].origin)
        page.context.route(f"{VIEWERS[viewer].origin}/**", blank)
        page.goto(address)
        link = page.evaluate("new URLSearchParams(location.search).get('ds.url')")
        assert page.evaluate("origin") == VIEWERS[viewer].origin
        read = page.evaluate(READ, link)
    assert (read["length"], read["ranges"]) == (size, "bytes")
    assert read["start"] == [206, f"bytes 0-7/{size}", MAGIC]
    assert read["end"] == [206, f"bytes {size - 8}-{size - 1}/{size}", MAGIC]


def test_another_site_reads_nothing(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "run.mcap").write_bytes(small_log())
    with served(tmp_path / "data", with_worker=False) as site:
        recording = site.run(converted(site.context, tmp_path / "run.mcap"))
        page = browser.new_context().new_page()
        page.context.grant_permissions(["local-network-access"], origin="https://evil.example")
        page.context.route(
            "https://evil.example/**", lambda route: route.fulfill(body="x", content_type="text/html")
        )
        page.goto("https://evil.example/")
        link = f"{site.url}/api/recordings/{recording.id}/original"
        refused = page.evaluate("(link) => fetch(link).then(() => 'read', (error) => String(error))", link)
        page.context.close()
    assert refused == "TypeError: Failed to fetch"

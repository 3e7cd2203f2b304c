"""The logs of a parked car, folded into one row a day wherever recordings are listed."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.domain.recording import Recording, RunFigures
from paddock.usecases.context import Context
from tests.web.browsing import Site, needs_chromium, open_page, served
from tests.web.builders import STARTED_NS, build_recording, metadata

DAY_NS = 86_400 * 10**9
MINUTE_NS = 60 * 10**9


def season() -> list[Recording]:
    """Four days of 40 logs; on each every second one is of a parked car, on the third day all are."""
    return [
        build_recording(
            f"{day}-{number}",
            started_ns=STARTED_NS + day * DAY_NS + number * MINUTE_NS,
            duration_ns=11 * 10**9 if number % 2 or day == 2 else 612 * 10**9,
            highlights=RunFigures(driven=not (number % 2 or day == 2)),
            metadata=metadata(driver="Adam", event="Endurance"),
        )
        for day in range(4)
        for number in range(40)
    ]


async def walk(client: httpx.AsyncClient, path: str) -> list[str]:
    """All pages, one after the other."""
    pages = []
    while path:
        pages.append((await client.get(path)).text)
        older = re.search(r'rel="next" href="([^"]+)"', pages[-1])
        path = html.unescape(older[1]) if older else ""
    return pages


def listed(page: str) -> list[str]:
    return re.findall(r'<tr id="r-(\w+)"', page)


def folded(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'aria-expanded="false">(\d+) logs?<', page)]


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/?day=all", "/?driver=adam", "/?from=2026-04-01&health=intact"])
async def test_pages_hold_every_log_once(client: httpx.AsyncClient, context: Context, path: str) -> None:
    everything = season()
    await context.documents.recordings.put_many(everything)
    closed = await walk(client, path)
    shown = [each for page in closed for each in listed(page)]
    assert len(shown) == len(set(shown)) == 60, "what was driven"
    assert len(shown) + sum(sum(folded(page)) for page in closed) == len(everything)
    days = "".join(f"&parked=2026-04-{day}" for day in range(18, 22))
    opened = [each for page in await walk(client, path + days) for each in listed(page)]
    assert len(opened) == len(everything) and set(opened) == {each.id for each in everything}


@pytest.mark.anyio
async def test_a_fold_opens_and_closes_by_its_link(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many(season())
    first = (await client.get("/?day=all")).text
    older = html.unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0])
    page = (await client.get(older)).text
    links = [html.unescape(each) for each in re.findall(r'<a href="([^"]+)" aria-expanded="false">', page)]
    assert len(links) == len(folded(page)) == 2, "of the second page"
    opened = (await client.get(links[0])).text
    assert len(listed(opened)) == len(listed(page)) + folded(page)[0] and len(folded(opened)) == 1
    (closes,) = (html.unescape(each) for each in re.findall(r'<a href="([^"]+)" aria-expanded="true">', opened))
    assert listed((await client.get(closes)).text) == listed(page)


@pytest.mark.anyio
async def test_a_parked_log_is_found_by_its_name(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many(season())
    page = (await client.get("/?q=run_0-1")).text
    assert len(listed(page)) == 11 and not folded(page), "words unfold: 1, and 10 to 19"


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/?day=2026-04-20", "/?from=2026-04-20&to=2026-04-20"])
async def test_where_nobody_drove_nothing_is_folded(client: httpx.AsyncClient, context: Context, path: str) -> None:
    await context.documents.recordings.put_many(season())
    page = (await client.get(path)).text
    assert len(listed(page)) == 40 and "of a parked car" not in page


def rows(page: Any) -> Any:
    return page.locator("#rows > tr[data-href]")


def fill(site: Site) -> None:
    site.run(site.context.documents.recordings.put_many(season()))


@needs_chromium
def test_a_fold_opens_where_it_stands(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        fill(site)
        page.goto(f"{site.url}/?day=all")
        before = rows(page).count()
        fold = page.get_by_role("link", name="20 logs")
        page.evaluate("document.documentElement.dataset.same = 'page'")
        fold.click()
        page.locator(".fold a[aria-expanded=true]").wait_for()
        assert rows(page).count() == before + 20 and page.url.endswith("/?day=all&parked=2026-04-21")
        assert page.evaluate("document.activeElement.textContent") == "20 logs", "it keeps the focus"
        assert page.evaluate("document.documentElement.dataset.same") == "page", "nothing was loaded anew"
        page.reload()
        assert rows(page).count() == before + 20, "the address is all there is"
        page.go_back()
        page.locator(".fold a[aria-expanded=true]").wait_for(state="detached")
        assert rows(page).count() == before

"""What each page weighs and takes on the server with 10,000 recordings: ``python -m tests.benchmarks.pages``.

A second number says in how many different sets the topics of the recordings come: ``… pages 10000 10000``.
``--beside ../other`` asks the same of another checkout, turn by turn.

Weight is the HTML and, once per browser, the scripts and styles that it names, as sent; time is the median of
several requests over the ASGI interface, without a network.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import structlog

from paddock.bootstrap import open_context
from paddock.domain.recording import Signal
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.find.topic_sets import find_topic_sets
from paddock.web.app import create_app
from tests.benchmarks.beside import beside_options, compare, take_turns
from tests.web.builders import (
    STARTED_NS,
    build_artifact,
    build_channel,
    build_contents,
    build_recording,
    metadata,
)

TIMES = 5
BATCH = 500
_ASSET = re.compile(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"')
_IMPORT = re.compile(r'(?:from|import) "([./][^"]+)"')
PAGES = (
    "/",
    "/?q=adam",
    "/?driver=Adam",
    "/?driver=Adam&driver=&car=HT01&q=e1",
    "/?q=nothing",
    "/?topic=Topic1&health=unread",
    "/?topic=Topic1",
    "/?topic=Topic1&topic=Topic90&driver=Adam",
    "/api/recordings/facets",
    "/api/recordings/facets?driver=adam",
    "/api/recordings?topic=Topic1",
    "/recordings/…",
    "/upload",
    "/signals?show=unknown",
    "/jobs",
    "/storage",
)
"""``…`` stands for the id of the newest recording, which has 1,440 signals."""


async def run(count: int, topic_sets: int, turns: bool) -> None:
    """Fill a Paddock, then ask for each page."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data=Path(directory))
        async with open_context(settings) as context:
            await fill(context, count, topic_sets)
            app: Any = create_app(context, settings)
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
                one = build_recording(count - 1).id[:16]
                pages = [path.replace("…", one) for path in PAGES]
                if turns:
                    cases = {name: partial(ask, client, path) for name, path in zip(PAGES, pages, strict=True)}
                    await take_turns(cases)
                    return
                print(f"{count:,} recordings, {topic_sets:,} sets of topics")
                print(f"{'page':<42}{'ms':>8}{'html kB':>10}{'assets kB':>11}")
                for name, path in zip(PAGES, pages, strict=True):
                    await measure(client, name, path)


async def ask(client: httpx.AsyncClient, path: str) -> httpx.Response:
    answer = await client.get(path, headers={"Accept": "text/html, application/json"})
    return answer.raise_for_status()


async def measure(client: httpx.AsyncClient, name: str, path: str) -> None:
    """Print one row."""
    taken = []
    for _ in range(TIMES):
        started = time.perf_counter()
        answer = await ask(client, path)
        taken.append(time.perf_counter() - started)
    assets: dict[str, int] = {}
    waiting = _ASSET.findall(answer.text)
    while waiting:
        asset = waiting.pop()
        if asset not in assets:
            text = (await client.get(asset)).text
            assets[asset] = len(text.encode())
            waiting += [urljoin(asset, name) for name in _IMPORT.findall(text)]
    html = len(answer.content)
    print(f"{name:<42}{statistics.median(taken) * 1e3:>8.1f}{html / 1e3:>10.1f}{sum(assets.values()) / 1e3:>11.1f}")


async def fill(context: Context, count: int, topic_sets: int) -> None:
    """A season and more: 80 topics each, three cars, one recording with signals."""
    common = tuple(build_channel(f"Topic{number}") for number in range(66))
    rarer = [build_channel(f"Topic{number}") for number in range(66, 66 + 28)]
    for first in range(0, count, BATCH):
        recordings = [
            build_recording(
                number,
                uploaded_at=STARTED_NS + number,
                started_ns=STARTED_NS + number * 600_000_000_000,
                metadata=metadata(
                    car=f"HT0{number % 3}", driver=("Adam", "Mei")[number % 2], event=f"E{number % 20}"
                ),
            )
            for number in range(first, min(first + BATCH, count))
        ]
        await context.documents.recordings.put_many(recordings)
        sets = [random.Random(number % topic_sets).sample(rarer, 14) for number in range(first, first + BATCH)]
        await context.documents.contents.put_many(
            [build_contents(each, channels=(*common, *some)) for each, some in zip(recordings, sets, strict=False)]
        )
        await context.documents.artifacts.put_many([build_artifact(each) for each in recordings])
    await find_topic_sets(context.documents)
    newest = build_recording(count - 1).id
    names = [f"Topic{topic}.field_{field}_c" for topic in range(80) for field in range(18)]
    signals = [Signal(f"{newest}:{name}", newest, name, "float", name[:20]) for name in names]
    await context.documents.signals.put_many(signals)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", nargs="?", type=int, default=10_000)
    parser.add_argument("topic_sets", nargs="?", type=int, default=40)
    beside_options(parser)
    given = parser.parse_args()
    if given.beside:
        numbers = [str(given.recordings), str(given.topic_sets)]
        compare("tests.benchmarks.pages", numbers, given)
    else:
        asyncio.run(run(given.recordings, given.topic_sets, given.turns))


if __name__ == "__main__":
    main()

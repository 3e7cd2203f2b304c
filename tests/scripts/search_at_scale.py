"""Search among many recordings: milliseconds and query plan of each filter.

::

    python -m tests.scripts.search_at_scale                        # 10,000 × 1,200 on SQLite
    python -m tests.scripts.search_at_scale mongodb://host/scale   # the same there
    python -m tests.scripts.search_at_scale --recordings 1000 --signals 300

The signals of a full run are 12 million documents: 12 GB of disk on SQLite, a quarter of an hour. The database is
kept with ``--keep FILE`` and used again when it is there. A MongoDB database is filled once and left; drop it
yourself.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from pymongo import AsyncMongoClient

from paddock.adapters.mongodb import MongoCollection, MongoDocuments
from paddock.adapters.mongodb_filters import page_parts
from paddock.adapters.sqlite import SqliteDocuments
from paddock.adapters.sqlite_filters import page_sql
from paddock.domain.contents import Contents, contents_id
from paddock.domain.recording import (
    ChannelSummary,
    MetadataSource,
    MetadataValue,
    Recording,
    Signal,
    Status,
    search_text,
)
from paddock.domain.topic_set import TopicSet, topic_set_of
from paddock.ports.documents import (
    Between,
    Condition,
    Contains,
    Documents,
    Equals,
    Exists,
    HasSignal,
    HasTopic,
    OneOf,
    Sort,
    StartsWith,
)

HOUR_NS = 3600 * 10**9
START_NS = 1_700_000_000 * 10**9
NEWEST = Sort("uploaded_at", descending=True)
LATEST = Sort("started_ns", descending=True)
HERE = Equals("deleted_at", None)
TIMES = 5


def queries(recordings: int) -> dict[str, tuple[Sequence[Condition], Sort]]:
    """What engineers ask for, by name."""
    middle = START_NS + recordings // 2 * HOUR_NS
    return {
        "the list": ([HERE], NEWEST),
        "one car": ([HERE, Equals("metadata.car.value", "HT07")], NEWEST),
        "two drivers": ([HERE, OneOf("metadata.driver.value", ("driver 3", "driver 17"))], NEWEST),
        "a car and a driver": (
            [HERE, Equals("metadata.car.value", "HT07"), Equals("metadata.driver.value", "driver 3")],
            NEWEST,
        ),
        "a week": ([HERE, Between("started_ns", middle, middle + 168 * HOUR_NS)], LATEST),
        "no start time": ([HERE, Exists("started_ns", False)], NEWEST),
        "failed": ([HERE, Equals("status", Status.FAILED)], NEWEST),
        "beginning of an id": ([HERE, StartsWith("id", f"{recordings // 2:08x}")], Sort()),
        "a rare word": ([HERE, Contains("search", f"run_{recordings // 3}.")], NEWEST),
        "a word that is nowhere": ([HERE, Contains("search", "zz top")], NEWEST),
        "a rare topic": ([HERE, HasTopic("Rare")], NEWEST),
        "a signal over a high value": ([HERE, HasSignal("Topic3.s3", "max", ">", 99)], NEWEST),
        "a signal over a low value": ([HERE, HasSignal("Topic3.s3", "max", ">", 1)], NEWEST),
        "two signals": (
            [HERE, HasSignal("Topic3.s3", "max", ">", 90), HasSignal("Topic4.s4", "min", "<", -90)],
            NEWEST,
        ),
        "a signal, of one car": (
            [HERE, HasSignal("Topic3.s3", "max", ">", 50), Equals("metadata.car.value", "HT07")],
            NEWEST,
        ),
        "a signal that is nowhere": ([HERE, HasSignal("Nope", "max", ">", 0)], NEWEST),
    }


def made_recordings(count: int, channels: int) -> Iterator[Recording]:
    """The same every time; every 50th deleted, every 97th failed, every 31st without a start."""
    chance = random.Random(1)
    for number in range(count):
        words = {
            "car": f"HT{chance.randrange(12):02}",
            "driver": f"driver {chance.randrange(40)}",
            "event": chance.choice(["endurance", "autocross", "skidpad", "acceleration"]),
            "notes": " ".join(chance.choices(["wet", "dry", "new tyres", "aero off", "brake test"], k=12)),
        }
        recording = Recording(
            id=recording_id(number),
            names=(f"run_{number}.mcap",),
            size_bytes=50_000_000,
            status=Status.FAILED if number % 97 == 5 else Status.READY,
            uploaded_at=START_NS + number * HOUR_NS,
            started_ns=None if number % 31 == 3 else START_NS + number * HOUR_NS,
            metadata={name: MetadataValue(value, MetadataSource.PERSON) for name, value in words.items()},
            build="b1",
            topic_set=topic_set_of(made_contents(number, channels).channels).id,
            deleted_at=START_NS if number % 50 == 49 else None,
        )
        yield msgspec.structs.replace(recording, search=search_text(recording))


def made_contents(number: int, channels: int) -> Contents:
    """The channels of one recording."""
    topics = [f"Topic{topic}" for topic in range(channels)] + (["Rare"] if number % 501 == 7 else [])
    owner = recording_id(number)
    made = tuple(ChannelSummary(topic, topic.lower(), topic, "protobuf", "protobuf", 9_000) for topic in topics)
    return Contents(contents_id(owner, "b1"), owner, "b1", made)


def made_signals(number: int, count: int, channels: int) -> list[Signal]:
    """The signals of one recording."""
    chance = random.Random(number)
    signals = []
    for index in range(count):
        low, high = -100 * chance.random(), 100 * chance.random()
        name = f"Topic{index % channels}.s{index}"
        owner = recording_id(number)
        signals.append(
            Signal(f"{owner}:{name}", owner, name, "float", count=9_000, min=low, max=high, mean=(low + high) / 2)
        )
    return signals


def recording_id(number: int) -> str:
    """64 hexadecimal digits that begin with the number."""
    return f"{number:08x}".ljust(64, "a")


def channel_count(signals: int) -> int:
    """A channel holds ten signals, as a car's do."""
    return max(1, signals // 10)


def made_topic_sets(channels: int) -> list[TopicSet]:
    """The two that the recordings have: that of the first one with the rare topic, and that of one without it."""
    return [topic_set_of(made_contents(number, channels).channels) for number in (7, 8)]


async def fill(documents: Documents, recordings: int, signals: int) -> None:
    """Put what is missing."""
    await documents.migrate()
    channels = channel_count(signals)
    batch: list[Recording] = []
    for recording in made_recordings(recordings, channels):
        batch.append(recording)
        if len(batch) == 100:
            await documents.recordings.put_many(batch)
            batch = []
    await documents.recordings.put_many(batch)
    await documents.topic_sets.put_many(made_topic_sets(channels))
    step = max(1, 12_000 // signals)
    for first in range(0, recordings, step):
        numbers = range(first, min(first + step, recordings))
        await documents.signals.put_many(
            [one for number in numbers for one in made_signals(number, signals, channels)]
        )


async def measure(documents: Documents, where: Sequence[Condition], sort: Sort) -> tuple[float, int]:
    """Milliseconds of the fastest of some first pages, and how many recordings match in all."""
    fastest = float("inf")
    for _ in range(TIMES):
        begun = time.perf_counter()
        await documents.recordings.find(where, sort=sort)
        fastest = min(fastest, time.perf_counter() - begun)
    return fastest * 1000, await documents.recordings.count(where)


def sqlite_plan(path: Path, where: Sequence[Condition], sort: Sort) -> list[str]:
    """The steps of SQLite's query plan."""
    with sqlite3.connect(path) as connection:
        query = page_sql("recordings", where, sort, None)[0]
        steps = connection.execute(f"EXPLAIN QUERY PLAN {query.text}", (*query.values, 51))
        return [step[3] for step in steps]


async def mongodb_plan(documents: MongoDocuments, url: str, where: Sequence[Condition], sort: Sort) -> list[str]:
    """The indexes of MongoDB's winning plan; FerretDB has none to tell of."""
    recordings = documents.recordings
    assert isinstance(recordings, MongoCollection)
    part = page_parts(await recordings._query(where), where, sort, None)[0]
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(url) as client:
        find = {"find": "recordings", "filter": part.query, "sort": dict(part.order), "limit": 51}
        explained = await client.get_default_database("paddock").command(
            {"explain": find, "verbosity": "queryPlanner"}
        )
    names: list[str] = []
    _collect_index_names(explained.get("queryPlanner", {}).get("winningPlan", {}), names)
    return names


def _collect_index_names(plan: object, names: list[str]) -> None:
    if isinstance(plan, dict):
        if "indexName" in plan:
            names.append(str(plan["indexName"]))
        elif plan.get("stage") == "COLLSCAN":
            names.append("COLLSCAN")
        for inner in plan.values():
            _collect_index_names(inner, names)
    elif isinstance(plan, list):
        for inner in plan:
            _collect_index_names(inner, names)


async def run(url: str, path: Path, recordings: int, signals: int) -> None:
    """Fill, measure, print."""
    documents = MongoDocuments(url) if url else SqliteDocuments(path)
    begun = time.perf_counter()
    await documents.migrate()
    if await documents.signals.count([Equals("recording", recording_id(recordings - 1))]) < signals:
        await fill(documents, recordings, signals)
        print(f"filled in {time.perf_counter() - begun:.0f} s")
    print(f"{recordings:,} recordings × {signals:,} signals: fastest of {TIMES} first pages")
    for name, (where, sort) in queries(recordings).items():
        ms, found = await measure(documents, where, sort)
        if isinstance(documents, MongoDocuments):
            plan = await mongodb_plan(documents, url, where, sort)
        else:
            plan = sqlite_plan(path, where, sort)
        print(f"{ms:9.1f} ms {found:7,} found  {name}")
        for step in plan:
            print(f"{'':31}{step}")
    await documents.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default="", help="a mongodb:// URL with its database; SQLite without")
    parser.add_argument("--recordings", type=int, default=10_000)
    parser.add_argument("--signals", type=int, default=1_200)
    parser.add_argument("--keep", type=Path, help="SQLite file that stays, and is used again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.keep or Path(folder) / "scale.sqlite"
        asyncio.run(run(asked.url, path, asked.recordings, asked.signals))


if __name__ == "__main__":
    main()

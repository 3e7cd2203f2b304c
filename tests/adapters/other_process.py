"""What a second process does in the tests of the adapters; most of it until somebody kills it.

Every line printed is a promise: what it names is durable, and must be there after ``kill -9``.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from pymongo import AsyncMongoClient, monitoring

from paddock.adapters import mongodb_earlier, sqlite_database, sqlite_earlier
from paddock.adapters.directory import DirectoryObjects
from paddock.adapters.sqlite import SqliteDocuments
from paddock.domain.job import Job, JobState
from paddock.ports.documents import Equals, Sort
from paddock.ports.whole_store import say_nothing

SIZE = 300_000


async def put(root: str) -> None:
    """Replace one object again and again."""
    objects = DirectoryObjects(Path(root), b"a secret of a test", "http://paddock.test", reserve_bytes=0)
    for letter in itertools.cycle("ab"):
        source = Path(root).with_name(f"{letter}.bin")
        source.write_bytes(letter.encode() * SIZE)
        await objects.put_file("raw/x.mcap", source)
        print(letter)


async def complete(root: str) -> None:
    """One multipart upload after the other."""
    objects = DirectoryObjects(Path(root), b"a secret of a test", "http://paddock.test", reserve_bytes=0)

    async def chunks(number: int) -> AsyncIterator[bytes]:
        yield str(number).encode() * (SIZE // 3)

    for count in itertools.count():
        key = f"incoming/{count}"
        upload = await objects.begin_upload(key, SIZE, SIZE // 3)
        for number in (1, 2, 3):
            await objects.write_part(upload, number, chunks(number), SIZE // 3)
        print("parts", key, upload)
        await objects.complete_upload(key, upload)
        print("whole", key, upload)


async def insert(path: str) -> None:
    """One job after the other."""
    documents = SqliteDocuments(Path(path))
    await documents.migrate()
    for count in itertools.count():
        await documents.jobs.insert(Job(f"job-{count:06}", "ingest", "x" * 2_000, 0, 0))
        await documents.jobs.change(f"job-{count:06}", {"state": JobState.DONE})
        print(count)


async def take(path: str, owner: str) -> None:
    """Take queued jobs until there are none."""
    documents = SqliteDocuments(Path(path))
    await documents.migrate()
    changes = {"state": JobState.RUNNING, "lease_owner": owner}
    while job := await documents.jobs.change_first([Equals("state", "queued")], Sort("place"), changes):
        print(job.id)
    await documents.close()


async def migrate(path: str) -> None:
    """Migrate, and use what there is then."""
    documents = SqliteDocuments(Path(path))
    await documents.migrate()
    print(await documents.jobs.count())
    await documents.close()


def migrate_killed(place: str) -> None:
    """Rewrite documents of an earlier version, killed ever later until it lives; how often it was killed."""
    # A few at a time, so that there is much to be killed before.
    sqlite_earlier._SOME = mongodb_earlier._SOME = 2
    step = 1 if place.startswith("mongodb://") else 4
    for killed, statements in enumerate(itertools.count(1, step)):
        if not (child := os.fork()):
            _stop_before(place, statements)
            asyncio.run(_rewrite(place))
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            print(killed)
            return


async def _rewrite(place: str) -> None:
    if place.startswith("mongodb://"):
        client: AsyncMongoClient[dict[str, object]]
        async with AsyncMongoClient(place) as client:
            await mongodb_earlier.split_all(client.get_default_database(), say_nothing)
    else:
        await SqliteDocuments(Path(place)).migrate()


def _stop_before(place: str, statements: int) -> None:
    """Kill this process before so many statements, or before and after so many commands."""
    left = iter(range(statements))

    def stop(*_: object) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    if place.startswith("mongodb://"):
        events = dict.fromkeys(("started", "succeeded", "failed"), stop)
        monitoring.register(type("Stop", (monitoring.CommandListener,), events)())
        return

    def connect(path: Path) -> sqlite3.Connection:
        connection = sqlite_connect(path)
        connection.set_trace_callback(stop)
        return connection

    sqlite_connect = sqlite_database.connect
    sqlite_database.connect = connect


if __name__ == "__main__":
    verbs = {verb.__name__: verb for verb in (put, complete, insert, take, migrate)}
    if sys.argv[1] in verbs:
        asyncio.run(verbs[sys.argv[1]](*sys.argv[2:]))
    else:
        migrate_killed(*sys.argv[2:])

"""What a second process does in the tests of the adapters; most of it until somebody kills it.

Every line printed is a promise: what it names is durable, and must be there after ``kill -9``.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from paddock.adapters.directory import DirectoryObjects
from paddock.adapters.sqlite import SqliteDocuments
from paddock.domain.job import Job, JobState
from paddock.ports.documents import Equals, Sort

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


if __name__ == "__main__":
    verbs = {verb.__name__: verb for verb in (put, complete, insert, take, migrate)}
    asyncio.run(verbs[sys.argv[1]](*sys.argv[2:]))

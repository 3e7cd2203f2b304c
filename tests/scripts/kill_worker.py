"""Kill the worker of one box (MongoDB-wire and S3 server) at random moments of ingests, then look at what is left.

    python -m tests.scripts.kill_worker [kills] [seed]

Each round uploads a log, lets the worker run for a random time and kills it. In the end every log must be
ready, its original must be its id, and fsck must find nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from paddock.bootstrap import open_context
from paddock.domain.keys import raw_key
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Status
from paddock.settings import read_settings
from paddock.usecases.context import Context
from paddock.usecases.intake import uploads
from paddock.usecases.storage.fsck import fsck
from tests.adapters import s3_sides
from tests.logs import small_log
from tests.servers import ferretdb, versitygw

MESSAGES = 60_000
LONGEST_S = 4.0
SETTLE_S = 300


async def main(kills: int, seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        with versitygw.running(here / "s3") as store, ferretdb.running(here / "mongo") as database:
            s3_sides.client(store).create_bucket(Bucket="paddock")
            os.environ.update(store.environment())
            environment = {
                "PADDOCK_DATA": str(here / "box"),
                "PADDOCK_MONGODB_URL": database.url("paddock"),
                "PADDOCK_S3_BUCKET": "paddock",
                "PADDOCK_S3_ENDPOINT": store.endpoint,
                "PADDOCK_S3_PATH_STYLE": "true",
                "PADDOCK_AWS_REGION": versitygw.REGION,
            }
            async with open_context(read_settings(environment)) as context:
                ids = []
                for number in range(kills):
                    ids.append(await _send(context, small_log(MESSAGES, driver=f"driver {number}")))
                    worker = _start(environment)
                    delay_s = chance.uniform(0.5, LONGEST_S)
                    await asyncio.sleep(delay_s)
                    worker.kill()
                    worker.wait()
                    recording = await context.documents.recordings.get(ids[-1])
                    print(
                        f"kill {number + 1} after {delay_s:.2f} s at {recording and recording.status}", flush=True
                    )
                worker = _start(environment)
                begun = time.monotonic()
                while await context.documents.recordings.count() != await _ready(context):
                    assert time.monotonic() - begun < SETTLE_S, "not all are ready"
                    await asyncio.sleep(0.5)
                worker.terminate()
                worker.wait()
                print(f"all {len(ids)} ready {time.monotonic() - begun:.1f} s after the last kill")
                for recording_id in ids:
                    log = await context.objects.open(raw_key(recording_id))
                    assert hashlib.sha256(log.read()).hexdigest() == recording_id
                # Leftovers of a kill are as old as fsck wants them, because nobody is at work any more.
                later = Context(**{**vars(context), "now": lambda: time.time_ns() + 3600 * 10**9})
                mended = [finding async for finding in fsck(later, mend=True)]
                print(f"fsck mended {len(mended)}: {sorted({finding.fault for finding in mended})}")
                assert not [finding async for finding in fsck(later)]


def _start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "paddock", "worker"]
    return subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)


async def _send(context: Context, log: bytes) -> str:
    recording_id = hashlib.sha256(log).hexdigest()
    plan = await uploads.announce(
        context, LOCAL_USER, sha256=recording_id, size_bytes=len(log), name=f"{recording_id[:6]}.mcap"
    )
    assert plan.upload is not None
    async with httpx.AsyncClient(trust_env=False) as http:
        for part in plan.parts:
            piece = log[part.offset : part.offset + part.size_bytes]
            (await http.put(part.url, content=piece)).raise_for_status()
    await uploads.complete(context, plan.upload.id)
    return recording_id


async def _ready(context: Context) -> int:
    page = await context.documents.recordings.find(limit=500)
    return sum(recording.status is Status.READY for recording in page.items)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*(arguments + [20, 1][len(arguments) :])))

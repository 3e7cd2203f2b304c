"""Real logs in a Paddock, without the way over HTTP: for pages that draw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from mcap.writer import Writer

from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import raw_key
from paddock.domain.log_kinds import FIRST_KIND
from paddock.domain.recording import Recording, Status
from paddock.usecases.context import Context
from paddock.usecases.jobs import jobs, leases
from paddock.usecases.jobs.attempt import do
from tests.logs import STARTED_NS


async def converted(context: Context, log: Path, kind: str = FIRST_KIND) -> Recording:
    """The recording of a log, stored and converted."""
    content = log.read_bytes()
    recording_id = hashlib.sha256(content).hexdigest()
    await context.objects.put_file(raw_key(recording_id, kind), log)
    await context.documents.recordings.insert(
        Recording(recording_id, (log.name,), len(content), Status.STORED, context.now(), kind=kind)
    )
    await jobs.enqueue(context, "convert", recording_id)
    await work(context)
    recording = await context.documents.recordings.get(recording_id)
    assert recording is not None and recording.status is Status.READY, recording
    return recording


async def work(context: Context) -> None:
    """Do all jobs that wait."""
    while job := await leases.take(context, "test"):
        await do(context, job)


def json_log(
    target: Path, topic: str, messages: Iterable[Mapping[str, object]], *, pause_after: int | None = None
) -> Path:
    """A log of one JSON topic at 10 Hz, in a file; after so many messages it falls silent for a minute."""
    with target.open("wb") as file:
        writer = Writer(file)
        writer.start()
        schema = writer.register_schema("Any", "jsonschema", b'{"type": "object"}')
        channel = writer.register_channel(topic, "json", schema)
        for number, message in enumerate(messages):
            pause_s = 60 if pause_after is not None and number >= pause_after else 0
            instant = STARTED_NS + number * 100_000_000 + pause_s * NS_PER_S
            writer.add_message(channel, instant, json.dumps(message).encode(), instant)
        writer.finish()
    return target

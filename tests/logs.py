"""Small logs for tests that need any log, not a special one (those are built in tests/readers/mcap/builders.py)."""

from __future__ import annotations

import io
import json

from mcap.writer import Writer

from paddock.domain.instants import from_rfc3339

STARTED_NS = from_rfc3339("2026-04-18T14:32:00Z")


def small_log(messages: int = 50, *, driver: str = "Adam", topic: str = "Pedals") -> bytes:
    """A JSON log at 10 Hz with a ``setup`` record; another driver makes other bytes."""
    target = io.BytesIO()
    writer = Writer(target)
    writer.start()
    writer.add_metadata("setup", {"driver": driver, "carName": "HT09", "trackName": "Michigan"})
    schema = writer.register_schema("Pedals", "jsonschema", b'{"type": "object"}')
    channel = writer.register_channel(topic, "json", schema)
    for number in range(messages):
        instant = STARTED_NS + number * 100_000_000
        writer.add_message(channel, instant, json.dumps({"throttle": number / 10, "brake": 0.5}).encode(), instant)
    writer.finish()
    return target.getvalue()

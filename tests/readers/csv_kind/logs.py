"""Logs of the second kind."""

from __future__ import annotations

import io

from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from tests.readers.mcap.builders import STARTED_NS


def csv_log(lines: int = 100, driver: str = "Ada") -> bytes:
    """An engine at 10 Hz, and a driver who is named now and then."""
    head = "time_ns,Engine.rpm,Engine.temperature,Driver.name:text\n"
    rows = [
        f"{STARTED_NS + i * 100_000_000},{1000 + i},{'' if i % 5 == 4 else 80 + i / 8},{'' if i % 10 else driver}\n"
        for i in range(lines)
    ]
    return (head + "".join(rows)).encode()


ENGINE = [(1000.0 + i, None if i % 5 == 4 else 80 + i / 8) for i in range(100)]
"""What the engine of `csv_log()` says: revolutions per minute and temperature, line by line."""


def engine(mcap: bytes) -> list[tuple[float, float | None]]:
    """What the engine says in a log that was taken away as MCAP."""
    messages = make_reader(io.BytesIO(mcap), decoder_factories=[DecoderFactory()]).iter_decoded_messages(["Engine"])
    return [(m.rpm, m.temperature if m.HasField("temperature") else None) for *_, m in messages]

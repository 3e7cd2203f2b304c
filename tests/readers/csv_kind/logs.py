"""Logs of the second kind."""

from __future__ import annotations

from tests.readers.mcap.builders import STARTED_NS


def csv_log(lines: int = 100, driver: str = "Ada") -> bytes:
    """An engine at 10 Hz, and a driver who is named now and then."""
    head = "time_ns,Engine.rpm,Engine.temperature,Driver.name:text\n"
    rows = [
        f"{STARTED_NS + i * 100_000_000},{1000 + i},{'' if i % 5 == 4 else 80 + i / 8},{'' if i % 10 else driver}\n"
        for i in range(lines)
    ]
    return (head + "".join(rows)).encode()

"""``python -m tests.scripts.fuzz_mqtt``: mutated packets at the whole MQTT endpoint.

Whatever comes, nothing but MQTT is answered, nothing of a stranger is stored, a device's entries are its own, and a
well-behaved device beside is served as before.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

import click

from tests.broker.fuzzing import fuzz


@click.command()
@click.option("--packets", default=100_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(packets: int, seed: int) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(fuzz(Path(folder), packets, random.Random(seed)))
    took_s = time.monotonic() - began
    print(
        f"{found.packets:,} mutated packets on {found.connections:,} connections in {took_s:.0f} s: "
        f"{found.let_in:,} let in, {found.ended:,} ended by the endpoint, {found.entries:,} messages stored"
    )


if __name__ == "__main__":
    main()

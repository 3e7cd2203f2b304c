"""Compares the JSON decoder with Python's json on a million random and damaged messages.

    python -m tests.scripts.fuzz_json [messages] [seed]

The messages of a topic that comes out otherwise are written as ``fuzz-json-<seed>-<topic>.txt``, one repr a line.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from tests.readers.decoders.json_fuzz import difference
from tests.readers.decoders.json_messages import Writer


def main(messages: int = 1_000_000, seed: int = 0) -> int:
    """Returns how many topics came out otherwise."""
    wrong = done = topic = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        while done < messages:
            chance = random.Random(f"{seed}-{topic}")
            payloads = Writer(chance).messages(chance.choice((3, 40, 150, 400, 1500)))
            try:
                why = difference(payloads, chance, Path(directory))
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
            if why:
                wrong += 1
                Path(f"fuzz-json-{seed}-{topic}.txt").write_text("\n".join(map(repr, payloads)))
                print(f"topic {topic}: {why}")
            done += len(payloads)
            topic += 1
    print(f"{done:,} messages of {topic:,} topics, {wrong} topics otherwise, {time.monotonic() - began:.0f} s")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))

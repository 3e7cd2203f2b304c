"""Compares what becomes of a million random protobuf messages with google.protobuf: values, and which are refused.

    python -m tests.scripts.fuzz_protobuf [messages] [seed]

Every difference is printed with its payload and the seed that makes it again.
"""

from __future__ import annotations

import sys
import time

from tests.readers.decoders.protobuf_fuzzing import fuzz


def main(messages: int = 1_000_000, seed: int = 0) -> int:
    """Returns how many batches differed."""
    began = time.process_time()
    tally = fuzz(seed, messages)
    for difference in tally.differences:
        print(difference)
    schemas = ", ".join(f"{count} {path}" for path, count in sorted(tally.schemas.items()))
    print(f"{tally.messages:,} messages ({tally.payloads:,} different ones, {tally.refused:,} refused)")
    print(f"{sum(tally.schemas.values())} schemas: {schemas}")
    print(f"{len(tally.differences)} batches differ; {time.process_time() - began:.0f} s of CPU")
    return len(tally.differences)


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))

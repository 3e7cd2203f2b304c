"""Damages small logs in 10,000 random ways: no crash, no hang, bounded memory, no message less than mcap's reader.

    python -m tests.scripts.fuzz_mcap [cases] [seed]

A case that fails is written beside the script's working directory as ``fuzz-<seed>-<case>.mcap``.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.readers.mcap.builders import mutated, official_messages, small_logs, spool

SLOW_S = 2.0


def main(cases: int = 10_000, seed: int = 0) -> int:
    """Returns how many cases failed."""
    logs = small_logs()
    failed = 0
    slowest = 0.0
    with tempfile.TemporaryDirectory() as directory:
        for case in range(cases):
            chance = random.Random(f"{seed}-{case}")
            damaged = mutated(logs[case % len(logs)], chance)
            began = time.process_time()
            why = _wrong(damaged, Path(directory))
            took = time.process_time() - began
            slowest = max(slowest, took)
            if took > SLOW_S:
                why = why or f"took {took:.1f} s"
            if why:
                failed += 1
                Path(f"fuzz-{seed}-{case}.mcap").write_bytes(damaged)
                print(f"case {case}: {why}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{cases} cases, {failed} failed, slowest {slowest:.2f} s, peak memory {peak} MB")
    return failed


def _wrong(damaged: bytes, directory: Path) -> str:
    try:
        with spool(damaged, directory) as columns:
            summary = columns.summary
            rows = sum(len(batch) for channel in columns.channels for batch in columns.read(channel))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    had = summary.message_count + sum(summary.loss.undecodable.values())
    if rows != summary.message_count:
        return f"{rows} rows of {summary.message_count} messages"
    if had < (official := official_messages(damaged)):
        return f"{had} messages, the official reader has {official}"
    return ""


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))

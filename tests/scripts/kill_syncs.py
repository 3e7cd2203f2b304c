"""``paddock sync`` ended after every request, and people on three Paddocks by chance, with many seeds.

    python -m tests.scripts.kill_syncs [SEEDS]

Ends with a traceback where a word is lost, is there twice, or where all do not come to say the same.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import structlog

from tests.basestation.sync_people import by_chance, killed_after_each_request


def main() -> None:
    """Run both, the second with each seed."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as folder:
        print(f"killed after each of {killed_after_each_request(Path(folder), step=1)} requests: nothing lost")
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            by_chance(Path(folder), seed, deeds=120)
        print(f"seed {seed}: all say the same")


if __name__ == "__main__":
    main()

"""All faults of a track at full size: ``python -m tests.scripts.offload_faults [--only WORD] [--kind NAME]``.

As root. Each row is one fault on one way to the car; printed is what went over the two cables beyond the logs'
bytes, counted in TCP segments. It ends with 1 when a log is not in the cloud, with its hash, once.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.basestation import faults
from tests.basestation.cars import CARS
from tests.basestation.faults import FAST_BYTES_PER_S, KIB, Evening, Moved, evening
from tests.basestation.trackside import Trackside, trackside

MIB = 1024 * KIB
TIMES = 20
LARGE = {"large.mcap": 60 * MIB, "middle.mcap": 20 * MIB, "small.mcap": 100 * KIB}
LITTLE = {"a.mcap": 2 * MIB, "b.mcap": 100 * KIB}
MANY = {f"day {number % 7}/{number:05}.mcap": KIB for number in range(5000)}
Fault = Callable[[Evening, random.Random], Moved]


def cut(run: Evening, chance: random.Random) -> Moved:
    run.here.pit.set(bytes_per_s=FAST_BYTES_PER_S)
    faults.link_cut(run, chance, TIMES)
    return run.finish()


def internet_cut(run: Evening, chance: random.Random) -> Moved:
    run.here.uplink.set(bytes_per_s=FAST_BYTES_PER_S)
    faults.uplink_cut(run, chance, TIMES)
    return run.finish()


def server_killed(run: Evening, chance: random.Random) -> Moved:
    run.here.pit.set(bytes_per_s=FAST_BYTES_PER_S)
    faults.server_killed(run, chance, TIMES)
    return run.finish()


def agent_killed(run: Evening, chance: random.Random) -> Moved:
    faults.agent_killed(run, chance, TIMES)
    return run.finish()


def bad(**conditions: Any) -> Fault:
    """Both cables are so the whole time."""

    def held(run: Evening, chance: random.Random) -> Moved:
        run.here.pit.set(**conditions)
        run.here.uplink.set(**conditions)
        return run.finish()

    return held


def disk_full(run: Evening, chance: random.Random) -> Moved:
    faults.disk_full(run, sorted(chance.randrange(32 * KIB, run.total) for _ in range(8)))
    return run.finish()


def changing(run: Evening, chance: random.Random) -> Moved:
    """Grows, shrinks or is another one while it is pulled."""
    logs = run.here.logs
    changes: list[Callable[[], object]] = [
        lambda: (logs / "a.mcap").write_bytes((logs / "a.mcap").read_bytes() + b"more" * MIB),
        lambda: faults.write(run.here, "a.mcap", MIB),
        lambda: faults.write(run.here, "b.mcap", 100 * KIB),
    ]
    for change in changes:
        run.here.pit.set(bytes_per_s=MIB)
        faults.changes_while_pulled(run, change, chance.randrange(MIB))
    run.here.mend()
    return run.finish()


def in_1970(run: Evening, chance: random.Random) -> Moved:
    faults.in_1970(run.here)
    return run.finish()


FAULTS: list[tuple[str, dict[str, int], Fault]] = [
    ("nothing", LARGE, bad()),
    ("link cut at 20 bytes", LARGE, cut),
    ("internet cut at 20 bytes", LARGE, internet_cut),
    ("server killed 20 times", LARGE, server_killed),
    ("agent killed 20 times", LARGE, agent_killed),
    ("3 % loss", LITTLE, bad(loss=0.03, delay_ms=5)),
    ("50 kB/s", LITTLE, bad(bytes_per_s=50_000)),
    ("300 ms", LITTLE, bad(delay_ms=150)),
    ("disk full", LITTLE, disk_full),
    ("changing logs", LITTLE, changing),
    ("names, 1970", dict.fromkeys(faults.STRANGE_NAMES, KIB), in_1970),
    ("5,000 small logs", MANY, bad()),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="faults with this word in their name")
    parser.add_argument("--kind", choices=sorted(CARS), action="append", help="ways to the car; all without")
    given = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder, trackside(Path(folder) / "track") as here:
        for kind in given.kind or CARS:
            for name, sizes, fault in FAULTS:
                if given.only in name:
                    failed += not _happens(here, kind, name, sizes, fault, given.seed)
    sys.exit(1 if failed else 0)


def _happens(here: Trackside, kind: str, name: str, sizes: dict[str, int], fault: Fault, seed: int) -> bool:
    begun = time.monotonic()
    folder = f"{name}-{kind}".replace("%", "").replace("/", "-").replace(",", "")
    try:
        with evening(here, folder, CARS[kind], sizes) as run:
            moved = fault(run, random.Random(f"{seed} {folder}"))
    except Exception:
        print(f"{kind}, {name}: FAILED\n{traceback.format_exc()}{here.said()[-2000:]}", flush=True)
        return False
    print(f"{kind}, {name}: {moved}; {time.monotonic() - begun:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    main()

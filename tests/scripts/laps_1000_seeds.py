"""Times the laps of 1,000 simulated runs on which all goes wrong, and says how far off they are.

    python -m tests.scripts.laps_1000_seeds [seeds] [first]

Receivers have 25 fixes a second with half a metre of noise. Cars stop on the line, drive back over it or a whole
lap backwards; receivers drop out and jump away. A lap with a time that nobody drove, or an estimate that is off by
more than it says, is a wrong one; then this ends with 1.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from tests.domain.lap_runs import judged, simulated


def main(seeds: int = 1_000, first: int = 0) -> int:
    """Returns how many runs have a wrong lap or miss one for nothing."""
    bad = 0
    for speed in (True, False):
        for faults in (False, True):
            errors: list[float] = []
            sigmas: list[float] = []
            estimates = without = wrong = missed = 0
            began = time.monotonic()
            for seed in range(first, first + seeds):
                verdict = judged(simulated(seed, faults=faults, speed=speed))
                errors += verdict.errors_s
                sigmas += verdict.off_by_sigma
                estimates += verdict.estimates
                without += verdict.without_time
                wrong += len(verdict.wrong)
                missed += len(verdict.missed)
                bad += bool(verdict.wrong or verdict.missed)
                for what, laps in (("WRONG", verdict.wrong), ("MISSED", verdict.missed)):
                    for lap in laps:
                        print(f"seed {seed} {'speed' if speed else 'gps'} {what}: {lap}")
            off = np.abs(np.array(errors)) * 1e3
            print(
                f"{'GPS and speed' if speed else 'GPS alone'}, {'faults' if faults else 'no faults'}: "
                f"{len(off)} laps timed, {estimates} estimated, {without} without a time, {wrong} wrong, "
                f"{missed} missed; off by {np.sqrt((off**2).mean()):.2f} ms rms, "
                f"{np.quantile(off, 0.5):.2f} median, {np.quantile(off, 0.95):.2f} 95 %, "
                f"{np.quantile(off, 0.99):.2f} 99 %, {off.max():.2f} most; {(off <= 5).mean():.2%} within 5 ms; "
                f"{np.std(sigmas):.2f} of the deviation that they say; {time.monotonic() - began:.0f} s",
                flush=True,
            )
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(*map(int, sys.argv[1:])) else 0)

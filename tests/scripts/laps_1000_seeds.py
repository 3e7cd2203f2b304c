"""Times the laps of 1,000 simulated runs on which all goes wrong, and says how far off they are.

    python -m tests.scripts.laps_1000_seeds [seeds] [first] [signals]

Their logs have a speed and a yaw rate (``signals`` is ``speed+yaw``), a ``speed`` alone or nothing but fixes
(``gps``); without it all three are timed, one after the other. Receivers have 25 fixes a second with half a metre
of noise. Cars stop on the line, drive back over it or a whole lap backwards; receivers drop out and jump away. A
lap with a time that nobody drove, or an estimate that is off by more than it says, is a wrong one; then this ends
with 1.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from tests.domain.lap_runs import Sensors, judged, simulated

SIGNALS = {"speed+yaw": Sensors(), "speed": Sensors(yaw=False), "gps": None}


def main(seeds: int = 1_000, first: int = 0, signals: str = "") -> int:
    """Returns how many runs have a wrong lap or miss one for nothing."""
    return sum(
        _timed(name, faults, range(first, first + seeds))
        for name in ([signals] if signals else SIGNALS)
        for faults in (False, True)
    )


def _timed(name: str, faults: bool, seeds: range) -> int:
    errors: list[float] = []
    sigmas: list[float] = []
    estimates = without = wrong = missed = bad = 0
    began = time.process_time()
    for seed in seeds:
        verdict = judged(simulated(seed, faults=faults, sensors=SIGNALS[name]))
        errors += verdict.errors_s
        sigmas += verdict.off_by_sigma
        estimates += verdict.estimates
        without += verdict.without_time
        wrong += len(verdict.wrong)
        missed += len(verdict.missed)
        bad += bool(verdict.wrong or verdict.missed)
        for what, laps in (("WRONG", verdict.wrong), ("MISSED", verdict.missed)):
            for lap in laps:
                print(f"seed {seed} {name} {what}: {lap}", flush=True)
    off = np.abs(np.array(errors)) * 1e3
    print(
        f"{name}, {'faults' if faults else 'no faults'}: "
        f"{len(off)} laps timed, {estimates} estimated, {without} without a time, {wrong} wrong, "
        f"{missed} missed; off by {np.sqrt((off**2).mean()):.2f} ms rms, "
        f"{np.quantile(off, 0.5):.2f} median, {np.quantile(off, 0.95):.2f} 95 %, "
        f"{np.quantile(off, 0.99):.2f} 99 %, {off.max():.2f} most; {(off <= 5).mean():.2%} within 5 ms; "
        f"{np.std(sigmas):.2f} of the deviation that they say; {time.process_time() - began:.0f} s of processor",
        flush=True,
    )
    return bad


if __name__ == "__main__":
    numbers = dict(zip(("seeds", "first"), map(int, sys.argv[1:3]), strict=False))
    sys.exit(1 if main(**numbers, signals="".join(sys.argv[3:4])) else 0)

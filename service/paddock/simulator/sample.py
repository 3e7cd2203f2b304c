"""The car as its sensors see it at the times of some messages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.simulator.lap_run import Fixes
from paddock.simulator.schema import ENUMS
from paddock.simulator.systems import Spread
from paddock.simulator.track import Floats
from paddock.simulator.vehicle import WHEELS, Motion

STATE_CHANGES_S = (0.4, 1.5, 2.6, 3.2, 4.2)
"""When the car being started reaches each ``VehicleState`` after the first."""


@dataclass(frozen=True, eq=False)
class Run:
    """One recording session of the car, before anything samples it."""

    motion: Motion
    spread: Spread
    venue: str
    parked: bool
    fixes: Fixes | None = None
    """What the car's GPS receiver says in a lap run; None where it is better than any."""


class Sample:
    """The car at the times of some messages, seen through sensors with noise."""

    def __init__(self, run: Run, time_s: Floats, rng: np.random.Generator) -> None:
        self.run = run
        self.time_s = time_s
        self._rng = rng

    def __len__(self) -> int:
        return len(self.time_s)

    def __getitem__(self, column: str) -> Floats:
        """A column of the motion, shape (N,)."""
        return np.interp(self.time_s, self.run.motion.time_s, self.run.motion.columns[column])

    def place(self, sigma: float) -> tuple[Floats, Floats]:
        """East and north in m, shapes (N,): with noise, or in a lap run the receiver's last fix."""
        fixes = self.run.fixes
        if fixes is None:
            return self["east_m"] + self.noise(sigma), self["north_m"] + self.noise(sigma)
        last = np.maximum(np.searchsorted(fixes.time_s, self.time_s, side="right") - 1, 0)
        return fixes.east_m[last], fixes.north_m[last]

    def noise(self, sigma: float) -> Floats:
        """Shape (N,)."""
        return sigma * self._rng.standard_normal(len(self))

    def noisy(self, column: str, sigma: float, step: float = 0.0) -> Floats:
        """A column with noise, rounded to the ``step`` of its sensor."""
        return rounded(self[column] + self.noise(sigma), step)

    def wheels(self, quantity: str, sigma: float = 0.0, step: float = 0.0) -> dict[str, Floats]:
        """A quantity of all four wheels; what stands still at 0 stays there."""
        read = {wheel: self[f"{quantity}.{wheel}"] for wheel in WHEELS}
        return {wheel: rounded(value + self.noise(sigma) * (value != 0), step) for wheel, value in read.items()}

    def state(self) -> npt.NDArray[np.int64]:
        """``VehicleState``; a parked car never leaves the second one."""
        state = np.searchsorted(np.array(STATE_CHANGES_S), self.time_s, side="right")
        return np.minimum(state, 1) if self.run.parked else state

    def ready(self) -> npt.NDArray[np.bool_]:
        """Whether the car may drive, shape (N,)."""
        ready: npt.NDArray[np.bool_] = self.state() == ENUMS["VehicleState"].index("READY_TO_DRIVE")
        return ready

    def bus_voltage(self) -> Floats:
        """Behind the contactors in V, shape (N,): it rises while the tractive system precharges."""
        if self.run.parked:
            return np.abs(self.noise(0.3))
        precharged: Floats = 1 - np.exp(-np.maximum(self.time_s - STATE_CHANGES_S[1], 0) / 0.25)
        return self["pack_v"] * precharged


def rounded(values: Floats, step: float) -> Floats:
    """``values`` as a sensor with the resolution ``step`` gives them; 0 for as they are."""
    return np.round(values / step) * step if step else values

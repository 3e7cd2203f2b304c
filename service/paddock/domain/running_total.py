"""What a signal adds up to over time: a speed to the way, a yaw rate to the angle turned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RunningTotal:
    """A signal times seconds, from its first sample on. Shapes (M,), times ascending."""

    time_s: Floats
    total: Floats
    """Metres of a speed in m/s, radians of a yaw rate in rad/s."""
    gaps: Floats
    """How many times the signal was missing until then."""

    def later(self, seconds: float) -> RunningTotal:
        """This total by a clock that is ``seconds`` ahead."""
        return replace(self, time_s=self.time_s + seconds)

    def steps(self, time_s: Floats) -> Floats:
        """What was added from each of these times to the next, shape (N - 1,); NaN where the signal is missing."""
        added = np.diff(np.interp(time_s, self.time_s, self.total, left=np.nan, right=np.nan))
        missing = np.diff(np.interp(time_s, self.time_s, self.gaps))
        return np.where(missing > 0, np.nan, added)

"""A recorder that starts by itself, such as one that records whenever the car is on."""

from __future__ import annotations

from collections.abc import Mapping

from paddock.basestation.car.recorders.recorder import Doing, RecorderState
from paddock.errors import Unavailable


class NoRecorder:
    """Nothing to start or stop; what is recorded is seen by its file."""

    can_start = False

    def start(self, metadata: Mapping[str, str]) -> None:
        """Say how it could."""
        raise Unavailable(
            "This program was not told how to start the recorder: give it --recorder (see README, On the car).",
            code="recorder",
        )

    def stop(self) -> None:
        """As ``start``."""
        self.start({})

    def state(self) -> RecorderState:
        """Nobody says."""
        return RecorderState(Doing.UNKNOWN)

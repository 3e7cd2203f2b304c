"""What the car's program needs of a recorder, whatever that is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec


class Doing(StrEnum):
    """What a recorder does."""

    RECORDING = "recording"
    STARTING = "starting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DIED = "died"
    """It has ended although nobody stopped it, or could not start."""
    UNKNOWN = "unknown"
    """It does not answer, or there is no way to ask."""


RUNS = frozenset((Doing.RECORDING, Doing.STARTING, Doing.STOPPING))


class RecorderState(msgspec.Struct, frozen=True):
    """What a recorder does, and what a person should know of it."""

    doing: Doing
    detail: str = ""
    """A sentence: why it has died, what it says of itself."""
    file: str | None = None
    """The log that it writes, where it says so: a path, or a name."""


class Recorder(Protocol):
    """Blocks, for some seconds at most. One caller at a time."""

    can_start: bool
    """False where it starts by itself and is only looked at."""

    def start(self, metadata: Mapping[str, str]) -> None:
        """Have it record. Starting one that records is harmless.

        Args:
            metadata: of the log that begins, by the names of the team's fields; passed on where it can be.

        Raises:
            Unavailable: it does not start; the message says why, as far as anybody knows (code ``recorder``).
        """
        ...

    def stop(self) -> None:
        """Have it close its log. Stopping one that does not record is harmless.

        Raises:
            Unavailable: it does not stop (code ``recorder``).
        """
        ...

    def state(self) -> RecorderState:
        """What it does now."""
        ...

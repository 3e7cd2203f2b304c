"""What a way of writing CAN frames into a file is, and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from paddock.columns.losses import LossLedger
from paddock.domain.instants import NS_PER_S
from paddock.readers.can.frames import Frames

MAX_SECONDS = 1 << 33
"""A later time, after the year 2242, is none."""


@dataclass
class FoundInLog:
    """What a reader finds beside frames; filled while it reads."""

    losses: LossLedger = field(default_factory=LossLedger)
    oddities: list[str] = field(default_factory=list)
    """Sentences about the file."""
    said: dict[str, str] = field(default_factory=dict)
    """What the file says of itself."""
    is_relative: bool = False
    """Times count from the file's beginning, because it does not say when that was."""
    error_frames: int = 0
    buses: dict[str, int] = field(default_factory=dict)
    """The number of each bus that the file names."""
    has_extended_flag: bool = True
    """Whether the file says which ids have 29 bits; else those above 11 bits are taken as such."""

    def bus_name(self, bus: int) -> str:
        """What the file calls it, else its number."""
        return next((name for name, number in self.buses.items() if number == bus), f"bus{bus}")


def start_ns(seconds: float, rest_ns: int = 0) -> int | None:
    """When a log began, as its head says; None where no log was written then.

    Args:
        seconds: since 1970.
        rest_ns: what comes to it.
    """
    return int(seconds) * NS_PER_S + rest_ns if 0 <= seconds < MAX_SECONDS else None


class FrameReader(Protocol):
    """Reads the frames of a file, in its order and in batches; what cannot be read is lost by itself, and said."""

    def __call__(self, log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
        """All frames."""
        ...

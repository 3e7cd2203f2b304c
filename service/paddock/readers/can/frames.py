"""CAN frames as every reader of a CAN log yields them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from paddock.columns.columns import Int64s

MAX_ID = (1 << 29) - 1
MAX_STANDARD_ID = (1 << 11) - 1

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Frames:
    """Some frames of a log, in its order. All arrays have the length N."""

    time_ns: Int64s
    bus: npt.NDArray[np.uint8]
    """As the log numbers its buses."""
    id: npt.NDArray[np.uint32]
    """11 bits, or 29 where ``is_extended``."""
    is_extended: Bools
    is_fd: Bools
    is_remote: Bools
    """Asks for a message, has no data."""
    length: npt.NDArray[np.uint8]
    """How many bytes of ``data`` there are."""
    data: npt.NDArray[np.uint8]
    """Shape (N, 8), or (N, 64) with CAN FD among them; zero after ``length``."""
    position: Int64s
    """Where the frame stands in the file."""

    def __len__(self) -> int:
        return len(self.time_ns)

    def taken(self, which: npt.NDArray[np.intp] | Bools | slice) -> Frames:
        """Some of them, or all in another order."""
        return Frames(**{each.name: getattr(self, each.name)[which] for each in fields(self)})


def no_frames() -> Frames:
    """None at all."""
    return Frames(
        time_ns=np.zeros(0, np.int64),
        bus=np.zeros(0, np.uint8),
        id=np.zeros(0, np.uint32),
        is_extended=np.zeros(0, bool),
        is_fd=np.zeros(0, bool),
        is_remote=np.zeros(0, bool),
        length=np.zeros(0, np.uint8),
        data=np.zeros((0, 8), np.uint8),
        position=np.zeros(0, np.int64),
    )


def joined(parts: list[Frames]) -> Frames:
    """Some frames behind others; at least one part."""
    if len(parts) == 1:
        return parts[0]
    width = max(part.data.shape[1] for part in parts)
    data = np.zeros((sum(map(len, parts)), width), np.uint8)
    at = 0
    for part in parts:
        data[at : at + len(part), : part.data.shape[1]] = part.data
        at += len(part)
    names = [each.name for each in fields(Frames) if each.name != "data"]
    return Frames(data=data, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

"""CAN frames as every reader of a CAN log yields them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

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

    def from_position(self, first: int) -> Frames:
        """These frames, numbered from ``first`` on in the order of the file."""
        return replace(self, position=np.arange(first, first + len(self)))


_KINDS: dict[str, type] = {
    "time_ns": np.int64,
    "bus": np.uint8,
    "id": np.uint32,
    "is_extended": np.bool_,
    "is_fd": np.bool_,
    "is_remote": np.bool_,
    "length": np.uint8,
    "position": np.int64,
}
"""The columns of frames but their data, with NumPy's type of each."""


def no_frames() -> Frames:
    """None at all."""
    return placed((), 0)


def frames_alike(
    time_ns: Int64s,
    id: Int64s,
    data: npt.NDArray[np.uint8],
    length: int,
    *,
    bus: int = 0,
    is_extended: bool | Bools = False,
    is_fd: bool = False,
) -> Frames:
    """Data frames that have most in common; nobody has said yet where they stand in the file."""
    count = len(time_ns)
    return Frames(
        time_ns=time_ns,
        bus=np.full(count, bus, np.uint8),
        id=id.astype(np.uint32),
        is_extended=np.full(count, is_extended),
        is_fd=np.full(count, is_fd),
        is_remote=np.zeros(count, bool),
        length=np.full(count, length, np.uint8),
        data=data,
        position=np.zeros(count, np.int64),
    )


def placed(parts: Sequence[tuple[npt.NDArray[np.intp], Frames]], count: int) -> Frames:
    """Frames put in order.

    Args:
        parts: some of them, and which ones they are; all parts together have each once.
        count: how many there are.
    """
    if len(parts) == 1:
        return parts[0][1]
    width = max((frames.data.shape[1] for _, frames in parts), default=8)
    whole: dict[str, npt.NDArray[Any]] = {name: np.zeros(count, kind) for name, kind in _KINDS.items()}
    data = np.zeros((count, width), np.uint8)
    for rows, frames in parts:
        for name, column in whole.items():
            column[rows] = getattr(frames, name)
        data[rows, : frames.data.shape[1]] = frames.data
    return Frames(data=data, **whole)


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

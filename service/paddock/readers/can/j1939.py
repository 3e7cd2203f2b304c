"""What J1939 says of frames with 29-bit ids: their parameter group, and values that are not available."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from paddock.domain.can_database import CanSignal
from paddock.readers.can.frames import Bools

_TO_ALL_FORMAT = 240
"""From this PDU format on, the byte that else is the destination belongs to the group."""


def group_of(id: int) -> int:
    """The parameter group number (PGN) of an id."""
    group = id >> 8 & 0x3FFFF
    return group if id >> 16 & 0xFF >= _TO_ALL_FORMAT else group & 0x3FF00


def not_available(raw: npt.NDArray[Any], signal: CanSignal) -> Bools | None:
    """Which raw values say that there is none: all bits are set. None where the signal has no such value."""
    if signal.is_signed or signal.is_float or signal.length < 2 or ((1 << signal.length) - 1) in signal.names:
        return None
    gone: Bools = raw == np.uint64((1 << signal.length) - 1)
    return gone

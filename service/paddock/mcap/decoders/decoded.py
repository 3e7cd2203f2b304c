"""What a decoder is, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Conform = Callable[[pa.StructArray, Sequence[str] | None], pa.StructArray]
"""Messages decoded earlier, of which these top-level fields were kept (None for all) → as the final type."""


@dataclass(frozen=True)
class Decoded:
    """``messages`` are those rows of the payload that could be decoded."""

    messages: pa.StructArray
    kept: npt.NDArray[np.bool_] | None = None
    """Which rows, shape (N,) for N payloads; None for all."""


class Decoder(Protocol):
    """Decodes the payloads of one channel."""

    fields: pa.StructType
    """Of one message; final once all are decoded, because a decoder without a schema has to learn."""
    enums: dict[str, dict[int, str]]
    """Names by number, by dotted path."""
    notice: str
    """A sentence when the channel is not decoded as it should be, else empty."""
    max_rows: int
    """How many messages one call may have, so that what it makes is no larger than a batch."""

    @property
    def conform(self) -> Conform | None:
        """What to do with messages decoded earlier; it can be pickled. None where the type never changes."""
        ...

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """Decode some messages. A message that cannot be decoded is left out, nothing else."""
        ...


class Undecodable(Exception):
    """No message of this channel can be decoded; says why. Its payloads are kept as bytes."""

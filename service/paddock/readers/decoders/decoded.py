"""What a decoder is, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.spool_channel import Conform


@dataclass(frozen=True)
class Decoded:
    """``messages`` are those rows of the payload that could be decoded."""

    messages: pa.StructArray
    kept: npt.NDArray[np.bool_] | None = None
    """Which rows, shape (N,) for N payloads; None for all."""
    taken: int | None = None
    """How many payloads were looked at, which then are N; the others are to be given again. None for all."""


class Decoder(Protocol):
    """Decodes the payloads of one channel.

    Whatever it raises costs the message that makes it so, or, as ``OverLimit``, has the channel kept as bytes.
    """

    @property
    def fields(self) -> pa.StructType:
        """The type of a message; final once all are decoded, because a decoder without a schema has to learn."""
        ...

    @property
    def enums(self) -> dict[str, dict[int, str]]:
        """Names by number, by dotted path."""
        ...

    @property
    def notice(self) -> str:
        """What goes on after the topic in a sentence, when it is not decoded as it should be; else empty."""
        ...

    @property
    def max_rows(self) -> int:
        """How many messages the next call may have, so that what it makes is no larger than a batch."""
        ...

    @property
    def conform(self) -> Conform | None:
        """What to do with messages decoded earlier, of another type than ``fields``; None where none are."""
        ...

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """Decode some messages. A message that cannot be decoded is left out, nothing else.

        Raises:
            OverLimit: the channel would take more than it may.
        """
        ...


class Undecodable(Exception):
    """No message of this channel can be decoded; says why. Its payloads are kept as bytes."""

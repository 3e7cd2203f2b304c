"""A CAN database: which message an id is, and where in its data the signals lie. DBC files say it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Condition(msgspec.Struct, frozen=True):
    """A multiplexed signal is there only while another one, the multiplexer, has one of these raw values."""

    multiplexer: str
    ranges: tuple[tuple[int, int], ...]
    """First and last of each."""


class CanSignal(msgspec.Struct, frozen=True, kw_only=True):
    """Some bits of a message, and what they mean: ``raw * factor + offset`` in ``unit``."""

    name: str
    start: int
    """As a DBC counts: the lowest bit of a little-endian signal, the highest of a big-endian one."""
    length: int
    """Bits, 1 to 64."""
    is_big_endian: bool = False
    is_signed: bool = False
    is_float: bool = False
    """The bits are an IEEE 754 number of 32 or 64 bits."""
    factor: float = 1
    offset: float = 0
    low: float | None = None
    high: float | None = None
    unit: str = ""
    names: dict[int, str] = {}
    """What raw values are called."""
    comment: str = ""
    condition: Condition | None = None

    @property
    def is_scaled(self) -> bool:
        """Whether a value is another number than its bits."""
        return self.factor != 1 or self.offset != 0

    @property
    def last_byte(self) -> int:
        """The last byte of the data that it needs."""
        if not self.is_big_endian:
            return (self.start + self.length - 1) // 8
        return self.start // 8 + (7 - self.start % 8 + self.length - 1) // 8


class CanMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What frames with one id are."""

    id: int
    """11 bits, or 29 where ``is_extended``."""
    is_extended: bool
    name: str
    length: int
    """Bytes."""
    signals: tuple[CanSignal, ...] = ()
    sender: str = ""
    comment: str = ""
    is_j1939: bool = False
    """Known by its parameter group, whatever its priority, source and destination are."""


class CanDatabase(msgspec.Struct, frozen=True, kw_only=True):
    """All messages of a bus; of two with the same id the first counts."""

    messages: tuple[CanMessage, ...]
    notices: tuple[str, ...] = ()
    """Sentences about lines that could not be read, or say what cannot be."""


def id_in_words(is_extended: bool, id: int) -> str:
    """``0x0CFFF048`` or ``0x123``: what a channel of frames is called that no message is for."""
    return f"0x{id:08X}" if is_extended else f"0x{id:03X}"


Databases = Mapping[str, CanDatabase]
"""By the name of their bus; the one with the name ``""`` is for all buses without one of their own."""

NO_DATABASES: Databases = MappingProxyType({})

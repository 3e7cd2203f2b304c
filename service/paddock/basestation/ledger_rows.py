"""The rows of the ledger, as the parts of the station get them."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from typing import Any, Self

import msgspec

from paddock.basestation.sources.source import SeenFile


class CarFile(msgspec.Struct, frozen=True):
    """What lies, or lay, on a car under a name."""

    id: int
    place: str
    """As ``Source.place``."""
    seen: SeenFile
    """As it was at the last look."""
    first_seen_ns: int
    """By the station's clock."""
    on_car: bool
    """Whether the last look found it."""
    pulled_bytes: int = 0
    """So many from its beginning are on this disk, synced."""
    sha256: str | None = None
    """Which log it is; None until all of it is here."""
    begins_with: str | None = None
    """The log that lay here under the name when it was shorter: it may be the beginning of this one."""
    removed_ns: int | None = None
    """When we took it off the car, by the station's clock."""
    trouble: str | None = None
    """Why it is not here."""

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Self:
        """One from the columns of ``files``, in their order."""
        closed = None if row[5] is None else bool(row[5])
        seen = SeenFile(_text(row[2]), row[3], int(row[4]), closed, row[6], json.loads(row[7]), row[8], row[16])
        return cls(row[0], row[1], seen, row[9], bool(row[10]), *row[11:16])

    @property
    def age(self) -> tuple[int, int, str]:
        """Larger where it is newer: what came later to this station is, whatever the car's clock says."""
        return self.first_seen_ns, self.seen.modified_ns, self.seen.name

    @property
    def step(self) -> str:
        """How far it is: ``seen``, ``pulling``, ``pulled``, ``hashed`` or ``removed``."""
        if self.removed_ns is not None:
            return "removed"
        if self.sha256 is not None:
            return "hashed"
        if self.pulled_bytes:
            return "pulled" if self.pulled_bytes == self.seen.size_bytes else "pulling"
        return "seen"


class Log(msgspec.Struct, frozen=True):
    """Bytes that were found on cars."""

    sha256: str
    size_bytes: int
    name: str
    """The name of the file in which it was found first, below its place."""
    first_seen_ns: int
    """By the station's clock."""
    modified_ns: int
    """By the car's clock."""
    here: bool
    """Whether its bytes are on this disk."""
    metadata: Mapping[str, str] = {}
    """What the car says of the run, by the names of the team's fields."""
    clock_offset_ns: int | None = None
    """To be added to the car's times."""

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Self:
        """One from the columns of ``logs``, in their order."""
        return cls(row[0], row[1], _text(row[2]), row[3], int(row[4]), bool(row[5]), json.loads(row[6]), row[7])

    @property
    def age(self) -> tuple[int, int, str]:
        """Larger where it is newer."""
        return self.first_seen_ns, self.modified_ns, self.name


class DeliveryState(enum.Enum):
    """How far a log is on its way to a server."""

    WAITING = "waiting"
    UPLOADED = "uploaded"
    """The server has all bytes, and has not said that it stored them."""
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """The server does not want it, however often it is sent."""


class Delivery(msgspec.Struct, frozen=True):
    """A log on its way to one server."""

    sha256: str
    server: str
    state: DeliveryState
    sent_bytes: int
    """That arrived."""
    wasted_bytes: int
    """That went over the link and did not arrive for good."""
    said: Mapping[str, str]
    """What the server was told of the log."""
    trouble: str | None
    """Why it is not confirmed."""
    changed_ns: int
    """When its state changed last, by the station's clock."""


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")

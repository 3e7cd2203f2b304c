"""How things stand: the one struct that the screen, the terminal and ``--json`` show.

The agent fills it from its ledger and from what it does at the moment. Times are by this machine's clock.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class LogState(StrEnum):
    """Where a log of a car is on its way to this machine."""

    OPEN = "open"
    """The recorder has it, or it is not certain yet that the recorder is done with it."""
    WAITING = "waiting"
    PULLING = "pulling"
    HASHING = "hashing"
    HERE = "here"
    """Pulled, hashed and durable here; it may have made room since, when every server had it."""
    GONE = "gone"
    """It was on the car and is there no more, and it is not here."""


class Disk(msgspec.Struct, frozen=True):
    """Room on a disk."""

    free_bytes: int
    total_bytes: int | None = None
    """None where nobody knows."""
    keep_free_bytes: int = 0
    """What the user wants to stay free."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One log on its way to one server."""

    server: str
    """The server's ``url`` in the status."""
    sent_bytes: int = 0
    uploaded: bool = False
    """Whether the server has all bytes, and has not said yet that they are stored."""
    confirmed_ns: int | None = None
    """When the server said that it has it stored with this hash."""
    converting: bool = False
    """Whether the server still works on it."""
    recording_url: str = ""
    """Its page on the server, once there is one."""
    mat_url: str = ""
    """Downloads the MATLAB file, once it is ready."""
    why: str = ""
    """Why it waits, or what is wrong and what to do: a sentence. Empty where it goes on."""
    refused: bool = False
    """Whether the server does not want it, however often it is sent."""


class LogStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One log."""

    id: str
    """Names it in the ledger, for corrections."""
    place: str
    """The ``place`` of the car that it is from."""
    name: str
    """Below the place; for people, so UTF-8 can say it."""
    size_bytes: int
    state: LogState
    on_car: bool
    """As far as anybody looked."""
    pulled_bytes: int = 0
    sha256: str = ""
    recorded_ns: int | None = None
    """When it was recorded, as far as the car's clock and what is known of it tell."""
    seen_ns: int = 0
    """When it was seen first."""
    here: bool = False
    """Whether its bytes are on this machine's disk now. They make room once every server has confirmed them."""
    removed: bool = False
    """Whether we took it off the car."""
    why: str = ""
    """Why it waits, or what is wrong and what to do: a sentence. Empty where it goes on."""
    deliveries: tuple[Delivery, ...] = ()
    """One per server, in their order."""
    metadata: dict[str, str] = {}
    """What the servers are told of it: the stint, and what the car said."""


class CarStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One place that logs come from."""

    place: str
    name: str
    """Short, for people: the car of its stint, else the host."""
    reachable: bool | None = None
    """Whether the last look worked; None before the first."""
    looked_ns: int | None = None
    """When a look worked last."""
    away_since_ns: int | None = None
    """Since when no look works."""
    problem: str = ""
    """Why it cannot be reached or read, and what to do: a sentence."""
    recording: str = ""
    """The log that its recorder writes now, where the car says so."""
    bytes_per_s: float | None = None
    """How fast its logs come, as measured last; None before."""
    disk: Disk | None = None
    more_here: int = 0
    """How many logs on it are here, confirmed everywhere, and not listed."""
    brought: int = 0
    """How many of its logs have come here, ever: it rises with each one that is safe."""


class ServerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One Paddock that logs are sent to."""

    url: str
    name: str
    """Short, for people: ``here`` for one on this machine, else its host."""
    last: bool = False
    """Whether it is the one whose word counts: what it confirms may leave the car."""
    reachable: bool | None = None
    answered_ns: int | None = None
    problem: str = ""
    """Why nothing can be sent to it, and what to do: a sentence."""
    bytes_per_s: float | None = None


class Carried(msgspec.Struct, frozen=True):
    """What went over the links since the ledger began, and how much of it was in vain."""

    pulled_bytes: int = 0
    pulled_beyond_bytes: int = 0
    """That are in no log, nor in one that is on its way: read again after a cut, or of files that changed."""
    sent_bytes: int = 0
    sent_beyond_bytes: int = 0
    """That did not arrive for good."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand with all cars, logs and servers."""

    now_ns: int
    """When this was so."""
    cars: tuple[CarStatus, ...] = ()
    servers: tuple[ServerStatus, ...] = ()
    logs: tuple[LogStatus, ...] = ()
    """The newest first; all that are not here or not confirmed everywhere yet, and the newest of the others."""
    left_out: int = 0
    """How many more there are, all of them confirmed everywhere."""
    disk: Disk | None = None
    """Here, where the pulled logs lie."""
    problems: tuple[str, ...] = ()
    """What is wrong with the agent as a whole, and what to do: sentences."""
    carried: Carried = Carried()

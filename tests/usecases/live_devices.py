"""A log of what devices send, and a page that watches them, as tests need both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.usecases.live.described import LiveSignalResource, resource
from paddock.usecases.live.live import Live, LiveSignal, Value
from paddock.usecases.live.parts import Parts, Watched
from paddock.usecases.live.viewer import Viewer

START_NS = 1_790_000_000_000_000_000


@dataclass(frozen=True)
class Said:
    """One message of a device."""

    topic: str
    time_ns: int
    values: Mapping[str, Value]
    enums: Mapping[str, Mapping[int, str]] = field(default_factory=dict)


def described(device: str, signal: LiveSignal) -> LiveSignalResource:
    catalogue = CarCatalogue(Catalogue())
    return resource(signal, catalogue.describe(signal.name, signal.dtype), START_NS)


@dataclass
class Page:
    """What a page makes of what it is told: per signal its samples, as (seconds, value)."""

    sequence: int | None = None
    number: int = 0
    names: dict[int, str] = field(default_factory=dict)
    samples: dict[str, list[tuple[float, Any]]] = field(default_factory=dict)
    resets: int = 0
    left_out: int = 0
    since: int = 0
    """Up to which sequence the last snapshot went that replaced everything."""

    def connects(self) -> None:
        self.names, self.number = {}, 0

    def hears(self, message: bytes | str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(message)
        assert said["number"] == self.number + 1, "a message is missing"
        self.number = said["number"]
        assert self.sequence is None or said.get("reset") or said["sequence"] >= self.sequence
        if said.get("reset"):
            self.resets += 1
            self.samples.clear()
            self.since = said["sequence"]
        self.sequence = said["sequence"]
        self.left_out += said.get("left_out", 0)
        self.names |= {each["number"]: each["name"] for each in said.get("signals", ())}
        for number, seconds, values in said["samples"]:
            self.samples.setdefault(self.names[number], []).extend(zip(seconds, values, strict=True))
        return said


def viewer_of(live: Live, *watched: Watched, after: int | None = None, parts: Parts | None = None) -> Viewer:
    return Viewer(parts or Parts(live), watched, described, lambda: START_NS, after)

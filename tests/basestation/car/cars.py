"""A car's program in this process, with clocks that tests turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paddock.basestation.car.clock import Clock
from paddock.basestation.car.service import Car
from paddock.basestation.car.store import Store

TRUE_NS = 1_776_526_320 * 10**9
"""2026-04-18 15:32 UTC."""
S = 10**9


@dataclass
class Machine:
    """The two clocks of a car's computer, and how often it was started."""

    wall_ns: int = TRUE_NS
    running_ns: int = 100 * S
    boot: str = "first"
    synchronised: bool = False

    def passes(self, seconds: float) -> None:
        self.wall_ns += round(seconds * S)
        self.running_ns += round(seconds * S)

    def starts_anew(self, wall_ns: int) -> None:
        self.wall_ns, self.running_ns, self.boot = wall_ns, 10 * S, self.boot + "+"

    def clock(self, store: Store) -> Clock:
        return Clock(
            store,
            wall=lambda: self.wall_ns,
            running=lambda: self.running_ns,
            boot=self.boot,
            synchronised=lambda: self.synchronised,
        )


@dataclass
class Garage:
    """A folder of logs, the program's state beside it, and the machine."""

    root: Path
    machine: Machine = field(default_factory=Machine)
    made: list[Car] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def state(self) -> Path:
        return self.root / "state"

    def car(self, recorder: str = "", **options: Any) -> Car:
        """The program, started anew; what was started before is as if killed."""
        self.logs.mkdir(exist_ok=True)
        car = Car(self.logs, self.state, recorder, clock=self.machine.clock, **options)
        self.made.append(car)
        return car

    def close(self) -> None:
        for car in self.made:
            car.close()

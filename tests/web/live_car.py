"""A car that sends, without a network: what it says goes straight into the memory of a site."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from paddock.usecases.live.live import Live
from tests.usecases.live_devices import Said

INVERTER = {"inverter": {0: "OFF", 1: "STANDBY", 2: "RUNNING"}}


def messages(at_s: float, time_ns: int) -> list[Said]:
    """What a car says at an instant of its drive."""
    lap = at_s / 8
    return [
        Said(
            "VNData",
            time_ns,
            {
                "vn_vel_m_s.x": 18 + 9 * math.sin(at_s / 2),
                "vn_gps.lat": 33.77 + 0.0012 * math.sin(lap),
                "vn_gps.lon": -84.39 + 0.002 * math.cos(lap),
            },
        ),
        Said("Pedals", time_ns, {"throttle_pedal_pct": max(0.0, 60 * math.sin(at_s)), "brake_pressure_psi": 3.5}),
        Said("Pack", time_ns, {"pack_voltage": 520 - at_s / 10, "pack_current": 40 * math.sin(at_s)}),
        Said("Cells", time_ns, {f"cell_temperature_{n}_c": 38 + n + 2 * math.sin(at_s / 5) for n in range(8)}),
        Said(
            "VCU",
            time_ns,
            {
                "vehicle_state": "READY_TO_DRIVE" if at_s > 3 else "IDLE",
                "bspd_ok": at_s % 7 > 0.5,
                "inverter": 2 if at_s % 9 > 2 else 1,
            },
            INVERTER,
        ),
    ]


@dataclass
class Car:
    """Sends on a thread until it is told to stop.

    Args:
        live: the memory of the site.
        device: its id.
        hz: how often.
    """

    live: Live
    device: str = "ht09"
    hz: float = 20.0
    past_s: float = 60.0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._begun_ns = time.time_ns() - int(self.past_s * 1e9)
        for number in range(int(self.past_s * self.hz)):
            self.say(number)
        self.number = int(self.past_s * self.hz)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def say(self, number: int) -> None:
        time_ns = self._begun_ns + int(number * 1e9 / self.hz)
        self.live.take(self.device, self.live.sequence + 1, time_ns, messages(number / self.hz, time_ns))

    def __enter__(self) -> Car:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(1 / self.hz):
            while self._begun_ns + int(self.number * 1e9 / self.hz) <= time.time_ns():
                self.say(self.number)
                self.number += 1

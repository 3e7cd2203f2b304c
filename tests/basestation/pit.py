"""A pit screen that shows what a test says, and the evenings that it has to show."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from paddock.basestation.ledger import open_ledger
from paddock.basestation.screen.routes import screen
from paddock.basestation.small_site import served
from paddock.basestation.status import CarStatus, Delivery, Disk, LogState, LogStatus, ServerStatus, Status
from paddock.basestation.stints import StintField, Stints
from paddock.web.kernel.listener import listen

S, MINUTE = 10**9, 60 * 10**9
CAR, OTHER = "sftp://pi@192.168.7.2/logs", "http://ht08:8000/"
HERE, CLOUD = "http://127.0.0.1:8080", "https://paddock.team.example"
SERVERS = (
    ServerStatus(url=HERE, name="Paddock here", reachable=True, bytes_per_s=90e6),
    ServerStatus(url=CLOUD, name="paddock.team.example", last=True, reachable=True, bytes_per_s=420e3),
)


@dataclass
class Pit:
    """A served screen."""

    url: str
    stints: Stints
    status: Status
    changes: int = 0
    """How often the agent was told that a stint or log was changed."""
    asked: list[float] = field(default_factory=list)
    hangs: bool = False
    """Whether it answers nothing."""

    def show(self, status: Status) -> None:
        self.status = status

    def corrections(self) -> list[tuple[int, dict[str, str]]]:
        """What was said of single logs, by their files."""
        return list(self.stints._corrections.items())


@contextlib.contextmanager
def pit(folder: Path, status: Status) -> Iterator[Pit]:
    """The screen on a port of its own, with what ``show`` says."""
    started: Any = threading.Event()
    stop = asyncio.Event()
    found: list[Any] = []

    async def look() -> Status:
        shown: Pit = found[0]
        while shown.hangs:
            await asyncio.sleep(0.05)
        now_ns = time.time_ns()
        moved = [msgspec.structs.replace(car, looked_ns=car.looked_ns and now_ns - S) for car in shown.status.cars]
        return msgspec.structs.replace(shown.status, now_ns=now_ns, cars=tuple(moved))

    def changed() -> None:
        found[0].changes += 1

    async def serve() -> None:
        with open_ledger(folder) as ledger, listen("127.0.0.1", 0, "") as listener:
            stints = Stints(ledger)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            found.extend((Pit(url, stints, status), asyncio.get_running_loop()))
            async with served(screen(look, stints, changed, names=("paddock.test",)), listener):
                started.set()
                await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(20), "the screen did not start"
    try:
        yield found[0]
    finally:
        found[0].hangs = False
        found[1].call_soon_threadsafe(stop.set)
        thread.join(20)


def a_car(**more: Any) -> CarStatus:
    known: dict[str, Any] = {
        "place": CAR,
        "name": "HT09",
        "reachable": True,
        "looked_ns": time.time_ns(),
        "bytes_per_s": 1.9e6,
    }
    return CarStatus(**(known | {"disk": Disk(41_000_000_000, 64_000_000_000)} | more))


def a_log(number: int, state: LogState = LogState.HERE, *, place: str = CAR, **more: Any) -> LogStatus:
    """One of an evening; ``at`` is ``here``, ``cloud``, or nothing."""
    here = state is LogState.HERE
    size_bytes = 61_000_000 + 4_700_000 * (number % 7)
    at = more.pop("at", "cloud") if here else ""
    ns = time.time_ns()
    sha256 = f"{number:064x}"
    first = Delivery(
        server=HERE,
        sent_bytes=size_bytes if at else 0,
        confirmed_ns=ns if at else None,
        converting=more.pop("converting", False),
        recording_url=f"{HERE}/recordings/{sha256[:10]}" if at else "",
        mat_url=f"{HERE}/api/recordings/{sha256}/artifacts/x" if at else "",
    )
    second = Delivery(
        server=CLOUD,
        sent_bytes=size_bytes if at == "cloud" else more.pop("sent_bytes", 0),
        confirmed_ns=ns if at == "cloud" else None,
        recording_url=f"{CLOUD}/recordings/{sha256[:10]}" if at == "cloud" else "",
        why=more.pop("cloud_why", ""),
    )
    known: dict[str, Any] = {
        "id": str(number),
        "place": place,
        "name": f"2026-10-04/run_{number:03}.mcap",
        "size_bytes": size_bytes,
        "state": state,
        "on_car": True,
        "pulled_bytes": size_bytes if here else 0,
        "here": here,
        "recorded_ns": ns - number * 13 * MINUTE,
        "seen_ns": ns - number * 12 * MINUTE,
        "sha256": sha256 if here else "",
        "deliveries": (first, second),
        "metadata": {"car": "HT09", "driver": "Adam", "event": "endurance", "venue": "Lincoln"},
    }
    return LogStatus(**(known | more))


def a_status(*logs: LogStatus, cars: tuple[CarStatus, ...] | None = None, **more: Any) -> Status:
    known: dict[str, Any] = {"servers": SERVERS, "disk": Disk(212_000_000_000, 512_000_000_000, 1_000_000_000)}
    brought = sum(log.state is LogState.HERE for log in logs)
    cars = cars if cars is not None else (a_car(brought=brought),)
    return Status(now_ns=time.time_ns(), cars=cars, logs=logs, **(known | more))


def evenings() -> dict[str, Status]:
    """By name, what there is to see."""
    pulling, waiting = LogState.PULLING, LogState.WAITING
    left = a_log(1, waiting), a_log(2, pulling, pulled_bytes=22_000_000)
    done = a_log(3, at="here", sent_bytes=38_000_000), a_log(4, at="here", converting=True), a_log(5), a_log(6)
    away = a_car(
        reachable=False,
        away_since_ns=time.time_ns() - 25 * MINUTE,
        problem="192.168.7.2 does not answer: is the car on, and in reach?",
        brought=4,
    )
    other = a_car(place=OTHER, name="HT08", recording="run_77.mcap", bytes_per_s=None, disk=None)
    full = (
        "The disk here is full: 900 MB are free, 1.0 GB of them stay so. Free some room; pulling goes on by itself."
    )
    cloud_away = msgspec.structs.replace(
        SERVERS[1], reachable=False, problem="paddock.team.example does not answer: is there internet?"
    )
    return {
        "safe": a_status(*done),
        "left": a_status(*left, *done),
        "recording": a_status(a_log(1, LogState.OPEN), *done),
        "two_cars": a_status(
            left[0],
            a_log(11, LogState.OPEN, place=OTHER, name="run_77.mcap", metadata={}),
            *(a_log(number, place=OTHER, metadata={"driver": "Eve", "car": "HT08"}) for number in (12, 13)),
            *done,
            cars=(away, other),
            servers=(SERVERS[0], cloud_away),
        ),
        "disk_full": a_status(
            a_log(1, waiting, why=full),
            *done,
            disk=Disk(900_000_000, 512_000_000_000, 1_000_000_000),
            problems=(full,),
        ),
        "forty": a_status(
            a_log(1, LogState.GONE, on_car=False),
            *(a_log(number, pulling, pulled_bytes=3_000_000 * number) for number in (2, 3)),
            *(a_log(number, waiting, why="It cannot be read: Input/output error.") for number in (4,)),
            *(a_log(number, at="here", cloud_why="It is waited for the night.") for number in range(5, 12)),
            *(a_log(number, on_car=number % 3 == 0, removed=number % 3 > 0) for number in range(12, 41)),
            left_out=1830,
        ),
        "empty": a_status(),
        "no_car_yet": a_status(cars=(a_car(reachable=None, looked_ns=None, bytes_per_s=None, disk=None),)),
    }


FIELDS = (
    StintField("car", "Car", known=("HT09", "HT08")),
    StintField("driver", "Driver", known=("Adam", "Eve", "Mei Lin")),
    StintField("event", "Event", known=("endurance", "autocross", "skidpad")),
    StintField("venue", "Venue", known=("Lincoln", "Michigan")),
    StintField("session", "Session"),
    StintField("run", "Run"),
    StintField("tyre_set", "Tyre set", ("R25B", "Wet")),
    StintField("notes", "Notes", long=True),
)


def set_stints(stints: Stints) -> None:
    now_ns = time.time_ns()
    stints.offer(FIELDS)
    values = {"car": "HT09", "driver": "Adam", "event": "endurance", "venue": "Lincoln", "tyre_set": "R25B"}
    stints.change(CAR, values, from_ns=now_ns - 200 * MINUTE, now_ns=now_ns)
    stints.change(CAR, {"driver": "Eve"}, from_ns=now_ns - 30 * MINUTE, now_ns=now_ns)

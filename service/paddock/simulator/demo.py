"""A small test day, as a recorder in the car would leave it on its disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from paddock.domain.instants import NS_PER_S, from_rfc3339
from paddock.domain.log_kinds import MCAP
from paddock.simulator.log import simulate
from paddock.simulator.track import DEFAULT_VENUE

DEMO_DATE = "2026-04-18"


@dataclass(frozen=True)
class _Outing:
    clock: str
    driver: str
    event: str
    laps: int = 1
    rate: float = 0.2
    duration_s: float | None = None
    parked: bool = False
    truncate: float | None = None


_DAY = (
    _Outing("13:05:12", "Adam", "check", parked=True, duration_s=12.0),
    _Outing("13:41:37", "Adam", "acceleration", duration_s=20.0, rate=1.0),
    _Outing("14:08:03", "Maya", "skidpad"),
    _Outing("14:32:00", "Adam", "endurance", laps=3),
    _Outing("15:26:44", "Maya", "endurance", laps=3),
    _Outing("16:10:29", "Luis", "autocross", truncate=0.6),
    _Outing("16:31:55", "Luis", "check", parked=True, duration_s=8.0),
)
"""Clock times are UTC. The rates are lower than a real car's, so that a demo starts quickly."""


def demo_day(
    directory: Path,
    *,
    car: str = "HT09",
    venue: str = DEFAULT_VENUE,
    date: str = DEMO_DATE,
    seed: int = 5,
    progress: Callable[[float], None] | None = None,
) -> list[Path]:
    """Record a test day: four driven runs, two logs of the parked car, one run cut off by a power loss.

    Args:
        directory: where the logs go, named ``04_18_2026_14_32_00.mcap`` after their start.
        date: ``YYYY-MM-DD``, UTC.
        progress: called with 0 to 1 as the day goes by.

    Returns:
        The logs in the order they were recorded.

    Raises:
        Rejected: ``date`` is none.
        Unavailable: a log cannot be written.
    """
    logs = []
    for done, outing in enumerate(_DAY):
        started_ns = from_rfc3339(f"{date}T{outing.clock}Z")
        log = directory / recorder_name(started_ns)
        simulate(
            log,
            car=car,
            driver=outing.driver,
            event=outing.event,
            venue=venue,
            laps=outing.laps,
            seed=seed,
            rate=outing.rate,
            duration_s=outing.duration_s,
            started_ns=started_ns,
            parked=outing.parked,
            truncate=outing.truncate,
        )
        logs.append(log)
        if progress is not None:
            progress((done + 1) / len(_DAY))
    return logs


def recorder_name(started_ns: int) -> str:
    """``04_18_2026_14_32_00.mcap``: how the recorder of the car names a log."""
    started = datetime.fromtimestamp(0, UTC) + timedelta(seconds=started_ns // NS_PER_S)
    return started.strftime("%m_%d_%Y_%H_%M_%S") + MCAP.suffix

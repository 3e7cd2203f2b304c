"""Whether a car may be powered off, and what to wait for if not. Green says what is known now, or is not there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from paddock.basestation.status import CarStatus, LogState, LogStatus, Status
from paddock.domain.instants import NS_PER_S
from paddock.domain.words import counted, isolated, size

STALE_NS = 60 * NS_PER_S
"""What was seen on a car so long ago counts no more: the car is then shown as not reachable."""
_ON_THE_WAY = (LogState.WAITING, LogState.PULLING, LogState.HASHING)


class Kind(StrEnum):
    """What the screen's colour says."""

    SAFE = "safe"
    """All closed logs of the car are here."""
    LEFT = "left"
    RECORDING = "recording"
    AWAY = "away"
    """It cannot be reached, or nobody looked for a while."""
    NONE = "none"
    """There is no log on it, and we took none off it: perhaps it is the wrong place."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one car."""

    place: str
    car: str
    kind: Kind
    headline: str
    since_ns: int | None = None
    """A time that ends the headline: ``Not reachable since`` 14:02."""
    sentences: tuple[str, ...] = ()
    left: int = 0
    """How many closed logs are not here."""
    left_bytes: int = 0
    about_s: float | None = None
    """How long these take, by the speed measured last; None where nobody knows."""
    brought: int = 0
    """As the car's."""


def verdicts(status: Status) -> tuple[Verdict, ...]:
    """One verdict for each car, in the status's order."""
    logs: dict[str, list[LogStatus]] = {car.place: [] for car in status.cars}
    for log in status.logs:
        logs.setdefault(log.place, []).append(log)
    return tuple(_verdict(car, logs[car.place], status.now_ns) for car in status.cars)


def _verdict(car: CarStatus, logs: list[LogStatus], now_ns: int) -> Verdict:
    on_car = [log for log in logs if log.on_car]
    left = [log for log in on_car if log.state in _ON_THE_WAY]
    left_bytes = sum(log.size_bytes - min(log.pulled_bytes, log.size_bytes) for log in left)
    # What does not go on by itself has no end that the speed could tell.
    about_s = left_bytes / car.bytes_per_s if car.bytes_per_s and not any(log.why for log in left) else None
    known = Verdict(
        place=car.place,
        car=car.name,
        kind=Kind.SAFE,
        headline="SAFE TO POWER OFF",
        left=len(left),
        left_bytes=left_bytes,
        about_s=about_s,
        brought=car.brought,
    )
    here = sum(log.state is LogState.HERE for log in on_car) + car.more_here
    is_open = [log for log in on_car if log.state is LogState.OPEN]
    troubles = _troubles(car, logs)
    name = isolated(car.name)
    if car.reachable is None and car.looked_ns is None:
        return _replaced(known, Kind.AWAY, "Not looked yet", [f"{name} is being asked for its logs.", *troubles])
    # A look of the future was before this machine's clock was set back.
    if not car.reachable or car.looked_ns is None or not 0 <= now_ns - car.looked_ns <= STALE_NS:
        headline = "Not reachable" if not car.reachable else "Not looked at"
        since_ns = car.away_since_ns if not car.reachable and car.away_since_ns is not None else car.looked_ns
        said = [_last_known(car, left, here, is_open), *troubles]
        away = _replaced(known, Kind.AWAY, f"{headline} since" if since_ns is not None else f"{headline} yet", said)
        return msgspec.structs.replace(away, since_ns=since_ns)
    to_go = _to_go(left_bytes, car, about_s) if left else ""
    if car.recording or is_open:
        what = isolated(car.recording or is_open[0].name)
        still = "is being recorded" if car.recording else "still grows, or did a moment ago"
        others = f"{counted(len(left), 'other log')} left{_about(about_s)}." if left else ""
        return _replaced(known, Kind.RECORDING, "Recording", [f"{what} {still}.", others, *troubles])
    if left:
        headline = f"{counted(len(left), 'log')} left{_about(about_s)}"
        return _replaced(known, Kind.LEFT, headline, [f"Leave {name} on. {to_go}", *troubles])
    if here:
        return _replaced(known, Kind.SAFE, known.headline, [_all_here(name, here), *troubles])
    if logs and all(log.removed for log in logs):
        said = [f"All logs of {name} are here, and were taken off it.", *troubles]
        return _replaced(known, Kind.SAFE, known.headline, said)
    vanished = sum(not log.removed and log.state is not LogState.OPEN for log in logs)
    there_were = f"It had {counted(vanished, 'log')}: is its disk away?" if vanished else ""
    said = [f"There is no log on {name}, or in that place.", there_were, *troubles]
    return _replaced(known, Kind.NONE, "No logs", said)


def _replaced(known: Verdict, kind: Kind, headline: str, sentences: Iterable[str]) -> Verdict:
    said = tuple(filter(None, sentences))
    return msgspec.structs.replace(known, kind=kind, headline=headline, sentences=said)


def _last_known(car: CarStatus, left: list[LogStatus], here: int, is_open: list[LogStatus]) -> str:
    if not (car.looked_ns or left or here or is_open):
        return "It was never reached: nothing is known of its logs."
    known = ["one log being recorded"] if car.recording or is_open else []
    known += [f"{counted(len(left), 'log')} left"] if left else []
    if not known:
        known = [f"all {here:,} logs here" if here > 1 else "its log is here" if here else "no logs"]
    return f"Last known: {', '.join(known)}."


def _all_here(name: str, count: int) -> str:
    return f"The one log on {name} is here." if count == 1 else f"All {count:,} logs on {name} are here."


def _troubles(car: CarStatus, logs: list[LogStatus]) -> list[str]:
    said = [car.problem] if car.problem else []
    wrong: dict[str, list[LogStatus]] = {}
    for log in logs:
        if log.state in _ON_THE_WAY and log.on_car and log.why:
            wrong.setdefault(log.why, []).append(log)
    said += [
        f"{isolated(each[0].name)}: {why}" if len(each) == 1 < len(logs) else why for why, each in wrong.items()
    ]
    gone = [log for log in logs if log.state is LogState.GONE]
    if len(gone) == 1:
        said.append(f"{isolated(gone[0].name)} was removed from {isolated(car.name)} before it was here.")
    elif gone:
        said.append(f"{counted(len(gone), 'log')} were removed from {isolated(car.name)} before they were here.")
    return said


def _to_go(left_bytes: int, car: CarStatus, about_s: float | None) -> str:
    if about_s is None:
        return f"{size(left_bytes)} to go; how long that takes is not known."
    return f"{size(left_bytes)} to go at {size(round(car.bytes_per_s or 0))}/s."


def _about(about_s: float | None) -> str:
    return "" if about_s is None else f", about {duration_in_words(about_s)}"


def duration_in_words(duration_s: float) -> str:
    """``40 s``, ``3 min``, ``2 h``: as exact as an estimate is, and rather too long."""
    if duration_s <= 50:
        return f"{max(1, math.ceil(duration_s / 10)) * 10} s"
    if duration_s <= 90 * 60:
        return f"{math.ceil(duration_s / 60)} min"
    return f"{math.ceil(duration_s / 3600)} h"

"""The status in words, alike on the screen and in the terminal: what stands in each cell, what waits and why."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from paddock.basestation.status import Delivery, Disk, LogState, LogStatus, ServerStatus, Status
from paddock.basestation.verdict import Kind, Verdict, duration_in_words, verdicts
from paddock.domain.words import counted, isolated, size

SHOWN = 100
"""Logs that the screen lists, those that are not done first."""
LITTLE_SHARE, LITTLE_BYTES = 20, 2_000_000_000
"""A disk with less free than this part of it, or than about an hour of logs, is worth a warning."""


class Cell(msgspec.Struct, frozen=True):
    """Where a log is on one of its ways."""

    kind: str
    """``done``, ``busy``, ``waits``, ``bad`` or ``none``."""
    word: str
    share: float | None = None
    """How much of it is through, from 0 to 1, while it is under way."""
    url: str = ""
    """Where more of it is."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One log."""

    log: LogStatus
    car: str
    on_car: Cell
    here: Cell
    servers: tuple[Cell, ...]
    """One per server."""
    mat_url: str = ""
    """The MATLAB file: that of the first server which has one."""
    whys: tuple[str, ...] = ()
    """What waits or is wrong: sentences."""
    is_done: bool = False
    is_wrong: bool = False
    """Whether it does not only wait."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A server, and what is to go there."""

    server: ServerStatus
    kind: str
    """``done``, ``busy``, ``waits`` or ``bad``."""
    word: str
    detail: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    status: Status
    verdicts: tuple[Verdict, ...]
    rows: tuple[Row, ...]
    more: int
    """How many logs are not shown."""
    ways: tuple[Way, ...]
    problems: tuple[str, ...]
    """What is wrong beyond single cars and logs, and what to do: sentences."""

    @property
    def all_safe(self) -> bool:
        """Whether every car may be powered off."""
        return bool(self.verdicts) and all(each.kind is Kind.SAFE for each in self.verdicts)


def view_of(status: Status) -> View:
    """A status in words."""
    names = {car.place: car.name for car in status.cars}
    rows = [_row(log, names.get(log.place, log.place), status) for log in status.logs]
    unfinished = [row for row in rows if not row.is_done][:SHOWN]
    kept = {id(row) for row in [*unfinished, *(row for row in rows if row.is_done)][:SHOWN]}
    shown = tuple(row for row in rows if id(row) in kept)
    said = verdicts(status)
    of_cars = {sentence for each in said for sentence in each.sentences}
    return View(
        status=status,
        verdicts=said,
        rows=shown,
        more=len(rows) - len(shown) + status.left_out,
        ways=tuple(_way(server, status) for server in status.servers),
        problems=tuple(each for each in (*status.problems, *_disk_warnings(status)) if each not in of_cars),
    )


def _row(log: LogStatus, car: str, status: Status) -> Row:
    cells = tuple(_server(log, each) for each in log.deliveries)
    here = _here(log)
    whys = dict.fromkeys([log.why, *(each.why for each in log.deliveries)])
    return Row(
        log=log,
        car=car,
        on_car=_on_car(log),
        here=here,
        servers=cells,
        mat_url=next((each.mat_url for each in log.deliveries if each.mat_url), ""),
        whys=tuple(filter(None, whys)),
        is_done=log.state is LogState.HERE and all(each.confirmed_ns is not None for each in log.deliveries),
        is_wrong=any(cell.kind == "bad" for cell in (here, *cells)),
    )


def _on_car(log: LogStatus) -> Cell:
    if log.state is LogState.OPEN:
        return Cell("busy", "recording")
    if log.on_car:
        return Cell("done", "yes")
    return Cell("none", "taken off" if log.removed else "no")


def _here(log: LogStatus) -> Cell:
    if log.state is LogState.HERE:
        return Cell("done", "yes") if log.here else Cell("none", "made room")
    if log.state is LogState.GONE:
        return Cell("bad", "lost")
    if log.state is LogState.HASHING:
        return Cell("busy", "checking")
    if log.state is LogState.PULLING:
        return Cell("busy", "coming", _share(log.pulled_bytes, log.size_bytes))
    if log.state is LogState.OPEN:
        return Cell("none", "not yet")
    return Cell("bad" if log.why else "waits", "waits", _share(log.pulled_bytes, log.size_bytes) or None)


def _server(log: LogStatus, delivery: Delivery) -> Cell:
    if delivery.confirmed_ns is not None:
        return Cell("done", "converting" if delivery.converting else "yes", url=delivery.recording_url)
    if delivery.refused:
        return Cell("bad", "refused")
    if delivery.uploaded:
        return Cell("busy", "checking")
    if log.state is not LogState.HERE:
        return Cell("none", "not yet")
    if delivery.sent_bytes:
        kind = "waits" if delivery.why else "busy"
        return Cell(kind, "waits" if delivery.why else "going", _share(delivery.sent_bytes, log.size_bytes))
    return Cell("waits", "waits")


def _share(part: int, whole: int) -> float:
    return min(part / whole, 1.0) if whole else 0.0


def _way(server: ServerStatus, status: Status) -> Way:
    left = [
        log.size_bytes - min(each.sent_bytes, log.size_bytes)
        for log in status.logs
        for each in log.deliveries
        if each.server == server.url
        and each.confirmed_ns is None
        and not each.refused
        and log.state is LogState.HERE
    ]
    to_go = f"{counted(len(left), 'log')} to go, {size(sum(left))}" if left else ""
    if server.problem or server.reachable is False:
        detail = f"{to_go}. " if to_go else ""
        return Way(server=server, kind="bad", word="not reachable", detail=f"{detail}{server.problem}")
    if not left:
        return Way(server=server, kind="done", word="has all" if status.logs else "nothing to go")
    if server.bytes_per_s:
        about = duration_in_words(sum(left) / server.bytes_per_s)
        to_go += f" at {size(round(server.bytes_per_s))}/s, about {about}"
    return Way(server=server, kind="busy", word="going", detail=f"{to_go}.")


def _disk_warnings(status: Status) -> Iterable[str]:
    if status.disk is not None and _is_little(status.disk) and not any("disk" in each for each in status.problems):
        yield (
            f"The disk of this machine has {size(status.disk.free_bytes)} free: free some room, or nothing comes "
            "off the cars any more."
        )
    for car in status.cars:
        if car.disk is not None and _is_little(car.disk):
            yield f"The disk of {isolated(car.name)} has {size(car.disk.free_bytes)} free: it may stop recording."


def _is_little(disk: Disk) -> bool:
    little = LITTLE_BYTES if disk.total_bytes is None else disk.total_bytes // LITTLE_SHARE
    return disk.free_bytes <= max(min(little, LITTLE_BYTES), disk.keep_free_bytes)

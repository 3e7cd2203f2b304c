"""The status, put together from the ledger, the stints and what the running agent knows."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec

from paddock.basestation.aftercare import Outcome
from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import CarFile, DeliveryState
from paddock.basestation.ledger_rows import Delivery as DeliveryRow
from paddock.basestation.observed import Observed
from paddock.basestation.status import Carried, Delivery, Disk, LogState, LogStatus, Status
from paddock.basestation.stints import Stints, recorded_ns
from paddock.domain.fields import CAR
from paddock.domain.instants import NS_PER_S
from paddock.domain.words import encodable

SHOWN_DONE = 200
"""So many logs that are confirmed everywhere are listed; the others are counted."""
_EMPTY_NS = 60 * NS_PER_S
"""An empty file that has just appeared is a log which begins."""
_GONE_NS = 86_400 * NS_PER_S
"""For so long it is said that a log went from a car before it was here."""


def status_of(
    ledger: Ledger,
    stints: Stints,
    observed: Observed,
    outcomes: Mapping[tuple[str, str], Outcome],
    *,
    now_ns: int,
    keep_free_bytes: int = 0,
) -> Status:
    """How things stand; reads the ledger, so it blocks for some milliseconds.

    Args:
        ledger: has the files, logs and deliveries.
        stints: say what servers are told of a log.
        observed: what the loops know.
        outcomes: by log and server, what the server has made of it.
        now_ns: by the station's clock.
        keep_free_bytes: of the disk here.
    """
    files = ledger.files()
    newest = {(file.place, file.seen.name): file.id for file in reversed(files)}
    here = {log.sha256 for log in ledger.logs() if log.here}
    deliveries: dict[str, dict[str, DeliveryRow]] = {}
    for row in ledger.deliveries():
        deliveries.setdefault(row.sha256, {})[row.server] = row
    logs: list[LogStatus] = []
    left_out: Counter[str] = Counter()
    more_here: Counter[str] = Counter()
    brought = Counter(file.place for file in files if file.sha256 is not None)
    done = 0
    for file in files:
        is_empty = file.sha256 is None and not file.seen.size_bytes and file.seen.trouble is None
        if is_empty and now_ns - file.first_seen_ns > _EMPTY_NS:
            continue  # no log, with nothing to lose
        is_gone = not file.on_car and file.sha256 is None
        if is_gone and (newest[file.place, file.seen.name] != file.id or now_ns - file.first_seen_ns > _GONE_NS):
            continue  # written anew under its name, or a thing of the past
        rows = deliveries.get(file.sha256 or "", {})
        log = _log(
            file,
            stints,
            observed,
            here,
            [_delivery(file, each, rows.get(each), observed, outcomes) for each in observed.servers],
        )
        is_done = log.state is LogState.HERE and all(each.confirmed_ns is not None for each in log.deliveries)
        done += is_done
        if not is_done or done <= SHOWN_DONE:
            logs.append(log)
        else:
            left_out[file.place] += 1
            more_here[file.place] += file.on_car
    usage = shutil.disk_usage(ledger.folder)
    cars = []
    for place, car in observed.cars.items():
        name = stints.at(place, now_ns).get(CAR.name) or car.name
        # A recorder has one log open.
        recording = next((each.seen.name for each in files if each.place == place and _is_written(each)), "")
        cars.append(
            msgspec.structs.replace(
                car,
                name=encodable(name),
                recording=car.recording or encodable(recording),
                more_here=more_here[place],
                brought=brought[place],
            )
        )
    return Status(
        now_ns=now_ns,
        cars=tuple(cars),
        servers=tuple(observed.servers.values()),
        logs=tuple(logs),
        left_out=left_out.total(),
        disk=Disk(usage.free, usage.total, keep_free_bytes),
        problems=tuple(observed.problems.values()),
        carried=_carried(ledger, files, [each for rows in deliveries.values() for each in rows.values()]),
    )


def _carried(ledger: Ledger, files: Sequence[CarFile], deliveries: Sequence[DeliveryRow]) -> Carried:
    counts = ledger.counts()
    coming = sum(file.pulled_bytes for file in files if file.sha256 is None)
    sent, wasted = sum(each.sent_bytes for each in deliveries), sum(each.wasted_bytes for each in deliveries)
    beyond = max(0, counts["pulled_bytes"] - counts["kept_bytes"] - coming)
    return Carried(counts["pulled_bytes"], beyond, sent + wasted, wasted)


def _log(
    file: CarFile, stints: Stints, observed: Observed, here: Collection[str], deliveries: Sequence[Delivery]
) -> LogStatus:
    state = _state(file, observed)
    return LogStatus(
        id=str(file.id),
        place=file.place,
        name=encodable(file.seen.name),
        size_bytes=file.seen.size_bytes,
        state=state,
        on_car=file.on_car,
        pulled_bytes=file.seen.size_bytes
        if state is LogState.HERE
        else observed.pulled.get(file.id, file.pulled_bytes),
        sha256=file.sha256 or "",
        recorded_ns=recorded_ns(file.seen.modified_ns, file.seen.clock_offset_ns, file.first_seen_ns),
        seen_ns=file.first_seen_ns,
        here=file.sha256 in here,
        removed=file.removed_ns is not None,
        why=encodable(file.seen.trouble or file.trouble or "") if state is not LogState.HERE else "",
        deliveries=tuple(deliveries),
        metadata=stints.metadata_of(file),
    )


def _is_written(file: CarFile) -> bool:
    return file.on_car and file.seen.closed is False


def _state(file: CarFile, observed: Observed) -> LogState:
    if file.sha256 is not None:
        return LogState.HERE
    if not file.on_car:
        return LogState.GONE
    if file.seen.closed is False or file.id in observed.open_files or not file.seen.size_bytes:
        return LogState.OPEN
    pulled_bytes = observed.pulled.get(file.id)
    if pulled_bytes is None:
        return LogState.WAITING
    return LogState.HASHING if pulled_bytes >= file.seen.size_bytes else LogState.PULLING


def _delivery(
    file: CarFile,
    server: str,
    row: DeliveryRow | None,
    observed: Observed,
    outcomes: Mapping[tuple[str, str], Outcome],
) -> Delivery:
    if row is None:
        return Delivery(server=server)
    outcome = outcomes.get((row.sha256, server))
    confirmed = row.state is DeliveryState.CONFIRMED
    sent_bytes = observed.sent.get((row.sha256, server), row.sent_bytes)
    return Delivery(
        server=server,
        sent_bytes=file.seen.size_bytes if confirmed else min(sent_bytes, file.seen.size_bytes),
        uploaded=row.state is DeliveryState.UPLOADED,
        confirmed_ns=row.changed_ns if confirmed else None,
        converting=confirmed and not (outcome and outcome.settled),
        recording_url=outcome.recording_url if outcome else "",
        mat_url=outcome.mat_url if outcome else "",
        why=(outcome.problem if outcome else "") or row.trouble or "",
        refused=row.state is DeliveryState.REFUSED,
    )

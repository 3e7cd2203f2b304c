"""The outbox: what is to be told waits there, one document per event and destination."""

from __future__ import annotations

from collections.abc import Sequence

from paddock.domain.alerts import CLEARED, FIRED, Alert, AlertSource, AlertState
from paddock.domain.job import Job
from paddock.domain.names import download_name
from paddock.domain.notices import TOO_OLD_NS, Destination, Event, Notice, Topic, notice_id, wants
from paddock.domain.quiet_hours import quiet_until
from paddock.domain.recording import Failure, Recording
from paddock.ports.documents import MAX_PAGE, Condition, Equals, Exists, Page, Sort
from paddock.usecases.context import Context
from paddock.usecases.notices.destinations import all_destinations

BACKUP_KEY = "backup"
"""The key of the alert that there is no good backup."""
_ROUNDS = 20


async def put_out(context: Context, event: Event, *, not_before: int = 0) -> int:
    """Have every destination told that wants to know of an event; again, nothing changes. How many there are.

    Args:
        not_before: when the quiet hours end that lie on it.
    """
    now = context.now()
    told = [each for each in await all_destinations(context) if wants(each, event)]
    for destination in told:
        notice = Notice(
            id=notice_id(event.id, destination.id),
            destination=destination.id,
            event=event,
            created_at=now,
            due_at=max(now, not_before, _quiet_until(destination, now)),
        )
        await context.documents.notices.insert(notice)
    return len(told)


async def put_out_alerts(context: Context) -> None:
    """What became of alerts since it was looked last; killed in between, it is looked at again."""
    for _ in range(_ROUNDS):
        page = await context.documents.alerts.find([Exists("to_tell")], sort=Sort("to_tell"), limit=MAX_PAGE)
        for alert in page.items:
            await _put_out_alert(context, alert)
        if page.next is None:
            return


async def _put_out_alert(context: Context, alert: Alert) -> None:
    if context.now() - alert.last_at < TOO_OLD_NS:
        not_before = await _rule_is_quiet_until(context, alert)
        for what in (alert.to_tell or "").split():
            await put_out(context, alert_event(alert, what), not_before=not_before)
    seen = [Equals("version", alert.version)]
    await context.documents.alerts.change(alert.id, {"to_tell": None}, seen)


async def _rule_is_quiet_until(context: Context, alert: Alert) -> int:
    rule = await context.documents.rules.get(alert.rule) if alert.rule else None
    if rule is None or rule.said.quiet is None:
        return 0
    return quiet_until(rule.said.quiet, context.now()) or 0


def alert_event(alert: Alert, what: str) -> Event:
    """That an alert fires, or is over.

    Args:
        what: ``FIRED`` or ``CLEARED``. One that got worse fires again, which is another event.
    """
    begun = f"alert/{alert.id}/{FIRED}/{alert.severity.value}"
    is_over = what == CLEARED
    place = alert.device or alert.car
    how = "Over" if is_over else alert.severity.value.capitalize()
    return Event(
        id=f"alert/{alert.id}/{CLEARED}" if is_over else begun,
        topic=Topic.BACKUP_OLD if alert.source is AlertSource.PADDOCK and alert.key == BACKUP_KEY else Topic.ALERTS,
        title=f"{how}, {place}" if place else how,
        text=alert.text,
        at=alert.cleared_at if is_over and alert.cleared_at is not None else alert.fired_at,
        path=f"/recordings/{alert.recording[:16]}" if alert.recording else "/alerts",
        severity=alert.severity,
        device=alert.device,
        car=alert.car,
        recording=alert.recording,
        rule=alert.rule,
        after=begun if is_over else "",
    )


async def still_fires(context: Context, event: Event) -> bool:
    """Whether the alert of an event is not over meanwhile; true of what is no alert."""
    kind, _, rest = event.id.partition("/")
    if kind != "alert":
        return True
    alert = await context.documents.alerts.get(rest.partition("/")[0])
    return alert is not None and alert.state is not AlertState.CLEARED


async def tell_ready(context: Context, recording: Recording, car: str) -> None:
    """A log was converted for the first time."""
    event = Event(
        id=f"log/{recording.id}/ready",
        topic=Topic.LOG_READY,
        title="Log ready",
        text=f"{download_name(recording, '')} is converted.",
        at=context.now(),
        path=f"/recordings/{recording.id[:16]}",
        car=car,
        recording=recording.id,
    )
    await put_out(context, event)


async def tell_failed(context: Context, job: Job, failure: Failure) -> None:
    """A log could not be taken in or converted, and is not tried again by itself."""
    recording = await context.documents.recordings.get(job.recording) if job.recording else None
    upload = await context.documents.uploads.get(job.subject) if recording is None else None
    name = recording.name if recording else upload.name if upload else "A log"
    doing = "taken in" if job.kind == "ingest" else "converted"
    event = Event(
        id=f"job/{job.id}/{job.created_at}/failed",
        topic=Topic.INGEST_FAILED,
        title="Log failed",
        text=f"{name} could not be {doing}: {failure.message}",
        at=context.now(),
        path=f"/recordings/{recording.id[:16]}" if recording else "/jobs?state=dead",
        recording=recording.id if recording else "",
    )
    await put_out(context, event)


async def find_notices(
    context: Context, destination_id: str = "", *, limit: int = 50, after: str | None = None
) -> Page[Notice]:
    """What was told or waits, the last first."""
    where: list[Condition] = [Equals("destination", destination_id)] if destination_id else []
    sort = Sort("created_at", descending=True)
    return await context.documents.notices.find(where, sort=sort, limit=limit, after=after)


def _quiet_until(destination: Destination, now: int) -> int:
    return (quiet_until(destination.quiet, now) or 0) if destination.quiet is not None else 0


def by_id(destinations: Sequence[Destination]) -> dict[str, Destination]:
    """Destinations by their ids."""
    return {each.id: each for each in destinations}

"""Rules on every log that comes in: a job after its first conversion, as long as any rule is switched on."""

from __future__ import annotations

from collections.abc import Callable

from paddock.domain.alerts import AlertSource, Raising
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.instants import NS_PER_S
from paddock.domain.job import Job
from paddock.domain.recording import Recording, Status
from paddock.domain.rules import Rule, applies_to, words_of
from paddock.errors import Unavailable
from paddock.ports.documents import MAX_PAGE, Equals, OneOf
from paddock.usecases.alerts.alerts import is_known, raise_alert
from paddock.usecases.alerts.log_rules import Asked, Found, asked_of, find_in_log, may_fire_in
from paddock.usecases.alerts.rules import rules_that_are_on
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.context import Context
from paddock.usecases.jobs import jobs
from paddock.usecases.look.plots import log_span

KIND = "rules"


async def ask_rules(context: Context, recording: Recording, place: int | None = None) -> None:
    """Have the rules look at a log that was converted, where there are any."""
    if await rules_that_are_on(context):
        await jobs.enqueue(context, KIND, recording.id, place=place)


async def run_rules(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Raise an alert for each rule that fires in a recording; one that was raised before is not raised again.

    A rule looks at logs that came since it was switched on, whatever they are converted again for later. At what
    devices sent it looked while it came.

    Raises:
        Conflict: the columns are damaged or gone (code ``columns_damaged``).
        Unavailable: it is still being converted.
    """
    recording = await context.documents.recordings.get(job.subject)
    if recording is not None and recording.status is Status.CONVERTING:
        raise Unavailable("The log is still being converted.")
    if recording is None or recording.deleted_at is not None or not recording.build:
        return
    if await _is_stream(context, recording):
        return
    signals = await signals_of(context, recording)
    catalogue = CarCatalogue(await load_catalogue(context), car_of(recording))
    asked: list[tuple[Rule, Asked]] = []
    for rule in await rules_that_are_on(context):
        if rule.on_since > recording.uploaded_at or not applies_to(rule, car_of(recording)):
            continue
        if not await is_known(context, _key(rule, recording)):
            names = asked_of(rule.said, signals, catalogue)
            if names.names and may_fire_in(names, signals):
                asked.append((rule, names))
    if not asked:
        return
    found = await find_in_log(context, recording, [each for _, each in asked], progress)
    began_ns, _ = await log_span(context, recording)
    for (rule, _), each in zip(asked, found, strict=True):
        if each.count:
            await raise_alert(context, _raising(rule, recording, each, began_ns))


async def _is_stream(context: Context, recording: Recording) -> bool:
    """Whether the recorder made it of what a device sent."""
    uploads = await context.documents.uploads.find([Equals("sha256", recording.id)], limit=MAX_PAGE)
    streams = tuple(upload.id.rpartition("-")[0] for upload in uploads.items)
    return bool(streams) and await context.documents.streams.count([OneOf("id", streams)]) > 0


def _key(rule: Rule, recording: Recording) -> str:
    """The key of the alert of a rule in a recording. A changed rule has another: it looks for something else."""
    return f"rule/{rule.id}/{rule.revision}/{recording.id}"


def _raising(rule: Rule, recording: Recording, found: Found, began_ns: int) -> Raising:
    first = found.moments[0]
    often = f", {found.count:,} times" if found.count > 1 else ""
    value = rule.said.text or f"{first.value:g}"
    return Raising(
        key=_key(rule, recording),
        text=f"{rule.name}: {first.signal} was {value} ({words_of(rule.said)}){often}",
        severity=rule.said.severity,
        source=AlertSource.RULE,
        car=car_of(recording),
        recording=recording.id,
        rule=rule.id,
        signal=first.signal,
        value=None if rule.said.text else first.value,
        moment_ns=first.since_ns,
        seconds=(first.since_ns - began_ns) / NS_PER_S,
    )

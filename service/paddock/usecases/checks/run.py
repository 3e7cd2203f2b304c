"""Run checklists on a recording: a job after each conversion, and whenever what they are made from changed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from paddock.columns.checks import evaluate
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.check_results import CheckedList, Outcome, RuleResult, outcome_of, result_id
from paddock.domain.checklists import Checklist, CheckText, applies_to
from paddock.domain.job import Job
from paddock.domain.maths_channels import of_car
from paddock.domain.recording import Recording, Status
from paddock.errors import Unavailable
from paddock.ports.documents import MAX_PAGE, Condition, Equals, OneOf
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.checks.asking import may_use_laps
from paddock.usecases.checks.lists import all_checklists
from paddock.usecases.checks.looking import Log, looks_in
from paddock.usecases.checks.telling import tell_failed_checks
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.look.plots import log_span
from paddock.usecases.maths.laps import laps_in, uses_laps
from paddock.usecases.maths.names import all_channels, names_in
from paddock.usecases.take_away.stored_columns import columns_with

Progress = Callable[[float], None]


async def run_checks(context: Context, job: Job, progress: Progress) -> None:
    """Bring what is known of a recording to the team's checklists of today.

    Raises:
        Conflict: its columns are damaged or gone (code ``columns_damaged``).
        Unavailable: it is being converted.
    """
    recording = await context.documents.recordings.get(job.params["recording"])
    if recording is not None and recording.status is Status.CONVERTING:
        raise Unavailable("The log is still being converted.")
    if recording is None or recording.deleted_at is not None or not recording.build:
        return
    checklists = [each for each in await all_checklists(context) if applies_to(each.said, car_of(recording))]
    known = {each.checklist: each for each in await results_of(context, recording.id)}
    made_from = await _made_from(context, recording, checklists)
    wanted = [each for each in checklists if not _is_current(known.get(each.id), each, made_from)]
    rules = [rule for each in wanted for rule in each.said.rules]
    came = iter(await check_rules(context, recording, rules, progress))
    made = [
        CheckedList(
            id=result_id(recording.id, each.id),
            recording=recording.id,
            checklist=each.id,
            name=each.name,
            version=each.version,
            made_from=made_from[each.id],
            checked_at=context.now(),
            rules=tuple(next(came) for _ in each.said.rules),
        )
        for each in wanted
    ]
    gone = known.keys() - {each.id for each in checklists}
    if gone:
        of_these: list[Condition] = [Equals("recording", recording.id), OneOf("checklist", tuple(gone))]
        await context.documents.check_results.delete(of_these)
    if made:
        await context.documents.check_results.put_many(made)
    kept = [known[each.id] for each in checklists if each.id in known and each not in wanted] + made
    sums: dict[str, object] = {
        "checks": outcome_of(each.outcome for each in kept).value if kept else "",
        "failed_checks": sum(each.failed for each in kept),
    }
    await context.documents.recordings.change(recording.id, sums, [Equals("build", recording.build)])
    for each in made:
        if each.outcome is Outcome.FAILED and each.checklist not in known:
            await tell_failed_checks(context, recording, each)


def _is_current(known: CheckedList | None, checklist: Checklist, made_from: Mapping[str, str]) -> bool:
    return known is not None and known.version == checklist.version and known.made_from == made_from[checklist.id]


async def results_of(context: Context, recording_id: str) -> tuple[CheckedList, ...]:
    """What is known of a recording, by the names of the checklists."""
    page = await context.documents.check_results.find([Equals("recording", recording_id)], limit=MAX_PAGE)
    return tuple(sorted(page.items, key=lambda each: (each.name.casefold(), each.id)))


async def check_rules(
    context: Context, recording: Recording, rules: Sequence[CheckText], progress: Progress = lambda _: None
) -> list[RuleResult]:
    """What comes of rules in a recording; no column is read where its statistics tell.

    Raises:
        Conflict: its columns are damaged or gone (code ``columns_damaged``).
    """
    if not rules:
        return []
    contents = await contents_of(context.documents, recording)
    signals = await signals_of(context, recording)
    car = car_of(recording)
    catalogue = CarCatalogue(await load_catalogue(context), car)
    names = names_in(contents, signals, catalogue, of_car(await all_channels(context), car))
    span = await log_span(context, recording)
    log = Log(contents.channels, signals, catalogue, names, span)
    looks = await asyncio.to_thread(looks_in, log, rules)
    reading = [look for look in looks if look.known is None]
    if not reading:
        return [look.known for look in looks if look.known is not None]
    bounds = [look.bound for look in reading if look.bound is not None]
    columns = await columns_with(
        context,
        recording,
        {
            *(name for look in reading for name in look.signals),
            *(name for bound in bounds for name in bound.signals),
        },
        span,
        topics={look.topic for look in reading if look.topic},
    )
    laps = await laps_in(context, recording) if any(uses_laps(bound.tree) for bound in bounds) else None
    return await asyncio.to_thread(evaluate, columns, looks, span, laps, progress)


async def _made_from(context: Context, recording: Recording, checklists: Sequence[Checklist]) -> dict[str, str]:
    """What results depend on besides each checklist: the columns, what names mean, maths channels, perhaps laps."""
    catalogue = await load_catalogue(context)
    table = await context.documents.lap_tables.get(recording.id) if any(map(may_use_laps, checklists)) else None
    said = (recording.build, catalogue.version, sorted(recording.derived.items()))
    timed_at = table.timed_at if table is not None else None
    return {
        each.id: hashlib.sha256(msgspec.json.encode((*said, timed_at if may_use_laps(each) else None))).hexdigest()[
            :16
        ]
        for each in checklists
    }

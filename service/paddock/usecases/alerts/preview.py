"""Try a rule on the recordings there are, before it is switched on: a job that says how far it is."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.catalogue_defaults import Role
from paddock.domain.instants import NS_PER_S
from paddock.domain.job import Job
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording, Signal
from paddock.domain.rule_preview import MAX_LISTED, PreviewHit, PreviewState, RulePreview
from paddock.domain.rules import RuleText, checked_text
from paddock.domain.signal_names import read_element
from paddock.errors import Conflict, Rejected
from paddock.ports.documents import MAX_PAGE, Condition, Equals, OneOf
from paddock.usecases.alerts.log_rules import Asked, Found, asked_of, find_in_log, may_fire_in
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue
from paddock.usecases.context import Context
from paddock.usecases.jobs.trials import AT_WORK, begin_trial, get_trial, keep_trial, stop_trial
from paddock.usecases.look.plots import log_span

KIND = "rule_preview"
MAX_RECORDINGS = 5_000


async def ask_preview(context: Context, principal: Principal, said: RuleText) -> RulePreview:
    """Ask what a rule would have found.

    Raises:
        Rejected: the rule cannot be (code ``bad_rule``).
    """
    now = context.now()
    preview = RulePreview(id=secrets.token_hex(8), said=checked_text(said), asked_at=now, asked_by=principal.name)
    await begin_trial(context, context.documents.rule_previews, KIND, preview)
    return preview


async def get_preview(context: Context, preview_id: str) -> RulePreview:
    """How far a trial is.

    Raises:
        NotFound: there is none, or it is long over (code ``no_such_preview``).
    """
    return await get_trial(context, context.documents.rule_previews, KIND, preview_id)


async def stop_preview(context: Context, preview_id: str) -> None:
    """Say that nobody wants it any more; what it has found stays."""
    await stop_trial(context.documents.rule_previews, preview_id)


async def run_preview(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Look at the recordings, the newest first; killed, the next one goes on where it was."""
    preview = await context.documents.rule_previews.get(job.subject)
    if preview is None or preview.state not in AT_WORK:
        return
    catalogue = await load_catalogue(context)
    having = await _having(context, preview.said, catalogue)
    recordings = await _newest_first(context, having, preview.said)
    running = {"state": PreviewState.RUNNING, "total": len(recordings)}
    current = await keep_trial(context.documents.rule_previews, preview.id, running)
    for number, recording in enumerate(recordings):
        if current is None:
            return
        if number < current.looked:
            continue
        asked = asked_of(preview.said, having[recording.id], CarCatalogue(catalogue, car_of(recording)))
        found, skipped = await _look(context, recording, asked, having[recording.id])
        changes: dict[str, object] = {"looked": number + 1, "skipped": current.skipped + skipped}
        if found is not None and found.count:
            changes["fired"] = current.fired + 1
            if len(current.hits) < MAX_LISTED:
                changes["hits"] = (*current.hits, await _hit(context, recording, found))
        current = await keep_trial(context.documents.rule_previews, preview.id, changes)
        progress((number + 1) / len(recordings))
    if current is not None:
        await keep_trial(context.documents.rule_previews, preview.id, {"state": PreviewState.DONE})


async def _look(
    context: Context, recording: Recording, asked: Asked, signals: Sequence[Signal]
) -> tuple[Found | None, int]:
    if not asked.names or not may_fire_in(asked, signals):
        return None, 0
    try:
        (found,) = await find_in_log(context, recording, [asked], lambda _: None)
    except (Conflict, Rejected):
        return None, 1
    return found, 0


async def _hit(context: Context, recording: Recording, found: Found) -> PreviewHit:
    first = found.moments[0]
    began_ns, _ = await log_span(context, recording)
    return PreviewHit(
        recording.id,
        found.count,
        first.signal,
        first.since_ns,
        (first.since_ns - began_ns) / NS_PER_S,
        first.value,
        recording.name,
    )


async def _having(context: Context, said: RuleText, catalogue: Catalogue) -> dict[str, list[Signal]]:
    """The signals that the rule may mean, by recording."""
    names = await _candidates(context, said, catalogue)
    found: dict[str, list[Signal]] = {}
    for begin in range(0, len(names), MAX_PAGE):
        after = None
        while True:
            where = [OneOf("name", tuple(names[begin : begin + MAX_PAGE]))]
            page = await context.documents.signals.find(where, limit=MAX_PAGE, after=after)
            for signal in page.items:
                found.setdefault(signal.recording, []).append(signal)
            if page.next is None:
                break
            after = page.next
    return found


async def _candidates(context: Context, said: RuleText, catalogue: Catalogue) -> list[str]:
    """The names of signals that the rule means in some log."""
    element = read_element(said.signal)
    names = dict.fromkeys([said.signal, *([element[0]] if element else [])])
    names |= dict.fromkeys(each for entry in catalogue.signals if entry.name == said.signal for each in entry.names)
    if said.signal not in set(Role):
        return list(names)
    names |= dict.fromkeys(each for entry in catalogue.signals if entry.role == said.signal for each in entry.names)
    of_all, after = CarCatalogue(catalogue), None
    while True:
        page = await context.documents.signal_names.find(limit=MAX_PAGE, after=after)
        names |= {each.id: None for each in page.items if of_all.describe(each.id, each.dtype).role == said.signal}
        if page.next is None:
            return list(names)
        after = page.next


async def _newest_first(
    context: Context, having: Mapping[str, Sequence[Signal]], said: RuleText
) -> list[Recording]:
    """Those that are there and of the rule's cars, and in which the rule means one of these signals."""
    cars = {car.casefold() for car in said.cars}
    ids, found = list(having), []
    for begin in range(0, len(ids), MAX_PAGE):
        where: list[Condition] = [
            OneOf("id", tuple(ids[begin : begin + MAX_PAGE])),
            Equals("deleted_at", None),
        ]
        page = await context.documents.recordings.find(where, limit=MAX_PAGE)
        found += [each for each in page.items if each.build and (not cars or car_of(each).casefold() in cars)]
    found.sort(key=lambda each: (each.started_ns or 0, each.id), reverse=True)
    return found[:MAX_RECORDINGS]

"""What the JSON API says of checklists and of what came of them, and how it is made from documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from paddock.domain.check_results import CheckedList, Moment, Outcome, RuleResult
from paddock.domain.checklist_preview import ChecklistPreview, FailedRun
from paddock.domain.checklists import Checklist, CheckText, words_of
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.recording import Recording
from paddock.domain.rule_preview import PreviewState
from paddock.usecases.checks.standing import standing_of
from paddock.usecases.context import Context
from paddock.usecases.look.plots import log_span
from paddock.web.recordings.resources import Instant, LogName, RecordingId

AROUND_S = 5.0
"""How much a plot shows around a moment."""


class RuleResource(CheckText, frozen=True, kw_only=True):
    """One rule of a checklist."""

    words: Annotated[
        str,
        Meta(description="What it asks for.", examples=["BatteryPack.min_cell_v at least 2.8"]),
    ]


class ChecklistResource(msgspec.Struct, frozen=True, kw_only=True):
    """One checklist."""

    id: Annotated[str, Meta(description="Of this checklist.", examples=["3f9a1c0de4b8"])]
    name: Annotated[str, Meta(description="What it is called.", examples=["Systems check"])]
    rules: Annotated[tuple[RuleResource, ...], Meta(description="All of them have to be met.")]
    cars: Annotated[tuple[str, ...], Meta(description="Only for these cars; empty for all.", examples=[["HT09"]])]
    version: Annotated[int, Meta(description="Raised by every change; results say by which.", examples=[1])]
    changed_at: Instant
    changed_by: Annotated[str, Meta(description="By whom.", examples=["Adam"])]


class ChecklistList(msgspec.Struct, frozen=True):
    """All checklists by name."""

    items: tuple[ChecklistResource, ...]


class MomentResource(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a rule was not met."""

    start_s: Annotated[float, Meta(description="When it began, in seconds of the log.", examples=[82.4])]
    end_s: Annotated[float, Meta(description="When it was over.", examples=[84.7])]
    time: Annotated[str, Meta(description="When it began by the log's clock, RFC 3339.")]
    signals: Annotated[tuple[str, ...], Meta(description="To look at.", examples=[["BatteryPack.min_cell_v"]])]
    worst: Annotated[
        float | None,
        Meta(description="The value furthest off; of a rate messages a second, of a gap seconds.", examples=[2.61]),
    ]
    link: Annotated[str, Meta(description="The plot of that moment, a path on this service.")]


class ResultResource(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one rule."""

    name: Annotated[str, Meta(description="What people call it; may be empty.")]
    words: Annotated[str, Meta(description="What it asked for.")]
    outcome: Annotated[
        Outcome, Meta(description="`passed`, `failed`, or `skipped` where the log has nothing to look at.")
    ]
    said: Annotated[
        str,
        Meta(description="What was wrong, or why it was skipped.", examples=["Outside for 2.3 s, at worst 2.61."]),
    ]
    count: Annotated[int, Meta(description="How often it was not met.", examples=[3])]
    total_s: Annotated[float, Meta(description="For how long together, in seconds.", examples=[2.3])]
    moments: Annotated[tuple[MomentResource, ...], Meta(description="The first 20 times.")]


class CheckedListResource(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one checklist in one recording."""

    checklist: Annotated[str, Meta(description="Its id.")]
    name: Annotated[str, Meta(description="What it was called.", examples=["Systems check"])]
    version: Annotated[int, Meta(description="Of the checklist that this is by.", examples=[2])]
    outdated: Annotated[bool, Meta(description="Whether the checklist says something else by now.")]
    outcome: Annotated[Outcome, Meta(description="Of all rules together.")]
    failed: Annotated[int, Meta(description="How many rules were not met.", examples=[1])]
    checked_at: Instant
    rules: Annotated[tuple[ResultResource, ...], Meta(description="In the order of the checklist.")]


class ChecksResource(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the team's checklists in one recording."""

    recording: RecordingId
    waiting: Annotated[bool, Meta(description="Whether it is being checked, or will be.")]
    items: Annotated[tuple[CheckedListResource, ...], Meta(description="By the names of the checklists.")]
    unchecked: Annotated[
        tuple[str, ...], Meta(description="Names of checklists for its car by which nobody has looked.")
    ]


class FailedRunResource(msgspec.Struct, frozen=True, kw_only=True):
    """One recording that would have failed."""

    recording: RecordingId
    name: LogName
    failed: Annotated[int, Meta(description="How many rules were not met.", examples=[1])]
    rule: Annotated[int, Meta(description="The first of them, from 0.", examples=[0])]
    said: Annotated[str, Meta(description="What was wrong with it.")]
    seconds: Annotated[float, Meta(description="When, in seconds of the log.", examples=[82.4])]
    link: Annotated[str, Meta(description="The plot of that moment, or the recording; a path on this service.")]


class ChecklistPreviewResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a checklist would have found so far."""

    id: Annotated[str, Meta(description="Of this trial.")]
    state: Annotated[PreviewState, Meta(description="`waiting → running → done`.")]
    words: Annotated[tuple[str, ...], Meta(description="What its rules ask for.")]
    total: Annotated[int, Meta(description="Recordings of its cars.", examples=[212])]
    looked: Annotated[int, Meta(description="How many were looked at, the newest first.", examples=[212])]
    failed: Annotated[int, Meta(description="How many would have failed.", examples=[14])]
    by_rule: Annotated[tuple[int, ...], Meta(description="The same by rule.", examples=[[14, 0]])]
    skipped_by_rule: Annotated[
        tuple[int, ...], Meta(description="In how many a rule could look at nothing.", examples=[[3, 0]])
    ]
    unreadable: Annotated[int, Meta(description="How many cannot be read.", examples=[0])]
    runs: Annotated[tuple[FailedRunResource, ...], Meta(description="Those that would have failed, at most 200.")]
    error: Annotated[str, Meta(description="Why it was given up; empty where it was not.")]


def checklist_resource(checklist: Checklist) -> ChecklistResource:
    """A checklist as JSON has it."""
    return ChecklistResource(
        id=checklist.id,
        name=checklist.name,
        rules=tuple(map(_rule, checklist.said.rules)),
        cars=checklist.said.cars,
        version=checklist.version,
        changed_at=to_rfc3339(checklist.changed_at),
        changed_by=checklist.changed_by,
    )


def _rule(rule: CheckText) -> RuleResource:
    return RuleResource(words=words_of(rule), **msgspec.structs.asdict(rule))


async def checks_of(context: Context, recording: Recording) -> ChecksResource:
    """What came of the team's checklists in a recording."""
    standing = await standing_of(context, recording)
    began_ns, _ = await log_span(context, recording)
    versions = {each.id: each.version for each in standing.checklists}
    return ChecksResource(
        recording=recording.id,
        waiting=standing.waiting,
        items=tuple(_checked(each, versions.get(each.checklist, 0), began_ns) for each in standing.results),
        unchecked=tuple(each.name for each in standing.unchecked),
    )


async def checks_of_recording(context: Context, recording: Recording) -> ChecksResource | None:
    """``checks_of`` for a recording's page; None where no checklist is for its car."""
    found = await checks_of(context, recording)
    return found if found.items or found.unchecked else None


def _checked(result: CheckedList, version: int, began_ns: int) -> CheckedListResource:
    """What came of a checklist as JSON has it.

    Args:
        version: that the checklist has by now.
        began_ns: the log's first instant.
    """
    return CheckedListResource(
        checklist=result.checklist,
        name=result.name,
        version=result.version,
        outdated=result.version != version,
        outcome=result.outcome,
        failed=result.failed,
        checked_at=to_rfc3339(result.checked_at),
        rules=tuple(_result(result.recording, each, began_ns) for each in result.rules),
    )


def _result(recording: str, result: RuleResult, began_ns: int) -> ResultResource:
    return ResultResource(
        name=result.name,
        words=result.words,
        outcome=result.outcome,
        said=result.said,
        count=result.count,
        total_s=result.total_ns / NS_PER_S,
        moments=tuple(_moment(recording, each, began_ns) for each in result.moments),
    )


def _moment(recording: str, moment: Moment, began_ns: int) -> MomentResource:
    start_s, end_s = ((each - began_ns) / NS_PER_S for each in (moment.start_ns, moment.end_ns))
    return MomentResource(
        start_s=start_s,
        end_s=end_s,
        time=to_rfc3339(moment.start_ns),
        signals=moment.signals,
        worst=moment.worst,
        link=drawn(recording, moment.signals, start_s, end_s),
    )


def drawn(recording: str, signals: Iterable[str], start_s: float, end_s: float) -> str:
    """The path of a recording's page with signals drawn from before a moment until after it, each in its plot."""
    page = f"/recordings/{recording[:16]}"
    plots = ";".join(quote(name, safe="") for name in signals)
    if not plots:
        return page
    start, end = max(0.0, start_s - AROUND_S), max(0.0, end_s) + AROUND_S
    return f"{page}#plots={plots}&from={start:.3f}&to={end:.3f}"


def preview_resource(preview: ChecklistPreview) -> ChecklistPreviewResource:
    """A trial as JSON has it."""
    return ChecklistPreviewResource(
        id=preview.id,
        state=preview.state,
        words=tuple(map(words_of, preview.said.rules)),
        total=preview.total,
        looked=preview.looked,
        failed=preview.failed,
        by_rule=preview.by_rule,
        skipped_by_rule=preview.skipped_by_rule,
        unreadable=preview.unreadable,
        runs=tuple(map(_run, preview.runs)),
        error=preview.error,
    )


def _run(run: FailedRun) -> FailedRunResource:
    return FailedRunResource(
        recording=run.recording,
        name=run.name,
        failed=run.failed,
        rule=run.rule,
        said=run.said,
        seconds=run.seconds,
        link=drawn(run.recording, run.signals, run.seconds, run.seconds),
    )

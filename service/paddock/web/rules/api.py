"""``/api/rules``: the team's alert rules, and what one would have found."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.domain.rule_preview import PreviewHit, PreviewState, RulePreview
from paddock.domain.rules import Rule, RuleText, words_of
from paddock.usecases.alerts.preview import ask_preview, get_preview, stop_preview
from paddock.usecases.alerts.rules import add_rule, all_rules, change_rule, get_rule, remove_rule
from paddock.web.alerts.api import AROUND_S
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.links import plotted
from paddock.web.kernel.problems import responses
from paddock.web.recordings.resources import Instant, LogName

RuleId = Annotated[str, PathParameter(max_length=200, description="As in the list.")]


class RuleResource(RuleText, frozen=True, kw_only=True):
    """One rule."""

    id: Annotated[str, Meta(description="Of this rule.", examples=["3f9a1c0de4b8"])]
    words: Annotated[str, Meta(description="What it fires at.", examples=["TireTemps.fl above 110 for 1 s"])]
    on: Annotated[bool, Meta(description="Whether it looks at what comes, live and as logs.")]
    version: Annotated[int, Meta(description="Raised by every change.", examples=[1])]
    changed_at: Instant
    changed_by: Annotated[str, Meta(description="By whom.", examples=["Adam"])]


class RuleList(msgspec.Struct, frozen=True):
    """All rules by name."""

    items: tuple[RuleResource, ...]


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On or off."""

    on: Annotated[bool, Meta(description="Whether it looks at what comes.")]


class HitResource(msgspec.Struct, frozen=True, kw_only=True):
    """One recording in which the rule would have fired."""

    recording: Annotated[str, Meta(description="The recording's id.")]
    name: LogName
    count: Annotated[int, Meta(description="How often.", examples=[3])]
    signal: Annotated[str, Meta(description="Where it fired first.", examples=["TireTemps.fl"])]
    seconds: Annotated[float, Meta(description="When, since the log's first message.", examples=[82.4])]
    time: Annotated[str, Meta(description="The same by the log's clock, RFC 3339.")]
    value: Annotated[float, Meta(description="What the signal was when it fired.", examples=[112.5])]
    link: Annotated[str, Meta(description="The plot of that moment, a path on this service.")]


class PreviewResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have found so far."""

    id: Annotated[str, Meta(description="Of this trial.")]
    state: Annotated[PreviewState, Meta(description="`waiting → running → done`.")]
    words: Annotated[str, Meta(description="What the rule fires at.")]
    total: Annotated[int, Meta(description="Recordings that have the signal.", examples=[212])]
    looked: Annotated[int, Meta(description="How many were looked at, the newest first.", examples=[212])]
    fired: Annotated[int, Meta(description="In how many it would have fired.", examples=[14])]
    skipped: Annotated[int, Meta(description="How many cannot be read.", examples=[0])]
    hits: Annotated[tuple[HitResource, ...], Meta(description="Those in which it would have fired, at most 200.")]
    error: Annotated[str, Meta(description="Why it was given up; empty where it was not.")]


@get("/", needs=Permission.READ, summary="The alert rules")
async def list_rules(context: TheContext) -> RuleList:
    """All that are not removed, on or off."""
    return RuleList(tuple(map(rule_resource, await all_rules(context))))


@post("/", needs=Permission.EDIT_ALERTS, status_code=201, responses=responses(400, 422), summary="Add a rule")
async def add(context: TheContext, principal: ThePrincipal, data: JSONBody[RuleText]) -> RuleResource:
    """It looks at nothing until it is switched on; try it before."""
    return rule_resource(await add_rule(context, principal, data))


@get("/{rule_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="One rule")
async def show(context: TheContext, rule_id: RuleId) -> RuleResource:
    """Also one that was removed, which its alerts name."""
    return rule_resource(await get_rule(context, rule_id))


@put(
    "/{rule_id:str}",
    needs=Permission.EDIT_ALERTS,
    responses=responses(400, 404, 409, 422),
    summary="Change a rule",
)
async def change(
    context: TheContext,
    principal: ThePrincipal,
    rule_id: RuleId,
    data: JSONBody[RuleText],
    version: Annotated[
        int | None,
        QueryParameter(ge=1, le=2**53, description="Of the rule that was looked at; another is 409."),
    ] = None,
) -> RuleResource:
    """All that it says, anew. What it looks for having changed, its alerts of devices end and it looks afresh."""
    return rule_resource(await change_rule(context, principal, rule_id, said=data, version=version))


@post(
    "/{rule_id:str}/switch",
    needs=Permission.EDIT_ALERTS,
    status_code=200,
    responses=responses(400, 404, 422),
    summary="Switch a rule on or off",
)
async def switch(
    context: TheContext, principal: ThePrincipal, rule_id: RuleId, data: JSONBody[Switch]
) -> RuleResource:
    """On, it looks at what devices send and at every log that comes in. Off, its alerts of devices end."""
    return rule_resource(await change_rule(context, principal, rule_id, on=data.on))


@delete("/{rule_id:str}", needs=Permission.EDIT_ALERTS, responses=responses(404, 422), summary="Remove a rule")
async def remove(context: TheContext, principal: ThePrincipal, rule_id: RuleId) -> None:
    """What it found stays in the list of alerts."""
    await remove_rule(context, principal, rule_id)


@post(
    "/preview",
    needs=Permission.EDIT_ALERTS,
    status_code=202,
    responses=responses(400, 422),
    summary="Try a rule on past recordings",
)
async def try_rule(context: TheContext, principal: ThePrincipal, data: JSONBody[RuleText]) -> PreviewResource:
    """Begins to look, the newest recording first; nothing is raised. Ask for it until it is `done`."""
    return preview_resource(await ask_preview(context, principal, data))


@get("/previews/{preview_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="A rule's trial")
async def show_preview(context: TheContext, preview_id: RuleId) -> PreviewResource:
    """What it has found so far."""
    return preview_resource(await get_preview(context, preview_id))


@delete(
    "/previews/{preview_id:str}",
    needs=Permission.EDIT_ALERTS,
    responses=responses(422),
    summary="Stop a trial",
)
async def stop(context: TheContext, preview_id: RuleId) -> None:
    """Nobody wants it any more. What it has found stays for a week."""
    await stop_preview(context, preview_id)


def rule_resource(rule: Rule) -> RuleResource:
    """One rule as JSON has it."""
    said = {name: getattr(rule.said, name) for name in RuleText.__struct_fields__}
    return RuleResource(
        id=rule.id,
        words=words_of(rule.said),
        on=rule.on,
        version=rule.version,
        changed_at=to_rfc3339(rule.changed_at),
        changed_by=rule.changed_by,
        **said,
    )


def preview_resource(preview: RulePreview) -> PreviewResource:
    """A trial as JSON has it."""
    return PreviewResource(
        id=preview.id,
        state=preview.state,
        words=words_of(preview.said),
        total=preview.total,
        looked=preview.looked,
        fired=preview.fired,
        skipped=preview.skipped,
        hits=tuple(map(_hit, preview.hits)),
        error=preview.error,
    )


def _hit(hit: PreviewHit) -> HitResource:
    return HitResource(
        recording=hit.recording,
        name=hit.name,
        count=hit.count,
        signal=hit.signal,
        seconds=hit.seconds,
        time=to_rfc3339(hit.since_ns),
        value=hit.value,
        link=plotted(hit.recording, hit.signal, hit.seconds, AROUND_S),
    )


ROUTER = Router(
    "/api/rules",
    route_handlers=[list_rules, add, show, change, switch, remove, try_rule, show_preview, stop],
    before_request=refuse_unknown_parameters,
    tags=["alerts"],
)

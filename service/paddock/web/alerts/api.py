"""``/api/alerts``: what is wrong with devices, cars and recordings; acknowledged and cleared by people."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import msgspec
from litestar import Router, get, post
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.alerts import Alert, AlertSource, AlertState, Severity
from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.usecases.alerts.alerts import (
    Wanted,
    acknowledge,
    clear_by_hand,
    count_alerts,
    find_alerts,
    get_alert,
)
from paddock.usecases.streams.written import until_written
from paddock.web.kernel.injected import After, Limit, TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.links import plotted
from paddock.web.kernel.partial import Fields, Partial, only
from paddock.web.kernel.problems import responses
from paddock.web.recordings.resources import Instant

AROUND_S = 5.0
"""What is shown of a recording before and after the moment at which a rule fires."""
AlertId = Annotated[str, PathParameter(max_length=200, description="As in the list.")]


class AlertResource(msgspec.Struct, frozen=True, kw_only=True):
    """One time that something went wrong."""

    id: Annotated[str, Meta(description="Of this alert.", examples=["3f9a1c0de4b87a52c014"])]
    key: Annotated[
        str, Meta(description="What is wrong; the next alert of the same has it too.", examples=["silence/tires-1"])
    ]
    text: Annotated[str, Meta(description="For people.", examples=["Tire temperature is above 110."])]
    severity: Annotated[Severity, Meta(description="How soon somebody should look.")]
    state: Annotated[
        AlertState, Meta(description="`firing → acknowledged → cleared`; some end before anybody saw.")
    ]
    source: Annotated[AlertSource, Meta(description="Who noticed.")]
    device: Annotated[str, Meta(description="The device's id; empty where there is none.")]
    car: Annotated[str, Meta(description="The car; empty where it is not known.", examples=["HT09"])]
    recording: Annotated[str, Meta(description="The recording's id, where it was noticed in a log.")]
    rule: Annotated[str, Meta(description="The id of the rule that noticed.")]
    signal: Annotated[str, Meta(description="Which signal it is about.", examples=["VNData.vn_gps.lat"])]
    value: Annotated[float | None, Meta(description="What the signal was.", examples=[112.5])]
    moment: Annotated[
        str | None, Meta(description="When that was by the clock of the log or the device.", examples=[None])
    ]
    link: Annotated[
        str, Meta(description="Where to look: the device, or the plot of that moment; a path on this service.")
    ]
    fired_at: Instant
    last_at: Annotated[str, Meta(description="Of the last repeat, or of its end.")]
    count: Annotated[int, Meta(description="How often it was raised.", examples=[3])]
    acknowledged_at: Annotated[str | None, Meta(description="Since when somebody has seen it.")]
    acknowledged_by: Annotated[str, Meta(description="Who that was.", examples=["Adam"])]
    cleared_at: Annotated[str | None, Meta(description="Since when it is over.")]
    cleared_by: Annotated[str, Meta(description="Who said so; empty where it ended by itself.")]


class AlertPage(msgspec.Struct, frozen=True):
    """Some alerts: the firing ones first, then what is acknowledged, then what is over."""

    items: tuple[AlertResource, ...]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


class AlertCounts(msgspec.Struct, frozen=True):
    """How many alerts there are."""

    firing: Annotated[int, Meta(description="That nobody has seen yet.", examples=[2])]
    acknowledged: Annotated[int, Meta(description="That somebody has seen.")]
    cleared: Annotated[int, Meta(description="That are over.")]


@get("/", needs=Permission.READ, responses=responses(422), summary="List alerts")
async def list_alerts(
    context: TheContext,
    states: Annotated[
        list[AlertState] | None, QueryParameter(name="state", description="Only in these states; may be repeated.")
    ] = None,
    severities: Annotated[
        list[Severity] | None, QueryParameter(name="severity", description="Only these; may be repeated.")
    ] = None,
    device: Annotated[str, QueryParameter(max_length=2_000, description="Only of this device, by its id.")] = "",
    car: Annotated[str, QueryParameter(max_length=2_000, description="Only of this car.")] = "",
    recording: Annotated[
        str, QueryParameter(max_length=2_000, description="Only in this recording, by its whole id.")
    ] = "",
    rule: Annotated[str, QueryParameter(max_length=2_000, description="Only by this rule.")] = "",
    fields: Fields = "",
    limit: Limit = 50,
    after: After = None,
) -> AlertPage | Partial:
    """The firing ones first, then what is acknowledged, then what is over; in each the newest first."""
    wanted = Wanted(
        states=states or (), severities=severities or (), device=device, car=car, recording=recording, rule=rule
    )
    await until_written(context)
    page = await find_alerts(context, wanted, limit=limit, after=after)
    return only(AlertPage(tuple(map(alert_resource, page.items)), page.next), fields, items=AlertResource)


@get("/counts", needs=Permission.READ, summary="How many alerts there are")
async def show_counts(context: TheContext) -> AlertCounts:
    """By state; the site's navigation shows how many fire."""
    counts = await count_alerts(context)
    return AlertCounts(counts[AlertState.FIRING], counts[AlertState.ACKNOWLEDGED], counts[AlertState.CLEARED])


@get("/{alert_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="One alert")
async def show_alert(context: TheContext, alert_id: AlertId) -> AlertResource:
    """What is known of it."""
    return alert_resource(await get_alert(context, alert_id))


@post(
    "/{alert_id:str}/acknowledge",
    needs=Permission.EDIT_ALERTS,
    status_code=200,
    responses=responses(404, 422),
    summary="Acknowledge an alert",
)
async def acknowledge_alert(context: TheContext, principal: ThePrincipal, alert_id: AlertId) -> AlertResource:
    """Says that somebody has seen it. Done again, or by another, nothing changes: who was first stays."""
    return alert_resource(await acknowledge(context, principal, alert_id))


@post(
    "/{alert_id:str}/clear",
    needs=Permission.EDIT_ALERTS,
    status_code=200,
    responses=responses(404, 422),
    summary="Clear an alert",
)
async def clear_one(context: TheContext, principal: ThePrincipal, alert_id: AlertId) -> AlertResource:
    """Says that it is over, where nothing else would: a device that sent an alert need not send its end."""
    return alert_resource(await clear_by_hand(context, principal, alert_id))


def alert_resource(alert: Alert) -> AlertResource:
    """One alert as JSON has it."""
    return AlertResource(
        id=alert.id,
        key=alert.key,
        text=alert.text,
        severity=alert.severity,
        state=alert.state,
        source=alert.source,
        device=alert.device,
        car=alert.car,
        recording=alert.recording,
        rule=alert.rule,
        signal=alert.signal,
        value=alert.value,
        moment=_instant(alert.moment_ns),
        link=_link(alert),
        fired_at=to_rfc3339(alert.fired_at),
        last_at=to_rfc3339(alert.last_at),
        count=alert.count,
        acknowledged_at=_instant(alert.acknowledged_at),
        acknowledged_by=alert.acknowledged_by,
        cleared_at=_instant(alert.cleared_at),
        cleared_by=alert.cleared_by,
    )


def _link(alert: Alert) -> str:
    if alert.device:
        return f"/devices/{quote(alert.device, safe='')}"
    if not alert.recording:
        return ""
    if alert.signal and alert.seconds is not None:
        return plotted(alert.recording, alert.signal, alert.seconds, AROUND_S)
    return f"/recordings/{alert.recording[:16]}"


def _instant(instant_ns: int | None) -> str | None:
    return None if instant_ns is None else to_rfc3339(instant_ns)


ROUTER = Router(
    "/api/alerts",
    route_handlers=[list_alerts, show_counts, show_alert, acknowledge_alert, clear_one],
    before_request=refuse_unknown_parameters,
    tags=["alerts"],
)

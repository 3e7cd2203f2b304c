"""The page of alerts: what is firing, what somebody has seen, what is over."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from paddock.domain.alerts import AlertState
from paddock.domain.principal import may
from paddock.domain.roles import Permission
from paddock.usecases.alerts.alerts import Wanted, acknowledge, clear_by_hand, count_alerts, find_alerts
from paddock.web.alerts.api import alert_resource
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import After, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages

PAGE_SIZE = 50


@get("/alerts", needs=Permission.READ)
async def alerts_page(
    context: TheContext,
    principal: ThePrincipal,
    wanted: Annotated[AlertState | None, QueryParameter(name="state")] = None,
    device: Annotated[str, QueryParameter(max_length=200)] = "",
    car: Annotated[str, QueryParameter(max_length=200)] = "",
    after: After = None,
) -> Page:
    """The firing ones first; it follows by itself, so that a new one appears without a reload."""
    asked = Wanted(states=(wanted,) if wanted else (), device=device, car=car)
    page = await find_alerts(context, asked, limit=PAGE_SIZE, after=after)
    narrowed = {name: value for name, value in (("device", device), ("car", car)) if value}
    return Page(
        "alerts/alerts.html",
        principal=principal,
        alerts=[alert_resource(each) for each in page.items],
        counts=await count_alerts(context, Wanted(device=device, car=car)),
        narrowed=narrowed,
        states=tuple(AlertState),
        state=wanted,
        may_see_to=may(principal, Permission.EDIT_ALERTS),
        next=page.next,
        after=after,
    )


@post("/alerts/{alert_id:str}/acknowledge", needs=Permission.EDIT_ALERTS)
async def acknowledge_and_return(context: TheContext, principal: ThePrincipal, alert_id: FromPath[str]) -> Redirect:
    """The button's form, which works without scripts."""
    await acknowledge(context, principal, alert_id)
    return Redirect("/alerts", status_code=303)


@post("/alerts/{alert_id:str}/clear", needs=Permission.EDIT_ALERTS)
async def clear_and_return(context: TheContext, principal: ThePrincipal, alert_id: FromPath[str]) -> Redirect:
    """The form of the other button."""
    await clear_by_hand(context, principal, alert_id)
    return Redirect("/alerts", status_code=303)


ROUTER = pages(alerts_page, acknowledge_and_return, clear_and_return)

"""The pages of dashboards: the list, and each of them, to look at and to build."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath, QueryParameter

from paddock.domain.dashboards import MAX_NAME, Dashboard
from paddock.domain.principal import Principal, may
from paddock.domain.roles import Permission
from paddock.usecases.dashboards.dashboards import default_dashboard, get_dashboard, list_dashboards
from paddock.web.dashboards.api import dashboard_resource
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.live.page import names_of


@get("/dashboards", needs=Permission.READ)
async def dashboards_page(context: TheContext, principal: ThePrincipal) -> Page:
    """The team's, and one's own."""
    names = await names_of(context)
    sending = {each.id: names.get(each.id, each.id) for each in context.watching.live.devices()}
    return Page(
        "dashboards/dashboards.html",
        principal=principal,
        dashboards=await list_dashboards(context, principal),
        devices=sorted(sending.items()),
        may_edit=may(principal, Permission.EDIT_DASHBOARDS),
    )


@get("/dashboards/new", needs=Permission.EDIT_DASHBOARDS)
async def new_dashboard_page(
    context: TheContext,
    principal: ThePrincipal,
    device: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Page:
    """One that begins with what a device sends; it is kept once it is saved."""
    name = (await names_of(context)).get(device, device)[: MAX_NAME - 10] or "New dashboard"
    begun = await default_dashboard(context, device, name) if device else Dashboard(id="", name=name, version=0)
    return _page(begun, principal, editing=True, device=device)


@get("/dashboards/{dashboard_id:str}", needs=Permission.READ)
async def dashboard_page(
    context: TheContext,
    principal: ThePrincipal,
    dashboard_id: FromPath[str],
    screen: Annotated[str, QueryParameter(max_length=20)] = "",
    edit: Annotated[str, QueryParameter(max_length=5)] = "",
) -> Page:
    """One dashboard; ``screen=wall`` is for a big screen that nobody touches."""
    found = await get_dashboard(context, dashboard_id)
    return _page(found, principal, editing=bool(edit), wall=screen == "wall")


def _page(
    dashboard: Dashboard, principal: Principal, *, editing: bool, wall: bool = False, device: str = ""
) -> Page:
    item = dashboard_resource(dashboard, principal)
    may_edit = may(principal, Permission.EDIT_DASHBOARDS)
    return Page(
        "dashboards/dashboard.html",
        principal=principal,
        item=item,
        shown=msgspec.json.encode(item).decode(),
        device=device,
        may_edit=may_edit,
        editing=editing and may_edit and item.may_change,
        wall=wall,
    )


ROUTER = pages(dashboards_page, new_dashboard_page, dashboard_page)

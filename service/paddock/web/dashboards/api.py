"""``/api/dashboards``: what people want to see of devices on one page."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.dashboards import MAX_NAME, MAX_WIDGETS, Dashboard, Widget
from paddock.domain.instants import to_rfc3339
from paddock.domain.principal import Principal
from paddock.domain.roles import Permission
from paddock.usecases.dashboards.dashboards import (
    add_dashboard,
    copy_dashboard,
    default_dashboard,
    delete_dashboard,
    get_dashboard,
    list_dashboards,
    may_change,
    save_dashboard,
)
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses

Id = Annotated[str, PathParameter(max_length=100, description="As in the list.")]
_NAME = Meta(max_length=2_000, description="What it is called.", examples=["Pit wall"])
_WIDGETS = Meta(description="Its parts, on 12 columns.", max_length=10 * MAX_WIDGETS, examples=[[]])
_OWN = Meta(description="For oneself; else for the team.")


class DashboardResource(msgspec.Struct, frozen=True, kw_only=True):
    """One dashboard."""

    id: Annotated[str, Meta(description="Empty for one that is kept nowhere.", examples=["3f9a1c0de4b8"])]
    name: Annotated[str, _NAME]
    own: Annotated[bool, Meta(description="Whether it is somebody's own; else it is the team's.")]
    may_change: Annotated[bool, Meta(description="Whether who asks may change it.")]
    widgets: Annotated[tuple[Widget, ...], Meta(description="Its parts, on 12 columns.")]
    changed_at: Annotated[str | None, Meta(description="RFC 3339, UTC.")] = None
    changed_by: Annotated[str, Meta(description="Who changed it last.", examples=["Adam"])] = ""
    version: Annotated[int, Meta(description="Raised by every change.", examples=[3])] = 0


class DashboardList(msgspec.Struct, frozen=True):
    """The team's dashboards and one's own, by name."""

    items: tuple[DashboardResource, ...]


class NewDashboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new dashboard."""

    name: Annotated[str, _NAME]
    widgets: Annotated[tuple[Widget, ...], _WIDGETS] = ()
    own: Annotated[bool, _OWN] = False


class SavedDashboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of a dashboard anew."""

    version: Annotated[int, Meta(ge=0, le=2**53, description="The one that was changed.", examples=[3])]
    name: Annotated[str, _NAME]
    widgets: Annotated[tuple[Widget, ...], _WIDGETS] = ()
    own: Annotated[bool, _OWN] = False


class CopyName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a copy is called."""

    name: Annotated[str, Meta(max_length=2_000, description="Empty for that of the original and `(copy)`.")] = ""


@get("/", needs=Permission.READ, summary="Dashboards")
async def list_all(context: TheContext, principal: ThePrincipal) -> DashboardList:
    """The team's, and those of who asks."""
    found = await list_dashboards(context, principal)
    return DashboardList(tuple(dashboard_resource(each, principal) for each in found))


@post("/", needs=Permission.EDIT_DASHBOARDS, status_code=201, responses=responses(422), summary="Add a dashboard")
async def add(context: TheContext, principal: ThePrincipal, data: JSONBody[NewDashboard]) -> DashboardResource:
    """Keeps a new one."""
    added = await add_dashboard(context, principal, data.name, data.widgets, own=data.own)
    return dashboard_resource(added, principal)


@get("/default", needs=Permission.READ, responses=responses(422), summary="The dashboard of a device by default")
async def show_default(
    context: TheContext,
    principal: ThePrincipal,
    device: Annotated[str, QueryParameter(max_length=200, description="The device's id.", examples=[])],
) -> DashboardResource:
    """What its signals are by role decides what is shown. It is kept nowhere: send it as a new one to keep it."""
    return dashboard_resource(await default_dashboard(context, device, device[: MAX_NAME - 10]), principal)


@get("/{dashboard_id:str}", needs=Permission.READ, responses=responses(404), summary="One dashboard")
async def show(context: TheContext, principal: ThePrincipal, dashboard_id: Id) -> DashboardResource:
    """Also one of somebody else, for who has its link."""
    return dashboard_resource(await get_dashboard(context, dashboard_id), principal)


@put(
    "/{dashboard_id:str}",
    needs=Permission.EDIT_DASHBOARDS,
    responses=responses(404, 409, 422),
    summary="Save a dashboard",
)
async def save(
    context: TheContext, principal: ThePrincipal, dashboard_id: Id, data: JSONBody[SavedDashboard]
) -> DashboardResource:
    """Replaces all of it. A 409 says that somebody changed it meanwhile; then nothing was saved."""
    saved = await save_dashboard(
        context, principal, dashboard_id, data.name, data.widgets, own=data.own, version=data.version
    )
    return dashboard_resource(saved, principal)


@post(
    "/{dashboard_id:str}/copy",
    needs=Permission.EDIT_DASHBOARDS,
    status_code=201,
    responses=responses(404, 422),
    summary="Copy a dashboard",
)
async def copy(
    context: TheContext, principal: ThePrincipal, dashboard_id: Id, data: JSONBody[CopyName]
) -> DashboardResource:
    """A new one with the same widgets."""
    return dashboard_resource(await copy_dashboard(context, principal, dashboard_id, data.name), principal)


@delete(
    "/{dashboard_id:str}",
    needs=Permission.EDIT_DASHBOARDS,
    responses=responses(404, 422),
    summary="Delete a dashboard",
)
async def remove(context: TheContext, principal: ThePrincipal, dashboard_id: Id) -> None:
    """For good."""
    await delete_dashboard(context, principal, dashboard_id)


def dashboard_resource(dashboard: Dashboard, principal: Principal) -> DashboardResource:
    """One as JSON has it."""
    return DashboardResource(
        id=dashboard.id,
        name=dashboard.name,
        own=bool(dashboard.owner),
        may_change=may_change(dashboard, principal),
        widgets=dashboard.widgets,
        changed_at=to_rfc3339(dashboard.changed_at) if dashboard.changed_at else None,
        changed_by=dashboard.changed_by,
        version=dashboard.version,
    )


ROUTER = Router(
    "/api/dashboards",
    route_handlers=[list_all, add, show_default, show, save, copy, remove],
    before_request=refuse_unknown_parameters,
    tags=["dashboards"],
)

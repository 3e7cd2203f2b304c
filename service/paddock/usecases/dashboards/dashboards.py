"""Dashboards: listed, built, changed by one at a time, copied, and one by default for each device."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from paddock.domain.catalogue import CarCatalogue
from paddock.domain.dashboards import Dashboard, Widget, check_dashboard, default_widgets
from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Equals, Sort
from paddock.usecases.catalogue.catalogue import load_catalogue
from paddock.usecases.context import Context
from paddock.usecases.live.described import cars_of
from paddock.usecases.people.audit import note_act, note_change

_FIELDS = ("name", "owner")
MOST = MAX_PAGE
"""Dashboards of one Paddock."""


def owner_of(principal: Principal) -> str:
    """Whose a dashboard is that this one keeps for themselves."""
    return principal.person or principal.name


async def list_dashboards(context: Context, principal: Principal) -> list[Dashboard]:
    """The team's, and one's own, by name."""
    page = await context.documents.dashboards.find(sort=Sort("name"), limit=MOST)
    return [each for each in page.items if each.owner in ("", owner_of(principal))]


async def get_dashboard(context: Context, dashboard_id: str) -> Dashboard:
    """One of them, also somebody else's: whoever has its link may look.

    Raises:
        NotFound: there is none (code ``no_such_dashboard``).
    """
    found = await context.documents.dashboards.get(dashboard_id)
    if found is None:
        raise _none()
    return found


async def add_dashboard(
    context: Context, principal: Principal, name: str, widgets: Sequence[Widget], *, own: bool
) -> Dashboard:
    """Keep a new one.

    Args:
        own: for oneself; else for the team.

    Raises:
        Rejected: it cannot be (code ``bad_dashboard``), or there are too many (``too_many_dashboards``).
    """
    name = check_dashboard(name, widgets)
    if await context.documents.dashboards.count() >= MOST:
        raise Rejected(f"There are {MOST} dashboards already: delete one first.", code="too_many_dashboards")
    dashboard = Dashboard(
        id=secrets.token_hex(6),
        name=name,
        owner=owner_of(principal) if own else "",
        widgets=tuple(widgets),
        added_at=context.now(),
        added_by=principal.name,
        changed_at=context.now(),
        changed_by=principal.name,
    )
    await context.documents.dashboards.insert(dashboard)
    await note_change(context, principal, "dashboard", None, dashboard, fields=_FIELDS)
    return dashboard


async def save_dashboard(
    context: Context,
    principal: Principal,
    dashboard_id: str,
    name: str,
    widgets: Sequence[Widget],
    *,
    own: bool,
    version: int,
) -> Dashboard:
    """Replace what it has.

    Args:
        version: the one that was changed.

    Raises:
        NotFound: there is none (code ``no_such_dashboard``).
        Conflict: somebody changed it meanwhile (code ``dashboard_changed``).
        Rejected: it cannot be, or is somebody else's (codes ``bad_dashboard``, ``not_yours``).
    """
    name = check_dashboard(name, widgets)
    before = await get_dashboard(context, dashboard_id)
    _check_owner(before, principal)
    owner = owner_of(principal) if own else ""
    changes = {
        "name": name,
        "owner": owner,
        "widgets": tuple(widgets),
        "changed_at": context.now(),
        "changed_by": principal.name,
        "version": version + 1,
    }
    after = await context.documents.dashboards.change(dashboard_id, changes, [Equals("version", version)])
    if after is None:
        by = (await get_dashboard(context, dashboard_id)).changed_by
        raise Conflict(
            f"{by} changed this dashboard meanwhile: keep yours as a copy, or load theirs and repeat your change.",
            code="dashboard_changed",
        )
    await note_change(context, principal, "dashboard", before, after, fields=_FIELDS)
    if before.widgets != after.widgets:
        count = f"{len(after.widgets)} widgets"
        await note_act(context, principal, "dashboard", after.id, after.name, "widgets", after=count)
    return after


async def copy_dashboard(context: Context, principal: Principal, dashboard_id: str, name: str) -> Dashboard:
    """One's own of any dashboard.

    Raises:
        NotFound: there is none (code ``no_such_dashboard``).
        Rejected: the name cannot be (code ``bad_dashboard``).
    """
    original = await get_dashboard(context, dashboard_id)
    return await add_dashboard(context, principal, name or f"{original.name} (copy)", original.widgets, own=False)


async def delete_dashboard(context: Context, principal: Principal, dashboard_id: str) -> None:
    """Remove one for good; the history keeps that it was there.

    Raises:
        NotFound: there is none (code ``no_such_dashboard``).
        Rejected: it is somebody else's (code ``not_yours``).
    """
    dashboard = await get_dashboard(context, dashboard_id)
    _check_owner(dashboard, principal)
    await context.documents.dashboards.delete([Equals("id", dashboard_id)])
    await note_act(context, principal, "dashboard", dashboard.id, dashboard.name, "deleted", before=dashboard.name)


async def default_dashboard(context: Context, device_id: str, name: str) -> Dashboard:
    """What to show of a device where nobody has built anything, by the roles of its signals; it is kept nowhere."""
    signals = context.watching.live.signals(device_id)
    catalogue = CarCatalogue(await load_catalogue(context), (await cars_of(context)).get(device_id, ""))
    roles = catalogue.resolve((signal.name, signal.dtype) for signal in signals)
    others = [catalogue.describe(each.name, each.dtype) for each in signals if each.dtype not in ("bool", "string")]
    widgets = default_widgets(device_id, roles, others)
    return Dashboard(id="", name=name, widgets=widgets, version=0)


def may_change(dashboard: Dashboard, principal: Principal) -> bool:
    """Whether somebody may change it."""
    return dashboard.owner in ("", owner_of(principal))


def _check_owner(dashboard: Dashboard, principal: Principal) -> None:
    if not may_change(dashboard, principal):
        raise Rejected("This dashboard is somebody else's: make a copy of your own.", code="not_yours")


def _none() -> NotFound:
    return NotFound("There is no such dashboard: it may have been deleted.", code="no_such_dashboard")

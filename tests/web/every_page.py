"""Every page that the site has, by its routes: who adds one adds what it is looked at with."""

from __future__ import annotations

import re
from collections.abc import Iterable

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from paddock.domain.bus_database import DatabaseUse
from paddock.domain.principal import LOCAL_USER
from paddock.domain.venues import Course, Line, Place, Venue
from paddock.usecases.buses.databases import add_database
from paddock.usecases.context import Context
from paddock.usecases.dashboards.dashboards import add_dashboard, default_dashboard
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.permission import handlers_of
from tests.readers.can.dbc import SMALL
from tests.web.season import Day


def page_routes(app: Litestar) -> list[str]:
    """The paths of all pages, as their routes have them."""
    return sorted(
        route.path
        for route in app.routes
        for handler in handlers_of(route)
        if isinstance(handler, HTTPRouteHandler)
        and "GET" in handler.http_methods
        and handler.parsed_fn_signature.return_type.is_subclass_of(Page)
    )


async def what_pages_show(context: Context, day: Day) -> dict[str, str]:
    """What stands for each parameter of a page's path, by its name; what is not of the day is made."""
    added = await add_database(context, LOCAL_USER, SMALL.encode(), "car.dbc", DatabaseUse(car="HT09"))
    made = await default_dashboard(context, "ht09", "HT09")
    dashboard = await add_dashboard(context, LOCAL_USER, made.name, made.widgets, own=False)
    gate = Line(Place(42.0665, -84.2415), Place(42.0663, -84.2413))
    course = Course(id="1", name="Endurance", start=gate)
    venue = Venue(id="michigan", name="Michigan", latitude=42.066, longitude=-84.241, courses=(course,))
    await context.documents.venues.insert(venue)
    return {
        "recording_id": day.run,
        "bundle_id": day.bundle,
        "device_id": "ht09",
        "dashboard_id": dashboard.id,
        "database_id": added.database.id,
        "venue_id": venue.id,
    }


def address_of(route: str, shown: dict[str, str]) -> str:
    """An address of a page; a parameter of which nobody says what is shown is a mistake of the tests."""
    return re.sub(r"\{(\w+):\w+\}", lambda found: shown[found[1]], route)


def route_at(routes: Iterable[str], path: str) -> str | None:
    """The route of a path; None where there is none."""
    found = [each for each in routes if re.fullmatch(_pattern(each), path)]
    return min(found, key=lambda each: each.count("{"), default=None)


def _pattern(route: str) -> str:
    return re.sub(r"\\\{\w+:(\w+)\\\}", lambda found: ".*" if found[1] == "path" else "[^/]+", re.escape(route))

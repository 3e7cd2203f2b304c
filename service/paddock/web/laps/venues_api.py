"""``/api/venues``: where the team drives, with the lines that laps are timed by."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from paddock.domain.roles import Permission
from paddock.domain.venues import ReferenceLap
from paddock.usecases.laps.venues import (
    add_venue,
    all_venues,
    change_venue,
    get_venue,
    remove_venue,
    set_reference,
)
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.laps.resources import VenueChange, VenueDraft, VenueList, VenueResource, venue_resource

Id = Annotated[str, PathParameter(description="As in the list.")]


class ReferenceChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which lap others are compared with."""

    course: Annotated[str, Meta(max_length=200, description="Id of the configuration.")]
    reference: Annotated[ReferenceLap | None, Meta(description="Null for none.")]


@get("/", needs=Permission.READ, summary="The venues")
async def list_venues(context: TheContext) -> VenueList:
    """Where the team drives, by name."""
    return VenueList(tuple(venue_resource(each) for each in await all_venues(context)))


@post("/", needs=Permission.EDIT, responses=responses(400, 422), summary="Draw a venue")
async def send_venue(context: TheContext, principal: ThePrincipal, data: JSONBody[VenueDraft]) -> VenueResource:
    """Recordings near it are timed by its lines."""
    return venue_resource(await add_venue(context, principal, data.name, data.courses))


@get("/{venue_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="One venue")
async def show_venue(context: TheContext, venue_id: Id) -> VenueResource:
    """A venue with its configurations and their lines."""
    return venue_resource(await get_venue(context, venue_id))


@put("/{venue_id:str}", needs=Permission.EDIT, responses=responses(400, 404, 409, 422), summary="Change a venue")
async def put_venue(
    context: TheContext, principal: ThePrincipal, venue_id: Id, data: JSONBody[VenueChange]
) -> VenueResource:
    """Name, configurations and lines; its recordings are timed again."""
    changed = await change_venue(context, principal, venue_id, data.name, data.courses, version=data.version)
    return venue_resource(changed)


@put(
    "/{venue_id:str}/reference",
    needs=Permission.EDIT,
    responses=responses(400, 404, 409, 422),
    summary="Choose the reference lap",
)
async def put_reference(
    context: TheContext, principal: ThePrincipal, venue_id: Id, data: JSONBody[ReferenceChoice]
) -> VenueResource:
    """The lap that others on a course are compared with."""
    return venue_resource(await set_reference(context, principal, venue_id, data.course, data.reference))


@delete("/{venue_id:str}", needs=Permission.EDIT, responses=responses(404, 422), summary="Remove a venue")
async def delete_venue(context: TheContext, principal: ThePrincipal, venue_id: Id) -> None:
    """Its recordings are timed again, without its lines."""
    await remove_venue(context, principal, venue_id)


ROUTER = Router(
    "/api/venues",
    route_handlers=[list_venues, send_venue, show_venue, put_venue, put_reference, delete_venue],
    before_request=refuse_unknown_parameters,
    tags=["laps"],
)

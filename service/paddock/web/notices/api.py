"""``/api/notices``: who is told what happens, elsewhere, and what they were told."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from paddock.domain.alerts import Severity
from paddock.domain.instants import to_rfc3339
from paddock.domain.notices import Destination, DestinationKind, Notice, NoticeState, Topic
from paddock.domain.quiet_hours import QuietHours
from paddock.domain.roles import Permission
from paddock.usecases.notices.destinations import (
    add_destination,
    all_destinations,
    change_destination,
    remove_destination,
    try_destination,
)
from paddock.usecases.notices.outbox import find_notices
from paddock.web.kernel.injected import After, Limit, TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.recordings.resources import Instant

DestinationId = Annotated[str, PathParameter(max_length=200, description="As in the list.")]
_Text = Annotated[str, Meta(max_length=4_000)]
_Topics = Annotated[tuple[Topic, ...], Meta(max_length=20)]
_Cars = Annotated[tuple[_Text, ...], Meta(max_length=200)]


class NewDestination(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody to tell."""

    name: Annotated[str, Meta(max_length=2_000, description="For people.", examples=["Pit crew"])]
    kind: Annotated[DestinationKind, Meta(description="How they are told.")]
    address: Annotated[
        str,
        Meta(
            max_length=4_000,
            description="The webhook's address, or an e-mail address. Never shown again but for that.",
            examples=["https://chat.example.org/hooks/abc"],
        ),
    ]
    topics: Annotated[_Topics, Meta(description="What they are told of.")] = (Topic.ALERTS,)
    least: Annotated[Severity, Meta(description="Milder alerts are not told.")] = Severity.WARNING
    cleared: Annotated[bool, Meta(description="Whether the end of an alert is told, too.")] = True
    cars: Annotated[_Cars, Meta(description="Only of these; empty for all.")] = ()
    quiet: Annotated[QuietHours | None, Meta(description="When they are told nothing; then what still holds.")] = (
        None
    )
    on: Annotated[bool, Meta(description="Whether they are told anything.")] = True


class DestinationChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change; what is left out stays."""

    name: Annotated[_Text | UnsetType, Meta(description="For people.")] = UNSET
    kind: Annotated[DestinationKind | UnsetType, Meta(description="How they are told.")] = UNSET
    address: Annotated[_Text | UnsetType, Meta(description="Empty leaves the one that it has.")] = UNSET
    topics: Annotated[_Topics | UnsetType, Meta(description="What they are told of.")] = UNSET
    least: Annotated[Severity | UnsetType, Meta(description="Milder alerts are not told.")] = UNSET
    cleared: Annotated[bool | UnsetType, Meta(description="Whether the end of an alert is told, too.")] = UNSET
    cars: Annotated[_Cars | UnsetType, Meta(description="Only of these; empty for all.")] = UNSET
    quiet: Annotated[QuietHours | UnsetType | None, Meta(description="When they are told nothing.")] = UNSET
    on: Annotated[bool | UnsetType, Meta(description="Whether they are told anything.")] = UNSET


class DestinationResource(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is told."""

    id: Annotated[str, Meta(description="Of this destination.", examples=["3f9a1c0de4b8"])]
    name: Annotated[str, Meta(description="For people.", examples=["Pit crew"])]
    kind: Annotated[DestinationKind, Meta(description="How they are told.")]
    address: Annotated[
        str, Meta(description="As far as it is no secret.", examples=["https://chat.example.org/…abc"])
    ]
    topics: Annotated[tuple[Topic, ...], Meta(description="What they are told of.")]
    least: Annotated[Severity, Meta(description="Milder alerts are not told.")]
    cleared: Annotated[bool, Meta(description="Whether the end of an alert is told, too.")]
    cars: Annotated[tuple[str, ...], Meta(description="Only of these; empty for all.")]
    quiet: Annotated[QuietHours | None, Meta(description="When they are told nothing.")]
    on: Annotated[bool, Meta(description="Whether they are told anything.")]
    changed_at: Instant
    changed_by: Annotated[str, Meta(description="By whom.", examples=["Adam"])]


class DestinationList(msgspec.Struct, frozen=True):
    """All of them in the order in which they were added."""

    items: tuple[DestinationResource, ...]


class NoticeResource(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one destination."""

    id: Annotated[str, Meta(description="Of this notice.")]
    destination: Annotated[str, Meta(description="The destination's id.")]
    event: Annotated[str, Meta(description="The event's id: the same for all who are told of it.")]
    topic: Annotated[Topic, Meta(description="What it is about.")]
    title: Annotated[str, Meta(description="A few words.", examples=["Critical, tires-1"])]
    text: Annotated[str, Meta(description="What happened.")]
    state: Annotated[NoticeState, Meta(description="`waiting → sending → sent`, or why not.")]
    tries: Annotated[int, Meta(description="How often it was handed over.", examples=[1])]
    created_at: Instant
    due_at: Annotated[str, Meta(description="Not before.")]
    sent_at: Annotated[str | None, Meta(description="When it arrived.")]
    error: Annotated[str, Meta(description="Why it did not, as a sentence.")]


class NoticePage(msgspec.Struct, frozen=True):
    """Some notices, the last first."""

    items: tuple[NoticeResource, ...]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


@get("/destinations", needs=Permission.MANAGE_NOTICES, summary="Who is told")
async def list_destinations(context: TheContext) -> DestinationList:
    """And of what."""
    return DestinationList(tuple(map(destination_resource, await all_destinations(context))))


@post(
    "/destinations",
    needs=Permission.MANAGE_NOTICES,
    status_code=201,
    responses=responses(400, 422),
    summary="Tell somebody",
)
async def add(context: TheContext, principal: ThePrincipal, data: JSONBody[NewDestination]) -> DestinationResource:
    """They are told of what happens from now on. Try whether messages arrive with `test`."""
    said = {name: getattr(data, name) for name in data.__struct_fields__}
    return destination_resource(await add_destination(context, principal, Destination(id="", **said)))


@patch(
    "/destinations/{destination_id:str}",
    needs=Permission.MANAGE_NOTICES,
    responses=responses(400, 404, 422),
    summary="Change who is told what",
)
async def change(
    context: TheContext, principal: ThePrincipal, destination_id: DestinationId, data: JSONBody[DestinationChanges]
) -> DestinationResource:
    """What is left out stays."""
    said = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
    return destination_resource(await change_destination(context, principal, destination_id, said))


@delete(
    "/destinations/{destination_id:str}",
    needs=Permission.MANAGE_NOTICES,
    responses=responses(404, 422),
    summary="Tell somebody nothing more",
)
async def remove(context: TheContext, principal: ThePrincipal, destination_id: DestinationId) -> None:
    """Not even what waits."""
    await remove_destination(context, principal, destination_id)


@post(
    "/destinations/{destination_id:str}/test",
    needs=Permission.MANAGE_NOTICES,
    status_code=204,
    responses=responses(404, 422, 503),
    summary="Send a test",
)
async def send_test(context: TheContext, principal: ThePrincipal, destination_id: DestinationId) -> None:
    """Sends a message now; the answer says whether it arrived, and if not why."""
    await try_destination(context, principal, destination_id)


@get("/", needs=Permission.MANAGE_NOTICES, responses=responses(422), summary="What was told")
async def list_notices(
    context: TheContext,
    destination: Annotated[str, QueryParameter(max_length=200, description="Only to this one, by its id.")] = "",
    limit: Limit = 50,
    after: After = None,
) -> NoticePage:
    """The last first, of 30 days. What waits is among them."""
    page = await find_notices(context, destination, limit=limit, after=after)
    return NoticePage(tuple(map(notice_resource, page.items)), page.next)


def destination_resource(destination: Destination) -> DestinationResource:
    """One destination as JSON has it."""
    return DestinationResource(
        id=destination.id,
        name=destination.name,
        kind=destination.kind,
        address=destination.shown_address,
        topics=destination.topics,
        least=destination.least,
        cleared=destination.cleared,
        cars=destination.cars,
        quiet=destination.quiet,
        on=destination.on,
        changed_at=to_rfc3339(destination.changed_at),
        changed_by=destination.changed_by,
    )


def notice_resource(notice: Notice) -> NoticeResource:
    """One notice as JSON has it."""
    return NoticeResource(
        id=notice.id,
        destination=notice.destination,
        event=notice.event.id,
        topic=notice.event.topic,
        title=notice.event.title,
        text=notice.event.text,
        state=notice.state,
        tries=notice.tries,
        created_at=to_rfc3339(notice.created_at),
        due_at=to_rfc3339(notice.due_at),
        sent_at=None if notice.sent_at is None else to_rfc3339(notice.sent_at),
        error=notice.error,
    )


ROUTER = Router(
    "/api/notices",
    route_handlers=[list_destinations, add, change, remove, send_test, list_notices],
    before_request=refuse_unknown_parameters,
    tags=["alerts"],
)

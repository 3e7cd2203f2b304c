"""``/api/users`` and ``/api/audit``: who belongs to the team, and who changed what."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.history import Change
from paddock.domain.instants import to_rfc3339
from paddock.domain.members import MAX_NAME
from paddock.domain.people import SHORTEST_PASSWORD, Person
from paddock.domain.roles import Permission, TeamRole
from paddock.settings import Settings
from paddock.usecases.people import users
from paddock.usecases.people.audit import list_changes
from paddock.web.kernel.injected import (
    After,
    Limit,
    TheContext,
    ThePrincipal,
    TheSettings,
    refuse_unknown_parameters,
)
from paddock.web.kernel.problems import responses

NO_STORE = {"Cache-Control": "no-store"}
"""A link that lets somebody in is in the answer."""

UserId = Annotated[str, PathParameter(max_length=200, description="Of the user: the id, or the name.")]
_Role = Annotated[str, Meta(max_length=40, description="viewer, engineer or admin.", examples=["engineer"])]
_Email = Annotated[
    str, Meta(max_length=2_000, description="To sign in with instead of the name.", examples=["mei@example.org"])
]


class UserResource(msgspec.Struct, frozen=True, kw_only=True):
    """One user."""

    id: str
    name: Annotated[str, Meta(description="As the history has it.", examples=["Mei Lin"])]
    email: Annotated[str, Meta(description="Empty for none.", examples=["mei@example.org"])]
    role: Annotated[TeamRole, Meta(description="What they are to the team.")]
    is_active: Annotated[bool, Meta(description="False once they are disabled.")]
    has_password: Annotated[bool, Meta(description="False until they chose one.")]
    created_at: Annotated[str, Meta(description="RFC 3339, UTC.")]
    created_by: Annotated[str, Meta(description="Who added them.")]
    version: Annotated[int, Meta(description="To be sent with a change.")]


class UserList(msgspec.Struct, frozen=True):
    """All users by name, disabled ones too."""

    items: tuple[UserResource, ...]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A user to add."""

    name: Annotated[
        str, Meta(max_length=2_000, description=f"At most {MAX_NAME} characters; it stays.", examples=["Mei Lin"])
    ]
    email: _Email = ""
    role: _Role = TeamRole.VIEWER.value
    password: Annotated[
        str,
        Meta(
            max_length=2_000,
            description=f"At least {SHORTEST_PASSWORD} characters; empty for one that they choose by the link.",
        ),
    ] = ""


class ChangedUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be another way; what is left out stays."""

    email: _Email | None = None
    role: _Role | None = None
    is_active: Annotated[
        bool | None, Meta(description="False disables them: what they have open ends within a second.")
    ] = None
    version: Annotated[
        Annotated[int, Meta(ge=0, le=2**53)] | None,
        Meta(description="Of the user that was looked at; a 409 if they were changed since."),
    ] = None


class AddedUser(UserResource, frozen=True, kw_only=True):
    """A user who was just added."""

    link: Annotated[
        str | None, Meta(description="Where they choose a password, once; null where one was given.")
    ] = None


class PasswordLink(msgspec.Struct, frozen=True):
    """Where somebody chooses a password, once."""

    link: Annotated[str, Meta(description="For them alone.")]
    expires_at: Annotated[str, Meta(description="RFC 3339, UTC.")]


class ChangeResource(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody changed."""

    at: Annotated[str, Meta(description="RFC 3339, UTC.")]
    principal: Annotated[str, Meta(description="Who.", examples=["Adam"])]
    kind: Annotated[str, Meta(description="Of what was changed.", examples=["recording"])]
    subject: Annotated[str, Meta(description="Its id.")]
    name: Annotated[str, Meta(description="What people called it then; empty for a recording.")]
    field: Annotated[str, Meta(description="Which of its fields, or what was done.", examples=["driver"])]
    before: Annotated[str | None, Meta(description="Null when there was nothing.")]
    after: Annotated[str | None, Meta(description="Null when there is nothing any more.")]


class ChangeList(msgspec.Struct, frozen=True):
    """A page of what was changed, the last first."""

    items: tuple[ChangeResource, ...]
    next: str | None = None


Who = Annotated[
    str | None, QueryParameter(name="person", max_length=200, description="Only what this person changed, by name.")
]
Kind = Annotated[
    str | None, QueryParameter(max_length=40, description="Only on things of this kind, such as `device`.")
]
Subject = Annotated[str | None, QueryParameter(max_length=200, description="Only on the thing with this id.")]


@get("/users", needs=Permission.MANAGE_PEOPLE, responses=responses(401, 403), summary="The users")
async def list_users(context: TheContext) -> UserList:
    """All by name, also those who left."""
    return UserList(tuple(user_resource(person) for person in await users.list_users(context)))


@get("/users/{user:str}", needs=Permission.MANAGE_PEOPLE, responses=responses(401, 403, 404), summary="One user")
async def get_user(context: TheContext, user: UserId) -> UserResource:
    """By id or name."""
    return user_resource(await users.get_user(context, user))


@post(
    "/users",
    needs=Permission.MANAGE_PEOPLE,
    status_code=201,
    responses=responses(400, 401, 403, 409, 422),
    summary="Add a user",
)
async def add_user(
    context: TheContext, principal: ThePrincipal, settings: TheSettings, data: JSONBody[NewUser]
) -> Response[AddedUser]:
    """With the link by which they choose a password, unless one is given. From the first on everybody signs in."""
    added = await users.add_user(
        context, principal, data.name, role=data.role, email=data.email, password=data.password
    )
    link = None
    if not data.password:
        link = link_address(settings, (await users.password_link(context, principal, added.id)).text)
    said = msgspec.structs.asdict(user_resource(added))
    return Response(AddedUser(**said, link=link), status_code=201, headers=NO_STORE)


@patch(
    "/users/{user:str}",
    needs=Permission.MANAGE_PEOPLE,
    responses=responses(400, 401, 403, 404, 409, 422),
    summary="Change a user",
)
async def change_user(
    context: TheContext, principal: ThePrincipal, user: UserId, data: JSONBody[ChangedUser]
) -> UserResource:
    """Another role or address; disabled, or let in again. Users are never deleted: the history has their names."""
    changed = await users.change_user(
        context,
        principal,
        user,
        role=data.role,
        is_active=data.is_active,
        email=data.email,
        version=data.version,
    )
    return user_resource(changed)


@post(
    "/users/{user:str}/link",
    needs=Permission.MANAGE_PEOPLE,
    status_code=201,
    responses=responses(401, 403, 404, 422),
    summary="A link that sets a password",
)
async def make_link(
    context: TheContext, principal: ThePrincipal, settings: TheSettings, user: UserId
) -> Response[PasswordLink]:
    """For who forgot theirs. It works once; the password until now works until then."""
    issued = await users.password_link(context, principal, user)
    made = PasswordLink(link_address(settings, issued.text), to_rfc3339(issued.credential.expires_at))
    return Response(made, status_code=201, headers=NO_STORE)


@get("/audit", needs=Permission.MANAGE_PEOPLE, responses=responses(401, 403, 422), summary="Who changed what")
async def audit(
    context: TheContext,
    person: Who = None,
    kind: Kind = None,
    subject: Subject = None,
    limit: Limit = 50,
    after: After = None,
) -> ChangeList:
    """All that people changed, the last first."""
    page = await list_changes(context, principal=person, kind=kind, subject=subject, limit=limit, after=after)
    return ChangeList(tuple(change_resource(each) for each in page.items), page.next)


def user_resource(person: Person) -> UserResource:
    """What the API says of a user."""
    return UserResource(
        id=person.id,
        name=person.name,
        email=person.email,
        role=person.role,
        is_active=person.is_active,
        has_password=bool(person.password_hash),
        created_at=to_rfc3339(person.created_at),
        created_by=person.created_by,
        version=person.version,
    )


def change_resource(change: Change) -> ChangeResource:
    """What the API says of a change."""
    return ChangeResource(
        at=to_rfc3339(change.at),
        principal=change.principal,
        kind=change.kind,
        subject=change.recording or change.subject,
        name=change.name,
        field=change.field,
        before=change.before,
        after=change.after,
    )


def link_address(settings: Settings, text: str) -> str:
    """Where a one-time link leads."""
    return f"{settings.base_url}/sign-in/link?link={text}"


ROUTER = Router(
    "/api",
    route_handlers=[list_users, get_user, add_user, change_user, make_link, audit],
    before_request=refuse_unknown_parameters,
    tags=["people"],
)

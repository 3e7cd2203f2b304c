"""``/api/members``: who is let in, through the VPN and on the site."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.members import MAX_NAME
from paddock.domain.peers import Entry
from paddock.domain.principal import Principal
from paddock.domain.qr import svg_qr
from paddock.domain.roles import Permission
from paddock.domain.tunnel import Handed, without_comments
from paddock.errors import NotFound
from paddock.ports.vpn import Vpn
from paddock.usecases.context import Context
from paddock.usecases.people import members
from paddock.usecases.people.audit import note_act
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses

NO_STORE = {"Cache-Control": "no-store"}
"""A private key is in the answer."""

Name = Annotated[str, PathParameter(max_length=200, description="Of the member; letter case does not count.")]


class MemberResource(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the peers file."""

    name: Annotated[str, Meta(description="As the history has it.", examples=["Adam"])]
    addresses: Annotated[tuple[str, ...], Meta(description="Or the one network.", examples=[["10.77.0.4"]])]
    key: Annotated[str | None, Meta(description="Of the tunnel, public; null where there is none.")] = None
    last_handshake: Annotated[str | None, Meta(description="RFC 3339, UTC; null where nobody knows.")] = None
    note: Annotated[str, Meta(description="The line's comment.")] = ""


class MemberList(msgspec.Struct, frozen=True):
    """All lines, in the order of the file."""

    items: tuple[MemberResource, ...]


class HandedResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a member gets, once."""

    member: MemberResource
    configuration: Annotated[str, Meta(description="What WireGuard imports.")]
    qr_svg: Annotated[
        str | None, Meta(description="The same for a phone; null where the member keeps the private key.")
    ] = None


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to let in."""

    name: Annotated[str, Meta(max_length=200, description=f"At most {MAX_NAME} characters.", examples=["Mei Lin"])]
    public_key: Annotated[
        str, Meta(max_length=200, description="Of the member, who keeps the private one; empty to make both.")
    ] = ""
    address: Annotated[
        str, Meta(max_length=100, description="In the VPN; empty for the next one that is free.")
    ] = ""


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another key."""

    public_key: Annotated[
        str, Meta(max_length=200, description="Of the member, who keeps the private one; empty to make both.")
    ] = ""


def the_vpn(context: Context) -> Vpn:
    """Whose members somebody is about to see or change: every route of members begins here.

    Raises:
        NotFound: there are no members here (code ``no_members``).
    """
    if context.vpn is None:
        raise NotFound(
            "This Paddock answers its own machine only and has no members: PADDOCK_PEERS_FILE lets others in.",
            code="no_members",
        )
    return context.vpn


@get("/", needs=Permission.MANAGE_MEMBERS, responses=responses(403, 404, 422), summary="Who is let in")
async def list_members(context: TheContext) -> MemberList:
    """All lines of the peers file."""
    found = await asyncio.to_thread(members.list_members, the_vpn(context))
    return MemberList(tuple(member_resource(each) for each in found))


@post(
    "/",
    needs=Permission.MANAGE_MEMBERS,
    responses=responses(400, 403, 404, 409, 422, 503),
    summary="Let somebody in",
)
async def add_member(
    context: TheContext, principal: ThePrincipal, data: JSONBody[NewMember]
) -> Response[HandedResource]:
    """The configuration has the member's private key, which is kept nowhere: hand it on, it is not shown again."""
    handed = await asyncio.to_thread(
        members.add,
        the_vpn(context),
        principal,
        data.name,
        public_key=data.public_key,
        address=data.address or None,
    )
    await note_member(context, principal, handed.member, "created")
    return Response(_handed(handed), status_code=201, headers=NO_STORE)


@post(
    "/{name:str}/rotate",
    needs=Permission.MANAGE_MEMBERS,
    status_code=200,
    responses=responses(400, 403, 404, 409, 422, 503),
    summary="Give a member a new key",
)
async def rotate_key(
    context: TheContext, principal: ThePrincipal, name: Name, data: JSONBody[NewKey]
) -> Response[HandedResource]:
    """The old tunnel ends at once; name and address stay."""
    vpn = the_vpn(context)
    handed = await asyncio.to_thread(members.rotate, vpn, name, public_key=data.public_key)
    await note_member(context, principal, handed.member, "key")
    return Response(_handed(handed), headers=NO_STORE)


@delete(
    "/{name:str}",
    needs=Permission.MANAGE_MEMBERS,
    responses=responses(403, 404, 409, 422, 503),
    summary="Shut a member out",
)
async def remove_member(context: TheContext, principal: ThePrincipal, name: Name) -> None:
    """The tunnel ends at once, and so does what they have open here."""
    for gone in await asyncio.to_thread(members.remove, the_vpn(context), principal, name):
        await note_member(context, principal, gone, "removed")


async def note_member(context: Context, principal: Principal, member: Entry, act: str) -> None:
    """Keep who let in, re-keyed or shut out a member."""
    await note_act(context, principal, "member", member.where, member.name, act, after=member.where)


def member_resource(seen: members.Seen) -> MemberResource:
    """What the API says of a member."""
    entry = seen.entry
    return MemberResource(
        name=entry.name,
        addresses=tuple(entry.where.split(",")),
        key=entry.key or None,
        last_handshake=to_rfc3339(seen.handshake_ns) if seen.handshake_ns else None,
        note=entry.note,
    )


def _handed(handed: Handed) -> HandedResource:
    return HandedResource(
        member=member_resource(members.Seen(handed.member, None)),
        configuration=handed.configuration,
        qr_svg=svg_qr(without_comments(handed.configuration)) if handed.has_private_key else None,
    )


ROUTER = Router(
    "/api/members",
    route_handlers=[list_members, add_member, rotate_key, remove_member],
    before_request=refuse_unknown_parameters,
    tags=["members"],
)

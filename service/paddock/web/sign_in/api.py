"""``/api/login``, ``/api/logout``, ``/api/me`` and ``/api/tokens``: how programs sign in, and as whom."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.credentials import LONGEST_TOKEN_DAYS, Credential, CredentialKind
from paddock.domain.instants import to_rfc3339
from paddock.domain.people import LONGEST_PASSWORD, SHORTEST_PASSWORD
from paddock.domain.roles import PERMISSIONS, Permission, TeamRole
from paddock.usecases.people import sign_in, tokens
from paddock.web.kernel.credential import bearer_of, session_cookie
from paddock.web.kernel.injected import (
    AnyRequest,
    TheContext,
    ThePrincipal,
    TheSettings,
    refuse_unknown_parameters,
)
from paddock.web.kernel.permission import Anyone
from paddock.web.kernel.problems import responses
from paddock.web.sign_in.visitor import session_text, visitor_of

NO_STORE = {"Cache-Control": "no-store"}
_Password = Annotated[str, Meta(max_length=2_000)]
_Role = Annotated[str, Meta(max_length=40, description="viewer, engineer or admin.", examples=["viewer"])]
TokenId = Annotated[str, PathParameter(max_length=64, description="Of the token, as in the list.")]


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs in."""

    name: Annotated[str, Meta(max_length=2_000, description="Or the e-mail address.", examples=["Adam"])]
    password: Annotated[_Password, Meta(description="As chosen.")]


class HandedToken(msgspec.Struct, frozen=True):
    """What goes into the header `Authorization: Bearer …`."""

    token: Annotated[str, Meta(description="Shown this once, and kept nowhere.")]
    expires_at: Annotated[str, Meta(description="RFC 3339, UTC.", examples=["2026-12-07T08:00:00Z"])]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what they may."""

    name: Annotated[str, Meta(description="As the history has it.", examples=["Adam"])]
    kind: Annotated[str, Meta(description="How they were recognised.", examples=["person"])]
    role: Annotated[TeamRole, Meta(description="What they are to the team.")]
    user: Annotated[str | None, Meta(description="The id of the user that they are; null where they are none.")]
    permissions: Annotated[tuple[Permission, ...], Meta(description="What they may.")]


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another password."""

    old: Annotated[_Password, Meta(description="The one until now.")]
    new: Annotated[_Password, Meta(description=f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")]


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A token to make."""

    name: Annotated[str, Meta(max_length=2_000, description="What you call it.", examples=["notebook"])]
    scope: Annotated[
        str,
        Meta(max_length=40, description="The role that it has at most; empty for your own.", examples=["viewer"]),
    ] = ""
    expires_days: Annotated[
        int,
        Meta(
            ge=-(2**53), le=2**53, description=f"Works for so many days, 1 to {LONGEST_TOKEN_DAYS}.", examples=[365]
        ),
    ] = 365


class TokenResource(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token; never its text."""

    id: str
    name: Annotated[str, Meta(description="What its owner calls it.", examples=["notebook"])]
    scope: Annotated[TeamRole, Meta(description="The role that it has at most.")]
    created_at: Annotated[str, Meta(description="RFC 3339, UTC.")]
    expires_at: Annotated[str, Meta(description="RFC 3339, UTC.")]
    last_used_at: Annotated[str | None, Meta(description="RFC 3339, UTC, to a minute; null for never.")]
    last_used_from: Annotated[str, Meta(description="The address; empty for never.")] = ""


class TokenList(msgspec.Struct, frozen=True):
    """One's own tokens."""

    items: tuple[TokenResource, ...]


class MadeToken(TokenResource, frozen=True, kw_only=True):
    """A token that was just made."""

    token: Annotated[str, Meta(description="Shown this once, and kept nowhere.")]


@post(
    "/login",
    needs=Anyone.AT_ALL,
    status_code=200,
    responses=responses(400, 401, 422, 429, 503),
    summary="Sign in, as a program",
)
async def login(request: AnyRequest, context: TheContext, data: JSONBody[Login]) -> Response[HandedToken]:
    """A token for a week. Whether the name or the password is wrong is not told; many tries are answered 429."""
    issued = await sign_in.sign_in(
        context, data.name, data.password, kind=CredentialKind.LOGIN, **visitor_of(request)
    )
    return Response(HandedToken(issued.text, to_rfc3339(issued.credential.expires_at)), headers=NO_STORE)


@post("/logout", needs=Anyone.LET_IN, status_code=204, responses=responses(401, 422), summary="Sign out")
async def logout(
    request: AnyRequest,
    context: TheContext,
    settings: TheSettings,
    principal: ThePrincipal,
    everywhere: Annotated[
        bool, QueryParameter(description="All sessions of this user; without, the one that asks.")
    ] = False,
) -> Response[None]:
    """Ends the session that asks, or all of the user's; API tokens are revoked one by one."""
    if everywhere:
        await sign_in.sign_out_everywhere(context, principal)
    await sign_in.sign_out(context, bearer_of(request.headers) or session_text(request, settings))
    return Response(None, status_code=204, cookies=[session_cookie(settings, "")], headers=NO_STORE)


@get("/me", needs=Anyone.LET_IN, responses=responses(401), summary="Who asks")
async def me(principal: ThePrincipal) -> Me:
    """As whom a request is taken, and what they may."""
    return Me(
        name=principal.name,
        kind=principal.kind.value,
        role=principal.role,
        user=principal.person or None,
        permissions=tuple(each for each in Permission if each in PERMISSIONS[principal.role]),
    )


@put(
    "/me/password",
    needs=Anyone.LET_IN,
    status_code=200,
    responses=responses(400, 401, 403, 422, 429),
    summary="Change one's password",
)
async def change_password(
    request: AnyRequest, context: TheContext, principal: ThePrincipal, data: JSONBody[NewPassword]
) -> Response[HandedToken]:
    """All sessions end, and the answer has a new one."""
    issued = await sign_in.change_password(
        context, principal, data.old, data.new, kind=CredentialKind.LOGIN, **visitor_of(request)
    )
    return Response(HandedToken(issued.text, to_rfc3339(issued.credential.expires_at)), headers=NO_STORE)


@get("/tokens", needs=Anyone.LET_IN, responses=responses(401, 422), summary="One's API tokens")
async def list_tokens(context: TheContext, principal: ThePrincipal) -> TokenList:
    """The one made last first, also those that are over."""
    return TokenList(tuple(token_resource(each) for each in await tokens.list_tokens(context, principal)))


@post(
    "/tokens",
    needs=Anyone.LET_IN,
    status_code=201,
    responses=responses(400, 401, 403, 422),
    summary="Make an API token",
)
async def make_token(context: TheContext, principal: ThePrincipal, data: JSONBody[NewToken]) -> Response[MadeToken]:
    """Its text is in this answer and nowhere else."""
    issued = await tokens.make_token(context, principal, data.name, scope=data.scope, days=data.expires_days)
    shown = msgspec.structs.asdict(token_resource(issued.credential))
    return Response(MadeToken(**shown, token=issued.text), status_code=201, headers=NO_STORE)


@delete("/tokens/{token_id:str}", needs=Anyone.LET_IN, responses=responses(401, 404, 422), summary="Revoke a token")
async def revoke_token(context: TheContext, principal: ThePrincipal, token_id: TokenId) -> None:
    """It lets nobody in any more, and what it has open ends at once. Admins revoke anybody's."""
    await tokens.revoke_token(context, principal, token_id)


def token_resource(token: Credential) -> TokenResource:
    """What the API says of a token."""
    return TokenResource(
        id=token.id,
        name=token.name,
        scope=token.scope,
        created_at=to_rfc3339(token.created_at),
        expires_at=to_rfc3339(token.expires_at),
        last_used_at=to_rfc3339(token.last_used_at) if token.last_used_at else None,
        last_used_from=token.address,
    )


ROUTER = Router(
    "/api",
    route_handlers=[login, logout, me, change_password, list_tokens, make_token, revoke_token],
    before_request=refuse_unknown_parameters,
    tags=["people"],
)

"""Everybody's own page: password, sessions, API tokens. It works without JavaScript."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from paddock.domain.credentials import LONGEST_TOKEN_DAYS
from paddock.domain.people import LONGEST_PASSWORD, SHORTEST_PASSWORD, Person
from paddock.domain.principal import Principal
from paddock.domain.roles import PEOPLE_ROLES, lesser
from paddock.errors import PaddockError, Rejected
from paddock.usecases.context import Context
from paddock.usecases.people import sign_in, tokens
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.credential import session_cookie
from paddock.web.kernel.injected import AnyRequest, TheContext, ThePrincipal, TheSettings
from paddock.web.kernel.pages import form_of, pages
from paddock.web.kernel.permission import Anyone
from paddock.web.kernel.problems import problem_of, wants_page
from paddock.web.people.api import NO_STORE
from paddock.web.sign_in.visitor import program_of, visitor_of


@get("/account", needs=Anyone.LET_IN)
async def account_page(context: TheContext, principal: ThePrincipal) -> Page:
    """Who one is here, and what lets one in."""
    return await _account_page(context, principal)


@post("/account/password", needs=Anyone.LET_IN)
async def change_password_and_return(
    request: AnyRequest, context: TheContext, principal: ThePrincipal, settings: TheSettings
) -> Response[Any]:
    """The form's: all sessions end but a new one of this browser."""
    form = await form_of(request)
    try:
        if form.get("new", "") != form.get("again", ""):
            raise Rejected("The two new ones are not the same.", code="not_the_same")
        issued = await sign_in.change_password(
            context, principal, form.get("old", ""), form.get("new", ""), **visitor_of(request)
        )
    except PaddockError as error:
        return await _refused(request, context, principal, error)
    cookie = session_cookie(settings, issued.text)
    return Redirect("/account", status_code=303, cookies=[cookie], headers=NO_STORE)


@post("/account/sign-out-everywhere", needs=Anyone.LET_IN)
async def sign_out_everywhere_and_return(
    context: TheContext, principal: ThePrincipal, settings: TheSettings
) -> Response[Any]:
    """A button's: every session of this user ends."""
    await sign_in.sign_out_everywhere(context, principal)
    return Redirect("/sign-in", status_code=303, cookies=[session_cookie(settings, "")], headers=NO_STORE)


@post("/account/sessions/{session:str}/end", needs=Anyone.LET_IN)
async def end_session_and_return(
    request: AnyRequest, context: TheContext, principal: ThePrincipal, session: FromPath[str]
) -> Response[Any]:
    """A row's."""
    try:
        await sign_in.end_session(context, principal, session)
    except PaddockError as error:
        return await _refused(request, context, principal, error)
    return Redirect("/account", status_code=303)


@post("/account/tokens/add", needs=Anyone.LET_IN, status_code=200)
async def make_token_and_show(request: AnyRequest, context: TheContext, principal: ThePrincipal) -> Response[Any]:
    """The form's: the page with the token, shown this once."""
    form = await form_of(request)
    days = form.get("days", "")
    try:
        issued = await tokens.make_token(
            context,
            principal,
            form.get("name", ""),
            scope=form.get("scope", ""),
            days=int(days) if days.isascii() and days.isdecimal() and len(days) < 10 else 0,
        )
    except PaddockError as error:
        return await _refused(request, context, principal, error)
    page = await _account_page(context, principal, made=issued.text)
    page.headers.update(NO_STORE)
    return page


@post("/account/tokens/{token:str}/revoke", needs=Anyone.LET_IN)
async def revoke_token_and_return(
    request: AnyRequest, context: TheContext, principal: ThePrincipal, token: FromPath[str]
) -> Response[Any]:
    """A row's: it lets nobody in any more."""
    try:
        await tokens.revoke_token(context, principal, token)
    except PaddockError as error:
        return await _refused(request, context, principal, error)
    return Redirect("/account", status_code=303)


async def _refused(
    request: AnyRequest, context: Context, principal: Principal, error: PaddockError
) -> Response[Any]:
    if not wants_page(request):
        raise error
    page = await _account_page(context, principal, refusal=error.message)
    status = problem_of(error).status
    page.status_code = 403 if status == 401 else status
    return page


async def _account_page(context: Context, principal: Principal, *, made: str = "", refusal: str = "") -> Page:
    person: Person | None = None
    if principal.person:
        person = await sign_in.person_of(context, principal)
    return Page(
        "people/account.html",
        principal=principal,
        person=person,
        sessions=await sign_in.sessions_of(context, principal) if person else [],
        tokens=await tokens.list_tokens(context, principal) if person else [],
        scopes=[role for role in PEOPLE_ROLES if person and lesser(role, person.role) is role],
        now=context.now(),
        program=program_of,
        made=made,
        refusal=refusal,
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
        longest_days=LONGEST_TOKEN_DAYS,
    )


ROUTER = pages(
    account_page,
    change_password_and_return,
    sign_out_everywhere_and_return,
    end_session_and_return,
    make_token_and_show,
    revoke_token_and_return,
)

"""The members page: who is let in, and letting in, re-keying and shutting out. It works without JavaScript."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from paddock.domain.members import server_addresses
from paddock.domain.principal import Principal
from paddock.domain.qr import svg_qr
from paddock.domain.roles import Permission
from paddock.domain.tunnel import Handed, without_comments
from paddock.errors import NotFound, PaddockError
from paddock.usecases.context import Context
from paddock.usecases.people import members
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import AnyRequest, TheContext, ThePrincipal
from paddock.web.kernel.pages import form_of, pages
from paddock.web.kernel.permission import Anyone
from paddock.web.kernel.problems import problem_of
from paddock.web.members.api import NO_STORE, note_member, the_vpn


@get("/members", needs=Permission.MANAGE_MEMBERS)
async def members_page(context: TheContext, principal: ThePrincipal) -> Page:
    """Everybody who is let in."""
    return await _page(context, principal)


@post("/members/add", needs=Permission.MANAGE_MEMBERS, status_code=200)
async def add_and_show(request: AnyRequest, context: TheContext, principal: ThePrincipal) -> Response[Any]:
    """The form's: the page with the new member's tunnel, shown this once."""
    vpn = the_vpn(context)
    form = await form_of(request)
    key, name = form.get("public_key", ""), form.get("name", "")
    return await _handed(
        context, principal, form, "created", lambda: members.add(vpn, principal, name, public_key=key.strip())
    )


@post("/members/rotate", needs=Permission.MANAGE_MEMBERS, status_code=200)
async def rotate_and_show(request: AnyRequest, context: TheContext, principal: ThePrincipal) -> Response[Any]:
    """A row's: the page with the member's new tunnel, shown this once."""
    vpn = the_vpn(context)
    form = await form_of(request)
    return await _handed(context, principal, {}, "key", lambda: members.rotate(vpn, form.get("name", "")))


@post("/members/remove", needs=Permission.MANAGE_MEMBERS)
async def remove_and_return(request: AnyRequest, context: TheContext, principal: ThePrincipal) -> Response[Any]:
    """A row's: the page without the member."""
    vpn = the_vpn(context)
    name = (await form_of(request)).get("name", "")
    try:
        removed = await asyncio.to_thread(members.remove, vpn, principal, name)
    except PaddockError as error:
        return await _refused(context, principal, error, {})
    for gone in removed:
        await note_member(context, principal, gone, "removed")
    return Redirect("/members", status_code=303)


@get("/ca.crt", needs=Anyone.AT_ALL, include_in_schema=False)
async def authority(context: TheContext) -> Response[str]:
    """The certificate that members' browsers are to trust; a phone that opens it offers to install it."""
    text = await asyncio.to_thread(context.vpn.authority) if context.vpn is not None else None
    if text is None:
        raise NotFound("This site has no certificate of its own authority.", code="no_certificate")
    return Response(text, media_type="application/x-x509-ca-cert")


async def _handed(
    context: Context, principal: Principal, form: dict[str, str], done: str, act: Callable[[], Handed]
) -> Response[Any]:
    try:
        handed = await asyncio.to_thread(act)
    except PaddockError as error:
        return await _refused(context, principal, error, form)
    await note_member(context, principal, handed.member, done)
    page = await _page(context, principal, handed=handed)
    page.headers.update(NO_STORE)
    return page


async def _refused(
    context: Context, principal: Principal, error: PaddockError, form: dict[str, str]
) -> Response[Any]:
    page = await _page(context, principal, refusal=error.message, form=form)
    page.status_code = problem_of(error).status
    return page


async def _page(
    context: Context,
    principal: Principal,
    *,
    handed: Handed | None = None,
    refusal: str = "",
    form: dict[str, str] | None = None,
) -> Page:
    vpn, found = context.vpn, []
    if vpn is not None:
        try:
            found = await asyncio.to_thread(members.list_members, vpn)
        except PaddockError as error:  # of the file: who was let in before still is, and somebody has to mend it
            refusal = refusal or error.message
    return Page(
        "members/members.html",
        principal=principal,
        rows=found,
        has_members=vpn is not None,
        handed=handed,
        qr=svg_qr(without_comments(handed.configuration)) if handed and handed.has_private_key else "",
        refusal=refusal,
        form=form or {},
        has_authority=vpn is not None and await asyncio.to_thread(vpn.authority) is not None,
        server=server_addresses(vpn.plan.networks)[0] if vpn is not None else "",
    )


ROUTER = pages(members_page, add_and_show, rotate_and_show, remove_and_return, authority)

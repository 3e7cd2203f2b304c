"""The pages of users and of what everybody changed, for admins. They work without JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from paddock.domain.history import RECORDING, Change
from paddock.domain.instants import to_rfc3339
from paddock.domain.people import MAX_EMAIL, Person
from paddock.domain.principal import Principal
from paddock.domain.roles import PEOPLE_ROLES, Permission
from paddock.errors import PaddockError
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import STARTED
from paddock.usecases.people import users
from paddock.usecases.people.audit import list_changes
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import After, AnyRequest, TheContext, ThePrincipal, TheSettings
from paddock.web.kernel.pages import form_of, pages
from paddock.web.kernel.problems import problem_of, wants_page
from paddock.web.people.api import NO_STORE, link_address

PAGE_SIZE = 100


@dataclass(frozen=True)
class Shown:
    """A link that is shown this once, and for whom."""

    name: str
    link: str
    is_new: bool


@get("/people", needs=Permission.MANAGE_PEOPLE)
async def people_page(context: TheContext, principal: ThePrincipal) -> Page:
    """Everybody with their role, also those who left."""
    return await _people_page(context, principal)


@post("/people/add", needs=Permission.MANAGE_PEOPLE, status_code=200)
async def add_and_show(
    request: AnyRequest, context: TheContext, principal: ThePrincipal, settings: TheSettings
) -> Response[Any]:
    """The form's: the page with the new user's link, shown this once."""
    form = await form_of(request)

    async def act() -> Shown:
        added = await users.add_user(
            context, principal, form.get("name", ""), role=form.get("role", ""), email=form.get("email", "")
        )
        return await _link(context, principal, settings, added.id, is_new=True)

    return await _done(request, context, principal, act, form)


@post("/people/{user:str}/link", needs=Permission.MANAGE_PEOPLE, status_code=200)
async def link_and_show(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    settings: TheSettings,
    user: FromPath[str],
) -> Response[Any]:
    """A row's: the page with a link that sets a password, shown this once."""

    async def act() -> Shown:
        return await _link(context, principal, settings, user, is_new=False)

    return await _done(request, context, principal, act, {})


@post("/people/{user:str}/change", needs=Permission.MANAGE_PEOPLE)
async def change_and_return(
    request: AnyRequest, context: TheContext, principal: ThePrincipal, user: FromPath[str]
) -> Response[Any]:
    """A row's: another role, another address, disabled or let in again."""
    form = await form_of(request)
    active = {"yes": True, "no": False}.get(form.get("active", ""))
    try:
        await users.change_user(
            context, principal, user, role=form.get("role"), email=form.get("email"), is_active=active
        )
    except PaddockError as error:
        return await _refused(request, context, principal, error, {})
    return Redirect("/people", status_code=303)


@get("/audit", needs=Permission.MANAGE_PEOPLE)
async def audit_page(
    context: TheContext,
    principal: ThePrincipal,
    person: Annotated[str, QueryParameter(max_length=200)] = "",
    kind: Annotated[str, QueryParameter(max_length=40)] = "",
    after: After = None,
) -> Page:
    """Who changed what and when, the last first."""
    found = await list_changes(context, principal=person or None, kind=kind or None, limit=PAGE_SIZE, after=after)
    names = [each.name for each in await users.list_users(context)]
    facet = await context.documents.history.facet("principal", limit=200)
    return Page(
        "people/audit.html",
        principal=principal,
        changes=found.items,
        where=address_of,
        said=said,
        names=sorted({*names, *(str(name) for name, _ in facet)}, key=str.casefold),
        kinds=sorted({RECORDING, *(str(each) for each, _ in await context.documents.history.facet("kind"))}),
        person=person,
        kind=kind,
        next=found.next,
        after=after,
    )


def address_of(change: Change) -> str:
    """Where what was changed is on the site; empty where it has no page of its own."""
    if change.kind == RECORDING:
        return f"/recordings/{change.recording[:16]}"
    return ""


def said(change: Change, value: str) -> str:
    """A value as people read it."""
    return to_rfc3339(int(value)) if (change.kind, change.field) == (RECORDING, STARTED) else value


async def _link(context: Context, principal: Principal, settings: Settings, user: str, *, is_new: bool) -> Shown:
    issued = await users.password_link(context, principal, user)
    person = await users.get_user(context, user)
    return Shown(person.name, link_address(settings, issued.text), is_new)


async def _done(
    request: AnyRequest,
    context: Context,
    principal: Principal,
    act: Callable[[], Awaitable[Shown]],
    form: dict[str, str],
) -> Response[Any]:
    try:
        shown = await act()
    except PaddockError as error:
        return await _refused(request, context, principal, error, form)
    page = await _people_page(context, principal, shown=shown)
    page.headers.update(NO_STORE)
    return page


async def _refused(
    request: AnyRequest, context: Context, principal: Principal, error: PaddockError, form: dict[str, str]
) -> Response[Any]:
    if not wants_page(request):
        raise error
    page = await _people_page(context, principal, refusal=error.message, form=form)
    page.status_code = problem_of(error).status
    return page


async def _people_page(
    context: Context,
    principal: Principal,
    *,
    shown: Shown | None = None,
    refusal: str = "",
    form: dict[str, str] | None = None,
) -> Page:
    found: list[Person] = await users.list_users(context)
    return Page(
        "people/people.html",
        principal=principal,
        people=[each for each in found if each.is_active],
        left=[each for each in found if not each.is_active],
        roles=PEOPLE_ROLES,
        shown=shown,
        refusal=refusal,
        form=form or {},
        max_email=MAX_EMAIL,
    )


ROUTER = pages(people_page, add_and_show, link_and_show, change_and_return, audit_page)

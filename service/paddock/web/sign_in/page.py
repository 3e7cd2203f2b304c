"""The sign-in page, and that of a one-time link. Both work without JavaScript."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import QueryParameter
from litestar.response import Redirect

from paddock.domain.people import LONGEST_PASSWORD, MAX_EMAIL, SHORTEST_PASSWORD
from paddock.domain.principal import Principal, PrincipalKind
from paddock.errors import PaddockError
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.people import sign_in
from paddock.usecases.people.admission import has_people
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.credential import session_cookie
from paddock.web.kernel.injected import AnyRequest, TheContext, ThePrincipal, TheSettings
from paddock.web.kernel.pages import form_of, pages
from paddock.web.kernel.permission import Anyone
from paddock.web.kernel.problems import problem_of
from paddock.web.sign_in.visitor import own_page, session_text, visitor_of

NO_STORE = {"Cache-Control": "no-store"}

_Text = Annotated[str, QueryParameter(max_length=2_000)]


@get("/sign-in", needs=Anyone.AT_ALL)
async def sign_in_page(
    context: TheContext,
    principal: ThePrincipal,
    next_page: Annotated[str, QueryParameter(name="next", max_length=20_000)] = "/",
) -> Response[Any]:
    """Name and password; who is signed in already goes on."""
    if principal.kind is PrincipalKind.PERSON:
        return Redirect(own_page(next_page), status_code=303)
    return await _sign_in_page(context, principal, next_page)


@post("/sign-in", needs=Anyone.AT_ALL)
async def sign_in_and_go_on(
    request: AnyRequest, context: TheContext, settings: TheSettings, principal: ThePrincipal
) -> Response[Any]:
    """The form's: a new session, whatever the browser had before."""
    form = await form_of(request)
    name, wanted = form.get("name", ""), form.get("next", "/")
    try:
        issued = await sign_in.sign_in(
            context,
            name,
            form.get("password", ""),
            instead_of=session_text(request, settings),
            **visitor_of(request),
        )
    except PaddockError as error:
        page = await _sign_in_page(context, principal, wanted, refusal=error.message, name=name)
        return _as_refused(page, error)
    return _signed_in(settings, issued.text, own_page(wanted))


@post("/sign-out", needs=Anyone.AT_ALL)
async def sign_out_and_return(request: AnyRequest, context: TheContext, settings: TheSettings) -> Response[Any]:
    """A button's: this session ends, others go on."""
    await sign_in.sign_out(context, session_text(request, settings))
    return Redirect("/sign-in", status_code=303, cookies=[session_cookie(settings, "")], headers=NO_STORE)


@get("/sign-in/link", needs=Anyone.AT_ALL)
async def link_page(context: TheContext, principal: ThePrincipal, link: _Text) -> Page:
    """What a one-time link opens. To look uses it up for nobody: programs that preview links do that."""
    return await _link_page(context, principal, link)


@post("/sign-in/link", needs=Anyone.AT_ALL)
async def use_link_and_go_on(
    request: AnyRequest, context: TheContext, settings: TheSettings, principal: ThePrincipal
) -> Response[Any]:
    """The form's: the password is set, and whoever set it is signed in."""
    form = await form_of(request)
    text, password = form.get("link", ""), form.get("password", "")
    name, email = form.get("name", ""), form.get("email", "")
    refusal: PaddockError | None = None
    if password != form.get("again", ""):
        page = await _link_page(context, principal, text, refusal="The two are not the same.", form=form)
        page.status_code = 422
        return page
    try:
        issued = await sign_in.use_link(context, text, password, name=name, email=email, **visitor_of(request))
    except PaddockError as error:
        refusal = error
    if refusal is not None:
        page = await _link_page(context, principal, text, refusal=refusal.message, form=form)
        return _as_refused(page, refusal)
    return _signed_in(settings, issued.text, "/")


def _signed_in(settings: Settings, text: str, page: str) -> Response[Any]:
    return Redirect(page, status_code=303, cookies=[session_cookie(settings, text)], headers=NO_STORE)


def _as_refused(page: Page, error: PaddockError) -> Page:
    # 401 would have a browser ask for a password of its own kind; this page asks already.
    status = problem_of(error).status
    page.status_code = 403 if status == 401 else status
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        page.headers["Retry-After"] = str(retry_after_s)
    return page


async def _sign_in_page(
    context: Context, principal: Principal, wanted: str, *, refusal: str = "", name: str = ""
) -> Page:
    page = Page(
        "sign_in/sign_in.html",
        principal=principal,
        next=own_page(wanted),
        refusal=refusal,
        name=name,
        has_people=await has_people(context),
    )
    page.headers.update(NO_STORE)
    return page


async def _link_page(
    context: Context,
    principal: Principal,
    link: str,
    *,
    refusal: str = "",
    form: dict[str, str] | None = None,
) -> Page:
    _, person = await sign_in.link_of(context, link)
    page = Page(
        "sign_in/link.html",
        principal=principal,
        link=link,
        person=person,
        refusal=refusal,
        form=form or {},
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
        max_email=MAX_EMAIL,
    )
    page.headers.update(NO_STORE)
    return page


ROUTER = pages(sign_in_page, sign_in_and_go_on, sign_out_and_return, link_page, use_link_and_go_on)

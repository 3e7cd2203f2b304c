"""The page of the team's CAN databases."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from paddock.domain.roles import Permission
from paddock.usecases.buses.databases import decode_anew, outdated_count, retire_database
from paddock.usecases.buses.decoding import all_databases
from paddock.usecases.buses.versions import compare_versions
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages


@get("/databases", needs=Permission.READ)
async def databases_page(context: TheContext, principal: ThePrincipal) -> Page:
    """All databases, and how many recordings they would decode otherwise; ``databases.js`` sends a file."""
    databases = await all_databases(context)
    return Page(
        "databases/databases.html",
        principal=principal,
        databases=[each for each in databases if each.retired_at is None],
        retired=[each for each in databases if each.retired_at is not None],
        outdated=await outdated_count(context),
    )


@get("/databases/{database_id:str}", needs=Permission.READ)
async def database_page(context: TheContext, principal: ThePrincipal, database_id: FromPath[str]) -> Page:
    """One version: what it changes, and how many recordings it would decode anew."""
    return Page(
        "databases/database.html",
        principal=principal,
        comparison=await compare_versions(context, database_id),
        outdated=await outdated_count(context),
    )


@post("/databases/decode", needs=Permission.CONVERT)
async def decode_and_show(context: TheContext, principal: ThePrincipal) -> Redirect:
    """The button's form: the jobs that it asked for."""
    await decode_anew(context, principal)
    return Redirect("/jobs", status_code=303)


@post("/databases/{database_id:str}/retire", needs=Permission.EDIT_CATALOGUE)
async def retire_and_show(context: TheContext, principal: ThePrincipal, database_id: FromPath[str]) -> Redirect:
    """A button's form."""
    await retire_database(context, principal, database_id)
    return Redirect("/databases", status_code=303)


ROUTER = pages(databases_page, database_page, decode_and_show, retire_and_show)

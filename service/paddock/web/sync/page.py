"""The page on which people choose between what two Paddocks say. It works without JavaScript."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from paddock.domain.questions import Keep
from paddock.domain.recording_names import check_id_prefix
from paddock.domain.roles import Permission
from paddock.usecases.sync.questions import answer
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TeamFields, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.sync.choices import choices, waiting_for_sync


@get("/sync", needs=Permission.READ)
async def sync_page(context: TheContext, principal: ThePrincipal, team_fields: TeamFields) -> Page:
    """Where this Paddock and another one say different things."""
    return Page(
        "sync/sync.html",
        principal=principal,
        choices=await choices(context, team_fields),
        chosen=await waiting_for_sync(context),
    )


@post("/sync/{question_id:str}/{keep:str}", needs=Permission.EDIT)
async def choose_and_show(
    context: TheContext,
    principal: ThePrincipal,
    question_id: FromPath[str],
    keep: FromPath[Keep],
    recording: FromQuery[str] = "",
) -> Redirect:
    """A button's form: back to the page it was on."""
    await answer(context, principal, question_id, keep)
    return Redirect(f"/recordings/{check_id_prefix(recording)}" if recording else "/sync", status_code=303)


ROUTER = pages(sync_page, choose_and_show)

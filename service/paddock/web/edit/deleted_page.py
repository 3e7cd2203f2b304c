"""What was deleted, and bringing it back."""

from __future__ import annotations

from urllib.parse import urlencode

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from paddock.domain.roles import Permission
from paddock.usecases.edit.delete import restore_recordings
from paddock.usecases.find.search import Search, search_recordings
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import After, TeamFields, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.recordings.answers import summarise

PAGE_SIZE = 50


@get("/deleted", needs=Permission.READ)
async def deleted_page(
    context: TheContext, principal: ThePrincipal, team_fields: TeamFields, after: After = None
) -> Page:
    """What was deleted, the last first; each can be restored."""
    page = await search_recordings(context, Search(deleted=True), limit=PAGE_SIZE, after=after)
    return Page(
        "edit/deleted.html",
        principal=principal,
        columns=team_fields.columns,
        items=await summarise(context, page.items),
        next_href=f"/deleted?{urlencode({'after': page.next})}" if page.next else None,
        unsettled=False,
    )


@post("/recordings/{recording_id:str}/restore", needs=Permission.DELETE)
async def restore_and_show(context: TheContext, principal: ThePrincipal, recording_id: FromPath[str]) -> Redirect:
    """The restore button's form, which works without JavaScript."""
    await restore_recordings(context, principal, [recording_id])
    return Redirect(f"/recordings/{recording_id}", status_code=303)


ROUTER = pages(deleted_page, restore_and_show)

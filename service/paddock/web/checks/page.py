"""The page of checklists, and the buttons by which recordings are checked."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from paddock.domain.catalogue_defaults import Role
from paddock.domain.principal import may
from paddock.domain.roles import Permission
from paddock.usecases.checks.asking import ask_all_checks, ask_checks
from paddock.usecases.checks.lists import all_checklists
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.web.checks.resources import checklist_resource
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages


@get("/checklists", needs=Permission.READ)
async def checklists_page(context: TheContext, principal: ThePrincipal) -> Page:
    """All checklists; ``checklists.js`` adds, changes and tries them over the API that programs use."""
    return Page(
        "checks/checklists.html",
        principal=principal,
        checklists=[checklist_resource(each) for each in await all_checklists(context)],
        roles=[role for role in Role if role is not Role.NONE],
        may_edit=may(principal, Permission.EDIT_CHECKLISTS),
    )


@post("/checklists/run", needs=Permission.EDIT_CHECKLISTS)
async def check_every(context: TheContext, principal: ThePrincipal) -> Redirect:
    """The button's form, which works without scripts."""
    await ask_all_checks(context, principal.name, every_recording=True)
    return Redirect("/jobs", status_code=303)


@post("/recordings/{recording_id:str}/checks", needs=Permission.EDIT_CHECKLISTS)
async def check_one(context: TheContext, principal: ThePrincipal, recording_id: FromPath[str]) -> Redirect:
    """Checks one recording; its page follows the check."""
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    await ask_checks(context, recording, asked_by=principal.name)
    return Redirect(f"/recordings/{recording.short_id}#checks", status_code=303)


ROUTER = pages(checklists_page, check_every, check_one)

"""``/api/checklists``: rules that every run has to meet; ``/api/recordings/{id}/checks``: what came of them."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter

from paddock.domain.checklists import ChecklistText
from paddock.domain.roles import Permission
from paddock.usecases.checks.asking import ask_all_checks, ask_checks
from paddock.usecases.checks.lists import (
    add_checklist,
    all_checklists,
    change_checklist,
    get_checklist,
    remove_checklist,
)
from paddock.usecases.checks.preview import ask_preview, get_preview, stop_preview
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.web.checks.resources import (
    ChecklistList,
    ChecklistPreviewResource,
    ChecklistResource,
    ChecksResource,
    checklist_resource,
    checks_of,
    preview_resource,
)
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.recordings.api import Prefix

Id = Annotated[str, PathParameter(max_length=200, description="As in the list.")]


@get("/", needs=Permission.READ, summary="The checklists")
async def list_checklists(context: TheContext) -> ChecklistList:
    """All of them, by name."""
    return ChecklistList(tuple(map(checklist_resource, await all_checklists(context))))


@post(
    "/",
    needs=Permission.EDIT_CHECKLISTS,
    status_code=201,
    responses=responses(400, 409, 422),
    summary="Add a checklist",
)
async def add(context: TheContext, principal: ThePrincipal, data: JSONBody[ChecklistText]) -> ChecklistResource:
    """Every log of its cars that comes in from now on is checked; try it on past recordings before."""
    return checklist_resource(await add_checklist(context, principal, data))


@get("/{checklist_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="One checklist")
async def show(context: TheContext, checklist_id: Id) -> ChecklistResource:
    """With its rules."""
    return checklist_resource(await get_checklist(context, checklist_id))


@put(
    "/{checklist_id:str}",
    needs=Permission.EDIT_CHECKLISTS,
    responses=responses(400, 404, 409, 422),
    summary="Change a checklist",
)
async def change(
    context: TheContext,
    principal: ThePrincipal,
    checklist_id: Id,
    data: JSONBody[ChecklistText],
    version: Annotated[
        int | None,
        QueryParameter(ge=1, le=2**53, description="Of the checklist that was looked at; another is 409."),
    ] = None,
) -> ChecklistResource:
    """All that it says, anew: another version. What was checked by the one before is checked again."""
    return checklist_resource(await change_checklist(context, principal, checklist_id, data, version=version))


@delete(
    "/{checklist_id:str}",
    needs=Permission.EDIT_CHECKLISTS,
    responses=responses(404, 422),
    summary="Remove a checklist",
)
async def remove(context: TheContext, principal: ThePrincipal, checklist_id: Id) -> None:
    """What it found goes as well."""
    await remove_checklist(context, principal, checklist_id)


@post(
    "/preview",
    needs=Permission.EDIT_CHECKLISTS,
    status_code=202,
    responses=responses(400, 422),
    summary="Try a checklist on past recordings",
)
async def try_checklist(
    context: TheContext, principal: ThePrincipal, data: JSONBody[ChecklistText]
) -> ChecklistPreviewResource:
    """Begins to look, the newest recording first; nothing is kept of it. Ask for it until it is `done`."""
    return preview_resource(await ask_preview(context, principal, data))


@get(
    "/previews/{preview_id:str}",
    needs=Permission.READ,
    responses=responses(404, 422),
    summary="A checklist's trial",
)
async def show_preview(context: TheContext, preview_id: Id) -> ChecklistPreviewResource:
    """What it has found so far; it ends after ten minutes, with `looked` below `total`."""
    return preview_resource(await get_preview(context, preview_id))


@delete(
    "/previews/{preview_id:str}",
    needs=Permission.EDIT_CHECKLISTS,
    responses=responses(422),
    summary="Stop a checklist's trial",
)
async def stop(context: TheContext, preview_id: Id) -> None:
    """Nobody wants it any more. What it has found stays for a week."""
    await stop_preview(context, preview_id)


@post("/run", needs=Permission.EDIT_CHECKLISTS, status_code=202, summary="Check all recordings")
async def check_every(context: TheContext, principal: ThePrincipal) -> None:
    """Also those that came before there were checklists, the newest first, in the background."""
    await ask_all_checks(context, principal.name, every_recording=True)


@get("/checks", needs=Permission.READ, responses=responses(404, 409, 422), summary="The checks of a recording")
async def show_checks(context: TheContext, recording_id: Prefix) -> ChecksResource:
    """What came of the team's checklists, rule by rule, each moment with a link to its plot."""
    recording = await get_recording(context, recording_id)
    return await checks_of(context, recording)


@post(
    "/checks",
    needs=Permission.EDIT_CHECKLISTS,
    status_code=202,
    responses=responses(404, 409, 422),
    summary="Check a recording",
)
async def check_one(context: TheContext, principal: ThePrincipal, recording_id: Prefix) -> None:
    """By today's checklists, in the background; what is known by these already stays as it is."""
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    await ask_checks(context, recording, asked_by=principal.name)


_LISTS = Router(
    "/checklists",
    route_handlers=[
        list_checklists,
        add,
        show,
        change,
        remove,
        try_checklist,
        show_preview,
        stop,
        check_every,
    ],
)
_OF_RECORDING = Router("/recordings/{recording_id:str}", route_handlers=[show_checks, check_one])
ROUTER = Router(
    "/api",
    route_handlers=[_LISTS, _OF_RECORDING],
    before_request=refuse_unknown_parameters,
    tags=["checklists"],
)

"""``/api/worksheets``: saved arrangements of plots, and what they are on a recording."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.catalogue_defaults import Role
from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.domain.worksheets import MAX_PLOTS, MAX_SIGNALS, Worksheet
from paddock.usecases.look.worksheets import all_worksheets, open_worksheet, remove_worksheet, save_worksheet
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.recordings.resources import ID_EXAMPLE, Instant

Id = Annotated[str, PathParameter(description="As in the list.")]
_Plot = Annotated[list[Annotated[str, Meta(max_length=2_000)]], Meta(max_length=MAX_SIGNALS * 2)]
_Plots = Annotated[list[_Plot], Meta(max_length=MAX_PLOTS * 2, description="Names of signals, plot by plot.")]


class WorksheetResource(msgspec.Struct, frozen=True, kw_only=True):
    """One arrangement of plots."""

    id: str
    name: Annotated[str, Meta(examples=["Brakes"])]
    plots: Annotated[
        tuple[tuple[str, ...], ...], Meta(description="The signals of each plot as the team knows them.")
    ]
    roles: Annotated[tuple[tuple[Role, ...], ...], Meta(description="What each of these is for.")]
    is_default: Annotated[bool, Meta(description="Whether pages of recordings begin with it.")]
    changed_at: Instant
    changed_by: Annotated[str, Meta(examples=["Adam"])]
    version: Annotated[int, Meta(description="To be sent along when it is replaced.")]


class WorksheetList(msgspec.Struct, frozen=True):
    """All of the team, by name."""

    items: tuple[WorksheetResource, ...]


class SavedWorksheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Plots as they are on a recording, to be kept."""

    name: Annotated[str, Meta(max_length=2_000, examples=["Brakes"])]
    recording: Annotated[
        str,
        Meta(
            max_length=200,
            description="Whose signals these are; empty where the names are the team's own.",
            examples=[ID_EXAMPLE],
        ),
    ]
    plots: _Plots
    roles: Annotated[
        list[Annotated[list[Role], Meta(max_length=MAX_SIGNALS * 2)]],
        Meta(max_length=MAX_PLOTS * 2, description="Without a recording: what each signal is for."),
    ] = []
    is_default: bool = False
    version: Annotated[int, Meta(ge=0, le=2**53, description="Of the one that is replaced.")] = 0


class OpenedWorksheet(msgspec.Struct, frozen=True):
    """A worksheet on one recording."""

    worksheet: WorksheetResource
    plots: Annotated[tuple[tuple[str, ...], ...], Meta(description="The recording's own names.")]
    missing: Annotated[tuple[str, ...], Meta(description="Signals that it has nothing for.")]


@get("/", needs=Permission.READ, summary="The worksheets")
async def list_worksheets(context: TheContext) -> WorksheetList:
    """Saved arrangements of plots, which open on any recording."""
    return WorksheetList(tuple(worksheet_resource(each) for each in await all_worksheets(context)))


@post("/", needs=Permission.EDIT_DASHBOARDS, responses=responses(400, 404, 422), summary="Save a worksheet")
async def add_worksheet(
    context: TheContext, principal: ThePrincipal, data: JSONBody[SavedWorksheet]
) -> WorksheetResource:
    """Signals are kept by the team's names and roles, so that it fits other cars."""
    saved = await save_worksheet(
        context, principal, data.name, data.recording, data.plots, roles=data.roles, is_default=data.is_default
    )
    return worksheet_resource(saved)


@put(
    "/{worksheet_id:str}",
    needs=Permission.EDIT_DASHBOARDS,
    responses=responses(400, 404, 409, 422),
    summary="Replace a worksheet",
)
async def replace_worksheet(
    context: TheContext, principal: ThePrincipal, worksheet_id: Id, data: JSONBody[SavedWorksheet]
) -> WorksheetResource:
    """Refused when somebody else changed it since ``version``."""
    saved = await save_worksheet(
        context,
        principal,
        data.name,
        data.recording,
        data.plots,
        roles=data.roles,
        is_default=data.is_default,
        worksheet_id=worksheet_id,
        version=data.version,
    )
    return worksheet_resource(saved)


@get(
    "/{worksheet_id:str}",
    needs=Permission.READ,
    responses=responses(404, 409, 422),
    summary="A worksheet on a recording",
)
async def show_worksheet(
    context: TheContext,
    worksheet_id: Id,
    recording: Annotated[str, QueryParameter(max_length=200, description="On which one.", examples=[])],
) -> OpenedWorksheet:
    """By name, by what the catalogue knows a signal as, then by role; what is missing is named."""
    worksheet, fitted = await open_worksheet(context, worksheet_id, recording)
    return OpenedWorksheet(worksheet_resource(worksheet), fitted.plots, fitted.missing)


@delete(
    "/{worksheet_id:str}",
    needs=Permission.EDIT_DASHBOARDS,
    responses=responses(404, 422),
    summary="Remove a worksheet",
)
async def drop_worksheet(context: TheContext, principal: ThePrincipal, worksheet_id: Id) -> None:
    """Links to plots that were made from it go on working."""
    await remove_worksheet(context, principal, worksheet_id)


def worksheet_resource(worksheet: Worksheet) -> WorksheetResource:
    """One arrangement as JSON has it."""
    return WorksheetResource(
        id=worksheet.id,
        name=worksheet.name,
        plots=tuple(tuple(each.name for each in plot) for plot in worksheet.plots),
        roles=tuple(tuple(each.role for each in plot) for plot in worksheet.plots),
        is_default=worksheet.is_default,
        changed_at=to_rfc3339(worksheet.changed_at),
        changed_by=worksheet.changed_by,
        version=worksheet.version,
    )


ROUTER = Router(
    "/api/worksheets",
    route_handlers=[list_worksheets, add_worksheet, replace_worksheet, show_worksheet, drop_worksheet],
    before_request=refuse_unknown_parameters,
    tags=["Plots"],
)

"""``/api/recordings/{id}/setup``, ``/api/setups`` and ``/api/setup-fields``: how the car was set up."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.names import content_disposition
from paddock.domain.roles import Permission
from paddock.domain.setup_fields import SetupFieldValues
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.setups.book import BookEntry, setup_book
from paddock.usecases.setups.compare import compare_setups
from paddock.usecases.setups.fields import (
    add_setup_field,
    change_setup_field,
    load_setup_fields,
    remove_setup_field,
)
from paddock.usecases.setups.sheets import LAST, save_setup, setup_of
from paddock.web.edit.api import Version
from paddock.web.find.search_parameters import WITH_METADATA, FieldsOperation, Said
from paddock.web.kernel.injected import (
    After,
    Limit,
    TeamFields,
    TheContext,
    ThePrincipal,
    refuse_unknown_parameters,
)
from paddock.web.kernel.problems import responses
from paddock.web.recordings.api import Prefix
from paddock.web.setups.csv import book_csv
from paddock.web.setups.resources import (
    ComparisonResource,
    RunResource,
    SetupFieldResource,
    SheetResource,
    comparison_resource,
    field_resource,
    run_resource,
    sheet_resource,
)

_Text = Annotated[str, Meta(max_length=2_000)]
_Number = Annotated[float, Meta(ge=-1e300, le=1e300)]
Name = Annotated[str, PathParameter(description="As in the list.")]


class SetupEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is entered on a sheet; all else stays."""

    values: Annotated[
        dict[Annotated[str, Meta(max_length=100)], _Number | _Text | None],
        Meta(
            max_length=200,
            description="By field; null or an empty text takes a value away.",
            examples=[{"spring_front": 37.5}],
        ),
    ] = {}
    copy_from: Annotated[
        str,
        Meta(
            max_length=100,
            description="What a run without a sheet begins with: `last` for the run of the car before, empty for a "
            "blank sheet, or the id of a recording, whose sheet is then copied also over one that is there.",
        ),
    ] = LAST
    version: Version = None


class NewSetupField(SetupFieldValues, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A field to add."""

    name: Annotated[
        str,
        Meta(
            description="In programs and in addresses; empty for the one that the label suggests.",
            examples=["damper_front"],
            max_length=1_000,
        ),
    ] = ""


class SetupFieldList(msgspec.Struct, frozen=True):
    """All fields in the order of forms."""

    items: tuple[SetupFieldResource, ...]


class BookEntryResource(RunResource, frozen=True, kw_only=True):
    """One run of the setup book."""

    changed: Annotated[
        tuple[str, ...],
        Meta(description="Fields that are otherwise than in the car's run before.", examples=[["spring_front"]]),
    ]


class Book(msgspec.Struct, frozen=True):
    """Runs that have a sheet, the latest start first."""

    items: tuple[BookEntryResource, ...]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


@get("/", needs=Permission.READ, responses=responses(404, 409, 422), summary="The setup sheet of a run")
async def show_setup(context: TheContext, recording_id: Prefix) -> SheetResource:
    """Its values beside those of the car's run before, and what is otherwise."""
    return sheet_resource(await setup_of(context, await get_recording(context, recording_id)))


@put("/", needs=Permission.EDIT, responses=responses(400, 404, 409, 422), summary="Fill or change a setup sheet")
async def put_setup(
    context: TheContext, principal: ThePrincipal, recording_id: Prefix, data: JSONBody[SetupEdit]
) -> SheetResource:
    """A first sheet begins as a copy of the car's run before, so that only what was changed is entered.

    With `version`, a concurrent edit of the same field answers 409 `edited_meanwhile` with both values in
    `differences`, whose fields are `setup.spring_front` and so on.
    """
    recording = await save_setup(
        context, principal, recording_id, data.values, copy_from=data.copy_from, version=data.version
    )
    return sheet_resource(await setup_of(context, recording))


@get(
    "/",
    needs=Permission.READ,
    responses=responses(422),
    summary="The setup book",
    dependencies=WITH_METADATA,
    operation_class=FieldsOperation,
)
async def list_setups(context: TheContext, said: Said, limit: Limit = 50, after: After = None) -> Book:
    """All runs that have a sheet, each with what was changed for it."""
    book = await setup_book(context, metadata=said, limit=limit, after=after)
    items = tuple(_entry(entry, run_resource(entry.recording, book.fields)) for entry in book.entries)
    return Book(items, book.next)


@get(
    "/csv",
    needs=Permission.READ,
    responses=responses(422),
    summary="The setup book as CSV",
    dependencies=WITH_METADATA,
    operation_class=FieldsOperation,
)
async def setups_as_csv(context: TheContext, team_fields: TeamFields, said: Said) -> Response[str]:
    """A row per run with a sheet, the latest start first, at most 500; a column per field."""
    text = book_csv(await setup_book(context, metadata=said, limit=500), team_fields)
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition("setups.csv")},
    )


@get("/compare", needs=Permission.READ, responses=responses(404, 409, 422), summary="Compare setups")
async def show_comparison(
    context: TheContext,
    recordings: Annotated[
        str, QueryParameter(max_length=2_000, description="Two to ten ids, `a3f9c210,b1c2d3e4`.", examples=[])
    ],
    only: Annotated[bool, QueryParameter(description="Leave out what is the same in all of them.")] = False,
) -> ComparisonResource:
    """What the sheets say beside each other, and what the logs themselves say of the car's configuration."""
    ids = [each.strip() for each in recordings.split(",") if each.strip()]
    return comparison_resource(await compare_setups(context, ids), only_differing=only)


@get("/", needs=Permission.READ, summary="The fields of setup sheets")
async def list_fields(context: TheContext) -> SetupFieldList:
    """Those that every team begins with, as this one has them, then its own."""
    fields = await load_setup_fields(context)
    return SetupFieldList(tuple(map(field_resource, fields)))


@post(
    "/",
    needs=Permission.EDIT_CATALOGUE,
    status_code=201,
    responses=responses(400, 409, 422),
    summary="Add a field to setup sheets",
)
async def add_field(
    context: TheContext, principal: ThePrincipal, data: JSONBody[NewSetupField]
) -> SetupFieldResource:
    """A 409 says that there is one of this name. One that was removed comes back with its values."""
    said = msgspec.structs.asdict(data)
    name = said.pop("name")
    return field_resource(await add_setup_field(context, principal, SetupFieldValues(**said), name=name))


@put(
    "/{name:str}",
    needs=Permission.EDIT_CATALOGUE,
    responses=responses(400, 404, 422),
    summary="Change a field of setup sheets",
)
async def change_field(
    context: TheContext, principal: ThePrincipal, name: Name, data: JSONBody[SetupFieldValues]
) -> SetupFieldResource:
    """Label, unit, kind, choices, group and column anew. What sheets say already stays as it is."""
    return field_resource(await change_setup_field(context, principal, name, data))


@delete(
    "/{name:str}",
    needs=Permission.EDIT_CATALOGUE,
    responses=responses(404, 422),
    summary="Remove a field of setup sheets",
)
async def remove_field(context: TheContext, principal: ThePrincipal, name: Name) -> None:
    """Takes it out of forms and lists. What sheets say stays."""
    await remove_setup_field(context, principal, name)


def _entry(entry: BookEntry, run: RunResource) -> BookEntryResource:
    return BookEntryResource(**msgspec.structs.asdict(run), changed=tuple(entry.changes))


ROUTER = Router(
    "/api",
    route_handlers=[
        Router("/recordings/{recording_id:str}/setup", route_handlers=[show_setup, put_setup]),
        Router("/setups", route_handlers=[list_setups, setups_as_csv, show_comparison]),
        Router("/setup-fields", route_handlers=[list_fields, add_field, change_field, remove_field]),
    ],
    before_request=refuse_unknown_parameters,
    tags=["setup sheets"],
)

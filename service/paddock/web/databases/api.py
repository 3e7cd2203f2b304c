"""``/api/databases``: the team's CAN databases, and which recordings they decode."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.bus_database import MAX_FILE_BYTES, BusDatabase, DatabaseUse
from paddock.domain.database_changes import ChangeKind
from paddock.domain.instants import to_rfc3339
from paddock.domain.names import content_disposition
from paddock.domain.roles import Permission
from paddock.usecases.buses.databases import (
    add_database,
    database_content,
    decode_anew,
    outdated_count,
    retire_database,
)
from paddock.usecases.buses.decoding import all_databases
from paddock.usecases.buses.versions import compare_versions
from paddock.web.edit.files_api import body_of
from paddock.web.kernel.injected import AnyRequest, TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses

Id = Annotated[str, PathParameter(description="As in the list.")]
_Text = 2_000


class DatabaseResource(msgspec.Struct, frozen=True, kw_only=True):
    """One CAN database of the team."""

    id: Annotated[str, Meta(description="Of this file for this use.", examples=["3f9a1c0de4b87a52"])]
    name: Annotated[str, Meta(description="Of the file.", examples=["car.dbc"])]
    sha256: Annotated[str, Meta(description="Of the file's bytes.")]
    car: Annotated[str, Meta(description="Decodes only logs of this car; empty for all.", examples=["HT09"])]
    bus: Annotated[str, Meta(description="Decodes only this bus of logs; empty for all.", examples=["can0"])]
    valid_from: Annotated[str, Meta(description="First day of logs that it decodes.", examples=["2026-03-01"])]
    valid_until: Annotated[str, Meta(description="Last such day.", examples=["2026-08-31"])]
    note: Annotated[str, Meta(description="Why it is there.", examples=["new BMS firmware"])]
    messages: Annotated[int, Meta(description="How many messages it knows.", examples=[30])]
    signals: Annotated[int, Meta(description="How many signals these have.", examples=[180])]
    notices: Annotated[tuple[str, ...], Meta(description="Lines that cannot be read, as sentences.")]
    added_at: Annotated[str, Meta(description="When it was added.", examples=["2026-04-18T14:32:00Z"])]
    added_by: Annotated[str, Meta(description="By whom.", examples=["adam"])]
    retired: Annotated[bool, Meta(description="Whether it decodes nothing new any more.")]


class DatabaseList(msgspec.Struct, frozen=True):
    """All of them, the last added first."""

    items: tuple[DatabaseResource, ...]
    outdated: Annotated[
        int, Meta(description="How many recordings other databases would decode today than decoded them.")
    ]


class AddedResource(msgspec.Struct, frozen=True):
    """A database that was added."""

    database: DatabaseResource
    converted: Annotated[
        int, Meta(description="How many recordings are converted now, because their frames were only bytes.")
    ]
    renamed: Annotated[
        tuple[str, ...], Meta(description="Signals whose names before are aliases in the signal catalogue now.")
    ]


class ChangeResource(msgspec.Struct, frozen=True):
    """One difference between two versions."""

    kind: Annotated[ChangeKind, Meta(description="What became of it.")]
    name: Annotated[str, Meta(description="The message or signal now.", examples=["Engine.EngineSpeed"])]
    was: Annotated[str, Meta(description="Its name before; empty where it is new.", examples=["Engine.Rpm"])]
    sentence: Annotated[str, Meta(examples=["Engine.Rpm is called Engine.EngineSpeed now."])]


class ComparisonResource(msgspec.Struct, frozen=True):
    """A database beside the version before it."""

    database: DatabaseResource
    before: Annotated[DatabaseResource | None, Meta(description="Null for the first of its car and bus.")]
    changes: tuple[ChangeResource, ...]
    outdated: Annotated[int, Meta(description="How many recordings would be decoded otherwise today.")]


class DecodedAnew(msgspec.Struct, frozen=True):
    """What was asked for."""

    converted: Annotated[int, Meta(description="How many recordings are converted again.")]


@get("/", needs=Permission.READ, summary="The CAN databases")
async def list_databases(context: TheContext) -> DatabaseList:
    """Which files decode the frames of CAN logs, for which car, bus and days."""
    items = tuple(database_resource(each) for each in await all_databases(context))
    return DatabaseList(items, await outdated_count(context))


@post(
    "/",
    needs=Permission.EDIT_CATALOGUE,
    status_code=201,
    request_max_body_size=MAX_FILE_BYTES,
    responses=responses(400, 413, 422),
    summary="Add a CAN database",
)
async def send_database(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    name: Annotated[str, QueryParameter(max_length=1_000, description="The file's name.", examples=[])],
    car: Annotated[str, QueryParameter(max_length=_Text, description="Only for logs of this car.")] = "",
    bus: Annotated[str, QueryParameter(max_length=_Text, description="Only for this bus of logs.")] = "",
    valid_from: Annotated[str, QueryParameter(max_length=_Text, description="First day, `2026-03-01`.")] = "",
    valid_until: Annotated[str, QueryParameter(max_length=_Text, description="Last day.")] = "",
    note: Annotated[str, QueryParameter(max_length=_Text, description="Why it is there.")] = "",
) -> AddedResource:
    """The body is the DBC file as it is. Recordings that waited for it are converted by themselves."""
    content = b"".join([piece async for piece in body_of(request)])
    use = DatabaseUse(car=car, bus=bus, valid_from=valid_from, valid_until=valid_until, note=note)
    added = await add_database(context, principal, content, name, use)
    return AddedResource(database_resource(added.database), added.converted, added.renamed)


@get(
    "/{database_id:str}/file",
    needs=Permission.READ,
    responses=responses(404, 422),
    summary="Download the file of a database",
)
async def download_database(context: TheContext, database_id: Id) -> Response[bytes]:
    """The bytes as they were added."""
    database, content = await database_content(context, database_id)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": content_disposition(database.name)},
    )


@get(
    "/{database_id:str}/changes",
    needs=Permission.READ,
    responses=responses(404, 422),
    summary="What a database changes",
)
async def show_changes(
    context: TheContext,
    database_id: Id,
    before: Annotated[
        str, QueryParameter(max_length=_Text, description="Another one; the version before it without.")
    ] = "",
) -> ComparisonResource:
    """Signals and messages that were added, removed, renamed, rescaled or moved, in words."""
    found = await compare_versions(context, database_id, before)
    return ComparisonResource(
        database_resource(found.database),
        None if found.before is None else database_resource(found.before),
        tuple(ChangeResource(each.kind, each.name, each.was, each.sentence) for each in found.changes),
        await outdated_count(context),
    )


@delete(
    "/{database_id:str}",
    needs=Permission.EDIT_CATALOGUE,
    responses=responses(404, 422),
    summary="Retire a CAN database",
)
async def retire(context: TheContext, principal: ThePrincipal, database_id: Id) -> None:
    """It decodes nothing new any more. What it decoded stays, and so does its file."""
    await retire_database(context, principal, database_id)


@post("/decode", needs=Permission.CONVERT, status_code=200, responses=responses(422), summary="Decode anew")
async def decode(context: TheContext, principal: ThePrincipal) -> DecodedAnew:
    """Converts all recordings again whose frames other databases would decode today; old files stay."""
    return DecodedAnew(await decode_anew(context, principal))


def database_resource(database: BusDatabase) -> DatabaseResource:
    """One database as JSON has it."""
    use = database.use
    return DatabaseResource(
        id=database.id,
        name=database.name,
        sha256=database.sha256,
        car=use.car,
        bus=use.bus,
        valid_from=use.valid_from,
        valid_until=use.valid_until,
        note=use.note,
        messages=database.message_count,
        signals=database.signal_count,
        notices=database.notices,
        added_at=to_rfc3339(database.added_at),
        added_by=database.added_by,
        retired=database.retired_at is not None,
    )


ROUTER = Router(
    "/api/databases",
    route_handlers=[list_databases, send_database, download_database, show_changes, retire, decode],
    before_request=refuse_unknown_parameters,
    tags=["CAN databases"],
)

"""``/api/fields``: the metadata fields that recordings have, and those that the team adds."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from paddock.domain.fields import Field
from paddock.domain.own_fields import OwnFieldValues, team_fields
from paddock.domain.roles import Permission
from paddock.usecases.catalogue.fields import add_field, change_field, own_fields, remove_field
from paddock.usecases.context import Context
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses

Name = Annotated[str, PathParameter(description="As in the list.")]


class NewField(OwnFieldValues, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A field to add."""

    name: Annotated[
        str,
        Meta(
            description="In the API, in MATLAB and in addresses; empty for the one that the label suggests.",
            examples=["tyre_set"],
            max_length=1_000,
        ),
    ] = ""


class FieldResource(msgspec.Struct, frozen=True, kw_only=True):
    """One metadata field of recordings."""

    name: Annotated[str, Meta(description="In `metadata`, as a filter, in `meta.run`.", examples=["tyre_set"])]
    label: Annotated[str, Meta(description="What pages call it.", examples=["Tyre set"])]
    choices: Annotated[
        tuple[str, ...], Meta(description="The only values that it may have; empty for any text.")
    ] = ()
    column: Annotated[bool, Meta(description="Whether it is a column of the list.")]
    filter: Annotated[bool, Meta(description="Whether recordings are searched and sorted by it.")]
    max_length: Annotated[int, Meta(description="Characters of a value.", examples=[200])]
    own: Annotated[bool, Meta(description="Whether the team added it, and may change and remove it.")]


class FieldList(msgspec.Struct, frozen=True):
    """All fields in the order of forms."""

    items: tuple[FieldResource, ...]


@get("/", needs=Permission.READ, summary="The metadata fields")
async def list_fields(context: TheContext) -> FieldList:
    """Those that every team has, then those that this one added."""
    return FieldList(await field_resources(context))


@post(
    "/", needs=Permission.EDIT_CATALOGUE, status_code=201, responses=responses(400, 409, 422), summary="Add a field"
)
async def add(context: TheContext, principal: ThePrincipal, data: JSONBody[NewField]) -> FieldResource:
    """Give all recordings a further field. A 409 says that there is one of this name."""
    said = OwnFieldValues(label=data.label, choices=data.choices, column=data.column)
    added = await add_field(context, principal, said, name=data.name)
    return field_resource(added.row(1), own=True)


@put(
    "/{name:str}",
    needs=Permission.EDIT_CATALOGUE,
    responses=responses(400, 404, 422),
    summary="Change a field of the team",
)
async def change(
    context: TheContext, principal: ThePrincipal, name: Name, data: JSONBody[OwnFieldValues]
) -> FieldResource:
    """Label, choices and column anew. Values that recordings have already stay as they are."""
    changed = await change_field(context, principal, name, data)
    return field_resource(changed.row(1), own=True)


@delete(
    "/{name:str}",
    needs=Permission.EDIT_CATALOGUE,
    responses=responses(404, 422),
    summary="Remove a field of the team",
)
async def remove(context: TheContext, principal: ThePrincipal, name: Name) -> None:
    """Takes it out of forms and filters. What recordings say stays, and counts again once it is added again."""
    await remove_field(context, principal, name)


async def field_resources(context: Context) -> tuple[FieldResource, ...]:
    """All fields as JSON has them."""
    own = await own_fields(context)
    added = {field.id for field in own}
    return tuple(field_resource(field, own=field.name in added) for field in team_fields(own))


def field_resource(field: Field, *, own: bool) -> FieldResource:
    """One field as JSON has it."""
    return FieldResource(
        name=field.name,
        label=field.label,
        choices=field.choices,
        column=field.column > 0,
        filter=field.is_short,
        max_length=field.max_length,
        own=own,
    )


ROUTER = Router(
    "/api/fields",
    route_handlers=[list_fields, add, change, remove],
    before_request=refuse_unknown_parameters,
    tags=["metadata fields"],
)

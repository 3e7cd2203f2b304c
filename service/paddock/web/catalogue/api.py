"""``/api/catalogue``: the team's signal catalogue, as entries and as ``signals.toml``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, Router, get, post, put
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from paddock.domain.catalogue import MAX_ENTRIES, Catalogue, Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.catalogue_toml import MAX_TOML_BYTES
from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.usecases.catalogue.catalogue import (
    EntryChange,
    change_entries,
    load_catalogue,
    move_entry,
    save_catalogue,
)
from paddock.usecases.catalogue.unknown_names import Sighting, unknown_names
from paddock.usecases.maths.catalogue_file import export_file, import_file
from paddock.web.kernel.conditional import Conditional
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.partial import Fields, Partial, only
from paddock.web.kernel.problems import responses

MAX_BODY_BYTES = 2 * MAX_TOML_BYTES
"""TOML inside JSON: quotes and line ends take two characters there."""
TOML = "application/toml"

Version = Annotated[
    int, Meta(ge=0, le=2**53, description="Of the catalogue that was changed; 0 for the first.", examples=[7])
]


class CatalogueResource(msgspec.Struct, frozen=True, kw_only=True):
    """All entries, in the order in which they are preferred for a role."""

    version: Version
    changed_at: Annotated[str | None, Meta(description="RFC 3339, UTC; null as long as nobody has.")] = None
    changed_by: Annotated[str, Meta(description="Who changed it last.", examples=["Adam"])] = ""
    signals: Annotated[tuple[Entry, ...], Meta(description="What the team says of its signals.")] = ()


class Replacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All entries anew."""

    version: Version
    signals: Annotated[
        tuple[Entry, ...],
        Meta(description="All entries.", examples=[[{"name": "VNData.x"}]], max_length=MAX_ENTRIES),
    ]


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some entries added, replaced or removed."""

    version: Version
    changes: Annotated[
        tuple[EntryChange, ...],
        Meta(
            description="`entry` without `position` adds, `position` without `entry` removes.",
            examples=[[{"entry": {"name": "VNData.vn_vel_m_s.x", "unit": "m/s"}}]],
            max_length=MAX_ENTRIES,
        ),
    ]


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry put elsewhere."""

    version: Version
    position: Annotated[int, Meta(ge=-(2**53), le=2**53, description="Of the entry, from 0.", examples=[3])]
    to: Annotated[int, Meta(ge=-(2**53), le=2**53, description="Its position afterwards.", examples=[0])]


class TomlImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that replaces all entries."""

    version: Version
    toml: Annotated[
        str,
        Meta(
            description="The text of a `signals.toml`.",
            examples=['[[signals]]\nname = "VNData.x"'],
            max_length=MAX_TOML_BYTES,
        ),
    ]


class UnknownResource(msgspec.Struct, frozen=True, kw_only=True):
    """A name that the catalogue does not know, and what it looks like."""

    name: Annotated[str, Meta(description="Topic and field path.", examples=["VNData.vn_vel_m_s.x"])]
    dtype: Annotated[str, Meta(description="Arrow's word for the type in the log.", examples=["float"])]
    label: Annotated[str, Meta(description="Guessed.", examples=["Vn vel x"])]
    unit: Annotated[str, Meta(description="Guessed; empty when nothing tells.", examples=["m/s"])]
    role: Annotated[Role, Meta(description="Guessed.")]
    why: Annotated[str, Meta(description="Why that is guessed.")]
    recording: Annotated[str, Meta(description="The newest recording that has it.")]
    car: Annotated[str, Meta(description="Of that recording.", examples=["HT09"])]


class UnknownPage(msgspec.Struct, frozen=True):
    """Names of the newest recordings; those that look like a role come first."""

    total: Annotated[int, Meta(description="How many there are.", examples=[412])]
    items: tuple[UnknownResource, ...]


@get("/", needs=Permission.READ, responses=responses(503), summary="The signal catalogue")
async def show_catalogue(context: TheContext) -> CatalogueResource:
    """All entries with the version that a change has to name."""
    return _resource(await load_catalogue(context))


@put("/", needs=Permission.EDIT_CATALOGUE, responses=responses(400, 409, 413, 422), summary="Replace the catalogue")
async def replace_catalogue(
    context: TheContext, principal: ThePrincipal, data: JSONBody[Replacement]
) -> CatalogueResource:
    """Replace all entries. A 409 says that somebody else changed it since `version`."""
    return _resource(await save_catalogue(context, principal, data.signals, version=data.version))


@post(
    "/changes",
    needs=Permission.EDIT_CATALOGUE,
    status_code=200,
    responses=responses(400, 409, 413, 422),
    summary="Change some entries",
)
async def change_catalogue(
    context: TheContext, principal: ThePrincipal, data: JSONBody[Changes]
) -> CatalogueResource:
    """Add, replace and remove entries in one step: all of it is done, or nothing."""
    return _resource(await change_entries(context, principal, data.changes, version=data.version))


@post(
    "/move",
    needs=Permission.EDIT_CATALOGUE,
    status_code=200,
    responses=responses(400, 409, 422),
    summary="Move an entry",
)
async def move_in_catalogue(
    context: TheContext, principal: ThePrincipal, data: JSONBody[Move]
) -> CatalogueResource:
    """Put an entry above or below others: of several signals for one role the upper one counts."""
    return _resource(await move_entry(context, principal, data.position, data.to, version=data.version))


@get("/signals.toml", needs=Permission.READ, responses=responses(503), summary="Export the catalogue")
async def export_toml(context: TheContext) -> Response[str]:
    """The catalogue as a file that people read, edit and keep in Git."""
    headers = {"Content-Disposition": 'attachment; filename="signals.toml"'}
    return Conditional(await export_file(context), media_type=TOML, headers=headers)


@post(
    "/import",
    needs=Permission.EDIT_CATALOGUE,
    status_code=200,
    responses=responses(400, 409, 413, 422),
    summary="Import a catalogue",
)
async def import_toml(
    context: TheContext, principal: ThePrincipal, data: JSONBody[TomlImport]
) -> CatalogueResource:
    """Replace all entries by those of a file. What is wrong with it is said with its line."""
    return _resource(await import_file(context, principal, data.toml, version=data.version))


@get("/unknown", needs=Permission.READ, responses=responses(422), summary="Names that the catalogue does not know")
async def list_unknown(
    context: TheContext,
    limit: Annotated[int, QueryParameter(ge=1, le=5_000, description="How many names at most.")] = 500,
    fields: Fields = "",
) -> UnknownPage | Partial:
    """The names that the newest recordings have and the catalogue has not, with a guess for each."""
    found = await unknown_names(context)
    whole = UnknownPage(len(found), tuple(_unknown(sighting) for sighting in found[:limit]))
    return only(whole, fields, items=UnknownResource)


def _resource(catalogue: Catalogue) -> CatalogueResource:
    return CatalogueResource(
        version=catalogue.version,
        changed_at=to_rfc3339(catalogue.changed_at) if catalogue.version else None,
        changed_by=catalogue.changed_by,
        signals=catalogue.signals,
    )


def _unknown(sighting: Sighting) -> UnknownResource:
    unknown = sighting.unknown
    return UnknownResource(
        name=unknown.name,
        dtype=unknown.dtype,
        label=unknown.guess.label,
        unit=unknown.guess.unit,
        role=unknown.guess.role,
        why=unknown.guess.why,
        recording=sighting.recording,
        car=sighting.car,
    )


ROUTER = Router(
    "/api/catalogue",
    route_handlers=[
        show_catalogue,
        replace_catalogue,
        change_catalogue,
        move_in_catalogue,
        export_toml,
        import_toml,
        list_unknown,
    ],
    before_request=refuse_unknown_parameters,
    request_max_body_size=MAX_BODY_BYTES,
    tags=["signal catalogue"],
)

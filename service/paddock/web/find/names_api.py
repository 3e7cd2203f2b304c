"""``/api/signal-names``, ``/api/topics`` and ``/api/metadata-values``: to complete what somebody types."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter
from msgspec import Meta

from paddock.domain.roles import Permission
from paddock.usecases.catalogue.signal_names import all_topics, complete_name, labels_of
from paddock.usecases.find.facets import known_values
from paddock.web.kernel.injected import Limit, TeamFields, TheContext, refuse_unknown_parameters
from paddock.web.kernel.problems import responses


class NameResource(msgspec.Struct, frozen=True):
    """A name that a signal has in some recording."""

    name: Annotated[str, Meta(description="Topic and field path.", examples=["VNData.vn_gps.lat"])]
    topic: Annotated[str, Meta(description="The topic alone.", examples=["VNData"])]
    dtype: Annotated[str, Meta(description="Arrow's word for its type.", examples=["float"])]
    label: Annotated[str, Meta(description="What the team's catalogue calls it.", examples=["Ground speed"])] = ""


@get("/signal-names", needs=Permission.READ, responses=responses(422), summary="Complete a signal's name")
async def signal_names(
    context: TheContext,
    q: Annotated[str, QueryParameter(max_length=300, description="The beginning, or words from inside.")] = "",
    limit: Limit = 20,
) -> tuple[NameResource, ...]:
    """Names that begin so, then those that hold every word or have it in their label, over all recordings."""
    found = await complete_name(context, q, limit=limit)
    labels = await labels_of(context)
    return tuple(NameResource(name.id, name.topic, name.dtype, labels.get(name.search, "")) for name in found)


@get("/topics", needs=Permission.READ, summary="All topics")
async def topics(context: TheContext) -> tuple[str, ...]:
    """Every topic that some recording had signals on."""
    return tuple(await all_topics(context))


@get("/metadata-values", needs=Permission.READ, summary="Values that metadata fields have")
async def metadata_values(context: TheContext, team_fields: TeamFields) -> dict[str, tuple[str, ...]]:
    """By field, the most frequent first: to complete what somebody types. Spellings of one value are one."""
    return await known_values(context, team_fields)


ROUTER = Router(
    "/api",
    route_handlers=[signal_names, topics, metadata_values],
    before_request=refuse_unknown_parameters,
    tags=["signals"],
)

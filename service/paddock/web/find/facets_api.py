"""``/api/recordings/facets``: what a search can be narrowed to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import Provide
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from paddock.domain.fields import EVERY_TEAMS
from paddock.domain.roles import Permission
from paddock.usecases.find.facets import count_facets
from paddock.web.find.search_parameters import SearchOperation, TheSearch, search_of
from paddock.web.kernel.injected import TeamFields, TheContext
from paddock.web.kernel.problems import responses


class FacetValueResource(msgspec.Struct, frozen=True):
    """One value and how many recordings have it."""

    value: Annotated[
        str, Meta(description="To search for; empty where nobody filled the field.", examples=["Adam"])
    ]
    count: Annotated[int, Meta(description="How many recordings a search for it as well finds.", examples=[412])]


Values = Annotated[tuple[FacetValueResource, ...], Meta(description="At most 50, and the empty one at the end.")]


class FacetsResource(msgspec.Struct, frozen=True):
    """The values of each facet, the most frequent first; those that differ in case or spaces only are one."""

    health: Annotated[tuple[FacetValueResource, ...], Meta(description="`unread` is what was not converted yet.")]
    checks: Annotated[tuple[FacetValueResource, ...], Meta(description="`unchecked` is what was never checked.")]
    topic: Annotated[
        tuple[FacetValueResource, ...],
        Meta(description="By name, at most 500. Topics already asked for count in: all have to be there."),
    ]
    more_topics: Annotated[int, Meta(description="How many rarer topics are left out.", examples=[0])] = 0
    exact: Annotated[
        bool, Meta(description="False where there is too much to count it all: more recordings may have a value.")
    ] = True


_OF_EVERY_TEAM = msgspec.defstruct(
    "FacetsOfFields",
    [(field.name, Values) for field in EVERY_TEAMS.facets],
    bases=(FacetsResource,),
    frozen=True,
    kw_only=True,
    namespace={"__doc__": f"{FacetsResource.__doc__} Fields that the team added are there beside these."},
)
"""The answer as OpenAPI has it."""


@get(
    "/facets",
    needs=Permission.READ,
    responses={200: ResponseSpec(_OF_EVERY_TEAM, generate_examples=False), **responses(422)},
    summary="Count what a search can be narrowed to",
    dependencies={"search": Provide(search_of, sync_to_thread=False)},
    operation_class=SearchOperation,
)
async def show_facets(context: TheContext, search: TheSearch, team_fields: TeamFields) -> dict[str, object]:
    """Counts over the recordings for which everything that is given holds; a field leaves its own choice out."""
    facets = await count_facets(context, search, team_fields)
    values = {name: _offered(values) for name, values in facets.values.items()}
    said = FacetsResource(
        health=values.pop("health"),
        checks=values.pop("checks"),
        topic=_offered(facets.topics),
        more_topics=facets.more_topics,
        exact=facets.exact,
    )
    return {**values, **msgspec.structs.asdict(said)}


def _offered(values: Iterable[tuple[str, int]]) -> tuple[FacetValueResource, ...]:
    return tuple(FacetValueResource(value, count) for value, count in values)


HANDLERS = (show_facets,)

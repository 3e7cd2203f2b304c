"""What Litestar hands to route functions, under names that say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from litestar.types import Scope
from litestar.typing import FieldDefinition

from paddock.domain.fields import Fields
from paddock.domain.principal import Principal
from paddock.errors import Rejected
from paddock.settings import Settings
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.web.kernel.field_problems import asked_of, parameter_name

AnyRequest = Request[Any, Any, Any]
TheContext = NamedDependency[SkipValidation[Context]]
TheSettings = NamedDependency[SkipValidation[Settings]]
ThePrincipal = NamedDependency[SkipValidation[Principal]]
TeamFields = NamedDependency[SkipValidation[Fields]]

MAX_PARAMETERS = 600
"""More than any page of ours asks for at once."""

Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many items at most.")]
After = Annotated[
    str | None,
    QueryParameter(max_length=2_000, description="The `next` of the page before; without it, the first page."),
]


def principal_of(scope: Scope) -> Principal:
    """Who the edge found to be acting, by request or WebSocket."""
    principal = scope["state"]["principal"]
    assert isinstance(principal, Principal), "the edge sets it on all that it lets in"
    return principal


async def team_fields_of(context: TheContext) -> Fields:
    """The team's metadata fields, for the routes that take them."""
    return await load_fields(context)


async def refuse_unknown_parameters(request: AnyRequest) -> None:
    """A misspelt filter must not quietly answer with everything.

    Where a search is asked for, or what metadata fields say, further parameters may be fields that the team added:
    ``search_of`` and ``wanted_metadata`` know them.

    A coroutine although it waits for nothing: Litestar runs plain functions on a thread, for every request.

    Raises:
        Rejected: the query has a parameter that this route does not know (code ``unknown_parameter``), one that it
            takes once more than once (``repeated_parameter``), or too many (``too_many_parameters``).
    """
    given = Counter(name for name, _ in request.query_params.multi_items())
    if given.total() > MAX_PARAMETERS:
        raise Rejected(
            f"An address has at most {MAX_PARAMETERS} parameters: leave some out.", code="too_many_parameters"
        )
    known = parameters_of(request)
    searches = {"search", "said"} & request.route_handler.resolve_dependencies().keys()
    for name, times in given.items():
        if name not in known:
            if searches:
                continue
            raise unknown_parameter(name, known)
        if times > 1 and not known[name].match_predicate_recursively(lambda each: each.is_non_string_sequence):
            raise Rejected(f"The parameter {name!r} is taken once, not {times} times.", code="repeated_parameter")


def parameters_of(request: AnyRequest) -> dict[str, FieldDefinition]:
    """The parameters that a route names, by their names in the query."""
    return {
        parameter_name(name, field): field
        for name, field in asked_of(request.route_handler).items()
        if isinstance(field.kwarg_definition, QueryParameter)
    }


def unknown_parameter(name: str, known: Iterable[str]) -> Rejected:
    """What is wrong with a parameter that a route does not take."""
    taken = ", ".join(known)
    what_to_do = f"use {taken}" if taken else "leave it out"
    return Rejected(f"There is no parameter {name[:40]!r} here: {what_to_do}.", code="unknown_parameter")

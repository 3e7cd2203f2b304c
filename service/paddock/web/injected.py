"""What Litestar hands to route functions, under names that say so."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.exceptions import ValidationException
from litestar.params import QueryParameter, SkipValidation

from paddock.domain.principal import Principal
from paddock.errors import Rejected
from paddock.settings import Settings
from paddock.usecases.services import Services

AnyRequest = Request[Any, Any, Any]
Body = TypeVar("Body")
TheServices = NamedDependency[SkipValidation[Services]]
TheSettings = NamedDependency[SkipValidation[Settings]]
ThePrincipal = NamedDependency[SkipValidation[Principal]]

Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many items at most.")]
After = Annotated[
    str | None,
    QueryParameter(max_length=2_000, description="The `next` of the page before; without it, the first page."),
]


def principal_of(request: AnyRequest) -> Principal:
    """Who the edge found to be acting."""
    principal = request.scope["state"]["principal"]
    assert isinstance(principal, Principal), "the edge sets it on every request it lets in"
    return principal


async def strictly(request: AnyRequest, kind: type[Body]) -> Body:
    """The JSON body again, without the conversions that Litestar makes: ``"9"`` is not 9.

    Raises:
        ValidationException: a value has the wrong type; the field is named.
    """
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        extra = [{"message": message, "key": path.strip(".`")}]
        raise ValidationException("The body has a field of the wrong type.", extra=extra) from None


def refuse_unknown_parameters(request: AnyRequest) -> None:
    """A misspelt filter must not quietly answer with everything.

    Raises:
        Rejected: the query has a parameter that this route does not know (code ``unknown_parameter``).
    """
    known = set()
    handler = request.route_handler
    asked = [
        handler.parsed_fn_signature,
        *(each.parsed_fn_signature for each in handler.resolve_dependencies().values()),
    ]
    for signature in asked:
        for name, field in signature.parameters.items():
            given = field.kwarg_definition
            known.add(given.name if isinstance(given, QueryParameter) and given.name else name)
    for name in request.query_params:
        if name not in known:
            raise Rejected(f"There is no parameter {name[:40]!r} here.", code="unknown_parameter")

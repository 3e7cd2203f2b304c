"""What is wrong with one field of a request, in words that say what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition
from msgspec import Meta, inspect

_AT = " - at `$"
_STEP = re.compile(r"\w+|\[[^\]]*\]")
_TOO_MANY = re.compile(r"Expected `(array|object)` of length <= (\d+)")
_TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")
_NAMED = re.compile(r"field `([^`]*)`")
_WRONG_CHOICE = "Invalid enum value"


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field of the request."""

    field: Annotated[str, Meta(description="The field or parameter.", examples=["size_bytes"])]
    message: Annotated[str, Meta(description="What is wrong with it.", examples=["Expected `int`, got `str`"])]


def field_problem(said: str, kind: object, field: str = "") -> FieldProblem:
    """What msgspec said, with its field and what may stand there.

    Args:
        said: its message, with or without a path.
        kind: the type that it was converted to.
        field: its name, where the message has none.
    """
    message, _, path = said.partition(_AT)
    path = path.strip(".`")
    if named := _NAMED.search(message):
        field = named[1]
    elif path:
        field = path
    if message.startswith(_WRONG_CHOICE) and (choices := list(dict.fromkeys(_choices(kind, path)))):
        message = f"{message[:100]}: use one of {', '.join(choices)}"
    message = _TOO_MANY.sub(lambda found: f"There may be at most {int(found[2]):,}", message)
    message = _TOO_LONG.sub(lambda found: f"It may have at most {int(found[1]):,} characters", message)
    return FieldProblem(field, message)


def asked_of(handler: HTTPRouteHandler) -> dict[str, FieldDefinition]:
    """What a route and its dependencies take, by the name in the function."""
    signatures = [
        handler.parsed_fn_signature,
        *(each.parsed_fn_signature for each in handler.resolve_dependencies().values()),
    ]
    return {name: field for signature in signatures for name, field in signature.parameters.items()}


def parameter_name(name: str, field: FieldDefinition) -> str:
    """The name of a parameter in the query: ``from`` is no name for a function's."""
    given = field.kwarg_definition
    return given.name if isinstance(given, QueryParameter) and given.name else name


def _choices(kind: object, path: str) -> Iterator[str]:
    """The values of every enumeration that may stand at a path."""
    found = [inspect.type_info(kind)]
    for step in _STEP.findall(path):
        found = [inner for each in found for inner in _inside(each, step)]
    for each in found:
        yield from _values(each)


def _inside(kind: inspect.Type, step: str) -> Iterator[inspect.Type]:
    match kind:
        case inspect.UnionType():
            for each in kind.types:
                yield from _inside(each, step)
        case inspect.StructType():
            yield from (field.type for field in kind.fields if field.encode_name == step)
        case inspect.DictType():
            yield kind.value_type
        case inspect.CollectionType():
            yield kind.item_type
        case inspect.Metadata():
            yield from _inside(kind.type, step)


def _values(kind: Any) -> Iterator[str]:
    match kind:
        case inspect.UnionType():
            for each in kind.types:
                yield from _values(each)
        case inspect.EnumType():
            yield from (str(member.value) for member in kind.cls)
        case inspect.LiteralType():
            yield from (repr(value) if value == "" else str(value) for value in kind.values)
        case inspect.CollectionType():
            yield from _values(kind.item_type)
        case inspect.Metadata():
            yield from _values(kind.type)

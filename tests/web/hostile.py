"""Requests that are as large as a route admits, made from the types and parameters that it says it takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from msgspec import inspect

from paddock.web.kernel.field_problems import asked_of, parameter_name

LONG = "[" * 900_000


@cache
def nonsense() -> tuple[bytes, ...]:
    """Bodies of up to many megabytes, which a test that only walks the routes does not wait for."""
    return (
        b"[" * 2_000,
        b'{"a":' * 2_000,
        b"[" + b"[]," * 300_000 + b"[]]",
        b"9" * 4_301,
        b"9" * 900_000,
        b"1." + b"3" * 900_000,
        b'"' + b"x" * 900_000 + b'"',
        b'"' + b"\\u0000" * 150_000 + b'"',
        b'"\xff\xfe"',
        b'"\\ud800"',
        b"{" + b",".join(b'"f%d":%d' % (n, n) for n in range(60_000)) + b"}",
        b" " * 900_000,
        b"null",
    )


TEXTS = (
    "x" * 25_000,
    "%5B" * 8_000,
    "%00",
    "..%2f" * 1_000,
    "9" * 4_301,
    "-" + "9" * 30,
    "1e999",
    "%F0%9F%8F%8E" * 500,
)
"""For a path or a query, percent-encoded."""


def handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Every route with each of its methods, in order."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                for method in sorted(handler.http_methods):
                    yield str(method), route.path_format, handler


def bodies(handler: HTTPRouteHandler, recording: str) -> Iterator[bytes]:
    """What a route that takes JSON may be sent: nonsense, and its own type with one field after the other huge."""
    field = handler.parsed_data_field
    if field is None:
        return
    yield from nonsense()
    kind = inspect.type_info(field.annotation)
    if isinstance(kind, inspect.UnionType):  # a body that may be left out
        kind = next(each for each in kind.types if isinstance(each, inspect.StructType))
    plain = _plain(kind, recording)
    yield msgspec.json.encode(plain)
    assert isinstance(kind, inspect.StructType), "every body is an object"
    for inner in kind.fields:
        for huge in _huge(inner.type, recording):
            yield (
                b"{"
                + b",".join(
                    b'"%s":%s' % (name.encode(), huge if name == inner.encode_name else msgspec.json.encode(value))
                    for name, value in {**plain, inner.encode_name: None}.items()
                )
                + b"}"
            )


def parameters(handler: HTTPRouteHandler) -> list[str]:
    """The names of a route's query parameters, those of its dependencies too."""
    asked = asked_of(handler).items()
    return [parameter_name(name, f) for name, f in asked if isinstance(f.kwarg_definition, QueryParameter)]


def unbounded(kind: inspect.Type, where: str = "") -> Iterator[str]:
    """Where in a body there may be a text, a list, an object or an integer of any length."""
    match kind:
        case inspect.StructType():
            for field in kind.fields:
                yield from unbounded(field.type, f"{where}.{field.encode_name}")
        case inspect.UnionType():
            for each in kind.types:
                yield from unbounded(each, where)
        case inspect.Metadata():
            yield from unbounded(kind.type, where)
        case inspect.StrType():
            if kind.max_length is None:
                yield where
        case inspect.DictType():
            if kind.max_length is None:
                yield where
            yield from unbounded(kind.key_type, f"{where}{{}}")
            yield from unbounded(kind.value_type, f"{where}{{}}")
        case inspect.CollectionType():
            if kind.max_length is None:
                yield where
            yield from unbounded(kind.item_type, f"{where}[]")
        case inspect.IntType():
            if kind.le is None or kind.ge is None:
                yield where
        case inspect.AnyType() | inspect.RawType():
            yield where


def _plain(kind: inspect.Type, recording: str) -> Any:
    """Something small of a type."""
    match kind:
        case inspect.StructType():
            return {f.encode_name: _plain(f.type, recording) for f in kind.fields if f.required}
        case inspect.UnionType():
            return None if inspect.NoneType() in kind.types else _plain(kind.types[0], recording)
        case inspect.Metadata():
            return _plain(kind.type, recording)
        case inspect.StrType():
            return recording
        case inspect.DictType():
            return {}
        case inspect.CollectionType():
            return [_plain(kind.item_type, recording)]
        case _:
            return 0


def _huge(kind: inspect.Type, recording: str) -> Iterator[bytes]:
    """JSON of a type that is as large as a body may be, or as a number may be."""
    match kind:
        case inspect.UnionType():
            for each in kind.types:
                yield from _huge(each, recording)
        case inspect.Metadata():
            yield from _huge(kind.type, recording)
        case inspect.StrType():
            for text in (LONG, "a." * 450_000 + "a=1", "\x00\u202e" * 300):
                yield msgspec.json.encode(text)
        case inspect.IntType() | inspect.FloatType():
            yield from (b"-1", b"9" * 18, b"9" * 40, b"9" * 4_301, b"1e308", b"1e999")
        case inspect.DictType():
            yield b"{" + b",".join(b'"%d":""' % n for n in range(90_000)) + b"}"
            yield msgspec.json.encode({"driver": LONG})
        case inspect.CollectionType():
            plain = msgspec.json.encode(_plain(kind.item_type, recording))
            yield b"[" + b",".join([plain] * min(60_000, 900_000 // len(plain))) + b"]"
            for huge in _huge(kind.item_type, recording):
                yield b"[" + huge + b"]"
        case inspect.StructType():
            for field in kind.fields:
                for huge in _huge(field.type, recording):
                    rest = {k: v for k, v in _plain(kind, recording).items() if k != field.encode_name}
                    head = msgspec.json.encode(rest)[:-1]
                    yield head + (b"," if rest else b"") + b'"%s":%s}' % (field.encode_name.encode(), huge)

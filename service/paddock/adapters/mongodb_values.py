"""Documents as MongoDB stores them: ``id`` as ``_id``, structs as objects, tuples as arrays, enums as their words.

Maps whose keys are anybody's text need care: MongoDB's tools and FerretDB take a dot or dollar in a name for a path
or operator, and no name may hold a NUL. Such characters are spelled ``%2E``. An array directly inside an array,
which FerretDB refuses, is stored as ``{"%": [...]}``; no filter reaches into either.
"""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar, get_args, get_origin
from urllib.parse import unquote

import msgspec

from paddock.adapters.document_queries import checked
from paddock.ports.documents import Scalar

_SPECIAL = re.compile(r"[.$%\0]")
_INNER = "%"

T = TypeVar("T", bound=msgspec.Struct)


class Codec(Generic[T]):
    """One kind of document, there and back."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        # The others, channels above all, are spelled as they are and need no second look.
        self._spelled = {name for name, type_ in self._fields.items() if _has_maps_or_inner_lists(type_)}

    def encode(self, document: T) -> dict[str, Any]:
        """The stored document.

        Raises:
            ValueError: an integer beyond int64, or something that could not be read back.
        """
        plain = _plain(document)
        self._check(plain, self._kind)
        return {"_id" if name == "id" else name: _stored(value) for name, value in plain.items()}

    def encode_changes(self, changes: dict[str, object]) -> dict[str, Any]:
        """Values of top-level fields, as they are stored.

        Raises:
            ValueError: an unknown field, or a value that could not be read back.
        """
        stored = {}
        for name, value in changes.items():
            if name == "id" or name not in self._fields:
                raise ValueError(f"a {self._kind.__name__} has no such field to change: {name[:80]!r}")
            plain = _plain(value)
            self._check(plain, self._fields[name])
            stored[name] = _stored(plain)
        if not stored:
            raise ValueError("nothing to change")
        return stored

    def decode(self, stored: dict[str, Any]) -> T:
        """The document again."""
        plain = {name: _restored(value) if name in self._spelled else value for name, value in stored.items()}
        plain["id"] = plain.pop("_id")
        return msgspec.convert(plain, self._kind)

    def _check(self, plain: object, type_: Any) -> None:
        try:
            msgspec.convert(plain, type_)
        except msgspec.ValidationError as error:
            raise ValueError(f"this could not be read back as {self._kind.__name__}: {error}") from error


def scalar_at(stored: dict[str, Any], path: str) -> Scalar:
    """The value at a dotted path, None when there is none."""
    value: Any = stored
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return as_scalar(value)


def as_scalar(value: Any) -> Scalar:
    """A value as BSON gave it; its int64 is a class of its own."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    scalar: Scalar = value
    return scalar


def _plain(value: object) -> Any:
    """Dicts, lists and scalars; NaN and the infinities are None."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except OverflowError as error:
        raise ValueError(f"an integer is beyond int64: {error}") from error


def _stored(value: Any) -> Any:
    match value:
        case dict():
            return {_SPECIAL.sub(_spell, name): _stored(item) for name, item in value.items()}
        case list():
            items = [_stored(item) for item in value]
            return [{_INNER: item} if isinstance(item, list) else item for item in items]
        case int():
            return checked(value)
    return value


def _restored(value: Any) -> Any:
    match value:
        case dict() if value.keys() == {_INNER}:
            return _restored(value[_INNER])
        case dict():
            return {unquote(name): _restored(item) for name, item in value.items()}
        case list():
            return [_restored(item) for item in value]
    return value


def _spell(special: re.Match[str]) -> str:
    return f"%{ord(special[0]):02X}"


def _has_maps_or_inner_lists(type_: Any, inside_list: bool = False) -> bool:
    origin = get_origin(type_)
    if origin is dict or (origin is tuple and inside_list):
        return True
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return any(_has_maps_or_inner_lists(field.type) for field in msgspec.structs.fields(type_))
    return any(_has_maps_or_inner_lists(inner, origin is tuple) for inner in get_args(type_))

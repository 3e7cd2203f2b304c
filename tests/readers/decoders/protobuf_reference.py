"""What google.protobuf makes of a payload, and columns in the same form.

The schema goes to google.protobuf as it is, not by way of Paddock; values are asked for by their names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pyarrow as pa
from google.protobuf import descriptor_pb2, json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from tests.readers.decoders.random_protobuf_schema import TIMES, WRAPPERS, RandomSchema

F = FieldDescriptor
INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Json:
    """What a JSON text must say; None where google.protobuf cannot say it in JSON."""

    value: Any


def reference(schema: RandomSchema, payload: bytes) -> dict[str, Any] | None:
    """What google.protobuf makes of a payload, None when it refuses it. NaN is a text, times are integers.

    Raises:
        UnicodeDecodeError: it does not give the values of a map by keys that are not UTF-8.
    """
    try:
        message = schema.message_class.FromString(payload)
    except DecodeError:
        return None
    return _expected(message, (schema.message_class.DESCRIPTOR.full_name,))


def _expected(message: Message, above: tuple[str, ...]) -> dict[str, Any]:
    kind: Any = message.DESCRIPTOR if isinstance(message.DESCRIPTOR, Descriptor) else type(message).DESCRIPTOR
    values = {field.name: _expected_field(message, field, above) for field in kind.fields}
    for field in kind.file.pool.FindAllExtensions(kind):
        values[field.full_name] = _expected_field(message, field, above)
    return values


def _expected_field(message: Message, field: FieldDescriptor, above: tuple[str, ...]) -> Any:
    base: Any = descriptor_pb2.FileDescriptorSet
    if field.is_extension:
        value = base.Extensions.__get__(message)[field]
        there = field.is_repeated or base.HasExtension(message, field)
    else:
        value = getattr(message, field.name)
        there = field.is_repeated or not field.has_presence or base.HasField(message, field.name)
    if field.is_repeated and field.message_type is not None and field.message_type.GetOptions().map_entry:
        values = field.message_type.fields_by_name["value"]
        return {_text(key): _plain(value[key], values, above) for key in value}
    if field.is_repeated:
        return [_plain(item, field, above) for item in value]
    if not there and (field.message_type is not None or not field.has_default_value):
        return None
    return _plain(value, field, above)


def _plain(value: Any, field: FieldDescriptor, above: tuple[str, ...]) -> Any:
    if field.message_type is None:
        return _text(value) if field.type == F.TYPE_STRING else _number(value)
    name = field.message_type.full_name
    if name in TIMES:
        return max(INT64[0], min(INT64[-1], value.seconds * 10**9 + value.nanos))
    if name in WRAPPERS:
        return _number(value.value)
    return Json(_json(value)) if name in above else _expected(value, (*above, name))


def _json(message: Message) -> Any:
    try:
        return json_format.MessageToDict(message, preserving_proto_field_name=True)
    except Exception:
        return None


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _number(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def as_python(array: pa.Array) -> list[Any]:
    """Columns in the form of ``reference``."""
    kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        integers: list[Any] = array.view(pa.int64()).to_pylist()
        return integers
    if pa.types.is_struct(kind):
        columns = [as_python(column) for column in array.flatten()]
        names = [field.name for field in kind]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] if columns else []
        rows = rows or [{} for _ in range(len(array))]
        return [row if ok else None for row, ok in zip(rows, array.is_valid().to_pylist(), strict=True)]
    if pa.types.is_map(kind) or pa.types.is_list(kind):
        offsets = array.offsets.to_pylist()
        if pa.types.is_list(kind):
            items: list[Any] = as_python(array.values)
            return [items[a:b] for a, b in pairwise(offsets)]
        pairs = list(zip(as_python(array.keys), as_python(array.items), strict=True))
        # A key that is there twice must not hide in a dict.
        return [dict(pairs[a:b]) if len(dict(pairs[a:b])) == b - a else pairs[a:b] for a, b in pairwise(offsets)]
    values: list[Any] = array.to_pylist()
    return [_number(value) for value in values] if pa.types.is_floating(kind) else values


def difference(got: Any, wanted: Any) -> str:
    """Where a value is another one than google.protobuf's, empty where it is not."""
    if isinstance(wanted, Json):
        same = wanted.value is None or json.loads(got) == wanted.value or _has_bytes(wanted.value)
        return "" if same else f": {got} is not {json.dumps(wanted.value)}"
    if isinstance(wanted, dict) and isinstance(got, dict) and got.keys() == wanted.keys():
        inside = ((key, difference(got[key], wanted[key])) for key in wanted)
    elif isinstance(wanted, list) and isinstance(got, list) and len(got) == len(wanted):
        inside = ((key, difference(*pair)) for key, pair in enumerate(zip(got, wanted, strict=True)))
    else:
        same = got == wanted and type(got) is type(wanted)
        return "" if same else f": {got!r} is not {wanted!r}"
    return next((f".{key}{each}" for key, each in inside if each), "")


def _has_bytes(value: Any) -> bool:
    """Whether google.protobuf put a text that is not UTF-8 into JSON as Python's ``b'...'``."""
    return "b'" in json.dumps(value) or 'b\\"' in json.dumps(value)

"""Protobuf messages one by one, with google.protobuf: what ptars cannot do, and only that."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from google.protobuf import descriptor_pb2, json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from paddock.domain.instants import INT64_MAX, NS_PER_S
from paddock.readers.decoders.decoded import Decoded
from paddock.readers.decoders.protobuf_types import FieldPlan, MessagePlan
from paddock.readers.decoders.protobuf_wire import parse

_CELLS = 100_000
"""Values that are Python objects at one time."""

set_fields: Callable[[Message], Sequence[tuple[FieldDescriptor, Any]]] = descriptor_pb2.FileDescriptorSet.ListFields
"""The fields that a message has. Not asked of the message itself: its attributes are what its type calls them."""


def arrow_rows(message_class: type[Message], payloads: pa.BinaryArray, plan: MessagePlan) -> Decoded:
    """Payloads as Arrow, without those that are not messages."""
    step = max(1, _CELLS // max(1, plan.row_bytes // 8))
    kept = np.zeros(len(payloads), bool)
    parts = []
    for first in range(0, len(payloads), step):
        rows = [_parsed(message_class, payload, plan) for payload in payloads[first : first + step].to_pylist()]
        kept[first : first + step] = [each is not None for each in rows]
        parts.append(pa.array([each for each in rows if each is not None], plan.arrow))
    return Decoded(pa.concat_arrays(parts), None if kept.all() else kept)


def _parsed(message_class: type[Message], payload: bytes, plan: MessagePlan) -> dict[str, Any] | None:
    message = parse(message_class, payload)
    try:
        return None if message is None else row(message, plan)
    except UnicodeDecodeError:  # It does not give the values of a map by keys that are not UTF-8.
        return None


def row(message: Message, plan: MessagePlan) -> dict[str, Any]:
    """One message as the values of an Arrow struct."""
    found = {field.number: value for field, value in set_fields(message)}
    return {field.name: _field(found.get(field.number), field) for field in plan.fields}


def loses_entries(message: Message, plan: MessagePlan) -> bool:
    """Whether google.protobuf keeps entries of a map as unknown fields: those in which it finds one."""
    maps = {each.number for each in plan.fields if each.is_map}
    unknown: Any = UnknownFieldSet(message)
    if maps and any(each.field_number in maps for each in unknown):
        return True
    plans = {each.number: each for each in plan.fields if each.message is not None and each.message.has_maps}
    inside = [(value, plans[field.number]) for field, value in set_fields(message) if field.number in plans]
    return any(_value_loses_entries(value, each) for value, each in inside)


def _value_loses_entries(value: Any, field: FieldPlan) -> bool:
    assert field.message is not None
    if not field.is_map:
        return any(loses_entries(each, field.message) for each in (value if field.repeated else [value]))
    inside = field.message.fields[1].message
    return inside is not None and inside.has_maps and any(loses_entries(value[key], inside) for key in value)


def json_text(message: Message) -> str:
    """A message of a type inside itself: one line of JSON with the field names of the schema."""
    try:
        _mend_texts(message)
        plain = json_format.MessageToDict(message, preserving_proto_field_name=True)
        return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    except (json_format.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
        # An Any of a type that the log does not define, a NaN in a Struct: JSON cannot say it.
        return json.dumps({"@error": str(error)})


def as_text(value: str | bytes) -> str:
    """A text; google.protobuf gives bytes where it is not UTF-8."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _field(value: Any, field: FieldPlan) -> Any:
    if value is None:
        return [] if field.repeated else field.default
    if field.is_map:
        assert field.message is not None
        key, values = field.message.fields
        # Texts that are not UTF-8 may be one key when they are read.
        return list({_value(each, key): _value(value[each], values) for each in value}.items())
    if field.repeated:
        return [_value(item, field) for item in value]
    return _value(value, field)


def _value(value: Any, field: FieldPlan) -> Any:
    if field.special == "json":
        return json_text(value)
    if field.message is None:
        return as_text(value) if field.any_bytes else value
    if field.special == "time":
        return clamped_ns(value.seconds, value.nanos)
    if field.special == "wrapper":
        return _value(value.value, field.message.fields[0])
    return row(value, field.message)


def clamped_ns(seconds: int, nanos: int) -> int:
    """Nanoseconds; beyond the range of int64 (years 1677 to 2262) its end."""
    return max(-INT64_MAX - 1, min(INT64_MAX, seconds * NS_PER_S + nanos))


def _mend_texts(message: Message) -> None:
    """Make every text UTF-8: JSON is."""
    for field, value in set_fields(message):
        if field.is_repeated and field.message_type is not None and field.message_type.GetOptions().map_entry:
            _mend_map(value, field)
        elif field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                _mend_texts(each)
        elif field.type == FieldDescriptor.TYPE_STRING and field.is_repeated:
            value[:] = [as_text(each) for each in value]
        elif isinstance(value, bytes) and field.type == FieldDescriptor.TYPE_STRING:
            setattr(message, field.name, as_text(value))


def _mend_map(value: Any, field: FieldDescriptor) -> None:
    assert field.message_type is not None
    kind = field.message_type.fields_by_name["value"]
    for key in list(value):
        if kind.message_type is not None:
            _mend_texts(value[key])
        elif kind.type == FieldDescriptor.TYPE_STRING:
            value[key] = as_text(value[key])

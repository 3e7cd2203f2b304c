"""Protobuf messages one by one, with google.protobuf: what ptars cannot do, and only that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from paddock.domain.instants import INT64_MAX, NS_PER_S
from paddock.mcap.decoders.protobuf_types import FieldPlan, MessagePlan


def parse(message_class: type[Message], payload: bytes) -> Message | None:
    """The message, or None when the payload is not one."""
    message = message_class()
    try:
        message.ParseFromString(payload)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return message


def arrow_rows(messages: Sequence[Message], plan: MessagePlan) -> pa.StructArray:
    """Parsed messages as Arrow, shape (N,)."""
    return pa.array([row(message, plan) for message in messages], plan.arrow)


def row(message: Message, plan: MessagePlan) -> dict[str, Any]:
    """One message as the values of an Arrow struct."""
    return {field.name: _field(message, field) for field in plan.fields}


def json_text(message: Message) -> str:
    """A message of a type inside itself: one line of JSON with the field names of the schema."""
    try:
        plain = json_format.MessageToDict(message, preserving_proto_field_name=True)
    except (json_format.Error, ValueError, TypeError, RecursionError) as error:
        # An Any of a type that the log does not define, a NaN in a Struct: JSON cannot say it.
        return json.dumps({"@error": str(error)})
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)


def _field(message: Message, field: FieldPlan) -> Any:
    if not field.repeated and field.has_presence and not message.HasField(field.name):
        return field.default
    value = getattr(message, field.name)
    if field.is_map:
        assert field.message is not None
        values = field.message.fields[1]
        return [(key, _value(value[key], values)) for key in value]
    if field.repeated:
        return [_value(item, field) for item in value]
    return _value(value, field)


def _value(value: Any, field: FieldPlan) -> Any:
    if field.special == "time":
        return clamped_ns(value.seconds, value.nanos)
    if field.special == "wrapper":
        return value.value
    if field.special == "json":
        return json_text(value)
    return row(value, field.message) if field.message is not None else value


def clamped_ns(seconds: int, nanos: int) -> int:
    """Nanoseconds; beyond the range of int64 (years 1677 to 2262) its end."""
    return max(-INT64_MAX - 1, min(INT64_MAX, seconds * NS_PER_S + nanos))

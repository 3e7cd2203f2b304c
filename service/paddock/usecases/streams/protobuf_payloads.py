"""Protobuf messages of a device whose schema is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from paddock.domain.device_messages import MAX_DEPTH, MAX_FIELDS, MAX_TEXT, Problem, Sample, Scalar, can_be
from paddock.domain.instants import NS_PER_S
from paddock.domain.said_times import said_time
from paddock.readers.decoders.protobuf_schema import descriptor, needed
from paddock.usecases.streams.payloads import NotReadable

_TIMESTAMP = "google.protobuf.Timestamp"
_BYTES = FieldDescriptor.TYPE_BYTES
_Said: TypeAlias = tuple[str, Scalar, Any]
"""Path, value, and the descriptor of its enum or None; each of protobuf's implementations has its own type."""


class ProtobufPayloads:
    """Decodes messages of one type.

    Args:
        name: of the message type.
        schema: a serialised ``FileDescriptorSet``.

    Raises:
        Undecodable: the schema is broken, or has no such type.
    """

    def __init__(self, name: str, schema: bytes) -> None:
        self._class = GetMessageClass(descriptor(name, schema, needed(name, schema)))
        self._enums: dict[str, Mapping[int, str]] = {}
        """Names for the fields that came so far: a schema may hold itself, and so have any number of them."""

    def samples(self, payload: bytes, topic: str, received_ns: int, problems: list[Problem]) -> Iterable[Sample]:
        """The one sample of a payload, which is one message.

        Raises:
            NotReadable: it is none.
        """
        message = self._class()
        try:
            message.ParseFromString(payload)
        except DecodeError:
            raise NotReadable(
                Problem("not_protobuf", f"This is no {self._class.DESCRIPTOR.full_name}: send one whole message.")
            ) from None
        values: dict[str, Scalar] = {}
        for path, value, enum in _values(message, "", 1):
            values[path] = value
            if enum is not None and path not in self._enums:
                self._enums[path] = {each.number: each.name for each in enum.values}
            if len(values) > MAX_FIELDS:
                problems.append(Problem("too_many_fields", f"A message has more than {MAX_FIELDS:,} fields."))
                return []
        time_ns = _said_time(message, values)
        says_time = time_ns is not None and can_be(time_ns, received_ns)
        if time_ns is not None and not says_time:
            problems.append(
                Problem("impossible_time", "A message says a time that cannot be: when it came was taken.")
            )
        measured_ns = time_ns if time_ns and says_time else received_ns
        return [Sample(topic, measured_ns, values, payload, None, says_time, self._enums)]


def _said_time(message: Message, values: dict[str, Scalar]) -> int | None:
    for field in message.DESCRIPTOR.fields:
        is_instant = field.message_type is not None and field.message_type.full_name == _TIMESTAMP
        if is_instant and not field.is_repeated and message.HasField(field.name):
            said: Any = getattr(message, field.name)
            return int(said.seconds) * NS_PER_S + int(said.nanos)
    key, time_ns = said_time(values)
    # Protobuf cannot tell a time that is not said from zero.
    return time_ns if key and values[key] else None


def _values(message: Message, path: str, depth: int) -> Iterator[_Said]:
    """Numbers and texts by path, with their enum; also those that are not said where the schema has no word for
    that.
    """
    for field in message.DESCRIPTOR.fields:
        if field.type == _BYTES or (field.has_presence and not message.HasField(field.name)):
            continue
        value: Any = getattr(message, field.name)
        where = f"{path}{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue
        if field.is_repeated:
            for number, item in enumerate(value):
                yield from _item(item, f"{where}[{number}]", depth, field.enum_type)
        else:
            yield from _item(value, where, depth, field.enum_type)


def _item(value: Any, where: str, depth: int, enum: Any) -> Iterator[_Said]:
    if isinstance(value, Message):
        if depth < MAX_DEPTH:
            yield from _values(value, f"{where}.", depth + 1)
    elif isinstance(value, float):
        if value - value == 0:  # neither NaN nor infinite
            yield where, value, None
    else:
        yield where, value[:MAX_TEXT] if isinstance(value, str) else value, enum

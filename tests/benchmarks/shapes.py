"""What a generated log is made of: a table of protobuf types and topics, and columns of numbers → messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import ptars
import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

_FIELD = descriptor_pb2.FieldDescriptorProto
PACKAGE = "car"
TIME = "Timestamp"

Random = np.random.Generator
Payloads = Callable[["Shapes", int, Random], list[bytes]]
"""So many messages of one topic."""


@dataclass(frozen=True)
class Topic:
    """One topic of a log."""

    name: str
    message: str
    rate_hz: int


@dataclass(frozen=True)
class Shapes:
    """A kind of car.

    Args:
        enums: the names of each one's values, by number.
        messages: the fields of each type and their types: a scalar of protobuf, an enum or message from here, or
            ``Timestamp``; ``[]`` behind it where it is repeated; ``map<key,value>``; of a oneof, all its fields, by
            ``oneof`` and its name. Their numbers are their order, where none is said (``bool = 9``).
        topics: message type, number of topics, messages per second and topic.
        json: the messages of a topic of the type ``json``.
        made: how those messages are made that columns cannot say.
    """

    enums: Mapping[str, Mapping[int, str]]
    messages: Mapping[str, Mapping[str, Any]]
    topics: tuple[tuple[str, int, int], ...]
    json: Payloads
    made: Mapping[str, Payloads] = field(default_factory=dict)

    def all_topics(self) -> list[Topic]:
        """Every topic, numbered where there are several of a type."""
        return [
            Topic(f"{message}{index}" if count > 1 else message, message, rate)
            for message, count, rate in self.topics
            for index in range(count)
        ]

    def payloads(self, topic: Topic, times: Any, random: Random) -> list[bytes]:
        """The messages of a topic at these times, int64 (N,) in nanoseconds."""
        if topic.message == "json":
            return self.json(self, len(times), random)
        if topic.message in self.made:
            return self.made[topic.message](self, len(times), random)
        handler = self._handlers.get_for_message(self.descriptor(topic.message))
        names = self.messages[topic.message]
        columns = [self._column(each, names[each.name], len(times), times, random) for each in handler.schema()]
        batch = pa.RecordBatch.from_arrays(columns, schema=handler.schema())
        return handler.record_batch_to_array(batch).to_pylist()  # type: ignore[no-any-return]

    def message_class(self, name: str) -> Any:
        """The class of a message type."""
        return message_factory.GetMessageClass(self.descriptor(name))

    def descriptor(self, name: str) -> Any:
        """The descriptor of a message type."""
        return self._pool.FindMessageTypeByName(f"{PACKAGE}.{name}")

    @cached_property
    def schema(self) -> bytes:
        """A ``FileDescriptorSet`` with all types, as it is in the log."""
        return self._files.SerializeToString()

    @cached_property
    def _files(self) -> descriptor_pb2.FileDescriptorSet:
        files = descriptor_pb2.FileDescriptorSet()
        timestamp_pb2.DESCRIPTOR.CopyToProto(files.file.add())
        file = files.file.add(name="car.proto", package=PACKAGE, syntax="proto3")
        file.dependency.append("google/protobuf/timestamp.proto")
        for name, values in self.enums.items():
            enum = file.enum_type.add(name=name)
            for number, value in values.items():
                enum.value.add(name=value, number=number)
        for name, fields in self.messages.items():
            self._add_message(file.message_type.add(name=name), fields)
        return files

    def _add_message(self, message: descriptor_pb2.DescriptorProto, fields: Mapping[str, Any]) -> None:
        number = 0
        for name, kind in fields.items():
            is_oneof = not isinstance(kind, str)
            for each, inner in kind.items() if is_oneof else [(name, kind)]:
                inner, _, said = inner.partition(" = ")
                number = int(said or number + 1)
                added = self._add_field(message, each, inner, number)
                if is_oneof:
                    added.oneof_index = len(message.oneof_decl)
            if is_oneof:
                message.oneof_decl.add(name=name.removeprefix("oneof "))

    def _add_field(self, message: descriptor_pb2.DescriptorProto, name: str, kind: str, number: int) -> _FIELD:
        base = kind.removesuffix("[]")
        label = _FIELD.LABEL_OPTIONAL if base == kind else _FIELD.LABEL_REPEATED
        added = message.field.add(name=name, number=number, label=label)
        if kind.startswith("map<"):
            key, value = kind[4:-1].split(",")
            entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
            entry.options.map_entry = True
            self._add_field(entry, "key", key, 1)
            self._add_field(entry, "value", value, 2)
            added.label, added.type = _FIELD.LABEL_REPEATED, _FIELD.TYPE_MESSAGE
            added.type_name = f".{PACKAGE}.{message.name}.{entry.name}"
        elif base == TIME:
            added.type, added.type_name = _FIELD.TYPE_MESSAGE, ".google.protobuf.Timestamp"
        elif base in self.enums:
            added.type, added.type_name = _FIELD.TYPE_ENUM, f".{PACKAGE}.{base}"
        elif base in self.messages:
            added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".{PACKAGE}.{base}"
        else:
            added.type = _FIELD.Type.Value(f"TYPE_{base.upper()}")
        return added

    @cached_property
    def _pool(self) -> descriptor_pool.DescriptorPool:
        pool = descriptor_pool.DescriptorPool()
        for file in self._files.file:
            pool.Add(file)
        return pool

    @cached_property
    def _handlers(self) -> Any:
        return ptars.HandlerPool([self._pool.FindFileByName("car.proto")], ptars.PtarsConfig(timestamp_tz=None))

    def _column(self, of: pa.Field, name: str, rows: int, times: Any, random: Random) -> pa.Array:
        kind = of.type
        if pa.types.is_timestamp(kind):
            return pa.array(times, pa.int64()).cast(kind)
        if pa.types.is_struct(kind):
            inner = self.messages[name]
            children = [self._column(child, inner[child.name], rows, times, random) for child in kind]
            return pa.StructArray.from_arrays(children, fields=list(kind))
        if pa.types.is_list(kind):
            width = 24 if of.name == "cells" else 8
            values = pa.array(np.round(walk(rows * width, random), 3).astype(np.float32))
            offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * width)
            return pa.ListArray.from_arrays(offsets, values, type=kind)
        make: dict[Callable[[pa.DataType], bool], Callable[[], Any]] = {
            pa.types.is_float32: lambda: walk(rows, random).astype(np.float32),
            pa.types.is_float64: lambda: 42 + walk(rows, random) * 1e-6,
            pa.types.is_boolean: lambda: random.random(rows) < 0.5,
            pa.types.is_string: lambda: [f"state {number % 7}, all well" for number in range(rows)],
            pa.types.is_binary: lambda: can_data(rows, random),
            pa.types.is_integer: lambda: self._integers(name, rows),
        }
        return pa.array(next(value for test, value in make.items() if test(kind))(), kind)

    def _integers(self, name: str, rows: int) -> Any:
        numbers = np.array(list(self.enums.get(name, range(3))))
        return numbers[np.arange(rows) // 50 % len(numbers)]


def can_data(rows: int, random: Random) -> list[bytes]:
    """What frames of a CAN bus carry: eight bytes, of which half count or stand still."""
    data = np.zeros((rows, 8), np.uint8)
    data[:, :2] = np.arange(rows, dtype="<u2").view(np.uint8).reshape(rows, 2)
    data[:, 2:6] = random.integers(0, 256, (rows, 4))
    return [row.tobytes() for row in data]


def walk(rows: int, random: Random) -> Any:
    """A signal that moves slowly, with the noise of a sensor."""
    return np.round(np.cumsum(random.normal(0, 0.5, rows)) + random.normal(0, 0.1, rows), 3)

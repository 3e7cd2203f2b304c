"""Random protobuf schemas: proto2, proto3 and editions, with everything that a message type can have."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.message import Message

Files = descriptor_pb2.FileDescriptorSet
Field = descriptor_pb2.FieldDescriptorProto

_KEYS = ["INT32", "INT64", "UINT32", "UINT64", "SINT32", "SINT64", "BOOL", "STRING"]
_KEYS += ["FIXED32", "FIXED64", "SFIXED32", "SFIXED64"]
_SCALARS = [*_KEYS, "DOUBLE", "FLOAT", "BYTES"]
TIMES = ("google.protobuf.Timestamp", "google.protobuf.Duration")
WRAPPERS = [f"google.protobuf.{name}" for name in wrappers_pb2.DESCRIPTOR.message_types_by_name]
_NAMES = ["class", "None", "from", "DESCRIPTOR", "HasField", "ListFields", "Extensions", "self", "f_1", "f1", "F1"]
_EDITIONS = (descriptor_pb2.EDITION_2023, descriptor_pb2.EDITION_2024)


@dataclass(frozen=True)
class RandomSchema:
    """A set of files and the message type to decode."""

    files: Files
    name: str
    message_class: type[Message]


def random_schema(chance: random.Random) -> RandomSchema:
    """One that google.protobuf takes."""
    while True:
        files = _SchemaMaker(chance).files()
        name = f"r.{files.file[-1].message_type[-1].name}"
        pool = descriptor_pool.DescriptorPool()
        try:
            for file in files.file:
                pool.Add(file)
        except TypeError:
            continue
        return RandomSchema(files, name, message_factory.GetMessageClass(pool.FindMessageTypeByName(name)))


class _SchemaMaker:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._syntax = chance.choice(("proto2", "proto3", "editions"))
        self._file = descriptor_pb2.FileDescriptorProto(name="random.proto", package="r", syntax=self._syntax)

    def files(self) -> Files:
        chance, file = self._chance, self._file
        result = Files()
        for known in (timestamp_pb2, duration_pb2, wrappers_pb2, struct_pb2):
            known.DESCRIPTOR.CopyToProto(result.file.add())
            file.dependency.append(known.DESCRIPTOR.name)
        if self._syntax == "editions":
            file.edition = chance.choice(_EDITIONS)
            self._features(file.options, 0.5, presence=True)
        enum = file.enum_type.add(name="E")
        first_is_zero = self._syntax != "proto2" or chance.random() < 0.5
        for number in (0, 3, -7, 300) if first_is_zero else (3, -7, 300):
            enum.value.add(name=f"E{number}".replace("-", "_"), number=number)
        count = chance.randint(1, 4)
        for index in range(count):
            message = file.message_type.add(name=f"M{index}")
            if self._syntax != "proto3":
                message.extension_range.add(start=100, end=200)
        for index, message in enumerate(file.message_type):
            self._fill(message, index)
        if self._syntax != "proto3":
            for number in range(chance.randint(0, 3)):
                self._extension(number, count)
        result.file.append(file)
        return result

    def _fill(self, message: descriptor_pb2.DescriptorProto, index: int) -> None:
        chance = self._chance
        names = chance.sample(_NAMES, len(_NAMES)) if chance.random() < 0.2 else []
        if chance.random() < 0.5:
            message.oneof_decl.add(name="choice")
        optional = []
        highest = chance.choice((20, 40, 5000))
        for number in sorted(
            chance.sample([n for n in range(1, highest) if not 100 <= n < 200], chance.randint(0, 9))
        ):
            field = message.field.add(number=number, label=Field.LABEL_OPTIONAL)
            field.name = names.pop() if names else f"f{number}"
            self._set_kind(field, index)
            shape = chance.choice(("single", "single", "optional", "repeated", "map", "oneof", "group", "required"))
            if shape == "repeated":
                self._repeat(field)
            elif shape == "map":
                self._map(message, field)
            elif shape == "oneof" and message.oneof_decl:
                field.oneof_index = 0
            elif shape == "group" and self._syntax == "proto2":
                self._group(message, field, index)
            elif shape == "optional" and self._syntax == "proto3":
                field.proto3_optional = True
                optional.append(field)
            elif shape == "required" and self._syntax == "proto2":
                field.label = Field.LABEL_REQUIRED
            elif shape == "optional" and self._syntax == "proto2" and chance.random() < 0.7:
                self._default(field)
            elif self._syntax == "editions":
                self._features(field.options, 0.3, presence=True)
        if message.oneof_decl and not any(field.HasField("oneof_index") for field in message.field):
            message.field.add(name="only", number=6000, type=Field.TYPE_BOOL, label=1, oneof_index=0)
        for field in optional:  # Their oneofs come last.
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{field.name}")

    def _set_kind(self, field: Field, index: int) -> None:
        chance = self._chance
        what = chance.random()
        if what < 0.6:
            field.type = Field.Type.Value(f"TYPE_{chance.choice(_SCALARS)}")
        elif what < 0.7:
            field.type, field.type_name = Field.TYPE_ENUM, ".r.E"
        elif what < 0.8:
            field.type, field.type_name = Field.TYPE_MESSAGE, f".{chance.choice((*TIMES, *WRAPPERS))}"
        else:
            # Now and then a type inside itself, or one that comes later.
            known = range(len(self._file.message_type)) if chance.random() < 0.15 else range(index)
            field.type, field.type_name = Field.TYPE_MESSAGE, f".r.M{chance.choice(known or [index])}"
            if chance.random() < 0.05:
                field.type_name = ".google.protobuf.Struct"

    def _repeat(self, field: Field) -> None:
        field.label = Field.LABEL_REPEATED
        if self._syntax == "editions":
            self._features(field.options, 0.5, presence=False)
        elif (
            field.type not in (Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_MESSAGE)
            and self._chance.random() < 0.7
        ):
            field.options.packed = self._chance.random() < 0.5

    def _map(self, message: descriptor_pb2.DescriptorProto, field: Field) -> None:
        name = "".join(part.capitalize() for part in field.name.split("_")) + "Entry"
        entry = message.nested_type.add(name=name)
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=1, type=Field.Type.Value(f"TYPE_{self._chance.choice(_KEYS)}"))
        value = entry.field.add(name="value", number=2, label=1, type=field.type)
        if field.type_name:
            value.type_name = field.type_name
        field.label, field.type, field.type_name = (
            Field.LABEL_REPEATED,
            Field.TYPE_MESSAGE,
            f".r.{message.name}.{name}",
        )

    def _group(self, message: descriptor_pb2.DescriptorProto, field: Field, index: int) -> None:
        group = message.nested_type.add(name=f"G{field.number}")
        for number in range(1, self._chance.randint(1, 4)):
            self._set_kind(group.field.add(name=f"g{number}", number=number, label=1), index)
        field.type, field.type_name = Field.TYPE_GROUP, f".r.{message.name}.{group.name}"
        field.label = self._chance.choice((Field.LABEL_OPTIONAL, Field.LABEL_REPEATED))

    def _extension(self, number: int, messages: int) -> None:
        inside = self._chance.random() < 0.3
        place = self._chance.choice(self._file.message_type).extension if inside else self._file.extension
        field = place.add(name=f"x{number}", number=100 + number, label=Field.LABEL_OPTIONAL)
        field.extendee = f".r.M{self._chance.randrange(messages)}"
        self._set_kind(field, messages)
        if "M" in field.type_name:
            field.type_name = f".r.M{self._chance.randrange(messages)}"
        if self._chance.random() < 0.3:
            self._repeat(field)

    def _default(self, field: Field) -> None:
        if field.type in (Field.TYPE_STRING, Field.TYPE_BYTES):
            field.default_value = "grün"
        elif field.type == Field.TYPE_BOOL:
            field.default_value = "true"
        elif field.type == Field.TYPE_ENUM:
            field.default_value = "E300"
        elif field.type != Field.TYPE_MESSAGE:
            field.default_value = "41"

    def _features(self, options: Any, likely: float, presence: bool) -> None:
        chance, features = self._chance, descriptor_pb2.FeatureSet()
        kinds: Any = features  # its enums are set by their numbers
        whole_file = isinstance(options, descriptor_pb2.FileOptions)
        if presence and chance.random() < likely:
            kinds.field_presence = chance.choice((1, 2)) if whole_file else chance.choice((1, 2, 3))
        if chance.random() < likely and whole_file:
            kinds.enum_type = chance.choice((1, 2))
        if chance.random() < likely and (whole_file or not presence):
            kinds.repeated_field_encoding = chance.choice((1, 2))
        if chance.random() < likely:
            kinds.utf8_validation = chance.choice((2, 3))
        if chance.random() < likely / 2:
            kinds.message_encoding = chance.choice((1, 2))
        if features.ByteSize():
            options.features.CopyFrom(features)

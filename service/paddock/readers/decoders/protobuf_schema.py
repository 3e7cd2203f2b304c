"""A protobuf schema as google.protobuf takes it: the message type of a topic with what its messages need, no more.

Sets of files as people write them lack imports that only options use, or import through a file that is not there;
and protoc accepts what upb refuses, such as two fields of proto2 with one JSON name. None of that matters for
decoding, so files are built anew from the types that can be reached from the topic's.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, get_args

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError

from paddock.readers.decoders.decoded import Undecodable

MAX_DEPTH = 100
"""How deep google.protobuf reads messages inside messages."""
_Feature = Literal[
    "field_presence", "enum_type", "repeated_field_encoding", "utf8_validation", "message_encoding", "json_format"
]
_WELL_KNOWN = ("any", "api", "duration", "empty", "field_mask", "source_context", "struct", "timestamp", "type")

_File = descriptor_pb2.FileDescriptorProto
_Message = descriptor_pb2.DescriptorProto
_Enum = descriptor_pb2.EnumDescriptorProto
_Field = descriptor_pb2.FieldDescriptorProto


@dataclass(frozen=True)
class _Extension:
    proto: _Field
    scope: str
    """The full name of the message, or the package, that it is declared in."""
    file: int


@dataclass
class Needed:
    """What decoding one message type needs."""

    types: set[str] = field(default_factory=set)
    """Full names."""
    extensions: list[_Extension] = field(default_factory=list)
    field_count: int = 0
    """At least so many fields do the messages have, at all depths together."""
    left_out: list[str] = field(default_factory=list)
    """Full names of extensions whose own type is missing."""


@lru_cache(maxsize=256)
def needed(name: str, data: bytes) -> Needed:
    """What the message type ``name`` needs of a serialised ``FileDescriptorSet``.

    Raises:
        Undecodable: the set is broken, or lacks a type that is used.
    """
    return _types(data).needed(name)


def descriptor(name: str, data: bytes, wanted: Needed) -> Descriptor:
    """The message type ``name`` in a pool of its own, in which are the extensions of its types too.

    Raises:
        Undecodable: google.protobuf refuses what is needed.
    """
    pool = descriptor_pool.DescriptorPool()
    try:
        for file in _types(data).files(wanted):
            pool.Add(file)
        return pool.FindMessageTypeByName(name)
    except (TypeError, KeyError, ValueError, RecursionError) as error:
        raise _broken(error) from None


@lru_cache(maxsize=4)
def _types(data: bytes) -> _Types:
    """The topics of a log often share one set."""
    try:
        return _Types(descriptor_pb2.FileDescriptorSet.FromString(data))
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(error) from None


def _broken(reason: Exception | str) -> Undecodable:
    lines = str(reason).strip("'\"").splitlines()
    return Undecodable(f"its schema is broken ({lines[0][:120] if lines else type(reason).__name__})")


class _Types:
    """All types of a set by their full names, without the dot in front."""

    def __init__(self, files: descriptor_pb2.FileDescriptorSet) -> None:
        self._files: list[_File] = []
        self._numbers: dict[str, int] = {}
        self._found: dict[str, tuple[_Message | _Enum, int]] = {}
        self._extensions: dict[str, list[_Extension]] = defaultdict(list)
        declared = [each for file in files.file for each in self._add_file(file)]
        for each in declared:
            self._extensions[self.resolve(each.proto.extendee, each.scope)].append(each)

    def _add_file(self, file: _File) -> list[_Extension]:
        number = len(self._files)
        self._files.append(file)
        self._numbers.setdefault(file.name, number)
        for enum in file.enum_type:
            self._found.setdefault(_joined(file.package, enum.name), (enum, number))
        found = [_Extension(proto, file.package, number) for proto in file.extension]
        for message in file.message_type:
            found += self._add_message(message, _joined(file.package, message.name), number)
        return found

    def _add_message(self, message: _Message, name: str, file: int) -> list[_Extension]:
        if name in self._found:
            return []
        self._found[name] = message, file
        for enum in message.enum_type:
            self._found.setdefault(_joined(name, enum.name), (enum, file))
        found = [_Extension(proto, name, file) for proto in message.extension]
        for nested in message.nested_type:
            found += self._add_message(nested, _joined(name, nested.name), file)
        return found

    def resolve(self, type_name: str, scope: str) -> str:
        """The full name of what is called ``type_name`` inside ``scope``; empty when there is no such type."""
        if type_name.startswith("."):
            candidates = [type_name[1:]]
        else:
            parts = scope.split(".") if scope else []
            candidates = [".".join([*parts[:size], type_name]) for size in range(len(parts), -1, -1)]
        known = (each for each in candidates if each in self._found)
        return next(known, "") or next((each for each in candidates if self._add_well_known(each)), "")

    def _add_well_known(self, name: str) -> bool:
        """Writers leave out google's own types."""
        if not name.startswith("google.protobuf."):
            return False
        for each in (*_WELL_KNOWN, "wrappers"):
            importlib.import_module(f"google.protobuf.{each}_pb2")
        proto = _File()
        try:
            descriptor_pool.Default().FindFileContainingSymbol(name).CopyToProto(proto)
        except KeyError:
            return False
        self._add_file(proto)
        return name in self._found

    def needed(self, root: str) -> Needed:
        """See ``needed``."""
        if not isinstance(self._found.get(root, (None,))[0], _Message):
            raise _broken(f"it has no message type {root}")
        wanted = Needed({root})
        level = [root]
        for _ in range(MAX_DEPTH):
            below = [inner for name in level for inner in self._below(name, wanted)]
            level = [name for name in dict.fromkeys(below) if name not in wanted.types]
            wanted.types.update(level)
        if level:
            raise Undecodable(f"its message types are nested more than {MAX_DEPTH} deep")
        return wanted

    def _below(self, name: str, wanted: Needed) -> Iterator[str]:
        """The types of a message's fields, and of those that extend it."""
        message, _ = self._found[name]
        if not isinstance(message, _Message):
            return
        fields = [(proto, name) for proto in message.field]
        for extension in self._extensions.get(name, ()):
            if extension.proto.type_name and not self.resolve(extension.proto.type_name, extension.scope):
                wanted.left_out.append(_joined(extension.scope, extension.proto.name))
            else:
                wanted.extensions.append(extension)
                fields.append((extension.proto, extension.scope))
        wanted.field_count += len(fields)
        for proto, scope in fields:
            if not proto.type_name:
                continue
            inner = self.resolve(proto.type_name, scope)
            if not inner:
                raise _broken(f"the type {proto.type_name.removeprefix('.')} is missing")
            yield inner

    def files(self, wanted: Needed) -> list[_File]:
        """The files of a set that has only what is wanted, each one after those that it uses."""
        pruned = _Pruned(self, wanted)
        ordered: dict[int, None] = {}

        def add(number: int) -> None:
            for used in sorted(pruned.uses[number] - {number}):
                pruned.files[number].dependency.append(self.file_name(used))
                if used not in ordered:
                    add(used)
            ordered[number] = None

        for number in list(pruned.files):
            if number not in ordered:
                add(number)
        return [pruned.files[number] for number in ordered]

    def file(self, number: int) -> _File:
        """The file of a number."""
        return self._files[number]

    def found(self, name: str) -> tuple[_Message | _Enum, int] | None:
        """The type of a full name, and the number of its file."""
        return self._found.get(name)

    def file_name(self, number: int) -> str:
        """Its own, by which google.protobuf knows its well-known types, as long as no other file is called so."""
        name = self._files[number].name
        return name if name and self._numbers[name] == number else f"paddock/{number}.proto"


class _Pruned:
    """Copies of files with the types that are wanted, and without options that say nothing about bytes."""

    def __init__(self, types: _Types, wanted: Needed) -> None:
        self.files: dict[int, _File] = {}
        self.uses: dict[int, set[int]] = defaultdict(set)
        """The numbers of the files whose types a file uses, and perhaps its own."""
        self._types, self._wanted = types, wanted
        self._messages: dict[str, _Message] = {}
        for name in wanted.types:
            found = types.found(name)
            assert found is not None, "it is needed, so it is there"
            kind, number = found
            if isinstance(kind, _Enum):
                self._copy_enum(kind, self._scope(name.rpartition(".")[0], number).enum_type.add())
            else:
                self._fill(kind, self._message(name, kind, number), name, number)
        for each in wanted.extensions:
            holder = self._scope(each.scope, each.file)
            self._copy_field(each.proto, holder.extension.add(), each.scope, each.file)

    def _file(self, number: int) -> _File:
        if number not in self.files:
            file = self._types.file(number)
            copy = self.files[number] = _File(name=self._types.file_name(number), package=file.package)
            if file.syntax:
                copy.syntax = file.syntax
            if file.HasField("edition"):
                copy.edition = file.edition
            _copy_features(file.options, copy.options)
        return self.files[number]

    def _scope(self, name: str, number: int) -> _File | _Message:
        """What types and extensions of a scope lie in: a message, copied for that alone if need be, or the file."""
        found = self._types.found(name)
        if found is None or found[1] != number or not isinstance(found[0], _Message):
            return self._file(number)
        return self._message(name, found[0], number)

    def _message(self, name: str, message: _Message, number: int) -> _Message:
        """The copy of a message, at first without its fields."""
        if name not in self._messages:
            holder = self._scope(name.rpartition(".")[0], number)
            copies = holder.message_type if isinstance(holder, _File) else holder.nested_type
            copy = self._messages[name] = copies.add(name=message.name)
            _copy_features(message.options, copy.options)
        return self._messages[name]

    def _fill(self, message: _Message, copy: _Message, name: str, number: int) -> None:
        if message.options.map_entry:
            copy.options.map_entry = True
        if message.options.message_set_wire_format:
            copy.options.message_set_wire_format = True
        copy.oneof_decl.extend(type(each)(name=each.name) for each in message.oneof_decl)
        copy.extension_range.extend(type(each)(start=each.start, end=each.end) for each in message.extension_range)
        for proto in message.field:
            self._copy_field(proto, copy.field.add(), name, number)

    def _copy_field(self, proto: _Field, copy: _Field, scope: str, number: int) -> None:
        copy.CopyFrom(proto)
        # Of use to nobody here, and two of one message may be the same.
        copy.json_name = proto.name
        copy.ClearField("options")
        if proto.options.HasField("packed"):
            copy.options.packed = proto.options.packed
        _copy_features(proto.options, copy.options)
        if proto.type_name:
            copy.type_name = self._used(proto.type_name, scope, number)
        if proto.extendee:
            copy.extendee = self._used(proto.extendee, scope, number)

    def _used(self, type_name: str, scope: str, number: int) -> str:
        """The full name of a type that a file uses."""
        name = self._types.resolve(type_name, scope)
        found = self._types.found(name)
        assert found is not None, "it is needed, so it is there"
        self.uses[number].add(found[1])
        return f".{name}"

    def _copy_enum(self, enum: _Enum, copy: _Enum) -> None:
        copy.name = enum.name
        copy.value.extend(type(each)(name=each.name, number=each.number) for each in enum.value)
        if enum.options.allow_alias:
            copy.options.allow_alias = True
        _copy_features(enum.options, copy.options)


def _copy_features(source: _HasFeatures, target: _HasFeatures) -> None:
    for name in get_args(_Feature):
        if source.HasField("features") and source.features.HasField(name):
            setattr(target.features, name, getattr(source.features, name))


_HasFeatures = (
    descriptor_pb2.FileOptions
    | descriptor_pb2.MessageOptions
    | descriptor_pb2.FieldOptions
    | descriptor_pb2.EnumOptions
)


def _joined(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name

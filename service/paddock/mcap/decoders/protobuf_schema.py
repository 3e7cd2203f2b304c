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

from paddock.mcap.decoders.decoded import Undecodable

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
        self._found: dict[str, tuple[_Message | _Enum, int]] = {}
        self._extensions: dict[str, list[_Extension]] = defaultdict(list)
        declared = [each for file in files.file for each in self._add_file(file)]
        for each in declared:
            self._extensions[self._resolve(each.proto.extendee, each.scope)].append(each)

    def _add_file(self, file: _File) -> list[_Extension]:
        number = len(self._files)
        self._files.append(file)
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

    def _resolve(self, type_name: str, scope: str) -> str:
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
            if extension.proto.type_name and not self._resolve(extension.proto.type_name, extension.scope):
                wanted.left_out.append(_joined(extension.scope, extension.proto.name))
            else:
                wanted.extensions.append(extension)
                fields.append((extension.proto, extension.scope))
        wanted.field_count += len(fields)
        for proto, scope in fields:
            if not proto.type_name:
                continue
            inner = self._resolve(proto.type_name, scope)
            if not inner:
                raise _broken(f"the type {proto.type_name.removeprefix('.')} is missing")
            yield inner

    def files(self, wanted: Needed) -> list[_File]:
        """The files of a set that has only what is wanted, each one after those that it uses."""
        kept = [_PrunedFile(number, file, self, wanted) for number, file in enumerate(self._files)]
        ordered: dict[int, _File] = {}

        def add(number: int) -> None:
            if number in ordered:
                return
            file = kept[number]
            ordered[number] = file.proto
            for used in sorted(file.uses - {number}):
                add(used)
                file.proto.dependency.append(self.file_name(used))
            ordered[number] = ordered.pop(number)

        for number, file in enumerate(kept):
            if file.any:
                add(number)
        return list(ordered.values())

    def file_of(self, type_name: str, scope: str) -> tuple[str, int]:
        """The full name of a type that is known to be there, and the number of its file."""
        name = self._resolve(type_name, scope)
        return name, self._found[name][1]

    def file_name(self, number: int) -> str:
        """Its own, by which google.protobuf knows its well-known types, as long as no other file is called so."""
        name = self._files[number].name
        first = next(index for index, file in enumerate(self._files) if file.name == name)
        return name if name and first == number else f"paddock/{number}.proto"

    def owns(self, name: str, number: int) -> bool:
        """Whether the type of this name is the one in this file: a set may have a file twice."""
        return self._found[name][1] == number


class _PrunedFile:
    """A copy of a file without the types that are not wanted, and without options that say nothing about bytes."""

    def __init__(self, number: int, file: _File, types: _Types, wanted: Needed) -> None:
        self.proto = _File(name=types.file_name(number), package=file.package)
        if file.syntax:
            self.proto.syntax = file.syntax
        if file.HasField("edition"):
            self.proto.edition = file.edition
        _copy_features(file.options, self.proto.options)
        self.any = False
        """Whether anything of the file is wanted."""
        self.uses: set[int] = set()
        """The numbers of the files whose types it uses."""
        self._number, self._types, self._wanted = number, types, wanted
        self._extensions: dict[str, list[_Field]] = defaultdict(list)
        for extension in wanted.extensions:
            if extension.file == number:
                self._extensions[extension.scope].append(extension.proto)
        self._copy_types(file, self.proto, file.package)
        for proto in self._extensions.get(file.package, ()):
            self._copy_field(proto, self.proto.extension.add(), file.package)

    def _copy_types(self, source: _File | _Message, target: _File | _Message, scope: str) -> None:
        for enum in source.enum_type:
            name = _joined(scope, enum.name)
            if name in self._wanted.types and self._types.owns(name, self._number):
                self._copy_enum(enum, target.enum_type.add())
        nested = source.message_type if isinstance(source, _File) else source.nested_type
        copies = target.message_type if isinstance(target, _File) else target.nested_type
        for message in nested:
            name = _joined(scope, message.name)
            if self._types.owns(name, self._number):
                copy = self._message(message, name)
                if copy is not None:
                    copies.append(copy)

    def _message(self, message: _Message, name: str) -> _Message | None:
        """A copy; None when neither it nor anything inside is wanted."""
        copy = _Message(name=message.name)
        _copy_features(message.options, copy.options)
        self._copy_types(message, copy, name)
        if name in self._wanted.types:
            self.any = True
            if message.options.map_entry:
                copy.options.map_entry = True
            if message.options.message_set_wire_format:
                copy.options.message_set_wire_format = True
            copy.oneof_decl.extend(type(each)(name=each.name) for each in message.oneof_decl)
            copy.extension_range.extend(
                type(each)(start=each.start, end=each.end) for each in message.extension_range
            )
            for proto in message.field:
                self._copy_field(proto, copy.field.add(), name)
        for proto in self._extensions.get(name, ()):
            self._copy_field(proto, copy.extension.add(), name)
        kept = name in self._wanted.types or copy.nested_type or copy.enum_type or copy.extension
        return copy if kept else None

    def _copy_field(self, proto: _Field, copy: _Field, scope: str) -> None:
        self.any = True
        copy.CopyFrom(proto)
        # Of use to nobody here, and two of one message may be the same.
        copy.json_name = proto.name
        copy.ClearField("options")
        if proto.options.HasField("packed"):
            copy.options.packed = proto.options.packed
        _copy_features(proto.options, copy.options)
        for name in ("type_name", "extendee"):
            if getattr(proto, name):
                full_name, file = self._types.file_of(getattr(proto, name), scope)
                setattr(copy, name, f".{full_name}")
                self.uses.add(file)

    def _copy_enum(self, enum: _Enum, copy: _Enum) -> None:
        self.any = True
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

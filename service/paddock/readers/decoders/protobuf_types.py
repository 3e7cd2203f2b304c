"""Protobuf message types as Arrow types.

A field whose message type is one of its own ancestors would never end, and one that lies too deep is of no use to
anybody's tools; both become JSON text. Fields of extensions that the schema defines follow a message's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from paddock.columns.limits import MAX_CHANNEL_FIELDS
from paddock.readers.decoders.decoded import Undecodable
from paddock.readers.decoders.protobuf_wire import parse, varint

MAX_DEPTH = 24
"""Deeper messages are JSON text."""
MAX_ENUM_NAMES = 20_000
"""For all fields of a channel: every field that has an enum names all of its values."""
MAX_DEFAULT_BYTES = 4096
"""Texts of proto2 that stand in for absent fields, in one message."""
_COUNTED_TAGS = 64

_F = FieldDescriptor
_SCALARS = {
    _F.TYPE_DOUBLE: pa.float64(),
    _F.TYPE_FLOAT: pa.float32(),
    _F.TYPE_INT64: pa.int64(),
    _F.TYPE_UINT64: pa.uint64(),
    _F.TYPE_INT32: pa.int32(),
    _F.TYPE_FIXED64: pa.uint64(),
    _F.TYPE_FIXED32: pa.uint32(),
    _F.TYPE_BOOL: pa.bool_(),
    _F.TYPE_STRING: pa.string(),
    _F.TYPE_BYTES: pa.binary(),
    _F.TYPE_UINT32: pa.uint32(),
    _F.TYPE_ENUM: pa.int32(),
    _F.TYPE_SFIXED32: pa.int32(),
    _F.TYPE_SFIXED64: pa.int64(),
    _F.TYPE_SINT32: pa.int32(),
    _F.TYPE_SINT64: pa.int64(),
}
FIXED = {
    _F.TYPE_DOUBLE: 8,
    _F.TYPE_FLOAT: 4,
    _F.TYPE_FIXED64: 8,
    _F.TYPE_FIXED32: 4,
    _F.TYPE_SFIXED64: 8,
    _F.TYPE_SFIXED32: 4,
}
"""Bytes of the numbers that take as many on the wire as in a column."""
_WRAPPED = {
    "DoubleValue": _F.TYPE_DOUBLE,
    "FloatValue": _F.TYPE_FLOAT,
    "Int64Value": _F.TYPE_INT64,
    "UInt64Value": _F.TYPE_UINT64,
    "Int32Value": _F.TYPE_INT32,
    "UInt32Value": _F.TYPE_UINT32,
    "BoolValue": _F.TYPE_BOOL,
    "StringValue": _F.TYPE_STRING,
    "BytesValue": _F.TYPE_BYTES,
}
_WRAPPERS = {f"google.protobuf.{name}": [(1, "value", kind)] for name, kind in _WRAPPED.items()}
_SECONDS = [(1, "seconds", _F.TYPE_INT64), (2, "nanos", _F.TYPE_INT32)]
_TIMES = {"google.protobuf.Timestamp": pa.timestamp("ns"), "google.protobuf.Duration": pa.duration("ns")}


@dataclass(frozen=True)
class FieldPlan:
    """One field of a message type."""

    name: str
    number: int
    kind: int
    """Its ``FieldDescriptor.TYPE_*``."""
    arrow: pa.Field
    repeated: bool
    default: object
    """Where the field is absent; None for null."""
    has_presence: bool
    """Whether it is known where it is absent; also of the keys and values of maps, which have a default."""
    message: MessagePlan | None = None
    """The plan of a nested message, or of the entries of a map."""
    is_map: bool = False
    special: str = ""
    """``time``, ``wrapper`` or ``json`` (a type inside itself, or too deep)."""
    descriptor: Descriptor | None = None
    """The type of a field that is ``json``."""
    closed_enum: frozenset[int] | None = None
    """The values of a proto2 enum: other numbers are unknown fields."""
    oneof: str = ""
    any_bytes: bool = False
    """A text that may be other than UTF-8."""


@dataclass(frozen=True)
class MessagePlan:
    """One message type, as it appears at one place of the tree."""

    fields: tuple[FieldPlan, ...]
    message_set: bool = False
    """Whether it is on the wire what ``message_set_wire_format`` says."""

    @cached_property
    def arrow(self) -> pa.StructType:
        """Its Arrow type."""
        return pa.struct([plan.arrow for plan in self.fields])

    @cached_property
    def has_maps(self) -> bool:
        """Whether there is a map in it, at any depth."""
        return any(each.is_map or (each.message is not None and each.message.has_maps) for each in self.fields)

    @cached_property
    def row_bytes(self) -> int:
        """About how many bytes of columns a message takes that says nothing."""
        return sum(map(_field_bytes, self.fields))

    @cached_property
    def growth(self) -> int:
        """How many bytes of columns a byte of a payload can become at most through what is repeated."""
        # An empty message takes a tag and its length of 0.
        return self._packed + max(self._items.values(), default=0) // 2

    def most_bytes(self, payloads: bytes) -> int:
        """How many bytes of columns payloads can become at most through what is repeated."""
        if len(self._items) > _COUNTED_TAGS:
            return self.growth * len(payloads)
        most = self._packed * len(payloads)
        for tag, size in self._items.items():
            # The tag may go on with bytes that say nothing.
            longer = tag[:-1] + bytes([tag[-1] | 0x80])
            most += size * (payloads.count(tag) + payloads.count(longer))
        return most

    @cached_property
    def _packed(self) -> int:
        """How many bytes of columns a byte becomes at most that is in no repeated message: a varint of one byte."""
        inside = [each.message._packed for each in self.fields if each.message is not None]
        lists = [each for each in self.fields if each.repeated and each.message is None and each.kind not in FIXED]
        return max([1, *inside, *map(_value_bytes, lists)])

    @cached_property
    def _items(self) -> dict[bytes, int]:
        """By the tag of messages that are repeated, how many bytes of columns one takes that says nothing."""
        found: dict[bytes, int] = {}
        for each in self.fields:
            if each.message is None:
                continue
            for tag, size in each.message._items.items():
                found[tag] = max(size, found.get(tag, 0))
            if each.repeated:
                wire_type = 3 if each.kind == _F.TYPE_GROUP else 2
                tag = varint(each.number << 3 | wire_type)
                found[tag] = max(_value_bytes(each), found.get(tag, 0))
        return found


def _field_bytes(each: FieldPlan) -> int:
    if each.repeated:
        return 4
    default = len(each.default) if isinstance(each.default, str | bytes) else 0
    return default + _value_bytes(each)


def _value_bytes(each: FieldPlan) -> int:
    if each.message is not None:
        return 1 + each.message.row_bytes
    kind = _SCALARS.get(each.kind, pa.string())
    return 4 if pa.types.is_string(kind) or pa.types.is_binary(kind) else max(1, int(kind.bit_width) // 8)


class Planner:
    """Plans one root message type, collecting the names of its enums by dotted path."""

    def __init__(self) -> None:
        self.enums: dict[str, dict[int, str]] = {}
        self.unnamed: list[str] = []
        """Paths of fields whose enum has more names than there is room for."""
        self._count = 0
        self._names: dict[str, dict[int, str]] = {}
        self._names_left = MAX_ENUM_NAMES
        self._any_bytes: dict[str, bool] = {}

    def root(self, descriptor: Descriptor) -> MessagePlan:
        """The plan of a message type.

        Raises:
            Undecodable: it has too many fields, or defaults that are too long.
        """
        plan = self._message(descriptor, "", ())
        if _default_bytes(plan) > MAX_DEFAULT_BYTES:
            raise Undecodable(f"the texts it has for absent fields take more than {MAX_DEFAULT_BYTES:,} bytes")
        return plan

    def _message(self, descriptor: Descriptor, path: str, above: tuple[str, ...]) -> MessagePlan:
        above = (*above, descriptor.full_name)
        names = {each.name for each in descriptor.fields}
        fields = [self._field(each, each.name, path, above) for each in descriptor.fields]
        for each in sorted(descriptor.file.pool.FindAllExtensions(descriptor), key=lambda each: each.number):
            name = each.full_name if each.full_name not in names else f"[{each.full_name}]"
            fields.append(self._field(each, name, path, above))
        return MessagePlan(tuple(fields), bool(descriptor.GetOptions().message_set_wire_format))

    def _field(self, proto: FieldDescriptor, name: str, path: str, above: tuple[str, ...]) -> FieldPlan:
        self._count += 1
        if self._count > MAX_CHANNEL_FIELDS:
            # Types that include each other twice at every level would have 2^depth fields.
            raise Undecodable(f"its message type has more than {MAX_CHANNEL_FIELDS:,} fields")
        path = f"{path}.{name}" if path else name
        message = proto.message_type
        holder = proto.containing_type
        assert holder is not None
        in_map = holder.GetOptions().map_entry
        repeated = bool(proto.is_repeated)
        special = _special(proto, above)
        inner = None
        if message is not None and special != "json":
            count = self._count
            inner = self._message(message, path, above)
            if special:
                self._count = count
        default: object = None
        closed: frozenset[int] | None = None
        if message is None:
            kind = _SCALARS[proto.type]
            if proto.enum_type is not None:
                closed = self._enum(proto.enum_type, path)
            if proto.has_default_value or not proto.has_presence or in_map:
                default = proto.default_value
        elif special == "time":
            kind = _TIMES[message.full_name]
        elif special == "wrapper":
            assert inner is not None
            kind = inner.fields[0].arrow.type
        elif inner is None:
            kind = pa.string()
        else:
            kind = inner.arrow
        is_map = message is not None and bool(message.GetOptions().map_entry) and repeated
        if is_map:
            assert inner is not None
            key, value = inner.fields
            kind = pa.map_(key.arrow.type, pa.field("value", value.arrow.type, nullable=False))
        elif repeated:
            kind = pa.list_(pa.field("item", kind, nullable=False))
            default = None
        oneof = proto.containing_oneof
        return FieldPlan(
            name=name,
            number=proto.number,
            kind=proto.type,
            arrow=pa.field(name, kind, nullable=not repeated and proto.has_presence and default is None),
            repeated=repeated,
            default=default,
            has_presence=bool(proto.has_presence) or in_map,
            message=inner,
            is_map=is_map,
            special=special,
            descriptor=message if special == "json" else None,
            closed_enum=closed,
            oneof=oneof.name if oneof is not None and len(oneof.fields) > 1 else "",
            any_bytes=proto.type == _F.TYPE_STRING and self._takes_any_bytes(proto),
        )

    def _enum(self, enum: EnumDescriptor, path: str) -> frozenset[int] | None:
        """Note its names; its numbers where no other ones are allowed."""
        names = self._names.get(enum.full_name)
        if names is None:
            names = self._names[enum.full_name] = {}
            for value in enum.values:
                names.setdefault(value.number, value.name)
        if len(names) <= self._names_left:
            self._names_left -= len(names)
            self.enums[path] = names
        else:
            self.unnamed.append(path)
        return frozenset(names) if enum.is_closed else None

    def _takes_any_bytes(self, proto: FieldDescriptor) -> bool:
        """What proto2, proto3 and the features of editions say about a text, google.protobuf knows best."""
        known = self._any_bytes.get(proto.full_name)
        if known is None:
            assert proto.containing_type is not None
            message = message_factory.GetMessageClass(proto.containing_type)
            known = parse(message, varint(proto.number << 3 | 2) + b"\x01\xff") is not None
            self._any_bytes[proto.full_name] = known
        return known


def _special(proto: FieldDescriptor, above: tuple[str, ...]) -> str:
    message = proto.message_type
    if message is None:
        return ""
    fields = [(each.number, each.name, each.type) for each in message.fields if not each.is_repeated]
    if len(fields) == len(message.fields):
        if message.full_name in _TIMES and fields == _SECONDS:
            return "time"
        if fields == _WRAPPERS.get(message.full_name):
            return "wrapper"
    return "json" if message.full_name in above or len(above) >= MAX_DEPTH else ""


def _default_bytes(plan: MessagePlan) -> int:
    """The size of the texts that stand in for absent fields, wherever they are in the tree."""
    total = 0
    for each in plan.fields:
        if isinstance(each.default, str | bytes):
            total += len(each.default)
        if each.message is not None:
            total += _default_bytes(each.message)
    return total

"""Protobuf message types as Arrow types.

The same types as ptars makes, so that messages which it cannot decode fit between those that it can. A field whose
message type is one of its own ancestors would never end; it becomes JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from paddock.mcap.decoders.decoded import Undecodable

MAX_FIELDS = 20_000
"""Types that include each other twice at every level would have 2^depth fields."""

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
_WRAPPED = {
    "DoubleValue": pa.float64(),
    "FloatValue": pa.float32(),
    "Int64Value": pa.int64(),
    "UInt64Value": pa.uint64(),
    "Int32Value": pa.int32(),
    "UInt32Value": pa.uint32(),
    "BoolValue": pa.bool_(),
    "StringValue": pa.string(),
    "BytesValue": pa.binary(),
}
WRAPPERS = {f"google.protobuf.{name}": kind for name, kind in _WRAPPED.items()}
TIMES = {"google.protobuf.Timestamp": pa.timestamp("ns"), "google.protobuf.Duration": pa.duration("ns")}


@dataclass(frozen=True)
class FieldPlan:
    """One field of a message type."""

    name: str
    number: int
    arrow: pa.Field
    repeated: bool
    default: object
    """Where the field is absent; None for null."""
    has_presence: bool
    message: MessagePlan | None = None
    """Of nested messages, and of the entries of a map."""
    is_map: bool = False
    special: str = ""
    """``time``, ``wrapper`` or ``json`` (a type inside itself)."""
    closed_enum: frozenset[int] | None = None
    """Of proto2: numbers that are not in it are unknown fields."""
    oneof: str = ""


@dataclass
class MessagePlan:
    """One message type, as it appears at one place of the tree."""

    fields: list[FieldPlan] = field(default_factory=list)

    @property
    def arrow(self) -> pa.StructType:
        """Its Arrow type."""
        return pa.struct([plan.arrow for plan in self.fields])

    @property
    def needs_care(self) -> bool:
        """Whether ptars' result has to be looked at: defaults of proto2, closed enums, oneofs, JSON text."""
        return any(
            plan.special == "json"
            or plan.closed_enum is not None
            or plan.oneof
            or (plan.has_presence and plan.default is not None)
            or (plan.message is not None and plan.message.needs_care)
            for plan in self.fields
        )


class Planner:
    """Plans one root message type, collecting the names of its enums by dotted path."""

    def __init__(self) -> None:
        self.enums: dict[str, dict[int, str]] = {}
        self._count = 0

    def message(self, descriptor: Descriptor, path: str = "", above: tuple[str, ...] = ()) -> MessagePlan:
        """The plan of a message type.

        Raises:
            Undecodable: it has too many fields.
        """
        above = (*above, descriptor.full_name)
        return MessagePlan([self._field(each, path, above) for each in descriptor.fields])

    def _field(self, proto: FieldDescriptor, path: str, above: tuple[str, ...]) -> FieldPlan:
        self._count += 1
        if self._count > MAX_FIELDS:
            raise Undecodable(f"its message type has more than {MAX_FIELDS} fields")
        path = f"{path}.{proto.name}" if path else proto.name
        message = proto.message_type
        is_map = message is not None and message.GetOptions().map_entry
        repeated = bool(proto.is_repeated)
        inner: MessagePlan | None = None
        special = ""
        closed: frozenset[int] | None = None
        default: object = None
        if message is None:
            kind = _SCALARS[proto.type]
            if proto.enum_type is not None:
                self.enums[path] = _names(proto.enum_type)
                if proto.enum_type.is_closed:
                    closed = frozenset(self.enums[path])
            if proto.has_default_value or not proto.has_presence:
                default = proto.default_value
        elif message.full_name in TIMES:
            kind, special = TIMES[message.full_name], "time"
        elif message.full_name in WRAPPERS:
            kind, special = WRAPPERS[message.full_name], "wrapper"
        elif message.full_name in above:
            kind, special = pa.string(), "json"
        else:
            inner = self.message(message, path, above)
            kind = inner.arrow
        if is_map and inner is not None:
            key, value = inner.fields
            kind = pa.map_(key.arrow.type, pa.field("value", value.arrow.type, nullable=False))
            default = None
        elif repeated:
            kind = pa.list_(pa.field("item", kind, nullable=False))
        nullable = not repeated and proto.has_presence and not (default is not None)
        oneof = proto.containing_oneof
        return FieldPlan(
            name=proto.name,
            number=proto.number,
            arrow=pa.field(proto.name, kind, nullable=nullable),
            repeated=repeated,
            default=default,
            has_presence=bool(proto.has_presence),
            message=inner,
            is_map=is_map,
            special=special,
            closed_enum=closed,
            oneof=oneof.name if oneof is not None and len(oneof.fields) > 1 else "",
        )


def _names(enum: EnumDescriptor) -> dict[int, str]:
    names: dict[int, str] = {}
    for value in enum.values:
        names.setdefault(value.number, value.name)
    return names

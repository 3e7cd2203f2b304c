"""A channel's columns as protobuf messages, with a schema made from their types.

Protobuf and not JSON: it has every type of the columns, where JSON cannot say NaN, int64 and bytes; in Foxglove an
enum keeps its names and a time is a time; and ptars writes half a million messages a second. A missing list becomes
an empty one, and in names every character but letters, digits and ``_`` becomes ``_``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, timestamp_pb2

from paddock.columns.columns import ColumnChannel

_Field = descriptor_pb2.FieldDescriptorProto
_Message = descriptor_pb2.DescriptorProto
_TIMES = {"timestamp": timestamp_pb2.DESCRIPTOR, "duration": duration_pb2.DESCRIPTOR}
_SCALARS = (
    (pa.types.is_boolean, _Field.TYPE_BOOL),
    (pa.types.is_float64, _Field.TYPE_DOUBLE),
    (pa.types.is_floating, _Field.TYPE_FLOAT),
    (pa.types.is_int64, _Field.TYPE_INT64),
    (pa.types.is_uint64, _Field.TYPE_UINT64),
    (pa.types.is_signed_integer, _Field.TYPE_INT32),
    (pa.types.is_unsigned_integer, _Field.TYPE_UINT32),
    (pa.types.is_string, _Field.TYPE_STRING),
    (pa.types.is_null, _Field.TYPE_STRING),
    (pa.types.is_binary, _Field.TYPE_BYTES),
)
_KEYS = (
    _Field.TYPE_BOOL,
    _Field.TYPE_INT32,
    _Field.TYPE_INT64,
    _Field.TYPE_UINT32,
    _Field.TYPE_UINT64,
    _Field.TYPE_STRING,
)
"""What a protobuf map may have as keys."""


class Unwritable(Exception):
    """These columns cannot be said in protobuf; says why."""


class Encoder:
    """Makes the messages of one channel.

    Raises:
        Unwritable: it has a type that protobuf has not.
    """

    def __init__(self, channel: ColumnChannel) -> None:
        *package, name = [_identifier(part, ()) for part in (channel.schema_name or channel.topic).split(".")]
        self.schema_name = ".".join([*package, name])
        said = descriptor_pb2.FileDescriptorProto(
            name=f"{self.schema_name}.proto", package=".".join(package), syntax="proto3"
        )
        # The same on the wire, in a schema that ptars takes without surprises: no enums, maps or names of the log.
        plain = descriptor_pb2.FileDescriptorProto(name="plain.proto", package="plain", syntax="proto3")
        schema = _Schema(channel.enums)
        schema.add_message(
            said.message_type.add(name=name),
            plain.message_type.add(name="Message"),
            f".{self.schema_name}",
            ".plain.Message",
            channel.fields,
            "",
        )
        files = descriptor_pb2.FileDescriptorSet()
        for each in (file for kind, file in _TIMES.items() if kind in schema.times):
            each.CopyToProto(files.file.add())
            said.dependency.append(each.name)
            plain.dependency.append(each.name)
        pool = descriptor_pool.DescriptorPool()
        for file in (*files.file, said, plain):
            pool.Add(file)
        files.file.append(said)
        self.schema: bytes = files.SerializeToString(deterministic=True)
        self._handler: Any = None
        if channel.fields.num_fields:
            import ptars

            handlers = ptars.HandlerPool([pool.FindFileByName(plain.name)])
            self._handler = handlers.get_for_message(pool.FindMessageTypeByName("plain.Message"))
            self._schema = self._handler.schema()

    def encode(self, messages: pa.StructArray) -> pa.BinaryArray:
        """One payload for each message.

        Raises:
            Unwritable: a list lacks one of its values.
        """
        if self._handler is None:
            return pa.array([b""] * len(messages), pa.binary())
        arrays = [_as(messages.field(index), field.type) for index, field in enumerate(self._schema)]
        return self._handler.record_batch_to_array(pa.RecordBatch.from_arrays(arrays, schema=self._schema))


class _Schema:
    """Describes each type twice: for who reads the file (``said``), and for ptars, which writes it (``plain``)."""

    def __init__(self, enums: dict[str, dict[int, str]]) -> None:
        self._enums = enums
        self.times: set[str] = set()
        """The kinds of times that occur."""

    def add_message(
        self, said: _Message, plain: _Message, said_path: str, plain_path: str, kind: pa.StructType, at: str
    ) -> None:
        """Add the fields of a struct; ``at`` is where it lies in the channel's messages."""
        names: list[str] = []
        for index in range(kind.num_fields):
            names.append(_identifier(kind.field(index).name, names))
        taken = set(names)
        for index, name in enumerate(names):
            field = kind.field(index)
            # Two names may differ so little that protobuf would take them for the same in JSON.
            own = said.field.add(name=name, number=index + 1, json_name=name)
            bare = plain.field.add(name=f"f{index + 1}", number=index + 1)
            is_list = _is_list(field.type)
            label = _Field.LABEL_REPEATED if is_list or pa.types.is_map(field.type) else _Field.LABEL_OPTIONAL
            own.label = bare.label = label
            value = field.type.value_type if is_list else field.type
            path = f"{at}.{field.name}" if at else field.name
            if _is_message(value):
                title = _entry_name(name) if pa.types.is_map(value) else f"{name[:1].upper()}{name[1:]}"
                inner = _identifier(title, taken)
                taken.add(inner)
                nested, bare_nested = said.nested_type.add(name=inner), plain.nested_type.add(name=f"M{index + 1}")
                own.type = bare.type = _Field.TYPE_MESSAGE
                own.type_name, bare.type_name = f"{said_path}.{inner}", f"{plain_path}.M{index + 1}"
                struct = _struct_of(value)
                self.add_message(nested, bare_nested, own.type_name, bare.type_name, struct, path)
                nested.options.map_entry = inner == title and _is_map(nested, field.type)
                continue
            self._set_type(said, own, bare, said_path, value, path, taken)
            if label == _Field.LABEL_OPTIONAL and field.nullable and bare.type != _Field.TYPE_MESSAGE:
                _make_optional(said, own)
                _make_optional(plain, bare)

    def _set_type(
        self,
        message: _Message,
        own: _Field,
        bare: _Field,
        said_path: str,
        kind: pa.DataType,
        path: str,
        taken: set[str],
    ) -> None:
        for name, is_time in (("timestamp", pa.types.is_timestamp), ("duration", pa.types.is_duration)):
            if is_time(kind):
                self.times.add(name)
                own.type = bare.type = _Field.TYPE_MESSAGE
                own.type_name = bare.type_name = f".google.protobuf.{name.capitalize()}"
                return
        found = next((number for is_kind, number in _SCALARS if is_kind(kind)), None)
        if found is None:
            raise Unwritable(f"{path} is of a type that protobuf has not ({kind})")
        own.type = bare.type = found
        if (values := self._enums.get(path)) and found == _Field.TYPE_INT32:
            own.type = _Field.TYPE_ENUM
            own.type_name = f"{said_path}.{_add_enum(message, own.name, values, taken)}"


def _add_enum(message: _Message, name: str, values: dict[int, str], taken: set[str]) -> str:
    """An enum with these names, in a message of its own: in one scope two enums may not share a name."""
    holder = message.nested_type.add(name=_identifier(f"{name[:1].upper()}{name[1:]}Enum", taken))
    taken.add(holder.name)
    enum = holder.enum_type.add(name="Value")
    names: list[str] = []
    # The first one must be 0.
    for number in sorted({0, *values}, key=lambda number: (number != 0, number)):
        names.append(_identifier(values.get(number, "UNNAMED_0"), names))
        enum.value.add(name=names[-1], number=number)
    return f"{holder.name}.Value"


def _make_optional(message: _Message, field: _Field) -> None:
    """A value that may be missing."""
    field.proto3_optional = True
    field.oneof_index = len(message.oneof_decl)
    message.oneof_decl.add(name=f"_{field.name}")


def _entry_name(field: str) -> str:
    """What protobuf wants the entries of a map to be called."""
    return "".join(part[:1].upper() + part[1:] for part in field.split("_")) + "Entry"


def _is_map(entry: _Message, kind: pa.DataType) -> bool:
    """Whether protobuf has such a map: with keys of some types, and no value missing. Entries are written alike."""
    if not pa.types.is_map(kind) or kind.item_field.nullable:
        return False
    key, value = entry.field
    return bool(key.type in _KEYS and value.label != _Field.LABEL_REPEATED)


def _identifier(text: str, taken: Iterable[str]) -> str:
    """``text`` as protobuf names things, and as none of these."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text) or "unnamed"
    name = f"_{name}" if name[0].isdigit() else name
    known, candidate, count = set(taken), name, 1
    while candidate in known:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _is_message(kind: pa.DataType) -> bool:
    return bool(pa.types.is_struct(kind) or pa.types.is_map(kind)) or _is_list(kind)


def _struct_of(kind: pa.DataType) -> pa.StructType:
    """The type of the message that a struct, an entry of a map or a list within a list becomes."""
    if pa.types.is_map(kind):
        return pa.struct([pa.field("key", kind.key_type, False), kind.item_field.with_name("value")])
    return pa.struct([pa.field("items", kind, nullable=False)]) if _is_list(kind) else kind


def _as(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """The same values in the type that ptars takes."""
    kind = array.type
    if pa.types.is_list(wanted):
        if pa.types.is_map(kind):
            return _entries(array, wanted)
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        return _list(lengths, array.flatten(), wanted)
    if pa.types.is_struct(wanted):
        if _is_list(kind):
            inner = wanted.field(0)
            return pa.StructArray.from_arrays([_as(array, inner.type)], fields=[inner])
        if not wanted.num_fields:
            return array  # made from no arrays it would have no rows
        children = [_as(array.field(index), wanted.field(index).type) for index in range(wanted.num_fields)]
        fields = [wanted.field(index) for index in range(wanted.num_fields)]
        mask = array.is_null() if array.null_count else None
        return pa.StructArray.from_arrays(children, fields=fields, mask=mask)
    if pa.types.is_timestamp(wanted) or pa.types.is_duration(wanted):
        whole = array.cast(pa.timestamp("ns") if pa.types.is_timestamp(wanted) else wanted)
        return whole.view(wanted)
    return array if kind == wanted else array.cast(wanted)


def _entries(array: pa.MapArray, wanted: pa.ListType) -> pa.ListArray:
    """A map as its entries, those of missing maps left out."""
    if array.null_count:
        present = array.drop_null()
        lengths = np.zeros(len(array), np.int64)
        lengths[array.is_valid().to_numpy(zero_copy_only=False)] = np.diff(present.offsets.to_numpy())
    else:
        present, lengths = array, np.diff(array.offsets.to_numpy())
    first, last = present.offsets[0].as_py(), present.offsets[-1].as_py()
    item = wanted.value_type
    columns = [each[first:last] for each in (present.keys, present.items)]
    arrays = [_as(column, item.field(index).type) for index, column in enumerate(columns)]
    entries = pa.StructArray.from_arrays(arrays, fields=[item.field(0), item.field(1)])
    return _from_lengths(lengths, entries, wanted)


def _list(lengths: pa.Array, values: pa.Array, wanted: pa.ListType) -> pa.ListArray:
    if values.null_count and not pa.types.is_floating(values.type):
        raise Unwritable("a list lacks one of its values, which protobuf cannot say")
    if values.null_count:
        values = pc.fill_null(values, float("nan"))
    return _from_lengths(lengths.to_numpy(), _as(values, wanted.value_type), wanted)


def _from_lengths(lengths: Any, values: pa.Array, wanted: pa.ListType) -> pa.ListArray:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=wanted)

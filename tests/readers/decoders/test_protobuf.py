"""Protobuf values are what google.protobuf says they are, whichever of the two decoders made them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from google.protobuf import descriptor_pb2, duration_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.columns.limits import Limits
from paddock.readers.decoders import protobuf
from paddock.readers.decoders.decoded import Undecodable
from paddock.readers.decoders.schema import Schema
from tests.readers.mcap.builders import descriptor_set, message_class

Files = descriptor_pb2.FileDescriptorSet
Field = descriptor_pb2.FieldDescriptorProto

SCALARS = [
    "DOUBLE",
    "FLOAT",
    "INT64",
    "UINT64",
    "INT32",
    "FIXED64",
    "FIXED32",
    "BOOL",
    "STRING",
    "BYTES",
    "UINT32",
    "SFIXED32",
    "SFIXED64",
    "SINT32",
    "SINT64",
]
INT64 = range(-(2**63), 2**63)


def decoder(files: Files, name: str) -> protobuf.ProtobufDecoder:
    return protobuf.decoder(Schema(1, name, "protobuf", files.SerializeToString()), Limits())


def decoded(decoder: protobuf.ProtobufDecoder, payloads: list[bytes]) -> list[Any]:
    result = decoder.decode(pa.array(payloads, pa.binary()))
    assert result.messages.type == decoder.fields
    result.messages.validate(full=True)
    return plain(result.messages)


def plain(array: pa.Array) -> list[Any]:
    """As Python values; times are integers, maps are dicts."""
    kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return array.view(pa.int64()).to_pylist()
    valid = array.is_valid().to_pylist()
    if pa.types.is_struct(kind):
        columns = [plain(column) for column in array.flatten()]
        names = [field.name for field in kind]
        return [
            {n: c[row] for n, c in zip(names, columns, strict=True)} if ok else None for row, ok in enumerate(valid)
        ]
    if pa.types.is_map(kind):
        offsets = array.offsets.to_pylist()
        keys, items = plain(array.keys), plain(array.items)
        base = offsets[0]
        return [
            dict(zip(keys[a - base : b - base], items[a - base : b - base], strict=True))
            for a, b in _pairs(offsets)
        ]
    if pa.types.is_list(kind):
        items, offsets = plain(array.flatten()), array.offsets.to_pylist()
        return [items[a - offsets[0] : b - offsets[0]] for a, b in _pairs(offsets)]
    return array.to_pylist()


def _pairs(offsets: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(offsets))


def expected(message: Message) -> dict[str, Any]:
    """What google.protobuf says, by its public attributes."""
    return {field.name: _expected(message, field) for field in message.DESCRIPTOR.fields}


def _expected(message: Message, field: FieldDescriptor) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return {key: _plain(value[key]) for key in value}
        return [_plain(item) for item in value]
    absent = field.has_presence and not message.HasField(field.name)
    return None if absent and not field.has_default_value else _plain(value)


def _plain(value: Any) -> Any:
    if _is_time(value):
        return max(INT64[0], min(INT64[-1], value.seconds * 10**9 + value.nanos))
    return expected(value) if isinstance(value, Message) else value


def _is_time(value: Any) -> bool:
    times = ("google.protobuf.Timestamp", "google.protobuf.Duration")
    return isinstance(value, Message) and value.DESCRIPTOR.full_name in times


@st.composite
def schemas(draw: st.DrawFn) -> Files:
    """A few message types that use the ones before them, in proto2 or proto3."""
    files = Files()
    for well_known in (timestamp_pb2, duration_pb2):
        well_known.DESCRIPTOR.CopyToProto(files.file.add())
    file = files.file.add(name="random.proto", package="r", syntax=draw(st.sampled_from(["proto2", "proto3"])))
    file.dependency.extend(["google/protobuf/timestamp.proto", "google/protobuf/duration.proto"])
    enum = file.enum_type.add(name="E")
    for number in (0, 1, -7, 300):
        enum.value.add(name=f"E{number}".replace("-", "_"), number=number)
    for index in range(draw(st.integers(1, 3))):
        _message_type(draw, file, index)
    return files


def _message_type(draw: st.DrawFn, file: descriptor_pb2.FileDescriptorProto, index: int) -> None:
    message = file.message_type.add(name=f"M{index}")
    others = [f".r.M{other}" for other in range(index)]
    kinds = [*SCALARS, "ENUM", "TIMESTAMP", "DURATION", *others]
    oneof = draw(st.booleans())
    if oneof:
        message.oneof_decl.add(name="choice")
    numbers = draw(st.lists(st.integers(1, 5000), min_size=1, max_size=8, unique=True))
    for position, number in enumerate(numbers):
        field = message.field.add(name=f"f{position}", number=number, label=Field.LABEL_OPTIONAL)
        _set_kind(field, draw(st.sampled_from(kinds)))
        shape = draw(st.sampled_from(["single", "single", "optional", "repeated", "map", "oneof"]))
        if shape == "repeated":
            field.label = Field.LABEL_REPEATED
            if field.type not in (Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_MESSAGE):
                field.options.packed = draw(st.booleans())
        elif shape == "map":
            entry = message.nested_type.add(name=f"F{position}Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=Field.LABEL_OPTIONAL, type=draw(st.sampled_from([5, 9, 8])))
            value = entry.field.add(name="value", number=2, label=Field.LABEL_OPTIONAL, type=field.type)
            if field.type_name:
                value.type_name = field.type_name
            field.CopyFrom(
                Field(name=field.name, number=number, label=Field.LABEL_REPEATED, type=Field.TYPE_MESSAGE)
            )
            field.type_name = f".r.{message.name}.{entry.name}"
        elif shape == "oneof" and oneof:
            field.oneof_index = 0
        elif shape == "optional" and file.syntax == "proto3":
            field.proto3_optional = True
            message.oneof_decl.add(name=f"_f{position}")
            field.oneof_index = len(message.oneof_decl) - 1
        elif shape == "optional" and field.type in (Field.TYPE_INT32, Field.TYPE_DOUBLE):
            field.default_value = "41"
    if oneof and not any(field.HasField("oneof_index") and not field.oneof_index for field in message.field):
        message.field.add(name="only", number=6000, type=Field.TYPE_BOOL, label=Field.LABEL_OPTIONAL, oneof_index=0)
    # protoc puts the oneofs of proto3's optional last; so does this, because "choice" came first.


def _set_kind(field: Field, kind: str) -> None:
    if kind in ("TIMESTAMP", "DURATION"):
        field.type, field.type_name = Field.TYPE_MESSAGE, f".google.protobuf.{kind.capitalize()}"
    elif kind == "ENUM":
        field.type, field.type_name = Field.TYPE_ENUM, ".r.E"
    elif kind.startswith("."):
        field.type, field.type_name = Field.TYPE_MESSAGE, kind
    else:
        field.type = Field.Type.Value(f"TYPE_{kind}")


_BITS = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32, allow_nan=False),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}


def _scalar(draw: st.DrawFn, field: FieldDescriptor) -> Any:
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        open_numbers = [] if field.enum_type.is_closed else [5, 2**31 - 1]
        return draw(st.sampled_from([0, 1, -7, 300, *open_numbers]))
    if field.type == FieldDescriptor.TYPE_STRING:
        return draw(st.text(max_size=5))
    return draw(st.binary(max_size=5)) if field.type == FieldDescriptor.TYPE_BYTES else draw(_BITS[field.cpp_type])


def _fill(draw: st.DrawFn, message: Message) -> None:
    if _is_time(message):
        message.seconds = draw(st.one_of(st.integers(-(10**10), 10**10), st.integers(-(2**63), 2**63 - 1)))
        message.nanos = draw(st.integers(-(2**31), 2**31 - 1))
        return
    for field in message.DESCRIPTOR.fields:
        if draw(st.booleans()):
            continue
        nested = field.message_type
        if nested is not None and nested.GetOptions().map_entry:
            entries = getattr(message, field.name)
            for _ in range(draw(st.integers(0, 2))):
                key, value = _scalar(draw, nested.fields[0]), nested.fields[1]
                if value.message_type is None:
                    entries[key] = _scalar(draw, value)
                else:
                    # An absent value inside a map entry is written by nobody but allowed: ptars cannot read it.
                    _fill(draw, entries[key])
        elif field.is_repeated:
            for _ in range(draw(st.integers(0, 3))):
                if nested is None:
                    getattr(message, field.name).append(_scalar(draw, field))
                else:
                    _fill(draw, getattr(message, field.name).add())
        elif nested is None:
            setattr(message, field.name, _scalar(draw, field))
        else:
            getattr(message, field.name).SetInParent()
            _fill(draw, getattr(message, field.name))


@pytest.mark.slow("random messages")
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_messages_of_random_schemas(data: st.DataObject) -> None:
    files = data.draw(schemas())
    name = f"r.{files.file[-1].message_type[-1].name}"
    kind = message_class(files, name)
    messages = [kind() for _ in range(data.draw(st.integers(1, 4)))]
    for message in messages:
        _fill(data.draw, message)
    payloads = [message.SerializeToString() for message in messages]
    parsed = [kind.FromString(payload) for payload in payloads]
    fast = decoder(files, name)
    assert decoded(fast, payloads) == [expected(message) for message in parsed]
    fast._handler = None
    assert decoded(fast, payloads) == [expected(message) for message in parsed]


PROTO2 = """
syntax: "proto2" name: "p2.proto" package: "p"
enum_type { name: "E" value { name: "A" number: 3 } value { name: "B" number: 5 } }
message_type { name: "M"
  field { name: "speed" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL default_value: "7" }
  field { name: "e" number: 2 type: TYPE_ENUM type_name: ".p.E" label: LABEL_OPTIONAL }
  field { name: "es" number: 3 type: TYPE_ENUM type_name: ".p.E" label: LABEL_REPEATED }
  field { name: "g" number: 4 type: TYPE_GROUP type_name: ".p.M.G" label: LABEL_OPTIONAL }
  field { name: "must" number: 5 type: TYPE_FLOAT label: LABEL_REQUIRED }
  nested_type { name: "G" field { name: "x" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL } } }
"""


def test_proto2_defaults_closed_enums_groups_and_a_required_field_that_is_missing() -> None:
    p2 = decoder(descriptor_set(PROTO2), "p.M")
    rows = decoded(p2, [b"", b"\x08\x00\x23\x08\x05\x24\x2d\x00\x00\x80\x3f", b"\x10\x04\x18\x03\x18\x04"])
    assert rows == [
        {"speed": 7, "e": None, "es": [], "g": None, "must": None},
        {"speed": 0, "e": None, "es": [], "g": {"x": 5}, "must": 1.0},
        {"speed": 7, "e": None, "es": [3], "g": None, "must": None},
    ]
    assert p2.enums == {"e": {3: "A", 5: "B"}, "es": {3: "A", 5: "B"}}


PROTO3 = """
syntax: "proto3" name: "p3.proto" package: "p"
message_type { name: "I" field { name: "x" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL } }
message_type { name: "M"
  field { name: "a" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "b" number: 2 type: TYPE_MESSAGE type_name: ".p.I" label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "m" number: 3 type: TYPE_MESSAGE type_name: ".p.M.MEntry" label: LABEL_REPEATED }
  field { name: "s" number: 4 type: TYPE_STRING label: LABEL_OPTIONAL }
  oneof_decl { name: "o" }
  nested_type { name: "MEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".p.I" label: LABEL_OPTIONAL } } }
"""


@pytest.mark.parametrize(
    "payload",
    [
        b"\x08\x05\x12\x00",  # both of a oneof
        b"\x12\x02\x08\x05\x08\x01",
        b"\x12\x02\x08\x05\x12\x00",  # a message in two pieces
        b"\x1a\x03\x0a\x01k",  # a map entry without a value
        b"\x78\x05\x92\x03\x02hi\x22\x02ok",  # unknown fields
    ],
)
def test_wire_forms_that_few_writers_make(payload: bytes) -> None:
    files = descriptor_set(PROTO3)
    assert decoded(decoder(files, "p.M"), [payload]) == [expected(message_class(files, "p.M").FromString(payload))]


def map_entry(key: str, number: int) -> bytes:
    entry = b"\x0a\x01" + key.encode() + b"\x12\x02\x08" + bytes([number])
    return b"\x1a" + bytes([len(entry)]) + entry


@pytest.mark.parametrize(
    "maps",
    [
        ["ab", "ab", "ab"],
        ["aa", "aa", "aa"],  # a key that is there twice in all of them
        ["ab", "ba", "ab"],
        ["ab", "ab", "bb"],
        ["abab", "ab", "ab"],  # as many keys in a row as in others, but in another map
        ["", "ab", "ab"],
        ["a", "a", "b"],
    ],
)
def test_the_last_of_a_key_counts_in_every_map_however_alike_the_maps_are(maps: list[str]) -> None:
    files = descriptor_set(PROTO3)
    payloads = [
        b"".join(map_entry(key, 1 + row % 50 + place) for place, key in enumerate(keys))
        for row, keys in enumerate(maps * 40)
    ]
    message = message_class(files, "p.M")
    wanted = [
        sorted((key, value["x"]) for key, value in expected(message.FromString(each))["m"].items())
        for each in payloads
    ]
    made = decoder(files, "p.M").decode(pa.array(payloads, pa.binary())).messages.field("m")
    # As pairs: in a dict a key that is there twice would not be seen.
    assert [sorted((key, value["x"]) for key, value in each) for each in made.to_pylist()] == wanted


def test_a_message_that_cannot_be_decoded_costs_that_message_only() -> None:
    good = [b"\x08" + bytes([number]) for number in range(100)]
    bad = {3: b"\x08", 50: b"\x22\x01\xff", 51: b"\x0b", 99: b"\x00\x00"}
    payloads = [bad.get(number, payload) for number, payload in enumerate(good)]
    result = decoder(descriptor_set(PROTO3), "p.M").decode(pa.array(payloads, pa.binary()))
    assert result.kept is not None
    assert {row for row in range(100) if not result.kept[row]} == set(bad)
    assert result.messages.field("a").to_pylist() == [number for number in range(100) if number not in bad]


RECURSIVE = """
syntax: "proto3" name: "rec.proto" package: "p"
message_type { name: "Node"
  field { name: "n" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field { name: "next" number: 2 type: TYPE_MESSAGE type_name: ".p.Node" label: LABEL_OPTIONAL }
  field { name: "other" number: 3 type: TYPE_MESSAGE type_name: ".p.Other" label: LABEL_OPTIONAL }
  field { name: "all" number: 4 type: TYPE_MESSAGE type_name: ".p.Node" label: LABEL_REPEATED } }
message_type { name: "Other"
  field { name: "back" number: 1 type: TYPE_MESSAGE type_name: ".p.Node" label: LABEL_OPTIONAL } }
"""


@pytest.mark.parametrize("fast", [True, False])
def test_a_type_inside_itself_is_json_text(fast: bool) -> None:
    files = descriptor_set(RECURSIVE)
    node = message_class(files, "p.Node")
    message = node(n=1, next={"n": 2, "next": {"n": 3}}, other={"back": {"n": 4}}, all=[{"n": 5}, {}])
    nodes = decoder(files, "p.Node")
    if not fast:
        nodes._handler = None
    row, empty = decoded(nodes, [message.SerializeToString(), b""])
    assert json.loads(row["next"]) == {"n": 2, "next": {"n": 3}}
    assert json.loads(row["other"]["back"]) == {"n": 4}
    assert [json.loads(each) for each in row["all"]] == [{"n": 5}, {}]
    assert empty == {"n": 0, "next": None, "other": None, "all": []}


def test_a_type_of_too_many_fields_is_kept_as_bytes() -> None:
    levels = "".join(
        f'message_type {{ name: "M{n}"'
        + "".join(
            f' field {{name: "f{i}" number: {i} label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".p.M{n + 1}"}}'
            for i in (1, 2)
        )
        + " }"
        for n in range(30)
    )
    with pytest.raises(Undecodable, match="4,000 fields"):
        decoder(
            descriptor_set(
                f'syntax: "proto3" name: "w.proto" package: "p" {levels} message_type {{ name: "M30" }}'
            ),
            "p.M0",
        )


@pytest.mark.parametrize(
    "schema",
    [
        Schema(1, "p.M", "protobuf", b"\xff\xff not a descriptor"),
        Schema(1, "p.Missing", "protobuf", descriptor_set(PROTO3).SerializeToString()),
        Schema(1, "p.M", "protobuf", b""),
        Schema(1, "p.M", "flatbuffer", b""),
        None,
    ],
)
def test_a_broken_schema_is_named(schema: Schema | None) -> None:
    with pytest.raises(Undecodable):
        protobuf.decoder(schema, Limits())


def test_googles_own_types_need_not_be_in_the_schema() -> None:
    text = """syntax: "proto3" name: "t.proto" package: "p" dependency: "google/protobuf/timestamp.proto"
    message_type { name: "M" field { name: "at" number: 1 type: TYPE_MESSAGE label: LABEL_OPTIONAL
                                     type_name: ".google.protobuf.Timestamp" } }"""
    assert decoded(decoder(descriptor_set(text), "p.M"), [b"\x0a\x02\x08\x02", b""]) == [
        {"at": 2 * 10**9},
        {"at": None},
    ]

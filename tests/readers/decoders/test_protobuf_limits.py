"""Small logs of hostile schemas and payloads stay small."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pyarrow as pa
import pytest
from google.protobuf import descriptor_pb2

from paddock.columns.limits import MAX_CHANNEL_FIELDS, MAX_LOG_NAMES, Limits, OverLimit
from paddock.readers.decoders import protobuf
from paddock.readers.decoders.decoded import Undecodable
from paddock.readers.decoders.protobuf_types import MAX_DEPTH, MAX_ENUM_NAMES
from paddock.readers.decoders.schema import Schema
from tests.readers.decoders.protobuf_reference import as_python
from tests.readers.decoders.random_protobuf_payload import varint

Field = descriptor_pb2.FieldDescriptorProto
File = descriptor_pb2.FileDescriptorProto


def schema(make: Callable[[File], object], syntax: str = "proto3", name: str = "p.M") -> Schema:
    files = descriptor_pb2.FileDescriptorSet()
    make(files.file.add(name="a.proto", package="p", syntax=syntax))
    return Schema(1, name, "protobuf", files.SerializeToString())


def decoder(make: Callable[[File], object], syntax: str = "proto3", name: str = "p.M") -> protobuf.ProtobufDecoder:
    return protobuf.decoder(schema(make, syntax, name), Limits())


def wide(file: File, fields: int = 2000, group: bool = False) -> None:
    message = file.message_type.add(name="M")
    element = message.nested_type.add(name="W")
    for number in range(1, fields + 1):
        element.field.add(name=f"f{number}", number=number, type=Field.TYPE_DOUBLE, label=1)
    kind = Field.TYPE_GROUP if group else Field.TYPE_MESSAGE
    message.field.add(name="w", number=1, type=kind, type_name=".p.M.W", label=3)


@pytest.mark.parametrize("element", [b"\x0a\x00", b"\x8a\x00\x00"], ids=["plain", "with a longer tag"])
def test_a_message_of_empty_messages_that_would_fill_the_memory_is_refused_before_it_does(element: bytes) -> None:
    one = decoder(wide)
    with pytest.raises(OverLimit, match=r"one of its messages would be [\d,]+ MB"):
        one.decode(pa.array([element * 500_000], pa.binary()))
    assert one.decode(pa.array([element * 3], pa.binary())).messages.field("w").value_lengths().to_pylist() == [3]


def test_empty_groups_are_refused_alike() -> None:
    one = decoder(lambda file: wide(file, group=True), "proto2")
    with pytest.raises(OverLimit):
        one.decode(pa.array([b"\x0b\x0c" * 500_000], pa.binary()))


@pytest.mark.slow("as many messages as a batch may hold")
def test_of_many_such_messages_only_so_many_are_taken_as_a_batch_may_hold() -> None:
    one = decoder(wide)
    payloads = pa.array([b"\x0a\x00" * 50] * 2000, pa.binary())
    decoded = one.decode(payloads)
    assert decoded.taken is not None
    assert 1 < decoded.taken < 2000
    assert len(decoded.messages) == decoded.taken
    assert decoded.messages.nbytes < 8 * Limits().batch_bytes


def test_a_large_message_of_small_ones_is_read() -> None:
    def points(file: File) -> None:
        wide(file, fields=20)

    full = b"".join(bytes([number << 3 | 1]) + b"\1" * 8 for number in range(1, 16))
    payload = (b"\x0a" + varint(len(full)) + full) * 20_000
    decoded = decoder(points).decode(pa.array([payload], pa.binary()))
    assert decoded.messages.field("w").value_lengths().to_pylist() == [20_000]


@pytest.mark.slow("a message of many MiB")
def test_a_large_message_that_does_not_grow_is_read() -> None:
    def image(file: File) -> None:
        message = file.message_type.add(name="M")
        message.field.add(name="pixels", number=1, type=Field.TYPE_BYTES, label=1)
        message.field.add(name="depth", number=2, type=Field.TYPE_FLOAT, label=3)

    size = Limits().batch_bytes * 2
    payload = b"\x0a" + varint(size) + bytes(size)
    decoded = decoder(image).decode(pa.array([payload], pa.binary()))
    assert len(decoded.messages.field("pixels")[0].as_py()) == size


def test_defaults_of_proto2_that_are_long_are_refused_by_the_schema() -> None:
    def defaults(file: File) -> None:
        message = file.message_type.add(name="M")
        for number in range(1, 11):
            message.field.add(name=f"f{number}", number=number, type=9, label=1, default_value="x" * 500)

    with pytest.raises(Undecodable, match="4,096 bytes"):
        decoder(defaults, "proto2")


def test_the_names_of_an_enum_that_many_fields_have_are_not_noted_without_end() -> None:
    def enums(file: File) -> None:
        enum, message = file.enum_type.add(name="E"), file.message_type.add(name="M")
        for number in range(3000):
            enum.value.add(name=f"V{number}", number=number)
            message.field.add(name=f"f{number}", number=number + 1, type=14, type_name=".p.E", label=1)

    one = decoder(enums)
    assert 0 < sum(map(len, one.enums.values())) <= MAX_ENUM_NAMES
    assert one.notice == "has no names for the values of f6, f7, f8 and 2,991 more: there are too many"


def chain(levels: int) -> Callable[[File], None]:
    def make(file: File) -> None:
        for level in range(levels):
            message = file.message_type.add(name=f"M{level}")
            message.field.add(name="v", number=1, type=5, label=1)
            if level + 1 < levels:
                message.field.add(name="n", number=2, type=11, type_name=f".p.M{level + 1}", label=1)

    return make


def test_messages_that_lie_deep_are_json_text() -> None:
    payload = b""
    for _ in range(40):
        size = (
            bytes([len(payload)]) if len(payload) < 128 else bytes([len(payload) & 0x7F | 0x80, len(payload) >> 7])
        )
        payload = b"\x08\x05\x12" + size + payload
    decoded = decoder(chain(90), name="p.M0").decode(pa.array([payload, b""], pa.binary()))
    value = as_python(decoded.messages)[0]
    for _ in range(MAX_DEPTH - 1):
        assert value["v"] == 5
        value = value["n"]
    assert json.loads(value["n"])["n"]["v"] == 5


def test_types_nested_deeper_than_google_protobuf_reads_are_kept_as_bytes() -> None:
    with pytest.raises(Undecodable, match="more than 100 deep"):
        decoder(chain(5000), name="p.M0")


def test_a_field_of_a_large_number_takes_no_table_of_that_length() -> None:
    def large(file: File) -> None:
        file.message_type.add(name="M").field.add(name="a", number=2**29 - 1, type=5, label=1)

    one = decoder(large)
    assert one._handler is None
    assert as_python(one.decode(pa.array([b"\xf8\xff\xff\xff\x0f\x05"], pa.binary())).messages) == [{"a": 5}]


def test_groups_in_groups_and_sizes_beyond_all_bounds_cost_their_message_and_no_line_of_rust(
    capfd: pytest.CaptureFixture[str],
) -> None:
    one = decoder(lambda file: file.message_type.add(name="M").field.add(name="a", number=1, type=5, label=1))
    endless, beyond = b"\x13" * 2_000_000, b"\x12" + b"\xff" * 9 + b"\x01"
    decoded = one.decode(pa.array([b"\x08\x05"] * 200 + [endless, beyond, b"\x08\x06"], pa.binary()))
    assert decoded.kept is not None
    assert decoded.kept.tolist() == [True] * 200 + [False, False, True]
    assert decoded.messages.field("a")[-1].as_py() == 6
    assert not capfd.readouterr().err


def test_a_schema_that_many_topics_have_is_worked_out_once() -> None:
    one = schema(lambda file: file.message_type.add(name="M").field.add(name="a", number=1, type=5, label=1))
    limits = Limits()
    assert len({id(protobuf.decoder(one, limits)) for _ in range(100)}) == 1


def test_a_schema_of_more_fields_than_are_left_is_not_worked_out() -> None:
    def fields(file: File) -> None:
        message = file.message_type.add(name="M")
        for number in range(1, MAX_CHANNEL_FIELDS + 2):
            message.field.add(name=f"f{number}", number=number, type=5, label=1)

    worked_out = protobuf._shared.cache_info().misses
    with pytest.raises(OverLimit, match="4,000 fields"):
        decoder(fields)
    assert protobuf._shared.cache_info().misses == worked_out


def test_the_names_of_enums_have_a_limit_for_a_whole_log() -> None:
    def enum(file: File) -> None:
        values, message = file.enum_type.add(name="E"), file.message_type.add(name="M")
        for number in range(15_000):
            values.value.add(name=f"V{number}", number=number)
        message.field.add(name="e", number=1, type=14, type_name=".p.E", label=1)

    one, limits = schema(enum), Limits()
    channels = [protobuf.decoder(one, limits) for _ in range(20)]
    assert sum(len(names) for each in channels for names in each.enums.values()) <= MAX_LOG_NAMES
    assert [each.notice for each in channels[::19]] == ["", "has no names for the values of e: there are too many"]
    assert protobuf.decoder(one, Limits()).enums


def test_a_set_of_many_files_and_types_takes_work_in_proportion() -> None:
    files = descriptor_pb2.FileDescriptorSet()
    for number in range(3000):
        file = files.file.add(name=f"{number}.proto", package=f"p{number}", syntax="proto3")
        file.message_type.add(name="M").field.add(name="a", number=1, type=5, label=1)
    data = files.SerializeToString()
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        protobuf.decoder(Schema(1, "p7.M", "protobuf", data), Limits())
    finally:
        sys.setprofile(None)
    assert calls < 100 * 3000

"""A schema is read when what its messages need is in it, whatever else is missing or odd."""

from __future__ import annotations

from copy import copy
from typing import Any

import pyarrow as pa
import pytest

from paddock.columns.limits import Limits
from paddock.readers.decoders import protobuf
from paddock.readers.decoders.decoded import Undecodable
from paddock.readers.decoders.schema import Schema
from paddock.simulator.schema import MESSAGES, PACKAGE, file_descriptor_set
from tests.readers.mcap.builders import descriptor_set


def decoder(*files: str, name: str = "p.M") -> protobuf.ProtobufDecoder:
    data = descriptor_set(*files).SerializeToString()
    return protobuf.decoder(Schema(1, name, "protobuf", data), Limits())


def rows(of: protobuf.ProtobufDecoder, *payloads: bytes) -> list[Any]:
    found: list[Any] = of.decode(pa.array(payloads, pa.binary())).messages.to_pylist()
    return found


X = 'message_type { name: "M" field { name: "x" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL } }'
IMU = 'message_type { name: "Imu" field { name: "ax" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL } }'
USES_IMU = """message_type { name: "M"
  field { name: "imu" number: 1 type: TYPE_MESSAGE type_name: ".p.Imu" label: LABEL_OPTIONAL } }"""


@pytest.mark.parametrize(
    "imports",
    [
        'dependency: "nanopb.proto"',
        'dependency: "google/protobuf/cpp_features.proto" dependency: "google/api/annotations.proto"',
        'dependency: "anything at all" public_dependency: 0',
        'dependency: "a.proto" dependency: "b.proto" weak_dependency: 1 public_dependency: 0',
        'dependency: "google/protobuf/no_such_file.proto"',
    ],
)
def test_an_import_of_which_no_type_is_used_is_not_needed(imports: str) -> None:
    one = decoder(f'syntax: "proto3" name: "m.proto" package: "p" {imports} {X}')
    assert rows(one, b"\x08\x05") == [{"x": 5}]
    assert not one.notice


def test_options_that_nobody_here_knows_do_not_matter() -> None:
    text = f'syntax: "proto3" name: "m.proto" package: "p" {X}'
    files = descriptor_set(text)
    # nanopb's (nanopb).max_size = 40, as an option that the pool does not know, and one that it has not read.
    files.file[0].message_type[0].field[0].options.MergeFromString(b"\x92\x3f\x02\x08\x28")
    option = files.file[0].options.uninterpreted_option.add(identifier_value="Z")
    option.name.add(name_part="odd", is_extension=True)
    one = protobuf.decoder(Schema(1, "p.M", "protobuf", files.SerializeToString()), Limits())
    assert rows(one, b"\x08\x05") == [{"x": 5}]


def test_types_are_found_where_the_file_that_passes_them_on_is_missing_or_comes_late() -> None:
    uses = f'syntax: "proto3" name: "m.proto" package: "p" dependency: "passes_on.proto" {USES_IMU}'
    assert rows(decoder(uses, f'syntax: "proto3" name: "imu.proto" package: "p" {IMU}'), b"\x0a\x02\x08\x07") == [
        {"imu": {"ax": 7}}
    ]


def test_a_type_is_found_by_a_name_that_is_relative() -> None:
    relative = USES_IMU.replace(".p.Imu", "Imu")
    one = decoder(f'syntax: "proto3" name: "m.proto" package: "p" {relative} {IMU}')
    assert rows(one, b"\x0a\x02\x08\x07") == [{"imu": {"ax": 7}}]


def test_what_the_messages_do_not_use_may_be_broken() -> None:
    broken = """message_type { name: "Other"
      field { name: "y" number: 1 type: TYPE_MESSAGE type_name: ".gone.T" label: LABEL_OPTIONAL } }
      service { name: "S" method { name: "Do" input_type: ".gone.T" output_type: ".gone.T" } }"""
    assert rows(decoder(f'syntax: "proto3" name: "m.proto" package: "p" {X} {broken}'), b"\x08\x05") == [{"x": 5}]


def test_a_file_may_be_there_twice() -> None:
    text = f'syntax: "proto3" name: "m.proto" package: "p" {USES_IMU} {IMU}'
    assert rows(decoder(text, text), b"\x0a\x02\x08\x07") == [{"imu": {"ax": 7}}]


def test_a_type_that_is_used_and_missing_is_named() -> None:
    with pytest.raises(Undecodable, match=r"the type p\.Imu is missing"):
        decoder(f'syntax: "proto3" name: "m.proto" package: "p" dependency: "imu.proto" {USES_IMU}')


@pytest.mark.parametrize(
    "syntax", ['syntax: "proto2"', 'syntax: "proto3"', 'syntax: "editions" edition: EDITION_2023']
)
def test_two_fields_may_have_one_json_name(syntax: str) -> None:
    fields = "".join(
        f'field {{ name: "{name}" number: {number} type: TYPE_INT32 label: LABEL_OPTIONAL json_name: "eventType" }}'
        for number, name in enumerate(("eventType", "event_type", "EventType"), 1)
    )
    one = decoder(f'{syntax} name: "m.proto" package: "p" message_type {{ name: "M" {fields} }}')
    assert rows(one, b"\x08\x01\x10\x02\x18\x03") == [{"eventType": 1, "event_type": 2, "EventType": 3}]
    assert one._handler is not None


EXTENDED = """syntax: "proto2" name: "m.proto" package: "p"
message_type { name: "M" extension_range { start: 100 end: 200 }
  field { name: "in" number: 1 type: TYPE_MESSAGE type_name: ".p.In" label: LABEL_OPTIONAL }
  field { name: "rpm" number: 2 type: TYPE_INT32 label: LABEL_OPTIONAL } }
message_type { name: "In" extension_range { start: 100 end: 200 }
  extension { name: "inner" number: 101 type: TYPE_SINT32 label: LABEL_OPTIONAL extendee: ".p.In" } }"""
EXTENDS = """syntax: "proto2" name: "x.proto" package: "car" dependency: "m.proto"
extension { name: "rpm" number: 100 type: TYPE_DOUBLE label: LABEL_OPTIONAL extendee: ".p.M" }
extension { name: "all" number: 101 type: TYPE_STRING label: LABEL_REPEATED extendee: ".p.M" }"""
PAYLOAD = b"\x0a\x03\xa8\x06\x03\x10\x07" + b"\xa1\x06" + b"\0" * 6 + b"\xf0\x3f" + b"\xaa\x06\x02hi"


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("extends_first", [True, False])
def test_extensions_are_columns(extends_first: bool, fast: bool) -> None:
    one = copy(decoder(*((EXTENDS, EXTENDED) if extends_first else (EXTENDED, EXTENDS))))
    assert one._handler is not None
    if not fast:
        one._handler = None
    assert rows(one, PAYLOAD, b"") == [
        {"in": {"p.In.inner": -2}, "rpm": 7, "car.rpm": 1.0, "car.all": ["hi"]},
        {"in": None, "rpm": None, "car.rpm": None, "car.all": []},
    ]


def test_an_extension_of_a_type_that_is_missing_is_said_to_be_left_out() -> None:
    missing = """extension { name: "gone" number: 102 type: TYPE_MESSAGE type_name: ".p.Gone"
                             label: LABEL_OPTIONAL extendee: ".p.M" }"""
    one = decoder(EXTENDED, f"{EXTENDS} {missing}")
    assert one.notice == "is read without car.gone: its schema lacks the types of these extensions"
    assert rows(one, PAYLOAD)[0]["car.rpm"] == 1.0


def test_an_extension_and_a_field_of_one_name_are_two_columns() -> None:
    extends = """extension { name: "rpm" number: 100 type: TYPE_INT32 label: LABEL_OPTIONAL extendee: ".M" }"""
    fields = """message_type { name: "M" extension_range { start: 100 end: 200 }
                field { name: "rpm" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL } }"""
    one = decoder(f'syntax: "proto2" name: "m.proto" {fields} {extends}', name="M")
    assert rows(one, b"\x08\x01\xa0\x06\x02") == [{"rpm": 1, "[rpm]": 2}]


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_of_the_car_is_read_the_fast_way(name: str) -> None:
    one = protobuf.decoder(Schema(1, f"{PACKAGE}.{name}", "protobuf", file_descriptor_set()), Limits())
    assert one._handler is not None
    assert one._is_final
    assert one._proof is not None

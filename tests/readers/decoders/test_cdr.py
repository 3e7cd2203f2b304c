"""ROS 2 and ROS 1: each value as their official libraries read it, on random types and messages."""

from __future__ import annotations

import random
import struct
from typing import Any

import pyarrow as pa
import pytest

from paddock.columns.limits import Limits
from paddock.readers.decoders.decoded import Decoder
from paddock.readers.decoders.registry import find_decoder
from paddock.readers.decoders.schema import Schema
from tests.readers.decoders.ros import Types, as_columns, random_message, random_types


def decoder_of(name: str, text: str, *, encoding: str = "ros2msg", messages: str = "cdr") -> Decoder:
    return find_decoder(messages, Schema(1, name, encoding, text.encode()), Limits())


def decoded(decoder: Decoder, payloads: list[bytes]) -> list[dict[str, Any]]:
    messages = decoder.decode(pa.array(payloads, pa.binary())).messages
    messages.validate(full=True)
    assert messages.type == decoder.fields
    return rows(messages)


def rows(messages: pa.StructArray) -> list[dict[str, Any]]:
    """Instants as whole numbers."""
    found: list[dict[str, Any]] = messages.cast(_plain(messages.type)).to_pylist()
    return found


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_temporal(kind):
        return pa.int64()
    if pa.types.is_struct(kind):
        return pa.struct([each.with_type(_plain(each.type)) for each in kind])
    return pa.list_(_plain(kind.value_type)) if pa.types.is_list(kind) else kind


def written(types: Types, messages: list[dict[str, Any]]) -> list[bytes]:
    from mcap_ros2._dynamic import serialize_dynamic

    encode = serialize_dynamic(types.name, types.ros2msg())[types.name]
    return [bytes(encode(message)) for message in messages]


@pytest.mark.parametrize("seed", range(40))
def test_values_are_those_of_the_official_library(seed: int) -> None:
    from mcap_ros2._dynamic import generate_dynamic

    chosen = random.Random(seed)
    types = random_types(chosen)
    messages = [random_message(types, chosen) for _ in range(chosen.choice((1, 2, 30)))]
    payloads = written(types, messages)
    read = generate_dynamic(types.name, types.ros2msg())[types.name]
    expected = [as_columns(types, read(payload)) for payload in payloads]
    assert expected == [as_columns(types, message) for message in messages]
    decoder = decoder_of(types.name.replace("/", "/msg/"), types.ros2msg())
    assert not decoder.notice
    assert decoded(decoder, payloads) == expected
    from_idl = decoder_of(types.name.replace("/", "/msg/"), types.ros2idl(), encoding="ros2idl")
    assert not from_idl.notice
    assert from_idl.fields == decoder.fields and decoded(from_idl, payloads) == expected


@pytest.mark.parametrize("seed", range(12))
def test_a_cut_message_costs_itself(seed: int) -> None:
    chosen = random.Random(seed)
    types = random_types(chosen)
    messages = [random_message(types, chosen) for _ in range(30)]
    payloads = written(types, messages)
    decoder = decoder_of(types.name, types.ros2msg())
    whole = decoded(decoder, payloads)
    cut = {number: chosen.randrange(len(payloads[number])) for number in chosen.sample(range(30), 12)}
    given = [payload[: cut.get(number, len(payload))] for number, payload in enumerate(payloads)]
    found = decoder.decode(pa.array(given, pa.binary()))
    kept = [True] * 30 if found.kept is None else found.kept.tolist()
    assert all(kept[number] for number in range(30) if number not in cut)
    assert not any(kept[number] for number in cut)
    assert rows(found.messages) == [row for number, row in enumerate(whole) if kept[number]]


@pytest.mark.slow("hundreds of damaged messages")
def test_whatever_the_bytes_are_it_ends_soon() -> None:
    chosen = random.Random(5)
    for _ in range(60):
        types = random_types(chosen)
        decoder = decoder_of(types.name, types.ros2msg())
        payloads = []
        for payload in written(types, [random_message(types, chosen) for _ in range(20)]):
            damaged = bytearray(payload)
            for _ in range(chosen.randrange(3)):
                damaged[chosen.randrange(len(damaged))] = chosen.choice((0, 255, chosen.randrange(256)))
            payloads.append(bytes(damaged))
        found = decoder.decode(pa.array(payloads, pa.binary()))
        found.messages.validate(full=True)
        kept = len(payloads) if found.kept is None else int(found.kept.sum())
        assert len(found.messages) == kept


IMAGE = """std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""


def test_images_stay_bytes_and_are_named_as_such() -> None:
    decoder = decoder_of("sensor_msgs/msg/Image", IMAGE)
    assert decoder.notice == "has images, whose content is kept as bytes"
    assert decoder.fields.field("data").type == pa.binary()
    assert decoder.fields.field("header").type.field("stamp").type == pa.timestamp("ns")


def test_instants_before_1970_are_had() -> None:
    """The official library takes the seconds of a time as unsigned; ROS 2 has them signed."""
    decoder = decoder_of("pkg/At", "builtin_interfaces/Duration took\nchar letter")
    payload = b"\0\1\0\0" + (-2).to_bytes(4, "little", signed=True) + (5).to_bytes(4, "little") + b"\xff"
    assert decoded(decoder, [payload]) == [{"took": -2 * 10**9 + 5, "letter": 255}]


def test_numbers_in_the_other_order_of_bytes() -> None:
    decoder = decoder_of("pkg/Both", "uint16 a\nfloat64 b\nstring c\nint32[] d")
    big = b"\0\0\0\0" + bytes.fromhex(
        "0102 000000000000 3ff8000000000000 00000003 6162 00 00 00000002 00000001 fffffffe"
    )
    little = b"\0\1\0\0" + bytes.fromhex(
        "0201 000000000000 000000000000f83f 03000000 6162 00 00 02000000 01000000 feffffff"
    )
    assert decoded(decoder, [big, little, big]) == [{"a": 258, "b": 1.5, "c": "ab", "d": [1, -2]}] * 3
    found = decoder.decode(pa.array([little, b"\0\3\0\0" + little[4:], b"", big], pa.binary()))
    assert found.kept is not None and found.kept.tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("wstring name", "wstring"),
        ("other_msgs/Thing thing", "does not say what other_msgs/Thing is"),
        ("pkg/Self inner", "within itself"),
        ("int32 a\nint32 a", "twice"),
        ("int32", "the line 'int32'"),
        ("float64[99999999999999] a", "fits into no message"),
    ],
)
def test_what_cannot_be_decoded_says_why(schema: str, words: str) -> None:
    decoder = decoder_of("pkg/Self", schema)
    assert words in decoder.notice and decoder.fields.field(0).name == "data"


@pytest.mark.parametrize("text", ["module a {", "struct A { long double x; };", "}", "struct A { long x"])
def test_an_idl_that_cannot_be_read_says_so(text: str) -> None:
    assert "is kept as bytes: its schema" in decoder_of("pkg/A", text, encoding="ros2idl").notice


def test_an_enum_of_idl_has_names() -> None:
    enum = "enum Mode { OFF, @value(7) ON };"
    idl = f"module pkg {{ module msg {{ {enum} struct A {{ Mode mode; pkg::msg::Mode also; }}; }}; }};"
    decoder = decoder_of("pkg/msg/A", idl, encoding="ros2idl")
    assert decoder.enums == {"mode": {0: "OFF", 7: "ON"}, "also": {0: "OFF", 7: "ON"}}
    assert decoded(decoder, [b"\0\1\0\0\7\0\0\0\0\0\0\0"]) == [{"mode": 7, "also": 0}]


ROS1 = """Header header
byte small
char letter
float64[3] position
string[] names
duration took
uint8[] data
================================================================================
MSG: std_msgs/Header
uint32 seq
time stamp
string frame_id
"""


def test_ros_1_is_read_as_its_library_reads_it() -> None:
    from mcap.records import Schema as Record
    from mcap_ros1.decoder import DecoderFactory

    chosen = random.Random(3)
    payloads = []
    for number in range(50):
        names = [chosen.choice(("", "front", "rear left")) for _ in range(chosen.randrange(4))]
        blob = chosen.randbytes(chosen.randrange(6))
        payloads.append(
            b"".join(
                [
                    number.to_bytes(4, "little"),
                    (1_776_522_720 + number).to_bytes(4, "little"),
                    (250_000_000).to_bytes(4, "little"),
                    _sized(b"map"),
                    (-number % 256).to_bytes(1, "little"),
                    b"\xfe",
                    struct.pack("<3d", number, -0.5, chosen.random()),
                    len(names).to_bytes(4, "little"),
                    *(_sized(name.encode()) for name in names),
                    (-3).to_bytes(4, "little", signed=True),
                    (500_000_000).to_bytes(4, "little"),
                    _sized(blob),
                ]
            )
        )
    read = DecoderFactory().decoder_for("ros1", Record(1, name="pkg/Thing", encoding="ros1msg", data=ROS1.encode()))
    assert read is not None
    decoder = decoder_of("pkg/Thing", ROS1, encoding="ros1msg", messages="ros1")
    assert not decoder.notice
    for ours, payload in zip(decoded(decoder, payloads), payloads, strict=True):
        theirs = read(payload)
        stamp = theirs.header.stamp
        assert ours["header"] == {
            "seq": theirs.header.seq,
            "stamp": stamp.secs * 10**9 + stamp.nsecs,
            "frame_id": theirs.header.frame_id,
        }
        assert (ours["small"], ours["letter"]) == (theirs.small, theirs.letter)
        assert ours["position"] == list(theirs.position) and ours["names"] == list(theirs.names)
        assert ours["took"] == theirs.took.secs * 10**9 + theirs.took.nsecs
        assert ours["data"] == bytes(theirs.data)


def _sized(content: bytes) -> bytes:
    return len(content).to_bytes(4, "little") + content

"""An entry of the log → samples: every way of writing, and everything that is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.device_log.entry import Entry, Kind
from paddock.domain.device_messages import MAX_FIELDS, KnownFields, Sample
from paddock.domain.devices import Device
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected
from paddock.readers.databases import read_database
from paddock.usecases.live.live import Live
from paddock.usecases.streams.can_frames import FRAME, frame
from paddock.usecases.streams.decoding import Decoder, Sender, counted_problems
from paddock.usecases.streams.payloads import CAN_UDP
from paddock.usecases.streams.tokens_inside import unsealed
from tests.readers.can.dbc import SMALL
from tests.usecases.live_devices import described

T = 1_776_522_720 * NS_PER_S
BOX = Device(id="box-1", name="Box", type="tires")


def decoded(payload: bytes | Any, content_type: str = "", received_ns: int = T, **sender: Any) -> Any:
    data = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    sender = {"device": BOX, **sender}
    return Decoder(Sender(**sender)).decode(Entry("box-1", Kind.DATA, received_ns, content_type, data))


def codes(found: Any) -> list[str]:
    return [problem.code for problem in found.problems]


def test_the_form_of_the_seed_becomes_signals_of_the_topic() -> None:
    said = {
        "device_id": "box-1",
        "jwt_token": "secret",
        "timestamp": "2026-04-18T14:31:59.500000",
        "seq": 7,
        "temps": {"fl": 81.5, "fr": 80},
        "cells": [1, 2],
        "ok": True,
        "mode": "race",
    }
    found = decoded(said)
    (sample,) = found.samples
    assert (sample.topic, sample.time_ns, sample.sequence, sample.says_time) == ("tires", T - 500_000_000, 7, True)
    assert sample.values == {
        "temps.fl": 81.5,
        "temps.fr": 80,
        "cells[0]": 1,
        "cells[1]": 2,
        "ok": True,
        "mode": "race",
    }
    assert sample.message == {"temps": {"fl": 81.5, "fr": 80}, "cells": [1, 2], "ok": True, "mode": "race"}
    assert found.clock_offset_ns == 500_000_000 and found.problems == []


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b'[{"a": 1, "timestamp": 1776522719}, {"a": 2}]', ""),
        (b'{"a": 1, "timestamp": 1776522719}\n{"a": 2}\n', "application/x-ndjson"),
        (b'{"a": 1, "timestamp": 1776522719}\r\n\r\n{"a": 2}', ""),
        (b'{"messages": [{"a": 1, "timestamp": 1776522719}, {"a": 2}]}', "application/json; charset=utf-8"),
        (msgspec.msgpack.encode([{"a": 1, "timestamp": 1776522719}, {"a": 2}]), "application/msgpack"),
        (msgspec.msgpack.encode([{"a": 1, "timestamp": 1776522719}, {"a": 2}]), ""),
        (
            b'[{"data": {"a": 1}, "timestamp": 1776522719}, {"values": {"a": 2}}]\0',
            "application/x-www-form-urlencoded",
        ),
    ],
)
def test_a_batch_is_the_same_however_it_is_written(payload: bytes, content_type: str) -> None:
    found = decoded(payload, content_type)
    assert [(each.topic, each.time_ns, each.values) for each in found.samples] == [
        ("tires", T - NS_PER_S, {"a": 1}),
        ("tires", T, {"a": 2}),
    ]
    assert found.problems == []


def test_what_stands_around_a_batch_holds_for_its_messages() -> None:
    found = decoded(
        {"device_id": "box-1", "topic": "/VNData", "timestamp": T, "data": [{"a": 1}, {"topic": "x", "b": 2}]}
    )
    assert [(each.topic, each.values) for each in found.samples] == [("VNData", {"a": 1}), ("x", {"b": 2})]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b'{"a": 1', "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b"21.5", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"[1, 2]", "not_an_object"),
        (b"{}", "no_values"),
        (b'{"timestamp": 1776522720}', "no_values"),
        (b'{"a": null}', "no_values"),
        (b'{"a": NaN}', "not_a_number"),
        (b"[" * 100_000, "not_json"),
        (b"\x81\xa1a", "not_msgpack"),
        (msgspec.msgpack.encode({f"f{n}": n for n in range(10_000)}), "too_many_fields"),
        (msgspec.json.encode({f"f{n}": n for n in range(10_000)}), "too_many_fields"),
        (msgspec.json.encode({"a": list(range(10_000))}), "too_many_fields"),
        (b'{"' + b"k" * 5_000 + b'": 1}', "bad_field"),
    ],
)
def test_bad_input_is_refused_with_its_reason(payload: bytes, code: str) -> None:
    found = decoded(payload)
    assert found.samples == [] and code in codes(found), found


def test_what_is_wrong_with_one_message_or_field_costs_no_other() -> None:
    found = decoded(b'{"a": 1}\nnonsense\n{"b": NaN, "c": 3}\n7')
    assert [each.values for each in found.samples] == [{"a": 1}, {"c": 3}]
    assert sorted(codes(found)) == ["not_a_number", "not_an_object", "not_json"]
    counted = {problem.code: count for problem, count in counted_problems(found.problems * 2)}
    assert counted == {"not_json": 2, "not_a_number": 2, "not_an_object": 2}


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b'{"a": 1}\n\n{"a": 2\r\n{"a": 3}', "Line 3 is no JSON: send"),
        (b'x\n{"a": 1}\ny', "Lines 1 and 3 are no JSON: send"),
        (b"x\n" * 3 + b'{"a": 1}', "Lines 1, 2 and 3 are no JSON: send"),
        (b'{"a": 1}\n' + b"x\n" * 2_000, "Lines 2, 3, 4, 5, 6 and 1,995 more are no JSON: send"),
    ],
)
def test_lines_that_cannot_be_read_are_named(payload: bytes, said: str) -> None:
    found = decoded(payload, "application/x-ndjson")
    ((problem, count),) = counted_problems(found.problems)
    assert problem.code == "not_json" and problem.reason.startswith(said)
    assert count == sum(1 for line in payload.split(b"\n") if line and not line.strip().endswith(b"}"))


@pytest.mark.parametrize(
    "said", [4_294_967_295, "2106-02-07T06:28:15Z", 0, 12_345, "soon", -5, T + 2 * 86_400 * NS_PER_S]
)
def test_a_time_that_cannot_be_is_when_it_came_and_is_said(said: Any) -> None:
    found = decoded({"timestamp": said, "a": 1})
    (sample,) = found.samples
    assert (sample.time_ns, sample.says_time, codes(found)) == (T, False, ["impossible_time"])
    assert found.clock_offset_ns is None


def test_a_clock_that_counts_from_the_start_keeps_its_distances() -> None:
    found = decoded([{"timestamp_ms": 1_000 + 10 * n, "a": n} for n in range(5)])
    assert [each.time_ns - T for each in found.samples] == [-40_000_000 + 10_000_000 * n for n in range(5)]


def test_a_clock_that_is_hours_off_is_noticed_and_kept() -> None:
    found = decoded({"timestamp": T - 7_200 * NS_PER_S, "a": 1})
    assert found.samples[0].time_ns == T - 7_200 * NS_PER_S and found.clock_offset_ns == 7_200 * NS_PER_S
    assert found.problems == []


def test_names_that_are_made_up_anew_each_time_are_bounded() -> None:
    known = KnownFields(most=10)
    samples = [Sample("t", T, {f"f{n}": n}, {}) for n in range(20)]
    refused = [known.admits(each) for each in samples]
    assert refused[:10] == [None] * 10 and all(each and each.code == "too_many_fields" for each in refused[10:])
    assert known.admits(samples[3]) is None, "those that it knows go on"
    assert MAX_FIELDS >= 1_500


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["", "application/json", "application/msgpack", "application/x-ndjson", CAN_UDP]),
)
@pytest.mark.slow("very many examples")
def test_no_bytes_break_it(payload: bytes, content_type: str) -> None:
    found = decoded(payload, content_type)
    assert found.samples or found.problems


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_JSON)
@pytest.mark.slow("very many examples")
def test_any_json_is_samples_whose_values_can_be_written(value: Any) -> None:
    found = decoded(json.dumps(value).encode())
    for sample in found.samples:
        assert all(isinstance(each, (bool, int, float, str)) for each in sample.values.values())
        assert None not in msgspec.json.decode(msgspec.json.encode(sample.values)).values()
        assert msgspec.json.encode(sample.message)
    assert found.samples or found.problems


# Protobuf


def car_schema() -> bytes:
    file = descriptor_pb2.FileDescriptorProto(name="car.proto", package="ht", syntax="proto3")
    inner = file.message_type.add(name="Temps")
    inner.field.add(name="fl", number=1, type=1, label=1)
    message = file.message_type.add(name="Car")
    message.field.add(name="timestamp", number=1, type=4, label=1)
    message.field.add(name="speed", number=2, type=2, label=1)
    message.field.add(name="temps", number=3, type=11, label=1, type_name=".ht.Temps")
    message.field.add(name="cells", number=4, type=13, label=3)
    message.field.add(name="name", number=5, type=9, label=1)
    inner.field.add(name="states", number=2, type=14, label=3, type_name=".ht.State")
    state = file.enum_type.add(name="State")
    for number, name in enumerate(("OFF", "READY")):
        state.value.add(name=name, number=number)
    return descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()


def car(**values: Any) -> bytes:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(car_schema()).file:
        pool.Add(file)  # type: ignore[no-untyped-call]
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName("ht.Car"))(**values)
    return bytes(message.SerializeToString())


PROTOBUF = {"device": msgspec.structs.replace(BOX, schema="ht.Car"), "schema": car_schema()}


def test_protobuf_is_decoded_by_the_registered_schema() -> None:
    payload = car(timestamp=1_776_522_719_000, temps={"fl": 81.5}, cells=[1, 2])
    for content_type in ("", "application/x-protobuf"):
        (sample,) = decoded(payload, content_type, **PROTOBUF).samples
        assert sample.values == {
            "timestamp": 1_776_522_719_000,
            "speed": 0.0,
            "temps.fl": 81.5,
            "cells[0]": 1,
            "cells[1]": 2,
            "name": "",
        }
        assert (sample.time_ns, sample.message) == (T - NS_PER_S, payload)
    (sample,) = decoded(car(speed=2), **PROTOBUF).samples
    assert (sample.time_ns, sample.says_time) == (T, False), "zero is no time"
    assert codes(decoded(b"\xff", "application/protobuf", **PROTOBUF)) == ["not_protobuf"]
    assert codes(decoded(payload, "application/protobuf")) == ["no_schema"]
    assert decoded({"a": 1}, **PROTOBUF).samples[0].values == {"a": 1}, "JSON is known by its first brace"


def test_numbers_that_have_names_are_called_by_them_live() -> None:
    decoder, live = Decoder(Sender(**PROTOBUF)), Live()
    for at, payload in enumerate((car(speed=1), car(temps={"fl": 1, "states": [1, 0, 7]}))):
        found = decoder.decode(Entry("box-1", Kind.DATA, T + at, "", payload))
        live.take("box-1", at + 1, T + at, found.samples)
    datagram = frame(0x100, bytes.fromhex("0500000200000000"))
    frames = decoded(datagram, CAN_UDP, database=read_database(SMALL.encode(), "car.dbc")).samples
    live.take("box-1", 3, T + 3, frames)
    gears = {0: "Neutral", 1: "First", 2: "Second"}
    called = {each.name: dict(each.enums) for each in live.signals("box-1") if each.enums}
    states = {f"tires.temps.states[{number}]": {0: "OFF", 1: "READY"} for number in range(3)}
    assert called == states | {"Engine.Gear": gears}
    told = next(described("box-1", each) for each in live.signals("box-1") if each.name == "Engine.Gear")
    assert (told.enums["1"], told.dtype) == ("First", "int64")
    before = [each.version for each in live.signals("box-1")]
    live.take("box-1", 4, T + 4, frames)
    assert [each.version for each in live.signals("box-1")] == before
    # Another version of its database.
    renamed = read_database(SMALL.replace('"Second"', '"Zwei"').encode(), "car.dbc")
    live.take("box-1", 5, T + 5, decoded(datagram, CAN_UDP, database=renamed).samples)
    assert {each.name: each.enums.get(2) for each in live.signals("box-1")}["Engine.Gear"] == "Zwei"


# CAN frames by UDP


def test_frames_are_decoded_by_the_database_of_the_car() -> None:
    datagram = frame(0x100, bytes.fromhex("05000a0100000000"), -250) + frame(0x7FF, b"\x01\x02")
    found = decoded(datagram, CAN_UDP, database=read_database(SMALL.encode(), "car.dbc"))
    engine, unknown = found.samples
    assert (engine.topic, engine.values["Rpm"], engine.time_ns) == ("Engine", 5, T - 250_000_000)
    assert (unknown.topic, unknown.values) == ("0x7FF", {"data": "0102000000000000"})
    assert found.problems == []
    assert [each.topic for each in decoded(datagram, CAN_UDP).samples] == ["0x100", "0x7FF"]


def test_a_frame_is_twenty_bytes_big_endian_with_their_mark() -> None:
    made = frame(0x0CFFF048, b"\x01\x02\x03\x04\x05\x06\x07\x08", -3)
    assert made == bytes.fromhex("0cfff048fffffffd010203040506070808") + b"WU\n" and FRAME.size == 20


@pytest.mark.parametrize(
    ("datagram", "taken"),
    [
        (b"", 0),
        (b"x" * 20, 0),
        (frame(1, b"\1")[:19], 0),
        (frame(1, b"\1") + b"\0", 1),
        (frame(1, b"\1")[:16] + b"\0WU\n" + frame(2, b"\1"), 1),
        (FRAME.pack(2**31, 0, bytes(8), 0, b"WU\n"), 0),
        (frame(1, b"\1", 5), 1),
    ],
)
def test_a_damaged_frame_costs_itself(datagram: bytes, taken: int) -> None:
    found = decoded(datagram, CAN_UDP)
    assert len(found.samples) == taken and found.problems


# Tokens inside


@pytest.mark.parametrize(
    ("content_type", "payload"),
    [
        ("", b'{"device_id":"box-1","jwt_token":"T","a":1.0}'),
        ("", rb'{"device_id":"box-1","jwt\u005ftoken":"T","a":1.0}'),
        ("", b'[{"a":1},{"device_id":"box-1","deep":{"jwt_token":"T"},"a":1.0}]'),
        ("application/x-ndjson", b'{"device_id":"box-1","a":1}\n{"jwt_token":"T","a":1.0}'),
        ("application/msgpack", msgspec.msgpack.encode({"device_id": "box-1", "jwt_token": "T", "a": 1.0})),
        ("", b'{"device_id":"box-1","jwt_token":"T","a":1.0,"b":NaN}'),
    ],
)
def test_a_token_is_taken_out_before_anything_is_stored(content_type: str, payload: bytes) -> None:
    found = unsealed(content_type, payload)
    assert found.tokens == {"T"} and found.devices == {"box-1"}
    assert b"T" not in found.payload and b"jwt" not in found.payload
    kept = decoded(found.payload, content_type)
    assert any(each.values.get("a") == 1.0 for each in kept.samples)


def test_what_has_no_token_stays_byte_for_byte() -> None:
    for payload in (b' {"a" : 1e0}\n', b'{"device_id": "box-1", "a" : 1}', b"hello", b"\xff", b'{"a": "\\u00e9"}'):
        assert unsealed("", payload).payload == payload


def test_what_looks_like_a_token_and_cannot_be_read_is_kept_nowhere() -> None:
    for payload in (b'{"jwt_token": "T"', b'{"jwt_token": 7}', b"\xdejwt_token"):
        with pytest.raises(Rejected):
            unsealed("", payload)
    found = unsealed("", b'{"a": 1}\n{"jwt_token": "T", \n{"a": 2}')
    assert b"T" not in found.payload and len(decoded(found.payload).samples) == 2

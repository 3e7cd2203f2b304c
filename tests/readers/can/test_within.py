"""Frames of CAN buses in MCAP, however their messages are written, become what those of a log of frames become."""

from __future__ import annotations

import base64
import io
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paddock.domain.can_database import Databases
from paddock.readers.can import candump
from paddock.readers.can.dbc import read_dbc
from paddock.readers.can.frame_schemas import is_frames_schema
from paddock.readers.can.spool import spool_frames
from paddock.readers.registry import spool_log
from tests.readers.can.dbc import SMALL, as_cantools_reads
from tests.readers.mcap.builders import STARTED_NS, LogBuilder, descriptor_set, message_class

DATABASE = read_dbc(SMALL.encode())
Frame = tuple[int, bool, bytes]
MS = 1_000_000


def some_frames(count: int = 300) -> list[Frame]:
    chosen = random.Random(7)
    ids = [(0x100, False), (0x0CFFF048, True), (0x200, False), (0x321, False), (0x18FF0001, True)]
    return [(*chosen.choice(ids), chosen.randbytes(chosen.choice((8, 8, 8, 3)))) for _ in range(count)]


FRAMES = some_frames()

_CAN_MSGS = """std_msgs/Header header
uint32 id
bool is_rtr
bool is_extended
bool is_error
uint8 dlc
uint8[8] data
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""
_ROS1 = _CAN_MSGS.replace("builtin_interfaces/Time stamp", "uint32 seq\ntime stamp")
_PROTOBUF = """
syntax: "proto3" package: "car" name: "can.proto"
message_type { name: "CanFrame" field { name: "can_id" number: 1 type: TYPE_UINT32 label: LABEL_OPTIONAL }
                                field { name: "isExtended" number: 2 type: TYPE_BOOL label: LABEL_OPTIONAL }
                                field { name: "data" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL } }
"""


def mcap(add: Callable[[LogBuilder], tuple[int, Callable[[Frame], Any]]], frames: list[Frame] = FRAMES) -> bytes:
    log = LogBuilder()
    channel, write = add(log)
    for number, frame in enumerate(frames):
        log.add(channel, number * MS, write(frame), number)
    return log.finish()


def ros2(log: LogBuilder) -> tuple[int, Callable[[Frame], bytes]]:
    schema = ("can_msgs/msg/Frame", "ros2msg", _CAN_MSGS.encode())

    def write(frame: Frame) -> bytes:
        id, is_extended, data = frame
        head = struct.pack("<4siII5sxxx", b"\0\1\0\0", 1, 2, 5, b"can0\0")
        return head + struct.pack("<I???B8s", id, False, is_extended, False, len(data), data)

    return log.channel("/can0/rx", "cdr", schema), write


def ros1(log: LogBuilder) -> tuple[int, Callable[[Frame], bytes]]:
    schema = ("can_msgs/Frame", "ros1msg", _ROS1.encode())

    def write(frame: Frame) -> bytes:
        id, is_extended, data = frame
        return struct.pack("<IIII4sI???B8s", 5, 1, 2, 4, b"can0", id, False, is_extended, False, len(data), data)

    return log.channel("/can0/rx", "ros1", schema), write


def protobuf(log: LogBuilder) -> tuple[int, Callable[[Frame], bytes]]:
    files = descriptor_set(_PROTOBUF)
    frame_type = message_class(files, "car.CanFrame")

    def write(frame: Frame) -> bytes:
        id, is_extended, data = frame
        return frame_type(can_id=id, isExtended=is_extended, data=data).SerializeToString()

    return log.protobuf_channel("can0", files, "car.CanFrame"), write


def json_of(data_of: Callable[[bytes], Any], id_of: Callable[[int], Any] = int) -> Any:
    def add(log: LogBuilder) -> tuple[int, Callable[[Frame], dict[str, Any]]]:
        def write(frame: Frame) -> dict[str, Any]:
            id, is_extended, data = frame
            return {"id": id_of(id), "ext": is_extended, "dlc": len(data), "data": data_of(data)}

        return log.channel("can0", schema=("CanMessage", "jsonschema", b'{"type": "object"}')), write

    return add


def socketcan(log: LogBuilder) -> tuple[int, Callable[[Frame], bytes]]:
    def write(frame: Frame) -> bytes:
        id, is_extended, data = frame
        return struct.pack("<IB3x8s", id | is_extended << 31, len(data), data)

    return log.channel("can0", "socketcan", None), write


WAYS = {
    "ROS 2": ros2,
    "ROS 1": ros1,
    "protobuf": protobuf,
    "JSON, numbers": json_of(list),
    "JSON, hexadecimal": json_of(bytes.hex, hex),
    "JSON, base64": json_of(lambda data: base64.b64encode(data).decode()),
    "struct of Linux": socketcan,
}


def columns_of(
    log: bytes, folder: Path, databases: Databases, **options: Any
) -> tuple[dict[str, list[Any]], dict[str, list[int]], Any]:
    with spool_log(io.BytesIO(log), folder, databases=databases, **options) as read:
        values: dict[str, list[Any]] = {}
        times: dict[str, list[int]] = {}
        for channel in read.channels:
            for batch in read.read(channel):
                values.setdefault(channel.topic, []).extend(batch.messages.to_pylist())
                times.setdefault(channel.topic, []).extend(batch.log_time.tolist())
        return values, times, read.summary


def as_candump(frames: list[Frame], folder: Path) -> dict[str, list[Any]]:
    lines = [
        f"({number}.000000) can0 {id:0{8 if is_extended else 3}X}#{data.hex()}\n"
        for number, (id, is_extended, data) in enumerate(frames)
    ]
    log = io.BytesIO("".join(lines).encode())
    with spool_frames(candump.read_frames, log, folder, databases={"": DATABASE}) as read:
        return {
            channel.topic: [row for batch in read.read(channel) for row in batch.messages.to_pylist()]
            for channel in read.channels
        }


def same(ours: dict[str, list[Any]], theirs: dict[str, list[Any]]) -> bool:
    """Also where a value is no number."""
    return repr(sorted(ours.items())) == repr(sorted(theirs.items()))


@pytest.mark.parametrize("way", WAYS)
def test_they_become_what_those_of_a_log_of_frames_become(way: str, tmp_path: Path) -> None:
    log = mcap(WAYS[way])
    values, times, summary = columns_of(log, tmp_path, {"": DATABASE})
    assert same(values, as_candump(FRAMES, tmp_path))
    first = [number * MS for number, frame in enumerate(FRAMES) if frame[0] == 0x100]
    assert [time - STARTED_NS for time in times["Engine"]] == first
    assert summary.kind == "mcap" and summary.message_count == len(FRAMES)
    known = sum(frame[0] in (0x100, 0x0CFFF048, 0x200) for frame in FRAMES)
    assert {key: summary.facts.said[key] for key in ("frames", "decoded", "unknown")} == {
        "frames": str(len(FRAMES)),
        "decoded": str(known),
        "unknown": str(len(FRAMES) - known),
    }
    assert any(notice.startswith("The database does not know") for notice in summary.notices)


def test_values_are_those_of_cantools(tmp_path: Path) -> None:
    (tmp_path / "small.dbc").write_text(SMALL)
    theirs = as_cantools_reads(tmp_path / "small.dbc").get_message_by_frame_id(0x100)
    values, _, _ = columns_of(mcap(ros2), tmp_path, {"": DATABASE})
    expected = [
        theirs.decode(data, decode_choices=False, allow_truncated=True) for id, _, data in FRAMES if id == 0x100
    ]
    ours = [{name: value for name, value in row.items() if value is not None} for row in values["Engine"]]
    assert ours == [pytest.approx(row) for row in expected]


def test_without_a_database_they_stay_as_they_are(tmp_path: Path) -> None:
    for databases in ({}, {"can7": DATABASE}):
        values, _, summary = columns_of(mcap(ros2), tmp_path, databases)
        assert values["/can0/rx"][0]["id"] == FRAMES[0][0] and len(values) == 1
        assert summary.facts.said["frames"] == str(len(FRAMES)) and "decoded" not in summary.facts.said
        assert "/can0/rx has CAN frames, kept as they are: there is no database for this bus." in summary.notices


def test_a_part_of_the_topic_names_the_bus(tmp_path: Path) -> None:
    values, _, _ = columns_of(mcap(ros2), tmp_path, {"can0": DATABASE})
    assert "Engine" in values


def test_what_its_schema_does_not_say_a_person_may(tmp_path: Path) -> None:
    def add(log: LogBuilder) -> tuple[int, Callable[[Frame], dict[str, Any]]]:
        return log.channel("/powertrain"), lambda frame: {"identifier": frame[0], "payload": frame[2].hex()}

    values, _, summary = columns_of(mcap(add), tmp_path, {"": DATABASE})
    assert set(values) == {"/powertrain"} and "frames" not in summary.facts.said
    values, _, _ = columns_of(mcap(add), tmp_path, {"powertrain": DATABASE})
    assert same(values, as_candump(FRAMES, tmp_path))


def test_several_buses_are_told_apart_by_channel_and_within_one(tmp_path: Path) -> None:
    log = LogBuilder()
    two = [log.channel(topic, schema=("CanFrame", "jsonschema", b"{}")) for topic in ("/can0", "/can1")]
    for number, (id, is_extended, data) in enumerate(FRAMES):
        log.add(two[number % 2], number, {"id": id, "ext": is_extended, "data": data.hex()}, number)
    values, _, _ = columns_of(log.finish(), tmp_path, {"": DATABASE, "can1": read_dbc(b"BO_ 256 Other: 8 X\n")})
    assert "can0/Engine" in values and "can1/Other" in values and "can1/Engine" not in values
    log = LogBuilder()
    one = log.channel("frames", schema=("CanFrame", "jsonschema", b"{}"))
    for number, (id, is_extended, data) in enumerate(FRAMES):
        log.add(one, number, {"id": id, "ext": is_extended, "data": data.hex(), "bus": f"can{number % 2}"}, number)
    values, _, _ = columns_of(log.finish(), tmp_path, {"can1": DATABASE})
    assert "can1/Engine" in values and "can0/0x100" in values


def test_a_topic_of_the_same_name_keeps_its_own(tmp_path: Path) -> None:
    def add(log: LogBuilder) -> tuple[int, Callable[[Frame], bytes]]:
        log.add(log.channel("Engine"), 0, {"rpm": 5})
        return socketcan(log)

    values, _, _ = columns_of(mcap(add), tmp_path, {"": DATABASE})
    assert values["Engine"] == [{"rpm": 5}] and "can0/Engine" in values and "Battery" in values


def test_only_the_topics_that_are_asked_for(tmp_path: Path) -> None:
    values, _, _ = columns_of(mcap(ros2), tmp_path, {"": DATABASE}, topics=lambda topic: topic == "Battery")
    assert set(values) == {"Battery"}
    values, _, _ = columns_of(mcap(ros2), tmp_path, {"can7": DATABASE}, topics=lambda topic: topic == "Battery")
    assert not values


def test_messages_that_are_no_frames_are_counted(tmp_path: Path) -> None:
    bad = [(0x800, False, b"\1"), (0x100, False, bytes(8))]
    values, _, summary = columns_of(mcap(socketcan, bad), tmp_path, {"": DATABASE})
    assert len(values["Engine"]) == 1 and summary.loss.undecodable == {"can0": 1}


def test_which_schemas_are_of_frames() -> None:
    for name in (
        "can_msgs/Frame",
        "can_msgs/msg/Frame",
        "ros2_socketcan_msgs/msg/FdFrame",
        "CanFrame",
        "can_frame",
    ):
        assert is_frames_schema(name, "")
    for name in ("sensor_msgs/msg/Image", "canopen_interfaces/msg/COData", "car.State", "ScanMessageTable", ""):
        assert not is_frames_schema(name, "")
    assert is_frames_schema("", "socketcan")

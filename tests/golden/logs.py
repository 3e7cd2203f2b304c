"""Small logs of every kind, the same bytes on every machine: nothing in them is compressed.

Where options are tried, numbers are halves and quarters, and clocks tick in powers of two, so that no sum or
interpolation is rounded: in which order a processor adds cannot be seen in an output.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from mcap.writer import CompressionType

from paddock.domain.can_database import CanDatabase
from paddock.formats.parquet import ROW_GROUP_ROWS
from paddock.readers.can.dbc import read_dbc
from tests.readers.can import blf, mf4
from tests.readers.can.dbc import SMALL
from tests.readers.mcap.builders import STARTED_NS, LogBuilder, descriptor_set, message_class

TICK_NS = 7_812_500
"""1/128 s."""
MANY = ROW_GROUP_ROWS + 1_000

_TIMESTAMP = """
syntax: "proto3" package: "google.protobuf" name: "google/protobuf/timestamp.proto"
message_type { name: "Timestamp" field { name: "seconds" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL }
                                 field { name: "nanos" number: 2 type: TYPE_INT32 label: LABEL_OPTIONAL } }
"""
_CAR = """
syntax: "proto3" package: "car" name: "car.proto" dependency: "google/protobuf/timestamp.proto"
enum_type { name: "Mode" value { name: "OFF" number: 0 } value { name: "DRIVE" number: 1 }
                         value { name: "FAULT" number: 7 } }
message_type { name: "Vec" field { name: "x" number: 1 type: TYPE_FLOAT label: LABEL_OPTIONAL }
                           field { name: "y" number: 2 type: TYPE_DOUBLE label: LABEL_OPTIONAL } }
message_type { name: "Empty" }
message_type {
  name: "State"
  field { name: "velocity" number: 1 type: TYPE_MESSAGE type_name: ".car.Vec" label: LABEL_OPTIONAL }
  field { name: "mode" number: 2 type: TYPE_ENUM type_name: ".car.Mode" label: LABEL_OPTIONAL }
  field { name: "counts" number: 3 type: TYPE_MESSAGE type_name: ".car.State.CountsEntry" label: LABEL_REPEATED }
  field { name: "torque" number: 4 type: TYPE_FLOAT label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "fault" number: 5 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "cells" number: 6 type: TYPE_FLOAT label: LABEL_REPEATED }
  field { name: "codes" number: 7 type: TYPE_UINT32 label: LABEL_REPEATED }
  field { name: "points" number: 8 type: TYPE_MESSAGE type_name: ".car.Vec" label: LABEL_REPEATED }
  field { name: "raw" number: 9 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "text" number: 10 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "on" number: 11 type: TYPE_BOOL label: LABEL_OPTIONAL }
  field { name: "small" number: 12 type: TYPE_SINT32 label: LABEL_OPTIONAL }
  field { name: "large" number: 13 type: TYPE_UINT64 label: LABEL_OPTIONAL }
  field { name: "maybe" number: 14 type: TYPE_INT64 label: LABEL_OPTIONAL proto3_optional: true oneof_index: 1 }
  field { name: "at" number: 15 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" label: LABEL_OPTIONAL }
  field { name: "nothing" number: 16 type: TYPE_MESSAGE type_name: ".car.Empty" label: LABEL_OPTIONAL }
  field { name: "t" number: 17 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
  nested_type { name: "CountsEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_INT32 label: LABEL_OPTIONAL } }
  oneof_decl { name: "command" } oneof_decl { name: "_maybe" }
}
"""

_TEXTS = ("", "box", "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n", "\N{RACING CAR} now", 'a,b\n"c"')


@dataclass(frozen=True)
class GoldenLog:
    """A log, and how a part of it is asked for where every option is tried on it."""

    content: bytes
    signals: tuple[str, ...] = ()
    """Empty where the whole log is enough."""
    metadata: dict[str, str] = field(default_factory=dict)
    databases: dict[str, CanDatabase] = field(default_factory=dict)


def golden_logs() -> dict[str, GoldenLog]:
    """All of them by name."""
    said = {"car": "HT09", "driver": "Adam", "notes": "gusty \N{DEGREE SIGN}"}
    return {
        "protobuf": GoldenLog(
            _protobuf(), ("state.velocity.*", "state.mode", "state.cells[1]", "state.text"), said
        ),
        "json": GoldenLog(_json(), ("pedals.throttle", "pedals.nested", "pedals.words")),
        "raw and silent": GoldenLog(_raw()),
        "ros 2": GoldenLog(_ros2()),
        "driven": GoldenLog(_driven(), (), said),
        "cut off": GoldenLog(_pedals()[:2_000]),
        "other bytes within": GoldenLog(_other_bytes()),
        "unchunked": GoldenLog(_pedals(chunked=False)),
        "two in one": GoldenLog(_pedals(rows=8) + _pedals(rows=8, first=8)),
        "no message": GoldenLog(_without_messages()),
        "clocks": GoldenLog(_clocks()),
        "uneven": GoldenLog(_uneven()),
        "candump": GoldenLog(_candump(), ("Engine.Rpm", "Engine.Gear"), databases={"": read_dbc(SMALL.encode())}),
        "frames in mcap": GoldenLog(_frames_in_mcap(), databases={"": read_dbc(SMALL.encode())}),
        "long messages": GoldenLog(_long_messages(), databases={"": read_dbc(_J1939)}),
        "can csv": GoldenLog(_can_csv()),
        "asc": GoldenLog(_asc()),
        "trc": GoldenLog(_trc()),
        "blf": GoldenLog(blf.file_of(blf.container(b"".join(blf.frames()), packed=False))),
        "mf4": GoldenLog(mf4.unsorted(mf4.some_frames(60))),
        "mf4 sorted": GoldenLog(mf4.sorted_by_kind(mf4.some_frames(60), packing="list")),
        "many messages": GoldenLog(_many_messages(), databases={"": read_dbc(SMALL.encode())}),
    }


def _builder(**options: Any) -> LogBuilder:
    return LogBuilder(compression=CompressionType.NONE, **options)


def _protobuf() -> bytes:
    log = _builder(chunk_size=4096)
    files = descriptor_set(_TIMESTAMP, _CAR)
    state = message_class(files, "car.State")
    channels = [log.protobuf_channel(topic, files, "car.State") for topic in ("state", "/state")]
    log.protobuf_channel("silent", files, "car.Vec")
    for number in range(24):
        log.add(channels[number % 3 // 2], number * TICK_NS, _serialized(_state(state, number)), number)
    log.add(channels[0], 24 * TICK_NS, b"\xff\xff\xff", 24)
    return log.finish()


def _serialized(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def _state(state: type[Message], number: int) -> Message:
    if number == 5:
        return state()
    fields: dict[str, Any] = {
        "velocity": {"x": number / 4, "y": -number / 2},
        "mode": (0, 1, 7, 3)[number % 4],
        "counts": {"left": number, "right": -number} if number % 2 else {},
        "cells": [3.5 + number / 16, 3.75, 4.0],
        "codes": list(range(number % 4)),
        "points": [{"x": number / 8}, {"y": float("nan")}][: number % 3],
        "raw": bytes(range(number % 5)),
        "text": _TEXTS[number % len(_TEXTS)],
        "on": number % 2 == 0,
        "small": -number,
        "large": 2**64 - 1 - number,
        "at": {"seconds": 1_776_522_720 + number, "nanos": 250_000_000},
        "t": (0.5, float("inf"), float("-inf"), float("nan"))[number % 4],
    }
    if number % 4 == 1:
        fields["torque"] = number / 2
    elif number % 4 == 2:
        fields["fault"] = "over temperature"
    if number % 3:
        fields["maybe"] = 2**63 - 1 - number
    if number % 6 == 0:
        fields["nothing"] = {}
    return state(**fields)


def _json() -> bytes:
    log = _builder()
    channel = log.channel("pedals", metadata={"source": "ECU"})
    other = log.channel("pedals", schema=("other", "jsonschema", b'{"type": "object", "title": "other"}'))
    log.writer.add_metadata("setup", {"driver": "Ada", "trackName": "Michigan", "wing": "3"})
    log.writer.add_attachment(STARTED_NS, STARTED_NS, "notes.txt", "text/plain", b"box this lap")
    for number in range(20):
        row: dict[str, Any] = {
            "throttle": number / 4,
            "brake": number,
            "on": number % 2 == 0,
            "words": f"word {number % 3}" if number % 4 else None,
            "nested": {"a": {"b": number / 2}, "list": [number, number / 2]},
            "large": 2**53 + number,
            "objects": [{"k": number}] * (number % 3),
            "mixed": (number, str(number), [number], {"n": number})[number % 4],
        }
        if number > 10:
            row["late"] = -number
        log.add(channel, number * TICK_NS * 2, row, number)
    log.add(other, 3 * TICK_NS, {"throttle": "full"})
    log.add(channel, 40 * TICK_NS, b'{"throttle": 1.5, "brake": nan}\0')
    log.add(channel, 41 * TICK_NS, b"no JSON")
    return log.finish()


def _raw() -> bytes:
    log = _builder()
    cdr = log.channel("raw", "cdr", None)
    unknown = log.channel("lidar", "flatbuffer", ("Scan", "flatbuffer", b"\1\2"))
    log.channel("silent")
    for number in range(10):
        log.add(cdr, number * TICK_NS, struct.pack("<If", number, number / 2), number)
        log.add(unknown, number * TICK_NS, bytes(number), number)
    return log.finish()


_ODOMETRY = """std_msgs/Header header
float64[3] position
float32 speed
string[] names
uint8[] picture
Wheel[] wheels
bool on
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
================================================================================
MSG: car_msgs/Wheel
float32 rpm
uint8 state
"""


def _ros2() -> bytes:
    """As a driverless car records: texts, lists, bytes, messages within messages; one that is cut."""
    log = _builder(chunk_size=4096)
    odometry = log.channel("/odom", "cdr", ("car_msgs/msg/Odometry", "ros2msg", _ODOMETRY.encode()))
    image = log.channel("/camera", "cdr", ("sensor_msgs/msg/Image", "ros2msg", b"uint32 height\nuint8[] data"))
    for number in range(20):
        names = [b"a\0", b"left\0"][: number % 3]
        message = b"\0\1\0\0" + struct.pack("<iII4s", 1_776_522_720 + number, 250_000_000, 4, b"map\0")
        message += struct.pack("<3df", number / 2, -number / 4, 0.5, number / 8) + struct.pack("<I", len(names))
        for name in names:
            message += bytes(-(len(message) - 4) % 4) + struct.pack("<I", len(name)) + name
        message += bytes(-(len(message) - 4) % 4) + struct.pack("<I", number % 5) + bytes(range(number % 5))
        message += bytes(-(len(message) - 4) % 4) + struct.pack("<I", number % 3)
        for wheel in range(number % 3):
            message += bytes(-(len(message) - 4) % 4) + struct.pack("<fB", wheel + number / 2, wheel)
        log.add(odometry, number * TICK_NS, message + bytes([number % 2]), number)
        log.add(image, number * TICK_NS, struct.pack("<4sII", b"\0\1\0\0", 2, 4) + bytes([number] * 4), number)
    log.add(odometry, 20 * TICK_NS, b"\0\1\0\0\0\0", 20)
    return log.finish()


def _driven() -> bytes:
    """A car that drives, by the names that the catalogue knows."""
    log = _builder(chunk_size=8192)
    vn = log.channel("VNData")
    cells = log.channel("ACUAllData")
    for number in range(128 * 4):
        at = number * TICK_NS
        if number % 4 == 0:
            speed = min(number / 16, 20.0)
            position = {"lat": 42.0 + number / 2**20, "lon": -83.0}
            log.add(vn, at, {"vn_vel_m_s": {"x": speed, "y": 0.25}, "vn_gps": position}, number)
        if number % 32 == 0:
            volts = [3.5 + number / 2**12, 3.75, 4.0]
            log.add(cells, at, {"cell_voltages": volts, "cell_temps": [25.5 + number / 64]}, number)
    return log.finish()


def _pedals(rows: int = 40, first: int = 0, **options: Any) -> bytes:
    log = _builder(chunk_size=600, **options)
    channel = log.channel("pedals")
    log.writer.add_metadata("setup", {"driver": "Ada"})
    for number in range(first, first + rows):
        log.add(channel, number * TICK_NS, {"throttle": number / 4, "gear": number % 5}, number)
    return log.finish()


def _other_bytes() -> bytes:
    """A chunk whose checksum is wrong, and garbage after it."""
    log = _pedals()
    at = log.index(b'"throttle": 4.0')
    return log[:at] + b'"throttle": 9.0' + log[at + 15 :]


def _without_messages() -> bytes:
    log = _builder()
    log.channel("pedals")
    log.writer.add_metadata("setup", {"driver": "Ada"})
    log.writer.add_attachment(STARTED_NS, 0, "setup.json", "application/json", b'{"wing": 3}')
    return log.finish()


def _clocks() -> bytes:
    """Messages out of order, and one from 1970."""
    log = _builder()
    channel = log.channel("pedals")
    for number in (0, 3, 1, 2, *range(4, 40)):
        log.add(channel, number * TICK_NS, {"throttle": number / 4}, number)
    log.add(channel, -STARTED_NS + 1_000, {"throttle": 0.0}, 40)
    return log.finish()


def _uneven() -> bytes:
    """Times and values that no double has, which are only handed on."""
    log = _builder()
    channel = log.channel("pedals")
    for number in range(20):
        log.add(channel, number * 9_999_991, {"throttle": number / 3, "brake": -number * 0.1}, number)
    return log.finish()


def _candump() -> bytes:
    """Frames, some too short, some with an id that the database does not know; and a line that is none."""
    lines = []
    for number in range(40):
        stamp = f"({1_760_000_000 + number // 128}.{number % 128 * TICK_NS:09d}) can0"
        lines += [
            f"{stamp} 100#{number * 256:04X}{number:02X}{number % 3:02X}00000000"[: 60 if number % 8 else 38],
            f"{stamp} 0CFFF048#{number % 3:02X}00100020000000",
            f"{stamp} 321#{number:02X}",
        ]
    return "\n".join([*lines[:30], "no frame", *lines[30:], ""]).encode()


def _frames_in_mcap() -> bytes:
    """Frames as Linux has them, beside another topic."""
    log = _builder(chunk_size=4096)
    frames, pedals = log.channel("can0", "socketcan", None), log.channel("pedals")
    for number in range(40):
        id = (0x100, 0x8CFFF048, 0x321)[number % 3]
        data = bytes([number, 0, 10, 1, 0, 0, 0, 0])
        log.add(frames, number * TICK_NS, struct.pack("<IB3x8s", id, 8, data), number)
        log.add(pedals, number * TICK_NS, {"throttle": number / 4}, number)
    return log.finish()


def _many_messages() -> bytes:
    """So many that they fill more than one row group of Parquet, group of HDF5 and chunk of MCAP."""
    return b"".join(
        b"(%d.%09d) can0 100#%04X000000000000\n"
        % (1_760_000_000 + number // 128, number % 128 * TICK_NS, number % 999)
        for number in range(MANY)
    )


_J1939 = b"""BO_ 2566841342 EC1: 40 X
 SG_ Speed : 0|16@1+ (0.125,0) [0|8031] "rpm" X
 SG_ Point5 : 96|16@1+ (0.125,0) [0|8031] "rpm" X
BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","reserved","J1939PG";
BA_ "VFrameFormat" BO_ 2566841342 3;
"""


def _long_messages() -> bytes:
    """Long ones of J1939, in packets; one of them lacks its last."""
    lines = []
    for number in range(4):
        stamp = f"(17600000{number:02d}.000000) can0"
        lines.append(f"{stamp} 1CECFF00#20280006FFE3FE00")
        lines += [f"{stamp} 1CEBFF00#{packet:02X}{number * 16:02X}0000000000{number:02X}" for packet in range(1, 7)]
    return "\n".join([*lines[:-1], ""]).encode()


def _can_csv() -> bytes:
    """Frames from a logger without a clock, cut off."""
    lines = [f"0,0,0,0,1,{number},500,{0x100 + number % 2:08x},{number:016x}" for number in range(20)]
    return "\n".join(["year,month,day,hour,min,sec,ms,id,data", *lines]).encode()[:-5]


def _asc() -> bytes:
    """Two buses, and CAN FD on one of them."""
    head = ["date Sat Apr 18 14:32:00 2026", "base hex timestamps absolute"]
    classic = [f" {number}.500000 1 {0x100 + number % 2:X} Rx d 2 {number:02X} 00" for number in range(10)]
    fd = [f" 10.5 CANFD 2 Rx {number:X}x 1 0 9 12 {'0A ' * 12}" for number in range(4)]
    return "\n".join([*head, *classic, *fd, ""]).encode()


def _trc() -> bytes:
    """With a head that says when it began."""
    lines = [f" {number} {number}.500 DT 0101 Rx 1 {number:02X}" for number in range(10)]
    return "\n".join([";$FILEVERSION=2.0", ";$STARTTIME=46130.5", ";$COLUMNS=N,O,T,I,d,l,D", *lines, ""]).encode()

"""Small logs, whole and damaged, for the tests of reading."""

from __future__ import annotations

import io
import json
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import Message
from mcap.records import Channel
from mcap.records import Message as McapMessage
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, Writer

from paddock.columns.columns import ColumnChannel
from paddock.columns.spool import SpooledColumns
from paddock.readers.mcap.spool import spool_log

STARTED_NS = 1_776_522_720_000_000_000
MAGIC = b"\x89MCAP0\r\n"

CAR = """
syntax: "proto3" package: "car" name: "car.proto"
message_type { name: "Vec" field { name: "x" number: 1 type: TYPE_FLOAT label: LABEL_OPTIONAL }
                           field { name: "y" number: 2 type: TYPE_DOUBLE label: LABEL_OPTIONAL } }
message_type { name: "Ins" field { name: "velocity" number: 1 type: TYPE_MESSAGE type_name: ".car.Vec"
                                   label: LABEL_OPTIONAL }
                           field { name: "count" number: 2 type: TYPE_UINT32 label: LABEL_OPTIONAL }
                           field { name: "note" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL } }
"""


def descriptor_set(*files: str) -> descriptor_pb2.FileDescriptorSet:
    """File descriptors in text format as a set."""
    proto = descriptor_pb2.FileDescriptorSet()
    for file in files:
        text_format.Parse(file, proto.file.add())
    return proto


def message_class(files: descriptor_pb2.FileDescriptorSet, name: str) -> type[Message]:
    """The Python class of a message type."""
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


@dataclass
class LogBuilder:
    """A log under construction: the official writer, with protobuf and JSON close at hand."""

    chunked: bool = True
    chunk_size: int = 1024
    compression: CompressionType = CompressionType.ZSTD
    library: str = "tests"

    def __post_init__(self) -> None:
        self.target = io.BytesIO()
        self.writer = Writer(
            self.target,
            chunk_size=self.chunk_size,
            compression=self.compression,
            use_chunking=self.chunked,
            enable_crcs=True,
            enable_data_crcs=True,
        )
        self.writer.start(library=self.library)

    def channel(
        self,
        topic: str,
        encoding: str = "json",
        schema: tuple[str, str, bytes] | None = ("object", "jsonschema", b'{"type": "object"}'),
        metadata: dict[str, str] | None = None,
    ) -> int:
        schema_id = 0 if schema is None else self.writer.register_schema(*schema)
        return self.writer.register_channel(topic, encoding, schema_id, metadata or {})

    def protobuf_channel(self, topic: str, files: descriptor_pb2.FileDescriptorSet, name: str) -> int:
        return self.channel(topic, "protobuf", (name, "protobuf", files.SerializeToString()))

    def add(self, channel: int, time_ns: int, payload: bytes | dict[str, Any], sequence: int = 0) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.writer.add_message(channel, STARTED_NS + time_ns, data, STARTED_NS + time_ns, sequence)

    def finish(self) -> bytes:
        self.writer.finish()
        return self.target.getvalue()


def car_log(messages: int = 60, *, first: int = 0, **options: Any) -> bytes:
    """Two protobuf topics, one of JSON and one of raw bytes, with metadata and an attachment."""
    log = LogBuilder(**options)
    files = descriptor_set(CAR)
    ins = message_class(files, "car.Ins")
    channels = [log.protobuf_channel(topic, files, "car.Ins") for topic in ("ins", "/ins/backup")]
    channels += [log.channel("lap"), log.channel("raw", "cdr", None)]
    log.writer.add_metadata("setup", {"driver": "Ada"})
    log.writer.add_attachment(STARTED_NS, STARTED_NS, "notes.txt", "text/plain", b"box this lap")
    for number in range(first, first + messages):
        message = ins(count=number, note=f"n{number}", velocity={"x": number / 2, "y": -number})
        payloads: list[Any] = [message.SerializeToString()] * 2 + [
            {"lap": number, "s": {"t": number / 4}},
            b"\1\2\3",
        ]
        log.add(channels[number % 4], number * 10_000_000, payloads[number % 4], number)
    return log.finish()


def spool(log: bytes, directory: Path, **options: Any) -> SpooledColumns:
    """``spool_log`` of bytes."""
    return spool_log(io.BytesIO(log), directory, **options)


def channel_named(columns: SpooledColumns, topic: str) -> ColumnChannel:
    (channel,) = (channel for channel in columns.channels if channel.topic == topic)
    return channel


def rows_of(columns: SpooledColumns, topic: str) -> list[dict[str, Any]]:
    """All messages of a topic as Python values."""
    return [row for batch in columns.read(channel_named(columns, topic)) for row in batch.messages.to_pylist()]


def times_of(columns: SpooledColumns, topic: str) -> list[int]:
    """``log_time`` of all messages of a topic, since the start of the test logs."""
    channel = channel_named(columns, topic)
    return [time - STARTED_NS for batch in columns.read(channel) for time in batch.log_time.tolist()]


def record(opcode: int, content: bytes, length: int | None = None) -> bytes:
    """A record, also one that lies about its length."""
    return struct.pack("<BQ", opcode, len(content) if length is None else length) + content


def text(value: str) -> bytes:
    return struct.pack("<I", len(value.encode())) + value.encode()


def header() -> bytes:
    return MAGIC + record(1, text("") + text("tests"))


def channel_record(
    channel_id: int, topic: str, encoding: str = "json", schema_id: int = 0, metadata: bytes = b""
) -> bytes:
    names = text(topic) + text(encoding)
    names += struct.pack("<I", len(metadata)) + metadata
    return record(4, struct.pack("<HH", channel_id, schema_id) + names)


def schema_record(schema_id: int, name: str, encoding: str, data: bytes) -> bytes:
    content = struct.pack("<H", schema_id) + text(name) + text(encoding) + struct.pack("<I", len(data)) + data
    return record(3, content)


def message_record(channel_id: int, time_ns: int, payload: bytes, length: int | None = None) -> bytes:
    time = STARTED_NS + time_ns
    return record(5, struct.pack("<HIQQ", channel_id, 0, time, time) + payload, length)


def chunk_record(
    records: bytes, compressed: bytes | None = None, compression: str = "", size: int | None = None, crc: int = 0
) -> bytes:
    data = records if compressed is None else compressed
    head = struct.pack("<QQQI", 0, 0, len(records) if size is None else size, crc) + text(compression)
    return record(6, head + struct.pack("<Q", len(data)) + data)


END = record(15, struct.pack("<I", 0)) + record(2, struct.pack("<QQI", 0, 0, 0)) + MAGIC


def official_messages(log: bytes) -> int:
    """How many messages mcap's StreamReader gets of channels that their part of the file defines.

    It takes a run of zeros for a channel without a topic; that one does not count as defined.
    """
    reader = StreamReader(io.BytesIO(log))
    messages: list[int] = []
    channels: set[int] = set()
    try:
        for each in reader.records:
            if isinstance(each, Channel) and each.topic:
                channels.add(each.id)
            elif isinstance(each, McapMessage):
                messages.append(each.channel_id)
    except Exception:
        pass
    return sum(channel in channels for channel in messages)


def mutated(log: bytes, chance: random.Random) -> bytes:
    """The log with one or a few accidents."""
    data = bytearray(log)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.randrange(len(data))
        kind = chance.randrange(7)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at] = chance.randrange(256)
        elif kind == 2:
            data[at : at + chance.randrange(1, 64)] = b""
        elif kind == 3:
            data[at:at] = chance.randbytes(chance.randrange(1, 64))
        elif kind == 4:
            size = chance.randrange(1, 64)
            data[at : at + size] = bytes(min(size, len(data) - at))
        elif kind == 5:
            other = chance.randrange(len(data))
            data[at:at] = data[other : other + chance.randrange(1, 300)]
        else:
            del data[max(at, 16) :]
        if not data:
            return b""
    return bytes(data)


def small_logs() -> Sequence[bytes]:
    """One of every kind that the official writer makes, to be damaged."""
    return [
        car_log(40),
        car_log(40, compression=CompressionType.LZ4),
        car_log(40, compression=CompressionType.NONE),
        car_log(40, chunked=False),
        car_log(20) + car_log(20, first=20),
    ]

"""Records of the MCAP specification, as far as reading needs them. Every length is checked before it is used."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from paddock.readers.decoders.schema import Schema

Data = bytes | memoryview
"""Some bytes of a file or of a chunk."""

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, MESSAGE_INDEX = range(1, 8)
CHUNK_INDEX, ATTACHMENT, ATTACHMENT_INDEX, STATISTICS, METADATA, METADATA_INDEX, SUMMARY_OFFSET, DATA_END = range(
    8, 16
)
FIRST_PRIVATE = 0x80
"""Opcodes from here on belong to whoever writes them."""

PREFIX = struct.Struct("<BQ")
"""Opcode and length, before every record."""
PREFIX_BYTES = PREFIX.size
MESSAGE_HEAD_BYTES = 22
"""Channel id, sequence, log_time, publish_time."""
CHUNK_HEAD_BYTES = 40
"""A chunk record without its compression's name and its records."""

_CHUNK_START = struct.Struct("<QQQI")
_CHANNEL_START = struct.Struct("<HH")
_ATTACHMENT_START = struct.Struct("<QQ")
_U16, _U32, _U64 = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<Q")

LEAST_BYTES = {
    HEADER: 8,
    FOOTER: 20,
    SCHEMA: 14,
    CHANNEL: 16,
    MESSAGE: MESSAGE_HEAD_BYTES,
    CHUNK: CHUNK_HEAD_BYTES,
    MESSAGE_INDEX: 6,
    CHUNK_INDEX: 60,
    ATTACHMENT: 36,
    ATTACHMENT_INDEX: 48,
    STATISTICS: 46,
    METADATA: 8,
    METADATA_INDEX: 20,
    SUMMARY_OFFSET: 17,
    DATA_END: 4,
}
"""The smallest content of every kind of record; later versions of the specification only add fields at the end."""


class Malformed(Exception):
    """The bytes are not such a record. Never leaves ``paddock.readers.mcap``."""


@dataclass(frozen=True)
class Channel:
    """A stream of messages; ``schema_id`` 0 means that there is no schema."""

    id: int
    schema_id: int
    topic: str
    message_encoding: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ChunkHead:
    """What a chunk says of itself before its records."""

    start_time: int
    end_time: int
    uncompressed_size: int
    uncompressed_crc: int
    """0 when its writer did not compute one."""
    compression: str
    records_size: int
    head_size: int
    """Bytes of the chunk's content before ``records``."""


def is_magic(data: Data, position: int) -> bool:
    """Whether the magic is at ``position``."""
    return data[position : position + len(MAGIC)] == MAGIC


class Fields:
    """Reads the fields of one record from ``data[position:end]``; ``position`` moves on.

    Raises:
        Malformed: a field does not fit.
    """

    def __init__(self, data: Data, position: int, end: int) -> None:
        self.data = data
        self.position = position
        self.end = end

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        begin = self.skip(size)
        return bytes(self.data[begin : self.position])

    def skip(self, size: int) -> int:
        """Pass over the next ``size`` bytes; where they began."""
        begin = self.position
        if size > self.end - begin:
            raise Malformed
        self.position = begin + size
        return begin

    def u16(self) -> int:
        """A 2-byte number."""
        return int(_U16.unpack_from(self.data, self.skip(2))[0])

    def u32(self) -> int:
        """A 4-byte number."""
        return int(_U32.unpack_from(self.data, self.skip(4))[0])

    def u64(self) -> int:
        """An 8-byte number."""
        return int(_U64.unpack_from(self.data, self.skip(8))[0])

    def text(self) -> str:
        """A string; writers that put other bytes than UTF-8 get replacement characters."""
        return self.take(self.u32()).decode(errors="replace")

    def texts(self) -> dict[str, str]:
        """A map of strings."""
        inner = Fields(self.data, self.position + 4, self.position + 4 + self.u32())
        if inner.end > self.end:
            raise Malformed
        entries = {}
        while inner.position < inner.end:
            key = inner.text()
            entries[key] = inner.text()
        self.position = inner.end
        return entries


def read_header(fields: Fields) -> tuple[str, str]:
    """Profile and library."""
    return fields.text(), fields.text()


def read_schema(fields: Fields) -> Schema:
    """A schema record."""
    return Schema(fields.u16(), fields.text(), fields.text(), fields.take(fields.u32()))


def read_channel(fields: Fields) -> Channel:
    """A channel record."""
    channel_id, schema_id = _CHANNEL_START.unpack(fields.take(4))
    return Channel(channel_id, schema_id, fields.text(), fields.text(), fields.texts())


def read_metadata(fields: Fields) -> tuple[str, dict[str, str]]:
    """Name and entries of a metadata record."""
    return fields.text(), fields.texts()


def read_chunk_head(fields: Fields) -> ChunkHead:
    """A chunk record up to its records."""
    begin = fields.position
    start, end, size, crc = _CHUNK_START.unpack(fields.take(28))
    name_size = fields.u32()
    if name_size > 64:
        raise Malformed
    compression = fields.take(name_size).decode(errors="replace")
    records_size = fields.u64()
    return ChunkHead(start, end, size, crc, compression, records_size, fields.position - begin)


def read_data_end(fields: Fields) -> int:
    """The checksum of the data section; 0 when its writer did not compute one."""
    return fields.u32()


def read_message_count(fields: Fields) -> int:
    """How many messages a statistics record counts."""
    return fields.u64()


def read_footer(fields: Fields) -> int:
    """The checksum of the summary section up to this field; 0 when its writer did not compute one."""
    fields.take(16)
    return fields.u32()


@dataclass(frozen=True)
class AttachmentHead:
    """An attachment record up to its data."""

    log_time: int
    create_time: int
    name: str
    media_type: str
    data_size: int


def read_attachment_head(fields: Fields) -> AttachmentHead:
    """An attachment record up to its data."""
    log_time, create_time = _ATTACHMENT_START.unpack(fields.take(16))
    return AttachmentHead(log_time, create_time, fields.text(), fields.text(), fields.u64())

"""Telling records from garbage.

A record looks plausible when its opcode is one of the specification, its length suits it and fits, and what can be
checked of its fields fits too. One that looks plausible may still be chance; after garbage two in a row are asked
for.
"""

from __future__ import annotations

import re
import struct

from paddock.mcap.records import (
    ATTACHMENT,
    CHANNEL,
    CHUNK,
    DATA_END,
    FOOTER,
    HEADER,
    LEAST_BYTES,
    MAGIC,
    MESSAGE,
    MESSAGE_INDEX,
    METADATA,
    PREFIX,
    PREFIX_BYTES,
    SCHEMA,
    Fields,
    Malformed,
    read_attachment_head,
    read_channel,
    read_chunk_head,
    read_header,
    read_metadata,
    read_schema,
)

ANYWHERE = frozenset(LEAST_BYTES)
IN_CHUNKS = frozenset((SCHEMA, CHANNEL, MESSAGE))

# No record is 1 TiB long, so the upper three bytes of its length are zero: cheap, and rules out most garbage.
_CANDIDATE = re.compile(rb"[\x01-\x0f](?=.{5}\x00\x00\x00)|\x89(?=MCAP0\r\n)", re.DOTALL)
_NO_LENGTH = 1 << 40
_COUNTED = struct.Struct("<HI")
_LONGEST = {FOOTER: 1024, DATA_END: 1024}
"""Records of fixed size, with room for fields of the future."""
_TEXTS = {HEADER: read_header, SCHEMA: read_schema, CHANNEL: read_channel, METADATA: read_metadata}


def looks_plausible(data: bytes, position: int, available: int, known: frozenset[int] = ANYWHERE) -> bool:
    """Whether a record, or the magic, begins at ``position``.

    Args:
        data: the bytes in memory; the record may reach beyond them.
        position: where its opcode would be.
        available: how many bytes there are from ``position`` on, in memory or not. A chunk or a message may reach
            beyond them: their end was cut off.
        known: the opcodes that may be here.
    """
    if known is ANYWHERE and data.startswith(MAGIC, position):
        return True
    if len(data) - position < PREFIX_BYTES:
        return False
    opcode, length = PREFIX.unpack_from(data, position)
    if opcode not in known or length < LEAST_BYTES[opcode]:
        return False
    if length > available - PREFIX_BYTES and (opcode not in (CHUNK, MESSAGE) or length >= _NO_LENGTH):
        return False
    return _fields_fit(opcode, data, position + PREFIX_BYTES, length)


def content_size(opcode: int, data: bytes, begin: int) -> int:
    """How many bytes the fields of a record take that begin at ``begin``, whatever its length says; at least."""
    fields = Fields(data, begin, len(data))
    try:
        if opcode == CHUNK:
            head = read_chunk_head(fields)
            return head.head_size + head.records_size
        if opcode in _TEXTS:
            _TEXTS[opcode](fields)
            return fields.position - begin
    except Malformed:
        pass
    return LEAST_BYTES.get(opcode, 0)


def _fields_fit(opcode: int, data: bytes, begin: int, length: int) -> bool:
    end = min(begin + length, len(data))
    cut = end < begin + length
    try:
        if opcode in _TEXTS:
            return cut or _TEXTS[opcode](Fields(data, begin, end)) is not None
        if opcode == MESSAGE_INDEX:
            _, size = _COUNTED.unpack_from(data, begin)
            return bool(size % 16 == 0 and size + 6 <= length)
        if opcode == CHUNK:
            # Either of its two lengths may be wrong.
            return len(read_chunk_head(Fields(data, begin, len(data))).compression) <= 8
        if opcode == ATTACHMENT:
            return cut or read_attachment_head(Fields(data, begin, end)).data_size <= length
    except (Malformed, struct.error):
        return False
    return length <= _LONGEST.get(opcode, length)


def find_record(
    data: bytes, position: int, stop: int, available: int, *, known: frozenset[int] = ANYWHERE, run: int = 2
) -> int | None:
    """The first place from ``position`` and before ``stop`` where ``run`` plausible records follow each other.

    Fewer are enough where ``data`` ends. ``available`` counts from the beginning of ``data``. None when there is
    no such place.
    """
    for match in _CANDIDATE.finditer(data, position):
        at = match.start()
        if at >= stop:
            return None
        if _is_run(data, at, available, known, run):
            return at
    return None


def _is_run(data: bytes, position: int, available: int, known: frozenset[int], run: int) -> bool:
    for number in range(run):
        if number and position > min(available, len(data)) - PREFIX_BYTES:
            # Nothing is left to ask: fine when the record before ends with the file or beyond what is in memory.
            return position == available or available > len(data)
        if not looks_plausible(data, position, available - position, known):
            return False
        if data[position] == MAGIC[0]:
            position += len(MAGIC)
        else:
            position += PREFIX_BYTES + PREFIX.unpack_from(data, position)[1]
    return True

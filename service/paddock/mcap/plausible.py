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
    Data,
    Fields,
    Malformed,
    is_magic,
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
NO_LENGTH = 1 << 40
"""A record that says it is longer does not know its length."""
_COUNTED = struct.Struct("<HI")
_LONGEST = {FOOTER: 1024, DATA_END: 1024}
"""Records of fixed size, with room for fields of the future."""
_SIZED = frozenset((CHUNK, ATTACHMENT))
"""Records whose fields tell their size once more."""
_NAMED = frozenset((CHUNK, SCHEMA, CHANNEL))
_TEXTS = {HEADER: read_header, SCHEMA: read_schema, CHANNEL: read_channel, METADATA: read_metadata}


def looks_plausible(data: Data, position: int, available: int, known: frozenset[int] = ANYWHERE) -> bool:
    """Whether a record, or the magic, begins at ``position``.

    Args:
        data: the bytes in memory; the record may reach beyond them.
        position: where its opcode would be.
        available: how many bytes there are from ``position`` on, in memory or not. A chunk or a message may reach
            beyond them: their end was cut off.
        known: the opcodes that may be here.
    """
    if known is ANYWHERE and is_magic(data, position):
        return True
    if len(data) - position < PREFIX_BYTES:
        return False
    opcode, length = PREFIX.unpack_from(data, position)
    if opcode not in known:
        return False
    too_long = length > available - PREFIX_BYTES
    if length < LEAST_BYTES[opcode] or (
        too_long and opcode != MESSAGE and (opcode != CHUNK or length >= NO_LENGTH)
    ):
        # Other readers do not ask the length of these: it may be all that is wrong.
        size = content_size(opcode, data, position + PREFIX_BYTES)
        return opcode in _NAMED and LEAST_BYTES[opcode] < size <= available
    return _fields_fit(opcode, data, position + PREFIX_BYTES, length)


def content_size(opcode: int, data: Data, begin: int) -> int:
    """How many bytes the fields of a record take that begin at ``begin``, whatever its length says; at least."""
    fields = Fields(data, begin, len(data))
    try:
        if opcode == CHUNK:
            head = read_chunk_head(fields)
            return head.head_size + head.records_size
        if opcode == ATTACHMENT:
            size = read_attachment_head(fields).data_size
            return fields.position - begin + size + 4
        if opcode in _TEXTS:
            _TEXTS[opcode](fields)
            return fields.position - begin
    except Malformed:
        pass
    return LEAST_BYTES.get(opcode, 0)


def _fields_fit(opcode: int, data: Data, begin: int, length: int) -> bool:
    """Whether the fields make sense; they may be more than ``length`` says, which may be what is wrong."""
    cut = len(data) < begin + length
    fields = Fields(data, begin, len(data))
    try:
        if opcode in _TEXTS:
            return cut or _TEXTS[opcode](fields) is not None
        if opcode == MESSAGE_INDEX:
            _, size = _COUNTED.unpack_from(data, begin)
            return bool(size % 16 == 0 and size + 6 <= length)
        if opcode == CHUNK:
            return len(read_chunk_head(fields).compression) <= 8
        if opcode == ATTACHMENT:
            return cut or read_attachment_head(fields).data_size < NO_LENGTH
    except (Malformed, struct.error):
        return False
    return length <= _LONGEST.get(opcode, length)


def find_record(
    data: Data, position: int, stop: int, available: int, *, known: frozenset[int] = ANYWHERE, run: int = 2
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


def _is_run(data: Data, position: int, available: int, known: frozenset[int], run: int) -> bool:
    if not looks_plausible(data, position, available - position, known):
        return False
    if run == 1:
        return True
    if known is ANYWHERE and is_magic(data, position):
        return _is_run(data, position + len(MAGIC), available, known, run - 1)
    opcode, length = PREFIX.unpack_from(data, position)
    begin = position + PREFIX_BYTES
    for end in {begin + length, begin + content_size(opcode, data, begin) if opcode in _SIZED else begin + length}:
        # Nothing is left to ask: fine when the record ends with the file or beyond what is in memory.
        beyond = end > len(data) - PREFIX_BYTES and available > len(data)
        if end == available or beyond or _is_run(data, end, available, known, run - 1):
            return True
    return False

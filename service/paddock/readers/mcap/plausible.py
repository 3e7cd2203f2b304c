"""Telling records from garbage.

A record looks plausible when its opcode is one of the specification, its length suits it and fits, and what can be
checked of its fields fits too. One that looks plausible may still be chance; after garbage two in a row are asked
for.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from paddock.readers.mcap.records import (
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
    read_chunk_head,
)

ANYWHERE = frozenset(LEAST_BYTES)
IN_CHUNKS = frozenset((SCHEMA, CHANNEL, MESSAGE))

# No record is 1 TiB long, so the upper three bytes of its length are zero: cheap, and rules out most garbage.
_CANDIDATE = re.compile(rb"[\x01-\x0f](?=.{5}\x00\x00\x00)|\x89(?=MCAP0\r\n)", re.DOTALL)
_NEAR_BYTES = 512
_FAR_BYTES = 256 << 10
NO_LENGTH = 1 << 40
"""A record that says it is longer does not know its length."""
_COUNTED = struct.Struct("<HI")
_LONGEST = {FOOTER: 1024, DATA_END: 1024}
"""Records of fixed size, with room for fields of the future."""
_SIZED = frozenset((CHUNK, ATTACHMENT))
"""Records whose fields tell their size once more."""
_NAMED = frozenset((CHUNK, SCHEMA, CHANNEL))
_MAX_ENTRIES = 64
"""How many entries of a map are looked at: a place that may be a record costs the same however long it is."""
_BEFORE_TEXTS = {HEADER: 0, SCHEMA: 2, CHANNEL: 4, METADATA: 0, ATTACHMENT: 16}
_TEXTS = {HEADER: 2, SCHEMA: 3, CHANNEL: 2, METADATA: 1, ATTACHMENT: 2}
"""Records that are a few counted fields after a few bytes, and how many."""
_MAPPED = frozenset((CHANNEL, METADATA))
"""And a map after them."""


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
            _pass(opcode, fields)
            size = fields.u64()
            return fields.position - begin + size + 4
        if opcode in _TEXTS:
            _pass(opcode, fields)
            return fields.position - begin
    except Malformed:
        pass
    return LEAST_BYTES.get(opcode, 0)


def _pass(opcode: int, fields: Fields) -> None:
    """Go over the fields of a record of texts.

    Raises:
        Malformed: they do not fit.
    """
    fields.skip(_BEFORE_TEXTS[opcode])
    for _ in range(_TEXTS[opcode]):
        fields.skip(fields.u32())
    if opcode in _MAPPED:
        size = fields.u32()
        entries = Fields(fields.data, fields.position, fields.position + size)
        fields.skip(size)
        for _ in range(2 * _MAX_ENTRIES):
            if entries.position == entries.end:
                break
            entries.skip(entries.u32())


def _fields_fit(opcode: int, data: Data, begin: int, length: int) -> bool:
    """Whether the fields make sense; they may be more than ``length`` says, which may be what is wrong."""
    cut = len(data) < begin + length
    fields = Fields(data, begin, len(data))
    try:
        if opcode in _TEXTS and not cut:
            _pass(opcode, fields)
            return opcode != ATTACHMENT or fields.u64() < NO_LENGTH
        if opcode == MESSAGE_INDEX:
            _, size = _COUNTED.unpack_from(data, begin)
            return bool(size % 16 == 0 and size + 6 <= length)
        if opcode == CHUNK:
            return len(read_chunk_head(fields).compression) <= 8
    except (Malformed, struct.error):
        return False
    return length <= _LONGEST.get(opcode, length)


@dataclass
class Probes:
    """How many places may be looked at, and how many were."""

    left: int = sys.maxsize
    made: int = 0


def find_record(
    data: Data, position: int, stop: int, available: int, *, known: frozenset[int] = ANYWHERE, probes: Probes
) -> int | None:
    """The first place from ``position`` and before ``stop`` where two plausible records follow each other.

    One is enough where ``data`` ends. ``available`` counts from the beginning of ``data``. None when there is no
    such place, or when there are no ``probes`` left.
    """
    for at in _candidates(data, position, stop):
        if probes.made >= probes.left:
            return None
        probes.made += 1
        if _is_run(data, at, available, known, 2):
            return at
    return None


def _candidates(data: Data, position: int, stop: int) -> Iterator[int]:
    """Places from ``position`` and before ``stop`` that could begin a record, or the magic.

    Mostly the first is near. Where it is not, numpy is five times as fast as the expression.
    """
    near = min(stop, position + _NEAR_BYTES)
    for match in _CANDIDATE.finditer(data, position, min(len(data), near + PREFIX_BYTES)):
        if match.start() >= near:
            break
        yield match.start()
    size = _NEAR_BYTES
    position = near
    while position < stop:
        size = min(4 * size, _FAR_BYTES)
        end = min(position + size, stop)
        part = np.frombuffer(data, np.uint8, min(end + PREFIX_BYTES - 1, len(data)) - position, position)
        count = min(end - position, len(part) - PREFIX_BYTES + 1)
        if count > 0:
            low = part[:count] - np.uint8(1) < 15
            low &= (part[6 : 6 + count] | part[7 : 7 + count] | part[8 : 8 + count]) == 0
            low |= (
                (part[:count] == MAGIC[0]) & (part[1 : 1 + count] == MAGIC[1]) & (part[2 : 2 + count] == MAGIC[2])
            )
            yield from (np.flatnonzero(low) + position).tolist()
        position = end


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

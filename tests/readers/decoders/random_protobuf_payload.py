"""Random protobuf messages, byte by byte: as anybody writes them, as few do, and damaged."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tests.readers.decoders.random_protobuf_schema import TIMES

F = FieldDescriptor

_WIRE = {
    **dict.fromkeys((F.TYPE_DOUBLE, F.TYPE_FIXED64, F.TYPE_SFIXED64), 1),
    **dict.fromkeys((F.TYPE_FLOAT, F.TYPE_FIXED32, F.TYPE_SFIXED32), 5),
    **dict.fromkeys((F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE), 2),
    F.TYPE_GROUP: 3,
}
"""Wire types by field type; all others are varints."""


def varint(value: int, longer: int = 0) -> bytes:
    """A varint, with so many bytes more than it needs."""
    value &= 2**64 - 1
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value]) if not longer else bytes([*data, value | 0x80, *[0x80] * (longer - 1), 0])


class PayloadMaker:
    """Writes messages of a type byte by byte.

    Args:
        odd: how likely each of the things is that few writers do, 0 to 1.
    """

    def __init__(self, chance: random.Random, odd: float) -> None:
        self._chance = chance
        self._odd = odd

    def message(self, kind: Descriptor, depth: int = 0) -> bytes:
        """One message."""
        chance = self._chance
        fields = [*kind.fields, *kind.file.pool.FindAllExtensions(kind)]
        parts = [
            part
            for field in fields
            if chance.random() < (0.6, 0.5, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1)[depth]
            for part in self._occurrences(field, depth)
        ]
        if self._is_odd():
            parts.append(self._unknown())
        if self._is_odd():
            chance.shuffle(parts)
        return b"".join(parts)

    def damaged(self, payload: bytes) -> bytes:
        """With one accident."""
        chance = self._chance
        data = bytearray(payload or b"\x08")
        at = chance.randrange(len(data))
        match chance.randrange(6):
            case 0:
                del data[at:]
            case 1:
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                data[at] = chance.randrange(256)
            case 3:
                data[at:at] = chance.randbytes(chance.randint(1, 4))
            case 4:
                data[at:at] = b"\xff" * chance.choice((8, 9)) + b"\x01"
            case _:
                del data[at : at + chance.randint(1, 4)]
        return bytes(data)

    def _is_odd(self) -> bool:
        return self._chance.random() < self._odd

    def _tag(self, number: int, wire_type: int) -> bytes:
        tag = varint(number << 3 | wire_type)
        if not self._is_odd() or not self._is_odd():
            return tag
        return varint(number << 3 | wire_type, self._chance.randint(1, 7 - len(tag)))

    def _sized(self, number: int, data: bytes) -> bytes:
        longer = self._chance.randint(1, 4) if self._is_odd() and self._is_odd() else 0
        return self._tag(number, 2) + varint(len(data), longer) + data

    def _unknown(self) -> bytes:
        number = self._chance.choice((77, 7777, 2**29 - 1))
        match self._chance.randrange(5):
            case 0:
                return self._tag(number, 0) + varint(self._chance.getrandbits(64))
            case 1:
                return self._tag(number, 1) + self._chance.randbytes(8)
            case 2:
                return self._sized(number, self._chance.randbytes(self._chance.randrange(6)))
            case 3:
                return self._tag(number, 5) + self._chance.randbytes(4)
            case _:
                end = number if not self._is_odd() else 5
                return varint(number << 3 | 3) + self._tag(1, 0) + b"\x05" + varint(end << 3 | 4)

    def _occurrences(self, field: FieldDescriptor, depth: int) -> Iterator[bytes]:
        if self._is_odd() and self._is_odd():
            wrong = self._chance.choice((0, 1, 2, 5))
            yield varint(field.number << 3 | wrong) + {0: b"\x07", 1: b"8bytes!!", 2: b"\x02ab", 5: b"four"}[wrong]
        if not field.is_repeated:
            for _ in range(1 if not self._is_odd() else 2):
                yield self._one(field, depth)
            return
        count = self._chance.choice((0, 1, 2, 2, 5))
        packable = field.message_type is None and field.type not in (F.TYPE_STRING, F.TYPE_BYTES)
        if packable and (field.is_packed != self._is_odd()):
            data = b"".join(self._scalar(field) for _ in range(count))
            if self._is_odd():
                data = data[:-1]
            yield self._sized(field.number, data)
            count = count if self._is_odd() else 0
        for _ in range(count):
            yield self._one(field, depth)

    def _one(self, field: FieldDescriptor, depth: int) -> bytes:
        if field.message_type is None:
            if _WIRE.get(field.type) == 2:
                return self._sized(field.number, self._scalar(field))
            return self._tag(field.number, _WIRE.get(field.type, 0)) + self._scalar(field)
        data = self._inner(field.message_type, depth + 1)
        if field.type == F.TYPE_GROUP:
            return varint(field.number << 3 | 3) + data + varint(field.number << 3 | 4)
        return self._sized(field.number, data)

    def _inner(self, kind: Descriptor, depth: int) -> bytes:
        if depth > 6:
            return b""
        if kind.full_name in TIMES:
            seconds = self._chance.choice((0, 5, -1, 1_776_522_720, 2**62, -(2**63), 9_223_372_036, 253402300799))
            parts = [
                b"\x08" + varint(seconds),
                b"\x10" + varint(self._chance.choice((0, 1, 999_999_999, -5, 2**31 - 1))),
            ]
            return b"".join(parts[: self._chance.randint(0, 2)] if not self._is_odd() else parts[1:])
        if not kind.GetOptions().map_entry:
            return self.message(kind, depth)
        parts = [self._one(field, depth) for field in kind.fields if not self._is_odd()]
        if self._is_odd():
            parts.reverse()
        if self._is_odd():
            parts.append(self._one(self._chance.choice(kind.fields), depth))
        return b"".join(parts)

    def _scalar(self, field: FieldDescriptor) -> bytes:
        """A value without its tag, and of texts without its length."""
        chance = self._chance
        if field.type == F.TYPE_STRING:
            texts = (b"", b"a", b"b", "°C".encode(), b"k" * 130)
            return (
                chance.choice((b"23 \xb0C", b"\xed\xa0\x80", b"\xff")) if self._is_odd() else chance.choice(texts)
            )
        if field.type == F.TYPE_BYTES:
            return chance.randbytes(chance.choice((0, 1, 5)))
        if field.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
            number = chance.choice((0.0, -0.0, 1.5, math.inf, -math.inf, math.nan, chance.uniform(-1e9, 1e9)))
            return struct.pack("<d" if field.type == F.TYPE_DOUBLE else "<f", number)
        if width := {1: 8, 5: 4}.get(_WIRE.get(field.type, 0)):
            return chance.choice((bytes(width), chance.randbytes(width), b"\1" + bytes(width - 1)))
        if field.type == F.TYPE_ENUM:
            value = chance.choice((0, 3, -7, 300, *((4, 2**31, -1) if self._is_odd() else ())))
        elif field.type == F.TYPE_BOOL:
            value = chance.choice((0, 1)) if not self._is_odd() else chance.choice((2, 2**63, 2**32))
        elif self._is_odd():
            value = chance.getrandbits(64)
        else:
            value = chance.choice((0, 1, 2, 127, 128, 300, 2**31 - 1, chance.getrandbits(chance.randint(1, 31))))
        return varint(value, chance.randint(1, 3) if self._is_odd() and value < 2**32 and value >= 0 else 0)

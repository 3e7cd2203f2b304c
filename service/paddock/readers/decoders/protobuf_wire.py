"""What google.protobuf says of payloads, asked for many at once: whether they are messages at all."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

Mask = npt.NDArray[np.bool_]

FRAMED_BYTES = 4096
"""Larger payloads are asked for one by one."""
FEW = 16
"""So few are sooner parsed one by one."""
_ASKED_BYTES = 256 << 10
"""In one message: what is made of it should stay in the processor's cache."""


def varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def parse(message_class: type[Message], payload: bytes) -> Message | None:
    """The message, or None when the payload is not one."""
    try:
        return message_class.FromString(payload)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None


def sizes_of(payloads: pa.BinaryArray) -> npt.NDArray[np.int32]:
    """How many bytes each payload has, shape (N,)."""
    ends = _ends(payloads)
    return ends[1:] - ends[:-1]


def size_of(payloads: pa.BinaryArray) -> int:
    """How many bytes all payloads have."""
    ends = _ends(payloads)
    return int(ends[-1] - ends[0])


def bytes_of(payloads: pa.BinaryArray) -> memoryview:
    """The payloads end to end, without a copy."""
    data, ends = payloads.buffers()[2], _ends(payloads)
    return memoryview(data)[ends[0] : ends[-1]] if data is not None else memoryview(b"")


def _ends(payloads: pa.BinaryArray) -> npt.NDArray[np.int32]:
    return np.frombuffer(payloads.buffers()[1], np.int32, len(payloads) + 1, 4 * payloads.offset)


class Judge:
    """Says which payloads are messages of a type, as google.protobuf has it.

    Many small payloads are given to it as one message that repeats the type, which costs a fifth.
    """

    def __init__(self, descriptor: Descriptor) -> None:
        self.message_class: type[Message] = message_factory.GetMessageClass(descriptor)
        self._many = _repeating(descriptor)

    def accepts(self, payloads: pa.BinaryArray) -> Mask | None:
        """Which payloads are messages, shape (N,); None when all are."""
        sizes = sizes_of(payloads)
        accepted = np.ones(len(payloads), bool)
        step = max(1, _ASKED_BYTES // max(1, int(sizes.mean()))) if len(payloads) else 1
        for first in range(0, len(payloads), step):
            part = slice(first, first + step)
            if int(sizes[part].max()) > FRAMED_BYTES or not self._accepts_all(payloads[part], sizes[part]):
                asked = [parse(self.message_class, each) is not None for each in payloads[part].to_pylist()]
                accepted[part] = asked
        return None if accepted.all() else accepted

    def _accepts_all(self, payloads: pa.BinaryArray, sizes: npt.NDArray[np.int32]) -> bool:
        if len(payloads) <= FEW:
            return False
        heads = _heads().take(pa.array(sizes))
        joined: Any = pc.binary_join_element_wise(heads, payloads, b"")
        return parse(self._many, bytes(bytes_of(joined))) is not None


@cache
def _heads() -> pa.BinaryArray:
    """What stands before a payload of so many bytes where it is the field 1 of another message."""
    return pa.array([b"\n" + varint(size) for size in range(FRAMED_BYTES + 1)], pa.binary())


def _repeating(descriptor: Descriptor) -> type[Message]:
    """The class of ``message Many { repeated <the type> message = 1; }``."""
    file = descriptor_pb2.FileDescriptorProto(
        name="paddock/many.proto", package="paddock.many", syntax="proto3", dependency=[descriptor.file.name]
    )
    field = file.message_type.add(name="Many").field.add(name="message", number=1)
    field.label, field.type = field.LABEL_REPEATED, field.TYPE_MESSAGE
    field.type_name = f".{descriptor.full_name}"
    pool: descriptor_pool.DescriptorPool = descriptor.file.pool
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("paddock.many.Many"))

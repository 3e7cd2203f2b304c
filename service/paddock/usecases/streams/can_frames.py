"""Washington University Racing's frames, as their radio sends them by UDP: CAN frames of 20 bytes each.

::

    id         uint32   of the CAN message
    age        int32    milliseconds from when the frame was on the bus until it was sent, 0 or negative
    data       8 bytes
    checksum   uint8    the eight bytes of data by exclusive or
    mark       3 bytes  "WU\\n"

Numbers are big-endian; a datagram has up to eight frames (their firmware's ``Radio.ino``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import reduce
from operator import xor

import numpy as np

from paddock.domain.can_database import NO_DATABASES, CanDatabase
from paddock.domain.device_messages import NO_NAMES, Problem, Sample, Scalar
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID
from paddock.readers.can.message import MessageDecoder
from paddock.readers.can.routes import Routes

FRAME = struct.Struct(">Ii8sB3s")
MOST_BYTES = 20 * 64
"""In a datagram; their own have at most eight frames."""
_MARK = b"WU\n"
_NS_PER_MS = 1_000_000
_LONGEST_AGE_MS = 60_000
_DATA_BYTES = 8


def frame(can_id: int, data: bytes, age_ms: int = 0) -> bytes:
    """One frame as the radio sends it; ``data`` has eight bytes at the most."""
    padded = data.ljust(_DATA_BYTES, b"\0")
    return FRAME.pack(can_id, age_ms, padded, reduce(xor, padded), _MARK)


class FrameDecoder:
    """Decodes frames by a database; those that it does not know, or all without one, are their bytes.

    Args:
        database: of the car.
    """

    def __init__(self, database: CanDatabase | None) -> None:
        # The radio does not say which ids have 29 bits.
        self._routes = Routes({"": database} if database else NO_DATABASES, has_extended_flag=False)
        self._decoders: dict[str, MessageDecoder] = {}

    def samples(self, datagram: bytes, received_ns: int, problems: list[Problem]) -> Iterator[Sample]:
        """The messages of a datagram; frames that are damaged are passed over and said."""
        if len(datagram) % FRAME.size or not datagram:
            problems.append(Problem("bad_frame", f"A datagram has {len(datagram):,} bytes: frames have 20 each."))
        for at in range(0, len(datagram) - FRAME.size + 1, FRAME.size):
            can_id, age_ms, data, checksum, mark = FRAME.unpack_from(datagram, at)
            if mark != _MARK or reduce(xor, data) != checksum or can_id > MAX_ID:
                problems.append(Problem("bad_frame", "A frame's checksum or mark is wrong: it was passed over."))
                continue
            if not -_LONGEST_AGE_MS <= age_ms <= 0:
                problems.append(Problem("impossible_time", f"A frame says to be {-age_ms:,} ms old: it was not."))
                age_ms = 0
            yield self._sample(can_id, data, received_ns + age_ms * _NS_PER_MS)

    def _sample(self, can_id: int, data: bytes, time_ns: int) -> Sample:
        route = self._routes.route(0, "", can_id > MAX_STANDARD_ID, can_id)
        values: dict[str, Scalar] = {}
        enums = NO_NAMES
        if route.message is not None:
            decoder = self._decoders.get(route.name)
            if decoder is None:
                decoder = self._decoders[route.name] = MessageDecoder(route.message)
            bits = np.frombuffer(data, np.uint8).reshape(1, _DATA_BYTES)
            # Nor how many bytes a frame has: those that the database knows are there.
            length = np.array([min(route.message.length, _DATA_BYTES)], np.uint8)
            (row,) = decoder.decode(bits, length).to_pylist()
            values = {name: value for name, value in row.items() if value is not None}
            enums = decoder.enums
        values = values or {"data": data.hex()}
        return Sample(route.name, time_ns, values, values, enums=enums)

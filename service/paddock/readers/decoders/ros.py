"""Messages of ROS as columns, many at once: ``cdr.py`` and ``ros1.py`` are the two ways to write them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.limits import Limits, row_bytes
from paddock.readers.decoders.decoded import Decoded
from paddock.readers.decoders.ros_bytes import Cursor, CutMessages, Int64s
from paddock.readers.decoders.ros_schema import Message
from paddock.readers.decoders.ros_types import Dialect, kind_of

_MAX_ROWS = 1 << 16
_MOST_TRIES = 8
_AS_BYTES = {
    "sensor_msgs/Image": "images",
    "sensor_msgs/CompressedImage": "images",
    "sensor_msgs/PointCloud2": "point clouds",
}
_HEAD_BYTES = 4
_BIG_ENDIAN, _LITTLE_ENDIAN = 0, 1


class RosDecoder:
    """Decodes messages of one type.

    Args:
        message: the type.
        limits: of the log.
        is_ros1: as ROS 1 writes them: without a head, without alignment.
    """

    conform = None

    def __init__(self, message: Message, limits: Limits, *, is_ros1: bool) -> None:
        self._kind = kind_of(message, Dialect(is_ros1))
        self._limits = limits
        self._is_ros1 = is_ros1
        self.fields: pa.StructType = self._kind.arrow
        self.enums = dict(_enums(message, ()))
        found = sorted({_AS_BYTES[name] for name in _names(message) if name in _AS_BYTES})
        self.notice = f"has {' and '.join(found)}, whose content is kept as bytes" if found else ""

    @property
    def max_rows(self) -> int:
        """See ``Decoder``."""
        return max(1, min(_MAX_ROWS, self._limits.batch_bytes // row_bytes(self.fields)))

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """See ``Decoder``."""
        _, offset_buffer, data = payloads.buffers()
        offsets = np.frombuffer(offset_buffer, np.int32)[payloads.offset : payloads.offset + len(payloads) + 1]
        content = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
        begins, ends = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64)
        everything = np.arange(len(payloads))
        if self._is_ros1:
            parts = [self._decoded(Cursor(content, begins, begins, ends, everything, is_aligned=False))]
        else:
            parts = []
            whole = ends - begins >= _HEAD_BYTES
            places = np.where(whole, begins, 0)
            # Two bytes for how it is written, two that say nothing.
            written = np.where(whole & (content[places] == 0), content[np.where(whole, places + 1, 0)], 255)
            for way in (_LITTLE_ENDIAN, _BIG_ENDIAN):
                some = np.flatnonzero(written == way)
                if len(some):
                    begin = begins[some] + _HEAD_BYTES
                    is_big_endian = way == _BIG_ENDIAN
                    cursor = Cursor(content, begin, begin, ends[some], some, is_big_endian=is_big_endian)
                    parts.append(self._decoded(cursor))
        return _together(parts, len(payloads), self.fields)

    def _decoded(self, cursor: Cursor, tries: int = 0) -> tuple[pa.StructArray, Int64s]:
        """The messages that are whole, and which ones these are."""
        before = cursor.at
        try:
            return self._kind.read(cursor), cursor.which
        except CutMessages as cut:
            cursor.at = before
            rest = cursor.taken(np.flatnonzero(~np.isin(cursor.which, cut.which)))
        if tries < _MOST_TRIES or len(rest) < 2:
            return self._decoded(rest, tries + 1)
        # Each is cut somewhere else: half of them at a time.
        half = len(rest) // 2
        parts = [self._decoded(rest.taken(some)) for some in np.split(np.arange(len(rest)), [half])]
        return pa.concat_arrays([messages for messages, _ in parts]), np.concatenate([which for _, which in parts])


def _together(parts: list[tuple[pa.StructArray, Int64s]], count: int, fields: pa.StructType) -> Decoded:
    if len(parts) == 1 and len(parts[0][1]) == count:
        return Decoded(parts[0][0])
    kept: npt.NDArray[np.bool_] = np.zeros(count, bool)
    if not parts:
        return Decoded(pa.array([], fields), kept)
    which = np.concatenate([each for _, each in parts])
    kept[which] = True
    messages = pa.concat_arrays([each for each, _ in parts])
    if len(parts) > 1:
        messages = messages.take(pa.array(np.argsort(which)))
    return Decoded(messages, kept)


def _enums(message: Message, path: tuple[str, ...]) -> Iterator[tuple[str, dict[int, str]]]:
    for member in message.members:
        place = (*path, member.name)
        if member.names:
            yield ".".join(place), dict(member.names)
        elif member.message is not None:
            yield from _enums(member.message, place)


def _names(message: Message) -> Iterator[str]:
    yield message.name
    for member in message.members:
        if member.message is not None:
            yield from _names(member.message)

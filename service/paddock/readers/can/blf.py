"""Vector's BLF: objects in compressed containers; those that carry frames are read, others passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from paddock.columns.byte_rows import Bytes, rows_of, texts_at
from paddock.columns.columns import Int64s
from paddock.readers.can.blf_container import (
    FILE_SIGNATURE,
    OBJECT_HEAD,
    OBJECT_SIGNATURE,
    began_ns,
    stretches,
)
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames
from paddock.readers.can.kind import frames_kind
from paddock.readers.can.text import size_of

_CAN, _CAN2, _FD, _FD64 = 1, 86, 100, 101
_ERRORS = (2, 73, 104)
_EXTENDED = 1 << 31
_REMOTE, _REMOTE64 = 0x80, 0x10
_EDL, _EDL64 = 0x1, 0x1000
"""Marks of a frame of CAN FD; without, such an object has a classic one."""
_LENGTHS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64])
_NS_OF_UNIT = {1: 10_000, 2: 1}
_MAX_OBJECT_BYTES = 64 << 20
_DATA_BYTES = 64


def recognises(head: bytes) -> bool:
    """Whether a file begins with its head."""
    return head.startswith(FILE_SIGNATURE)


def read_frames(log: BinaryIO, found: FoundInLog, progress: Callable[[float], None]) -> Iterator[Frames]:
    """All frames of a file; see ``FrameReader``."""
    size_bytes = size_of(log)
    began = began_ns(log)
    found.is_relative = began is None
    rest = b""
    position = 0
    for stretch in stretches(log, found.losses, size_bytes):
        content = stretch.content if stretch.is_after_loss else rest + stretch.content
        if stretch.is_after_loss:
            if rest:
                found.losses.lose("bad_record", stretch.at, len(rest), 1)
            content = content[max(0, content.find(OBJECT_SIGNATURE)) :]
        places, end, skipped = _objects(content)
        if skipped:
            found.losses.lose("garbage", stretch.at, skipped)
        frames = _frames(content, places, began or 0, found)
        order = np.arange(len(frames))
        yield Frames(**{**vars(frames), "position": position + order})
        position += len(frames)
        rest = content[end:] if len(content) - end <= _MAX_OBJECT_BYTES else b""
        progress(min(1.0, stretch.at / max(size_bytes, 1)))
    if rest.strip(b"\0"):
        found.losses.lose("cut_off", size_bytes, len(rest), 1)


def _objects(content: bytes) -> tuple[Int64s, int, int]:
    """Where the whole objects begin, where what is left begins, and how many bytes between them are none."""
    behind_each_other = _run(content)
    places: list[int] = behind_each_other[:-1].tolist()
    at, skipped = int(behind_each_other[-1]), 0
    last = len(content) - OBJECT_HEAD.size
    unpack = OBJECT_HEAD.unpack_from
    while at <= last:
        signature, _, _, object_bytes, _ = unpack(content, at)
        if signature != OBJECT_SIGNATURE or object_bytes < OBJECT_HEAD.size:
            found = content.find(OBJECT_SIGNATURE, at + 1)
            if found < 0:
                # The signature may be cut in two.
                found = max(at + 1, len(content) - len(OBJECT_SIGNATURE) + 1)
                if not content[at:].strip(b"\0"):
                    return np.array(places, np.int64), len(content), skipped
            # Padding is no loss.
            skipped += found - at if content[at:found].strip(b"\0") else 0
            at = found
            continue
        if at + object_bytes > len(content):
            if object_bytes <= _MAX_OBJECT_BYTES:
                break
            at += 1
            skipped += 1
            continue
        places.append(at)
        at += object_bytes + object_bytes % 4
    return np.array(places, np.int64), min(at, len(content)), skipped


def _run(content: bytes) -> Int64s:
    """Where the first objects begin that are whole and behind each other; and where the last of them ends.

    This is nearly all of nearly every log, found without a look at each.
    """
    numbers = np.frombuffer(content, "<u4", len(content) // 4)
    begins = np.flatnonzero(numbers == int.from_bytes(OBJECT_SIGNATURE, "little"))
    begins = begins[begins + OBJECT_HEAD.size // 4 <= len(numbers)]
    sizes = numbers[begins + 2].astype(np.int64)
    begins = begins * 4
    ends = begins + sizes + sizes % 4
    expected = np.concatenate(([0], ends))
    fine = (begins == expected[:-1]) & (sizes >= OBJECT_HEAD.size) & (begins + sizes <= len(content))
    count = len(fine) if fine.all() else int(np.argmin(fine))
    return np.append(begins[:count], expected[count])


@dataclass(frozen=True)
class _Body:
    """Where in an object of some type what stands, counted from the end of its heads."""

    channel: tuple[int, int]
    """Place and bytes."""
    id_at: int
    flags: tuple[int, int]
    length_code_at: int
    valid_bytes_at: int | None
    data_at: int
    remote: int
    edl: tuple[int, int, int] | None
    """Place, bytes and bits of what says that it is CAN FD."""


_BODIES = {
    _CAN: _Body((0, 2), 4, (2, 1), 3, None, 8, _REMOTE, None),
    _CAN2: _Body((0, 2), 4, (2, 1), 3, None, 8, _REMOTE, None),
    _FD: _Body((0, 2), 4, (2, 1), 3, 14, 20, _REMOTE, (13, 1, _EDL)),
    _FD64: _Body((0, 1), 4, (12, 4), 1, 2, 40, _REMOTE64, (12, 4, _EDL64)),
}


class _Table:
    """Numbers at places of the content."""

    def __init__(self, content: bytes) -> None:
        # So that what a damaged length points to is there.
        self._content = np.frombuffer(content + b"\0" * 160, np.uint8)
        self._last = len(content)

    def number(self, at: Int64s, size: int) -> Int64s:
        """Unsigned, the lowest byte first, of 1, 2, 4 or 8 bytes."""
        numbers: Int64s = (
            texts_at(self._content, np.minimum(at, self._last), size).view(f"<u{size}").astype(np.int64)
        )
        return numbers

    def bytes(self, at: Int64s, size: int) -> Bytes:
        """Rows of so many bytes."""
        return rows_of(self._content, np.minimum(at, self._last), size)


def _frames(content: bytes, places: Int64s, began: int, found: FoundInLog) -> Frames:
    """The frames among some objects, in their order."""
    table = _Table(content)
    kinds = table.number(places + 12, 4)
    found.error_frames += int(np.count_nonzero(np.isin(kinds, _ERRORS)))
    is_frame = np.isin(kinds, list(_BODIES))
    if not is_frame.all():
        places, kinds = places[is_frame], kinds[is_frame]
    sizes, heads = table.number(places + 8, 4), table.number(places + 4, 2)
    unit = table.number(places + 16, 4)
    stamps = table.number(places + 24, 8)
    unit_ns = np.where(unit == 2, _NS_OF_UNIT[2], _NS_OF_UNIT[1])
    times = began + stamps * unit_ns
    bodies = places + np.maximum(heads, OBJECT_HEAD.size)
    count = len(places)
    width = 8 if np.isin(kinds, (_CAN, _CAN2)).all() else _DATA_BYTES
    columns: dict[str, npt.NDArray[np.int64]] = {
        name: np.zeros(count, np.int64) for name in ("bus", "id", "flags", "length", "edl", "room")
    }
    remote = np.zeros(count, bool)
    data = np.zeros((count, width), np.uint8)
    for kind, body in _BODIES.items():
        some = np.flatnonzero(kinds == kind)
        if not len(some):
            continue
        at = bodies[some]
        columns["bus"][some] = table.number(at + body.channel[0], body.channel[1])
        columns["id"][some] = table.number(at + body.id_at, 4)
        remote[some] = (table.number(at + body.flags[0], body.flags[1]) & body.remote) != 0
        is_fd = np.zeros(len(some), bool)
        if body.edl is not None:
            place, size, bits = body.edl
            is_fd = (table.number(at + place, size) & bits) != 0
        columns["edl"][some] = is_fd
        code = np.minimum(table.number(at + body.length_code_at, 1), 15)
        length = np.where(is_fd, _LENGTHS[code], np.minimum(code, 8))
        if body.valid_bytes_at is not None:
            length = np.minimum(length, table.number(at + body.valid_bytes_at, 1))
        columns["length"][some] = np.where(remote[some], 0, length)
        columns["room"][some] = places[some] + sizes[some] - at - body.data_at
        data[some, : min(width, _DATA_BYTES)] = table.bytes(at + body.data_at, min(width, _DATA_BYTES))
    is_extended = (columns["id"] & _EXTENDED) != 0
    ids = columns["id"] & ~_EXTENDED
    fine = _fine(ids, is_extended, columns, stamps, unit_ns)
    if not fine.all():
        found.losses.lose("bad_record", 0, int(sizes[~fine].sum()), int(np.count_nonzero(~fine)))
    data[np.arange(width) >= columns["length"][:, None]] = 0
    frames = Frames(
        time_ns=times,
        bus=np.maximum(columns["bus"] - 1, 0).astype(np.uint8),
        id=ids.astype(np.uint32),
        is_extended=is_extended,
        is_fd=columns["edl"] != 0,
        is_remote=remote,
        length=columns["length"].astype(np.uint8),
        data=data,
        position=np.zeros(count, np.int64),
    )
    return frames if fine.all() else frames.taken(fine)


def _fine(ids: Int64s, is_extended: Bools, columns: dict[str, Int64s], stamps: Int64s, unit_ns: Int64s) -> Bools:
    """Which frames can be: their id has as many bits as it says, their data lies within their object."""
    fits = columns["length"] <= columns["room"]
    fine: Bools = (ids <= np.where(is_extended, MAX_ID, MAX_STANDARD_ID)) & fits & (stamps >= 0)
    return fine & (stamps < (1 << 61) // unit_ns) & (columns["bus"] <= 256)


READER = frames_kind(recognises, read_frames)

"""MDF 4 files of raw CAN frames for tests, block by block, in the ways that loggers and converters lay them out."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

BEGAN_NS = 1_776_522_720_250_000_000
"""Saturday, 18 April 2026, 14:32:00.250."""
LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64)
DATA, VARIABLE, ERROR, REMOTE = 1, 2, 3, 4
"""Ids of records in an unsorted file."""


@dataclass(frozen=True)
class Frame:
    """One frame, or, without an id, an error."""

    time_ns: int
    bus: int = 1
    id: int | None = 0x123
    is_extended: bool = False
    data: bytes = b""
    is_remote: bool = False
    is_fd: bool = False

    @property
    def what(self) -> str:
        return "CAN_ErrorFrame" if self.id is None else "CAN_RemoteFrame" if self.is_remote else "CAN_DataFrame"


def some_frames(count: int = 200, *, seed: int = 5) -> list[Frame]:
    """Frames of all kinds, in order of time."""
    chosen = random.Random(seed)
    frames = []
    for number in range(count):
        time, bus = number * 7_812_500, 1 + number % 2
        if number % 11 == 7:
            frames.append(Frame(time, bus, None))
        elif number % 11 == 5:
            frames.append(Frame(time, bus, 0x7FF, is_remote=True))
        else:
            is_extended, is_fd = number % 3 == 0, number % 5 == 0
            size = chosen.choice(LENGTHS if is_fd else LENGTHS[:9])
            id = chosen.randrange(1 << (29 if is_extended else 11))
            frames.append(Frame(time, bus, id, is_extended, chosen.randbytes(size), is_fd=is_fd))
    return frames


class Blocks:
    """A file that grows; what points forward is filled in at the end."""

    def __init__(self, *, is_finished: bool = True) -> None:
        start = (b"MDF     " if is_finished else b"UnFinMF ") + b"4.11    " + b"tests   " + bytes(4)
        self.content = bytearray((start + struct.pack("<H", 411)).ljust(60, b"\0"))
        self.content += struct.pack("<HH", 0 if is_finished else 0x25, 0)
        self.header = self.block(b"HD", [0] * 6, struct.pack("<QhhB", BEGAN_NS, 120, 0, 2).ljust(32, b"\0"))

    def block(self, kind: bytes, links: Sequence[int], body: bytes, *, size: int | None = None) -> int:
        """Its place. ``size`` is what it says of itself."""
        self.content += bytes(-len(self.content) % 8)
        at = len(self.content)
        size = 24 + 8 * len(links) + len(body) if size is None else size
        self.content += struct.pack("<2s2s4xQQ", b"##", kind, size, len(links))
        self.content += struct.pack(f"<{len(links)}Q", *links) + body
        return at

    def link(self, at: int, number: int, target: int) -> None:
        """Have the link of a block point somewhere."""
        struct.pack_into("<Q", self.content, at + 24 + 8 * number, target)

    def text(self, words: str) -> int:
        return self.block(b"TX", [], words.encode() + b"\0")

    def chained(self, blocks: Iterable[int]) -> int:
        """Each links to the next; where the first one is."""
        places = list(blocks)
        for at, following in pairwise(places):
            self.link(at, 0, following)
        return places[0] if places else 0

    def data(self, kind: bytes, content: bytes, *, packing: str, piece: int, columns: int = 0) -> int:
        """Data in one block, in a list of blocks, or in a list of packed ones."""
        if packing == "one":
            return self.block(kind, [], content)
        parts = [content[at : at + piece] for at in range(0, len(content), piece)]
        if packing == "list":
            blocks = [self.block(kind, [], part) for part in parts]
        else:
            blocks = [self._packed(kind, part, columns if packing == "transposed" else 0) for part in parts]
        half = (len(blocks) + 1) // 2
        lists = [
            self.block(b"DL", [0, *some], struct.pack("<B3xL", 0, len(some)) + bytes(8 * len(some)))
            for some in (blocks[:half], blocks[half:])
            if some
        ]
        first = self.chained(lists)
        return first if packing == "list" or not first else self.block(b"HL", [first], struct.pack("<HB5x", 0, 0))

    def _packed(self, kind: bytes, part: bytes, columns: int) -> int:
        size, rows = len(part), len(part) // columns if columns else 0
        if rows:
            square = part[: rows * columns]
            part = b"".join(square[column::columns] for column in range(columns)) + part[rows * columns :]
        packed = zlib.compress(part)
        body = struct.pack("<2sBxLQQ", kind, 1 if columns else 0, columns, size, len(packed)) + packed
        return self.block(b"DZ", [], body)


def number(file: Blocks, name: str, byte: int, bit: int, bits: int, *, kind: int = 0, **links: int) -> int:
    """A channel; ``links``: ``type``, ``sync``, ``conversion``, ``data``, ``inner``."""
    body = struct.pack("<BBBBLLLL", links.get("type", 0), links.get("sync", 0), kind, bit, byte, bits, 0, 0)
    targets = [0, links.get("inner", 0), file.text(name), 0, links.get("conversion", 0), links.get("data", 0), 0, 0]
    return file.block(b"CN", targets, body.ljust(72, b"\0"))


DATA_AT = 15
"""In a record, behind eight bytes of time, four of id, one each of bus, flags and length: data or its place."""


def channels(file: Blocks, what: str, *, data_type: int = 0, data_bits: int = 64, data_link: int = 0) -> int:
    """The channels of a record: where the first one is."""
    scale = file.block(b"CC", [0, 0, 0, 0], struct.pack("<BBHHHdddd", 1, 0, 0, 0, 2, 0, 0, 0, 1e-9))
    inner = [number(file, f"{what}.BusChannel", 12, 0, 4)]
    if what != "CAN_ErrorFrame":
        inner += [
            number(file, f"{what}.ID", 8, 0, 29),
            number(file, f"{what}.IDE", 11, 7, 1),
            number(file, f"{what}.DLC", 12, 4, 4),
            number(file, f"{what}.EDL", 13, 0, 1),
            number(file, f"{what}.DataLength", 14, 0, 7),
        ]
    if what == "CAN_DataFrame":
        inner.append(
            number(file, f"{what}.DataBytes", DATA_AT, 0, data_bits, kind=10, type=data_type, data=data_link)
        )
    time = number(file, "Timestamp", 0, 0, 64, kind=4, type=2, sync=1, conversion=scale)
    return file.chained([time, number(file, what, 8, 0, 56, kind=10, inner=file.chained(inner))])


def group(file: Blocks, first_channel: int, *, record_id: int, size: int, flags: int = 6, count: int = 0) -> int:
    body = struct.pack("<QQHHLLL", record_id, count, flags, ord("."), 0, size, 0)
    return file.block(b"CG", [0, first_channel, 0, 0, 0, 0], body)


def head_of(frame: Frame) -> bytes:
    """The bytes of a record up to its data."""
    code = LENGTHS.index(len(frame.data))
    id = (frame.id or 0) | frame.is_extended << 31
    return struct.pack("<dLBBB", float(frame.time_ns), id, frame.bus | code << 4, frame.is_fd, len(frame.data))


def unsorted(
    frames: Sequence[Frame], *, is_finished: bool = False, packing: str = "one", piece: int = 500, id_bytes: int = 1
) -> bytes:
    """As CANedge logs them: all kinds behind each other, the data of each frame in a record of its own."""
    file = Blocks(is_finished=is_finished)
    kinds = [frame.what for frame in frames] if is_finished else []
    count_of = {what: kinds.count(what) for what in ("CAN_DataFrame", "CAN_ErrorFrame", "CAN_RemoteFrame")}
    of_variable = group(file, 0, record_id=VARIABLE, size=0, flags=1, count=count_of["CAN_DataFrame"])
    data = channels(file, "CAN_DataFrame", data_type=1, data_link=of_variable)
    groups = [
        group(file, data, record_id=DATA, size=DATA_AT + 8, count=count_of["CAN_DataFrame"]),
        of_variable,
        *(
            group(file, channels(file, what), record_id=number, size=DATA_AT, count=count_of[what])
            for what, number in (("CAN_ErrorFrame", ERROR), ("CAN_RemoteFrame", REMOTE))
        ),
    ]
    whole = file.block(b"DG", [0, file.chained(groups), 0, 0], struct.pack("<B7x", id_bytes))
    file.link(file.header, 0, whole)
    records, data_bytes = b"", 0
    for frame in frames:
        kind = {"CAN_DataFrame": DATA, "CAN_ErrorFrame": ERROR, "CAN_RemoteFrame": REMOTE}[frame.what]
        records += kind.to_bytes(id_bytes, "little") + head_of(frame)
        if kind == DATA:
            size = len(frame.data)
            records += struct.pack("<Q", data_bytes)
            records += VARIABLE.to_bytes(id_bytes, "little") + struct.pack("<L", size) + frame.data
            data_bytes += 4 + size
    if not is_finished:
        # The size is written when the file is finished.
        file.link(whole, 2, file.block(b"DT", [], records, size=24))
    else:
        file.link(whole, 2, file.data(b"DT", records, packing=packing, piece=piece))
    return bytes(file.content)


def sorted_by_kind(
    frames: Sequence[Frame], *, packing: str = "one", in_stream: bool = True, piece: int = 500
) -> bytes:
    """As converters write them: a group for each kind, the data of frames within them or in a stream of its own."""
    file = Blocks()
    groups = []
    for what in ("CAN_DataFrame", "CAN_ErrorFrame", "CAN_RemoteFrame"):
        some = [frame for frame in frames if frame.what == what]
        stream, records = b"", b""
        for frame in some:
            records += head_of(frame)
            if what == "CAN_DataFrame" and in_stream:
                records += struct.pack("<Q", len(stream))
                stream += struct.pack("<L", len(frame.data)) + frame.data
            elif what == "CAN_DataFrame":
                records += frame.data.ljust(64, b"\0")
        size = DATA_AT + (what == "CAN_DataFrame") * (8 if in_stream else 64)
        target = file.data(b"SD", stream, packing=packing, piece=piece) if stream else 0
        first = channels(file, what, data_type=int(in_stream), data_bits=64 if in_stream else 512, data_link=target)
        at = file.data(b"DT", records, packing=packing, piece=piece, columns=size)
        of_kind = group(file, first, record_id=0, size=size, count=len(some))
        groups.append(file.block(b"DG", [0, of_kind, at, 0], struct.pack("<B7x", 0)))
    file.link(file.header, 0, file.chained(groups))
    return bytes(file.content)

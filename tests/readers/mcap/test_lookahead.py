"""Finding records among garbage takes work in proportion to the bytes, whatever they look like."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lz4.frame
import pytest
import zstandard

from paddock.readers.mcap import lookahead
from paddock.readers.mcap.events import Record
from paddock.readers.mcap.plausible import Probes, find_record, looks_plausible
from paddock.readers.mcap.probe import has_mcap_record
from paddock.readers.mcap.reader import LogReader
from paddock.readers.mcap.records import Fields
from paddock.readers.mcap.scan import scan
from paddock.readers.mcap.windows import FileWindow
from tests.counting import assert_linear
from tests.readers.mcap.builders import (
    END,
    car_log,
    channel_record,
    chunk_record,
    header,
    message_record,
    record,
    spool,
)

pytestmark = pytest.mark.slow("counts how garbage of every kind is read")


def long_schemas(size: int) -> bytes:
    """At every few bytes what may be a schema of half of all."""
    unit = b"\x03" + struct.pack("<QHI", size // 2, 0xFFFF, size // 2 - 20)
    return (unit * (size // len(unit) + 1))[:size]


def long_maps(size: int) -> bytes:
    """At every few bytes what may be a metadata record whose many entries end where all ends."""
    heads = (size - 4096) // 24
    units = [
        b"\x0c" + struct.pack("<QII", size - n * 24 - 9, 0, size - n * 24 - 17) + bytes(7) for n in range(heads)
    ]
    return (b"".join(units) + bytes(size))[:size]


def long_attachments(size: int) -> bytes:
    """Attachments whose names are most of all."""
    unit = b"\x09" + struct.pack("<QQQI", size // 2, 0, 0, size // 4)
    return (unit * (size // len(unit) + 1))[:size]


def far_chunks(size: int) -> bytes:
    """Heads of chunks that all end somewhere else, far ahead."""
    count = size // 120
    heads = (
        struct.pack("<BQQQQI", 6, size - n * 60 - 5000, 0, 0, 9, 0)
        + struct.pack("<I4sQ", 4, b"zstd", size - n * 60 - 5100)
        for n in range(count)
    )
    return (b"".join(heads) + b"\xee" * size)[:size]


def long_messages(size: int) -> bytes:
    """Messages that all say that they reach to the end, and begin inside of each other."""
    return b"".join(message_record(1, 0, b"x" * 9, max(31, size - n * 40 - 100)) for n in range(size // 40))


def garbage_and_messages(size: int) -> bytes:
    return (b"\xff" + message_record(1, 0, b"{}")) * (size // 34)


def unknown_records(size: int) -> bytes:
    return (record(0x40, b"") * 70 + channel_record(1, "x")) * (size // 660)


def small_numbers(size: int) -> bytes:
    return b"\x05\0\0\0\0" * (size // 5)


PATTERNS = [
    long_schemas,
    long_maps,
    long_attachments,
    far_chunks,
    long_messages,
    garbage_and_messages,
    unknown_records,
    small_numbers,
]
each_pattern = pytest.mark.parametrize("pattern", PATTERNS)
Pattern = Callable[[int], bytes]


def read_all(log: bytes, directory: Path) -> None:
    for _ in LogReader(io.BytesIO(log), directory).runs():
        pass


@each_pattern
@pytest.mark.parametrize("packed", ["no", "zstd", "lz4", "before", "after"])
def test_garbage_takes_calls_in_proportion(tmp_path: Path, pattern: Pattern, packed: str) -> None:
    def of_size(size: int) -> Callable[[], None]:
        garbage = pattern(size)
        if packed == "zstd":
            garbage = chunk_record(garbage, zstandard.compress(garbage), "zstd")
        elif packed == "lz4":
            garbage = chunk_record(garbage, lz4.frame.compress(garbage), "lz4")
        good = car_log(4)
        log = {"before": garbage + good, "after": good + garbage}.get(packed, header() + garbage + END)
        return lambda: read_all(log, tmp_path)

    assert_linear(of_size, 20_000)


class CountedFile(io.BytesIO):
    """Counts the bytes that are read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.bytes_read = 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = super().readinto(buffer)
        self.bytes_read += count
        return count

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data


@each_pattern
def test_garbage_is_read_from_the_disk_a_few_times_at_most(pattern: Pattern) -> None:
    file = CountedFile(header() + pattern(12 << 20)[: 12 << 20])
    for _ in zip(scan(FileWindow(file)), range(3000), strict=False):
        pass
    assert file.bytes_read < 5 * (12 << 20)


@each_pattern
def test_a_place_is_probed_once(pattern: Pattern) -> None:
    size = 60_000
    probes = Probes()
    for _ in scan(FileWindow(io.BytesIO(pattern(size))), probes=probes):
        pass
    assert probes.made <= size // 4


@each_pattern
def test_a_place_costs_the_same_however_long_its_record(pattern: Pattern, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bytes of a record are copied to judge it."""
    taken = 0
    take = Fields.take

    def counted(fields: Fields, size: int) -> bytes:
        nonlocal taken
        data = take(fields, size)
        taken += len(data)
        return data

    monkeypatch.setattr(Fields, "take", counted)
    assert has_mcap_record(pattern(200_000)) in (True, False)
    assert taken < 2_000_000


def test_probes_end(tmp_path: Path) -> None:
    probes = Probes(10)
    garbage = long_schemas(10_000)
    assert find_record(garbage, 0, len(garbage), len(garbage), probes=probes) is None
    assert probes.made == 10


@pytest.mark.parametrize("distance", [0, 1, 400, 503, 512, 513, 2048, 2560, 300_000, 1 << 20])
@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"\1"])
def test_a_record_is_found_however_far(distance: int, fill: bytes) -> None:
    for what in (message_record(1, 0, b"{}") * 2, header()):
        data = fill * distance + what
        found = find_record(data, 0, len(data), len(data), probes=Probes())
        assert found == distance
        assert find_record(data, 0, distance, len(data), probes=Probes()) is None


def test_what_comes_after_garbage_of_every_kind_is_read(tmp_path: Path) -> None:
    for pattern in PATTERNS:
        with spool(pattern(50_000) + car_log(40), tmp_path) as columns:
            assert columns.summary.message_count >= 38, pattern.__name__


def test_a_message_index_larger_than_memory_is_passed_over(tmp_path: Path) -> None:
    index = struct.pack("<BQHI", 7, (65 << 20) + 6, 1, 65 << 20)
    file = io.BytesIO(header() + index + bytes(65 << 20) + END)
    window = FileWindow(file)
    opcodes = [event.opcode for event in scan(window) if isinstance(event, Record)]
    assert opcodes == [-1, 1, 7, 15, 2, -1]
    assert len(window.data) < 20 << 20


def test_every_record_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def counted(*arguments: Any, **options: Any) -> bool:
        nonlocal looked
        looked += 1
        return looks_plausible(*arguments, **options)

    monkeypatch.setattr(lookahead, "looks_plausible", counted)
    log = header() + b"".join(channel_record(number, f"t{number}") for number in range(1000)) + END
    assert sum(1 for _ in scan(FileWindow(io.BytesIO(log)))) > 1000
    assert looked < 1020

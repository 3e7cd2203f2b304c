from __future__ import annotations

import io
import random
import zlib

import pytest
from mcap.records import MessageIndex
from mcap.stream_reader import StreamReader

from paddock.readers.mcap import windows
from paddock.readers.mcap.records import MESSAGE_INDEX
from paddock.readers.mcap.scan import Indexes, Record, scan
from paddock.readers.mcap.windows import FileWindow, StreamWindow
from tests.readers.mcap.builders import car_log

DATA = random.Random(0).randbytes(5000)


@pytest.mark.parametrize("seed", range(20))
def test_a_window_shows_what_is_there_wherever_it_is_moved(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(windows, "BLOCK_BYTES", 300)
    chance = random.Random(seed)
    window = FileWindow(io.BytesIO(DATA))
    for _ in range(200):
        position, size = chance.randrange(5100), chance.randrange(700)
        begin = window.ensure(position, size)
        assert window.data[begin : begin + size] == DATA[position : position + size]


def test_a_checksum_does_not_move_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "BLOCK_BYTES", 300)
    monkeypatch.setattr(windows, "_READ_BYTES", 100)
    window = FileWindow(io.BytesIO(DATA))
    window.ensure(2000, 50)
    assert window.crc(0, 2010) == zlib.crc32(DATA[:2010])
    assert window.crc(4990, 9000) == zlib.crc32(DATA[4990:]), "as far as the file goes"
    for position in (2040, 2100, 4000):
        begin = window.ensure(position, 100)
        assert window.data[begin : begin + 100] == DATA[position : position + 100]


@pytest.mark.parametrize("read_bytes", [64, 300, 1000, 4000])
def test_message_indexes_are_whole_wherever_a_read_ends(monkeypatch: pytest.MonkeyPatch, read_bytes: int) -> None:
    monkeypatch.setattr(windows, "BLOCK_BYTES", 2 * read_bytes)
    monkeypatch.setattr(windows, "_READ_BYTES", read_bytes)
    log = car_log(2000, chunk_size=1 << 14)
    official = sum(
        isinstance(each, MessageIndex) for each in StreamReader(io.BytesIO(log), emit_chunks=True).records
    )
    events = list(scan(FileWindow(io.BytesIO(log))))
    assert sum(len(event.entries) for event in events if isinstance(event, Indexes)) == official
    assert not any(isinstance(event, Record) and event.opcode == MESSAGE_INDEX for event in events)


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_is_seen_forwards_and_a_little_back(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(windows, "KEPT_BYTES", 100)
    chance = random.Random(seed)
    cuts = sorted(chance.randrange(5000) for _ in range(12))
    pieces = [DATA[a:b] for a, b in zip([0, *cuts], [*cuts, 5000], strict=True)]
    window = StreamWindow((piece for piece in pieces if piece), chance.choice([0, 4000, 5000, 1 << 60]))
    furthest = 0
    for _ in range(200):
        position, size = max(window.start, furthest + chance.randrange(-90, 120)), chance.randrange(200)
        begin = window.ensure(position, size)
        assert window.data[begin : begin + size] == DATA[position : position + size]
        furthest = max(furthest, position)
        if position + size > 5000:
            break
    window.ensure(max(window.start, furthest), 6000)
    assert window.size <= 5000 or window.start >= 5000

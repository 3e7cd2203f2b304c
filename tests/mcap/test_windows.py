from __future__ import annotations

import io
import random
import zlib

import pytest

from paddock.mcap import windows
from paddock.mcap.windows import FileWindow, StreamWindow

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


@pytest.mark.parametrize("seed", range(20))
def test_the_checksum_is_of_all_that_was_passed_whatever_was_looked_at_twice(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(windows, "BLOCK_BYTES", 300)
    chance = random.Random(seed)
    window = FileWindow(io.BytesIO(DATA))
    begun = position = 0
    checked = 0
    while position < len(DATA):
        window.ensure(position, chance.randrange(1, 400))
        if chance.random() < 0.3:  # back, or far on, and on from where it was
            window.ensure(chance.randrange(len(DATA)), 50)
            window.ensure(position, 1)
        if chance.random() < 0.2:
            found = window.crc_until(position)
            assert found in (None, zlib.crc32(DATA[begun:position]))
            checked += found is not None
            window.crc_begins(position)
            begun = position
        position += chance.randrange(200)
    assert checked


def test_no_checksum_is_made_up_for_bytes_that_were_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "BLOCK_BYTES", 300)
    window = FileWindow(io.BytesIO(DATA))
    window.ensure(0, 10)
    window.ensure(2000, 10)
    assert window.crc_until(2010) is None
    window.crc_begins(2010)
    assert window.crc_until(2050) == zlib.crc32(DATA[2010:2050])
    assert window.crc_until(2040) is None, "more was taken in already"


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

from __future__ import annotations

import io
import random

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

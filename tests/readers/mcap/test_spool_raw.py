"""Channels beyond those that are decoded: right as any other, at the cost of their batches."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path

import pytest

from paddock.columns.spool_file import SpoolFile
from paddock.readers.mcap import spool as spool_module
from tests.readers.mcap.builders import STARTED_NS, LogBuilder, spool


@pytest.fixture(autouse=True)
def few_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "_MAX_DECODED_CHANNELS", 2)


def log_of(channels: int, messages: list[tuple[int, int]]) -> bytes:
    """Messages as (channel, time); each has its number as payload."""
    log = LogBuilder(chunk_size=4096)
    ids = [log.channel(f"t{number:02}", metadata={"number": str(number)}) for number in range(channels)]
    for number, (channel, time) in enumerate(messages):
        log.writer.add_message(
            ids[channel], STARTED_NS + time, b"%d" % number, STARTED_NS + time + number % 2, number
        )
    return log.finish()


@pytest.mark.parametrize("apart", [False, pytest.param(True, marks=pytest.mark.slow("starts a process"))])
@pytest.mark.parametrize("shuffled", [False, True])
def test_what_lies_together_is_read_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: bool, shuffled: bool
) -> None:
    if apart:
        monkeypatch.setattr(spool_module, "_PROCESS_FROM_BYTES", 0)
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(spool_module, "_WAITING_BYTES", 500)
    chance = random.Random(7)
    # Channel 9 has no message, channel 8 has one.
    messages = [(number % 8, 10 * number) for number in range(200)] + [(8, 2_000)]
    if shuffled:
        rest = messages[2:]
        chance.shuffle(rest)
        messages[2:] = rest
    of_channel = {
        channel: sorted((time, number) for number, (which, time) in enumerate(messages) if which == channel)
        for channel in range(10)
    }
    with spool(log_of(10, messages), tmp_path) as columns:
        assert [channel.topic for channel in columns.channels] == [f"t{number:02}" for number in range(10)]
        for number, (channel, summary) in enumerate(zip(columns.channels, columns.summary.channels, strict=True)):
            expected = of_channel[number]
            times = [STARTED_NS + time for time, _ in expected]
            batches = list(columns.read(channel))
            assert [time for batch in batches for time in batch.log_time.tolist()] == times
            assert [each for batch in batches for each in batch.sequence.tolist()] == [row for _, row in expected]
            published = [time + row % 2 for time, (_, row) in zip(times, expected, strict=True)]
            assert [each for batch in batches for each in batch.publish_time.tolist()] == published
            values = [each for batch in batches for each in batch.messages.field(0).to_pylist()]
            assert values == [row if number < 2 else b"%d" % row for _, row in expected]
            assert channel.metadata == {"number": str(number)}
            assert columns.rows(channel) == summary.message_count == len(expected)
            assert (summary.started_ns, summary.ended_ns) == ((times[0], times[-1]) if times else (None, None))
            gaps = [after - before for before, after in pairwise(times)]
            assert summary.largest_gap_ns == max(gaps, default=None)
        kept = [notice for notice in columns.summary.notices if "more than 2,000 channels" in notice]
        assert len(kept) == 8


def test_a_batch_is_written_at_once_however_many_channels_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0
    write = SpoolFile.write

    def counted(*arguments: object) -> object:
        nonlocal written
        written += 1
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(SpoolFile, "write", counted)
    with spool(log_of(500, [(number, number) for number in range(500)]), tmp_path) as columns:
        assert columns.summary.message_count == 500
    assert written <= 5

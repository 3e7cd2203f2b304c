"""One rule for when a log begins and ends, and all that follows it."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from paddock.columns.raster import requested
from paddock.columns.selection import select
from paddock.columns.time_span import Stretches, time_span
from paddock.domain.export import ExportRequest
from paddock.formats.mcap import FORMAT
from paddock.formats.registry import RunInfo
from tests.readers.mcap.builders import (
    END,
    STARTED_NS,
    channel_named,
    channel_record,
    header,
    record,
    rows_of,
    spool,
)

S, HOUR, DAY, YEAR = 10**9, 3600 * 10**9, 86_400 * 10**9, 365 * 86_400 * 10**9
GOOD = [STARTED_NS + n * S // 100 for n in range(1000)]
FIRST, LAST = GOOD[0], GOOD[-1]


def span_of(times: list[int], pieces: int = 7) -> tuple[int, int, int] | None:
    gathered = Stretches()
    for begin in range(0, len(times), pieces):
        part = np.array(times[begin : begin + pieces], np.int64)
        gathered.add(part, int(part.min()), int(part.max()))
    found = gathered.span()
    return None if found is None else (found.first, found.last, found.outside)


@pytest.mark.parametrize(
    "wrong",
    [
        [0],
        [0, 0, 0],
        [5, 6],
        [FIRST - YEAR],
        [FIRST - 2 * HOUR],
        [LAST + 2 * HOUR],
        [LAST + YEAR],
        [2**63 - 1],
        [0, 2**63 - 1],
        [0, FIRST - DAY, LAST + DAY, 2**62],
        [n * S // 100 for n in range(900)],  # a minute without a clock, then it was set
        [n * YEAR for n in range(40)],
    ],
)
def test_a_few_wrong_times_do_not_count(wrong: list[int]) -> None:
    for times in (wrong + GOOD, GOOD + wrong, GOOD[:500] + wrong + GOOD[500:]):
        for pieces in (1, 7, 5000):
            assert span_of(times, pieces) == (FIRST, LAST, len(wrong)), (times[0], pieces)


SMALL = [n * S // 100 for n in range(1000)]


@pytest.mark.parametrize(
    "times",
    [
        [0],
        [0, 1],
        SMALL,
        GOOD,
        [STARTED_NS, STARTED_NS + DAY],
        [STARTED_NS + n * 2 * HOUR for n in range(24)],
        [STARTED_NS + n * 2 * HOUR for n in range(24)] + [STARTED_NS + 1],
        GOOD + [time + 3 * DAY for time in GOOD],
        GOOD + [time + 3 * DAY for time in GOOD[:100]],
        [*GOOD, LAST + HOUR // 2],
        [FIRST - 60 * S, *GOOD],
    ],
)
def test_other_times_count_all(times: list[int]) -> None:
    assert span_of(times) == (min(times), max(times), 0)


def test_a_set_clock_among_small_times_is_the_wrong_one() -> None:
    assert span_of([*SMALL, STARTED_NS]) == (0, SMALL[-1], 1)
    assert time_span([]) is None


def test_memory_is_bounded() -> None:
    gathered = Stretches()
    for n in range(50_000):
        gathered.add(np.array([n * 7919 % 50_000 * DAY]), n * 7919 % 50_000 * DAY, n * 7919 % 50_000 * DAY)
    assert len(gathered._stretches) <= 4096


def message(channel: int, time: int, number: int) -> bytes:
    return record(5, struct.pack("<HIQQ", channel, number, time, time) + b'{"a": %d}' % number)


def log_of(times: list[int], latched: list[int] | None = None) -> bytes:
    records = [channel_record(1, "T"), channel_record(2, "latched")]
    records += [message(2, time, 7) for time in latched or []]
    records += [message(1, time, number) for number, time in enumerate(times)]
    return header() + b"".join(records) + END


WRONG = {
    "latched": (GOOD, [0]),
    "first": ([0, *GOOD], None),
    "last": ([*GOOD, 2**63 - 1], None),
    "amidst": ([*GOOD[:500], 0, LAST + 40 * DAY, *GOOD[500:]], [0, LAST + YEAR]),
}


@pytest.mark.parametrize("kind", WRONG)
def test_everything_goes_by_the_span(tmp_path: Path, kind: str) -> None:
    times, latched = WRONG[kind]
    with spool(log_of(times, latched), tmp_path) as columns:
        summary = columns.summary
        assert (summary.started_ns, summary.ended_ns) == (FIRST, LAST)
        assert summary.message_count == len(times) + len(latched or [])
        assert len(rows_of(columns, "T")) == len(times), "all messages are kept"
        assert any("far away in time" in notice for notice in summary.notices)
        told = next(each for each in summary.channels if each.topic == "T")
        assert (told.started_ns, told.ended_ns) == (FIRST, LAST)
        assert told.rate_hz == pytest.approx(100)
        assert told.largest_gap_ns == S // 100
        (signal,) = (each for each in summary.signals if each.name == "T.a")
        inside = [number for number, time in enumerate(times) if FIRST <= time <= LAST]
        assert (signal.first, signal.last) == (inside[0], inside[-1])
        raster = requested(columns, ExportRequest("csv", rate_hz=100))
        assert [raster.rows(channel) for channel in raster.channels if channel.topic == "T"] == [1000]
        part = select(columns, ExportRequest("csv", start_s=0, end_s=5))
        (channel,) = (each for each in part.channels if each.topic == "T")
        assert part.rows(channel) == 500
        raster = requested(columns, ExportRequest("csv", rate_hz=100, start_s=5))
        assert {raster.rows(channel) for channel in raster.channels} <= {0, 500}


@pytest.mark.parametrize("kind", WRONG)
def test_a_slice_goes_by_the_span(tmp_path: Path, kind: str) -> None:
    log = io.BytesIO(log_of(*WRONG[kind]))
    assert FORMAT.write_log is not None
    FORMAT.write_log(log, ExportRequest("mcap", start_s=1, end_s=2), RunInfo(), tmp_path / "x.mcap", lambda _: None)
    with spool((tmp_path / "x.mcap").read_bytes(), tmp_path) as columns:
        assert columns.summary.message_count == 100
        assert columns.summary.started_ns == FIRST + S


def test_a_log_that_begins_at_0_starts_there(tmp_path: Path) -> None:
    with spool(log_of(SMALL), tmp_path) as columns:
        assert (columns.summary.started_ns, columns.summary.ended_ns) == (0, SMALL[-1])
        assert not any("far away" in notice for notice in columns.summary.notices)
        assert columns.rows(channel_named(columns, "T")) == 1000

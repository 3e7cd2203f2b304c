from __future__ import annotations

import gc
import io
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from paddock.columns import spool_file
from paddock.readers.mcap import spool as spool_module
from paddock.readers.mcap.batch import Batch
from paddock.readers.mcap.spool import spool_log
from tests.readers.mcap.builders import STARTED_NS, LogBuilder, car_log, channel_named, rows_of, spool, times_of


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is bounded by a batch, with batches of a few messages."""
    monkeypatch.setattr(spool_module, "_WAITING_BYTES", 500)
    monkeypatch.setattr(spool_file, "_MERGED_ROWS", 7)
    monkeypatch.setattr(spool_file, "_CACHE_BYTES", 500)


def test_one_field_can_be_read_alone(tmp_path: Path) -> None:
    with spool(car_log(40), tmp_path) as columns:
        channel = channel_named(columns, "ins")
        (batch,) = columns.read(channel, ["count"])
        assert batch.messages.to_pylist() == [{"count": n} for n in range(0, 40, 4)]
        (none,) = columns.read(channel, [])
        assert (len(none), len(none.messages), none.messages.type.num_fields) == (10, 10, 0)
        assert columns.rows(channel) == 10
        assert columns.size_bytes(channel) > 10 * 24


def test_once_the_log_is_read_what_waited_to_be_decoded_is_gone(tmp_path: Path) -> None:
    """At once, not with the next garbage collection: the writer of the file would work beside it."""

    def batches() -> int:
        return sum(type(each) is Batch for each in gc.get_objects())

    gc.collect()
    before = batches()
    gc.disable()
    try:
        with spool(car_log(40), tmp_path):
            assert batches() == before
    finally:
        gc.enable()


def test_the_two_times_and_the_sequence_are_kept(tmp_path: Path) -> None:
    log = LogBuilder()
    channel = log.channel("a")
    log.writer.add_message(channel, 10, b"{}", 7, 2**32 - 1)
    with spool(log.finish(), tmp_path) as columns:
        (batch,) = columns.read(columns.channels[0])
    assert (batch.log_time.tolist(), batch.publish_time.tolist(), batch.sequence.tolist()) == (
        [10],
        [7],
        [2**32 - 1],
    )


@pytest.mark.parametrize("held_extents", [1, 4, 1000])
@pytest.mark.parametrize("late_by", [0, 3, 30, 10_000])
@pytest.mark.usefixtures("small_batches")
def test_rows_come_by_time_and_ties_in_file_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held_extents: int, late_by: int
) -> None:
    monkeypatch.setattr(spool_file, "_HELD_EXTENTS", held_extents)
    chance = random.Random(late_by)
    times = [n // 2 + chance.randint(-late_by, 0) for n in range(300)]
    log = LogBuilder(chunk_size=200)
    channel = log.channel("a")
    for number, time in enumerate(times):
        log.add(channel, time, {"n": number})
    with spool(log.finish(), tmp_path) as columns:
        found = list(zip(times_of(columns, "a"), (row["n"] for row in rows_of(columns, "a")), strict=True))
        gap = columns.summary.channels[0].largest_gap_ns
    ordered = sorted(zip(times, range(300), strict=True))
    assert found == ordered
    assert gap == max(b - a for (a, _), (b, _) in pairwise(ordered))


@pytest.mark.usefixtures("small_batches")
def test_fields_learnt_late_fit_all_batches(tmp_path: Path) -> None:
    log = LogBuilder(chunk_size=100)
    channel = log.channel("a")
    for number in range(60):
        log.add(channel, 100 - number, {"n": number if number < 30 else number + 0.5, "o": {f"f{number // 20}": 1}})
    with spool(log.finish(), tmp_path) as columns:
        rows = rows_of(columns, "a")
        (batch, *_) = columns.read(channel_named(columns, "a"), ["o"])
    assert [row["n"] for row in rows] == [n if n < 30 else n + 0.5 for n in reversed(range(60))]
    assert rows[0]["o"] == {"f0": None, "f1": None, "f2": 1}
    assert batch.messages.type.names == ["o"]


def test_equal_topic_and_schema_merge_and_another_schema_does_not(tmp_path: Path) -> None:
    log = LogBuilder()
    same = [log.channel("a", metadata={str(n): "x"}) for n in range(2)]
    other = log.channel("a", schema=("other", "jsonschema", b"{}"))
    for number, channel in enumerate([*same, other]):
        log.add(channel, number, {"n": number})
    with spool(log.finish(), tmp_path) as columns:
        assert [channel.topic for channel in columns.channels] == ["a", "a"]
        assert sorted(columns.rows(channel) for channel in columns.channels) == [1, 2]
        assert len({channel.slug for channel in columns.channels}) == 2
        merged = next(channel for channel in columns.channels if columns.rows(channel) == 2)
        assert merged.metadata == {"0": "x", "1": "x"}


def test_channels_without_messages_are_there(tmp_path: Path) -> None:
    log = LogBuilder()
    log.channel("silent")
    with spool(log.finish(), tmp_path) as columns:
        assert list(columns.read(columns.channels[0])) == []
        assert columns.summary.channels[0].message_count == 0
        assert (columns.summary.started_ns, columns.summary.message_count) == (None, 0)


def test_only_the_topics_asked_for(tmp_path: Path) -> None:
    with spool(car_log(40), tmp_path, topics=lambda topic: topic == "lap") as columns:
        assert [channel.topic for channel in columns.channels] == ["lap"]
        assert columns.summary.message_count == 10


def test_statistics_per_signal_and_channel(tmp_path: Path) -> None:
    log = LogBuilder()
    channel = log.channel("a")
    values = [{"v": 3, "s": "x", "b": True}, {"v": float("nan")}, {"v": -1.5, "s": "y", "b": False}, {"l": [1]}]
    for number, value in zip((5, 1, 2, 9), values, strict=True):
        log.add(channel, number * 10**9, value)
    with spool(log.finish(), tmp_path) as columns:
        signals = {signal.name: signal for signal in columns.summary.signals}
        (summary,) = columns.summary.channels
    assert set(signals) == {"a.v", "a.s", "a.b", "a.l", "a.l[0]"}
    v, s, b = signals["a.v"], signals["a.s"], signals["a.b"]
    assert (v.count, v.nan_count, v.min, v.max, v.mean, v.first, v.last) == (2, 2, -1.5, 3.0, 0.75, -1.5, 3.0)
    assert (s.count, s.nan_count, s.min, s.first, s.last, s.dtype) == (2, 2, None, "y", "x", "string")
    assert (b.count, b.mean, b.first, b.last) == (2, 0.5, 0.0, 1.0)
    assert (summary.started_ns, summary.ended_ns) == (STARTED_NS + 10**9, STARTED_NS + 9 * 10**9)
    assert (summary.rate_hz, summary.largest_gap_ns) == (3 / 8, 4 * 10**9)


def test_progress_only_grows_and_nothing_stays_behind(tmp_path: Path) -> None:
    told: list[float] = []
    with spool(car_log(200), tmp_path, progress=told.append):
        assert not list(tmp_path.iterdir())
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] <= 1


def test_an_error_while_reading_leaves_nothing_behind(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def readinto(self, buffer: object, /) -> int:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        spool_log(Failing(car_log(40)), tmp_path)
    assert not list(tmp_path.iterdir())
    assert not [link for link in Path("/proc/self/fd").iterdir() if _points_into(link, tmp_path)]


def _points_into(link: Path, folder: Path) -> bool:
    try:
        return link.readlink().is_relative_to(folder)
    except OSError:
        return False


def test_a_kill_leaves_nothing_behind(tmp_path: Path) -> None:
    log, spools = tmp_path / "a.mcap", tmp_path / "spools"
    log.write_bytes(car_log(400))
    spools.mkdir()
    code = (
        "import os, sys; from pathlib import Path; from paddock.readers.mcap.spool import spool_log\n"
        "columns = spool_log(open(sys.argv[1], 'rb'), Path(sys.argv[2])); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(log), str(spools)], check=False)
    assert done.returncode == -9
    assert not list(spools.iterdir())

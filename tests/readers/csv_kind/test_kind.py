"""The reader of the second kind, through the registry."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from paddock.columns.spool import Spool
from paddock.columns.spool_file import Rows
from paddock.domain.keys import parse_raw_key, raw_key
from paddock.domain.log_kinds import is_log_name, labels_in_words, suffixes_in_words
from paddock.errors import Rejected
from paddock.readers.doctor import diagnose
from paddock.readers.registry import kind_of, spool_log
from tests.readers.csv_kind.logs import csv_log
from tests.readers.mcap.builders import STARTED_NS, car_log, rows_of


def test_a_log_is_known_by_its_bytes() -> None:
    kinds = [kind_of(head) for head in (csv_log(), car_log(), car_log()[20:], b"time_ns,but no topic\n", b"")]
    assert [kind and kind.name for kind in kinds] == ["csv", "mcap", "mcap", None, None]


def test_words_and_keys_follow_the_rows() -> None:
    assert suffixes_in_words().startswith(".mcap, ") and suffixes_in_words().endswith(" or .csvlog")
    assert labels_in_words().startswith("MCAP, ") and labels_in_words().endswith(" or CSV")
    assert is_log_name("a.CSVLOG") and is_log_name("a.mcap") and not is_log_name("a.csv")
    assert parse_raw_key(raw_key("a" * 64, "csv")) == ("a" * 64, "csv")
    assert parse_raw_key("raw/abc.mcap") == ("abc", "mcap")


def test_it_becomes_columns(tmp_path: Path) -> None:
    with spool_log(io.BytesIO(csv_log(100)), tmp_path) as columns:
        summary = columns.summary
        assert [(each.topic, each.message_count) for each in summary.channels] == [("Driver", 10), ("Engine", 100)]
        assert (summary.kind, summary.loss.health, summary.needs_viewer_copy) == ("csv", "intact", True)
        assert (summary.started_ns, summary.ended_ns) == (STARTED_NS, STARTED_NS + 99 * 100_000_000)
        assert rows_of(columns, "Engine")[4] == {"rpm": 1004.0, "temperature": None}
        (rpm,) = (each for each in summary.signals if each.name == "Engine.rpm")
        assert (rpm.count, rpm.min, rpm.max, rpm.first, rpm.last) == (100, 1000, 1099, 1000, 1099)
        assert summary.channels[1].rate_hz == pytest.approx(10)
        assert summary.channels[1].largest_gap_ns == 100_000_000


def test_only_wanted_topics_are_read(tmp_path: Path) -> None:
    with spool_log(io.BytesIO(csv_log()), tmp_path, topics=lambda topic: topic == "Driver") as columns:
        assert [channel.topic for channel in columns.channels] == ["Driver"]


def test_times_that_go_back_are_put_in_order_and_said(tmp_path: Path) -> None:
    first, *lines = csv_log(20).splitlines(keepends=True)
    with spool_log(io.BytesIO(b"".join([first, *lines[10:], *lines[:10]])), tmp_path) as columns:
        assert [row["rpm"] for row in rows_of(columns, "Engine")] == list(range(1000, 1020))
        assert "The clock jumps back" in columns.summary.notices[0]


def test_a_log_that_power_cut_says_what_it_lost(tmp_path: Path) -> None:
    diagnosis = diagnose(io.BytesIO(csv_log(50)[:-10]), tmp_path)
    assert diagnosis.message_count == 49 + 5
    assert diagnosis.findings[0].endswith("the last record is cut off, 17 bytes lost.")
    assert (diagnosis.kind, diagnosis.recoverable, diagnosis.loss.lossy) == ("csv", False, True)


def test_a_channel_that_takes_too_much_is_left_out_and_said(tmp_path: Path) -> None:
    with spool_log(io.BytesIO(csv_log(20_000)), tmp_path) as columns:
        channel = columns.channels[1]
        batches = [Rows(b.log_time, b.publish_time, b.sequence, b.messages) for b in columns.read(channel)]
    with Spool(tmp_path, log_bytes=0, memory_bytes=1 << 20) as spool:
        many = spool.channel("many", channel.fields)
        for batch in batches:
            spool.write(many, batch)
        with spool.finish() as small:
            assert small.summary.message_count == 0
            assert small.summary.notices[0].startswith("many is left out: decoded it would be")


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"no log that Paddock reads \(MCAP, .* or CSV\)"):
        spool_log(io.BytesIO(b"nothing"), tmp_path)

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from mcap.writer import CompressionType

from paddock.readers.mcap.reader import LogReader
from tests.readers.mcap.builders import (
    END,
    LogBuilder,
    car_log,
    channel_record,
    chunk_record,
    header,
    message_record,
    record,
    rows_of,
    schema_record,
    spool,
    text,
    times_of,
)


def test_an_intact_log_has_lost_nothing(tmp_path: Path) -> None:
    with spool(car_log(60), tmp_path) as columns:
        assert columns.summary.message_count == 60
        assert columns.summary.loss.health == "intact"
        assert columns.summary.metadata == (("setup", {"driver": "Ada"}),)
        assert [(each.name, each.size_bytes) for each in columns.summary.attachments] == [("notes.txt", 12)]
        assert columns.summary.facts.said["library"].startswith("tests")


@pytest.mark.slow("cuts everywhere")
@pytest.mark.parametrize("compression", list(CompressionType))
def test_a_cut_anywhere_leaves_what_is_before_it(tmp_path: Path, compression: CompressionType) -> None:
    log = car_log(60, compression=compression, chunk_size=800)
    counts = []
    for cut in range(0, len(log), 37):
        with spool(log[:cut], tmp_path) as columns:
            counts.append(columns.summary.message_count)
            assert columns.summary.loss.health == "recovered"
    assert counts == sorted(counts)
    assert counts[-1] == 60


@pytest.mark.parametrize("compress", [zstandard.ZstdCompressor().compress, lz4.frame.compress, None])
def test_a_chunk_that_is_cut_gives_its_first_messages(tmp_path: Path, compress: object) -> None:
    payloads = [b'{"n": %d, "s": "%s"}' % (n, b"abcdefgh"[n % 8 :] * (n % 40)) for n in range(20_000)]
    records = channel_record(1, "lap") + b"".join(message_record(1, n, each) for n, each in enumerate(payloads))
    name = "" if compress is None else "lz4" if compress is lz4.frame.compress else "zstd"
    compressed = records if compress is None else compress(records)  # type: ignore[operator]
    log = header() + chunk_record(records, compressed, name)
    half = len(header()) + 60 + len(compressed) // 2
    with spool(log[:half], tmp_path) as columns:
        rows = rows_of(columns, "lap")
        loss = columns.summary.loss
    assert 5_000 < len(rows) < 15_000
    assert [row["n"] for row in rows] == list(range(len(rows)))
    assert "truncated_chunk" in [each.reason for each in loss.losses]
    assert loss.lost_bytes >= len(compressed) // 2 - 60


def test_a_wrong_checksum_keeps_what_decodes(tmp_path: Path) -> None:
    records = channel_record(1, "lap") + message_record(1, 0, b'{"n": 1}')
    with spool(header() + chunk_record(records, crc=zlib.crc32(records) ^ 1) + END, tmp_path) as columns:
        assert rows_of(columns, "lap") == [{"n": 1}]
        assert [each.reason for each in columns.summary.loss.losses] == ["bad_crc"]


def test_a_chunk_with_a_flipped_byte_keeps_the_blocks_before_it(tmp_path: Path) -> None:
    records = channel_record(1, "lap") + b"".join(
        message_record(1, n, b'{"n": %d, "x": %d}' % (n, n * n * 7919 % 10**9)) for n in range(30_000)
    )
    compressed = bytearray(zstandard.ZstdCompressor().compress(records))
    compressed[len(compressed) * 3 // 4] ^= 0xFF
    log = header() + chunk_record(records, bytes(compressed), "zstd") + message_record(1, 10**9, b'{"n": -1}') + END
    with spool(log, tmp_path) as columns:
        rows = rows_of(columns, "lap")
        assert len(rows) > 15_000
        assert rows[-1]["n"] == -1
        assert columns.summary.loss.health == "recovered"


def test_a_lying_summary_changes_nothing(tmp_path: Path) -> None:
    lies = record(11, struct.pack("<QHIIIIQQI", 10**6, 9, 9, 9, 9, 9, 5, 6, 0))
    lies += record(
        8, struct.pack("<QQQQI", 0, 1, 1 << 40, 1 << 40, 0) + struct.pack("<Q", 0) + text("zstd") + bytes(16)
    )
    footer = record(2, struct.pack("<QQI", 1 << 50, 1 << 51, 0))
    body = header() + channel_record(1, "lap") + message_record(1, 0, b'{"n": 1}')
    log = body + record(15, bytes(4)) + lies + footer + header()[:8]
    with spool(log, tmp_path) as columns:
        assert rows_of(columns, "lap") == [{"n": 1}]
        assert columns.summary.loss.health == "intact"


@pytest.mark.parametrize("garbage", [bytes(500), bytes(range(1, 256)) * 3, b"\x05" * 100, b"\x06\xff" * 99])
def test_garbage_between_records_is_passed_over(tmp_path: Path, garbage: bytes) -> None:
    messages = [message_record(1, n, b'{"n": %d}' % n) for n in range(6)]
    log = header() + channel_record(1, "lap") + b"".join(messages[:3]) + garbage + b"".join(messages[3:]) + END
    with spool(log, tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "lap")] == list(range(6))
        assert columns.summary.loss.lost_bytes <= len(garbage)
        assert columns.summary.loss.health == "recovered"


@pytest.mark.slow("starts the process that reads ahead")
def test_garbage_of_many_mebibytes_is_passed_over(tmp_path: Path) -> None:
    log = header() + channel_record(1, "lap") + message_record(1, 0, b'{"n": 0}')
    log += b"\xab" * (20 << 20) + message_record(1, 1, b'{"n": 1}') + END
    with spool(log, tmp_path) as columns:
        assert columns.summary.message_count == 2
        assert columns.summary.loss.lost_bytes == 20 << 20


@pytest.mark.parametrize("length", [0, 21, 40, 200, 1 << 33, 1 << 63, 2**64 - 1])
def test_a_message_with_a_wrong_length_costs_no_other(tmp_path: Path, length: int) -> None:
    others = [message_record(1, n, b'{"n": %d, "pad": "abc"}' % n) for n in range(5)]
    wrong = message_record(1, 9, b'{"n": 9, "pad": "abc"}', length=length)
    log = header() + channel_record(1, "lap") + others[0] + wrong + b"".join(others[1:]) + END
    with spool(log, tmp_path) as columns:
        numbers = [row["n"] for row in rows_of(columns, "lap")]
        assert [n for n in numbers if n != 9] == [0, 1, 2, 3, 4]
        assert (9 in numbers) == (length != 40)  # which cuts its JSON
        assert columns.summary.loss.health == "recovered"


def test_a_second_log_appended_has_its_own_ids(tmp_path: Path) -> None:
    first = LogBuilder()
    a, b = first.channel("a"), first.channel("b")
    first.add(a, 0, {"n": 1})
    first.add(b, 1, {"n": 2})
    second = LogBuilder()
    b, a = second.channel("b"), second.channel("a")
    second.add(a, 2, {"n": 3})
    second.add(b, 3, {"n": 4})
    with spool(first.finish() + second.finish(), tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "a")] == [1, 3]
        assert [row["n"] for row in rows_of(columns, "b")] == [2, 4]
        assert columns.summary.facts.oddities[0].startswith("2 MCAP files follow each other")
        assert columns.summary.loss.health == "intact"


def test_a_log_appended_to_one_without_an_end_has_its_own_ids(tmp_path: Path) -> None:
    first = header() + channel_record(1, "a") + message_record(1, 0, b'{"n": 1}')
    second = (
        header() + message_record(1, 1, b'{"n": 2}') + channel_record(2, "b") + message_record(2, 2, b'{"n": 3}')
    )
    with spool(first + second + END, tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "a")] == [1]
        assert [row["n"] for row in rows_of(columns, "b")] == [3]
        assert columns.summary.loss.orphans == 1
        assert columns.summary.loss.missing == ("data_end", "summary", "footer", "magic")


@pytest.mark.parametrize("missing", [*range(1, 30), *range(31, 40)])  # with 30 it would be a piece, see below
def test_a_message_that_is_cut_takes_nothing_from_the_log_appended_to_it(tmp_path: Path, missing: int) -> None:
    """Not its magic as a value, wherever in the appended log the message would end by its length."""
    first = header() + channel_record(1, "a") + message_record(1, 0, b"1") + message_record(1, 1, b" " * 40 + b"2")
    second = header() + channel_record(1, "b") + message_record(1, 2, b"3") + END
    with spool(first[:-missing] + second, tmp_path) as columns:
        assert [row["value"] for row in rows_of(columns, "a")] == [1]
        assert [row["value"] for row in rows_of(columns, "b")] == [3]
        assert columns.summary.facts.oddities[0].startswith("2 MCAP files follow each other")
        assert columns.summary.loss.undecodable == {"a": 1}


def test_a_message_may_carry_a_log_or_a_piece_of_one(tmp_path: Path) -> None:
    whole = header() + channel_record(1, "b") + message_record(1, 2, b"3") + END
    for inner in (whole, whole[:20], whole[:40], header()):
        log = (
            header()
            + channel_record(1, "a", "blob")
            + message_record(1, 0, inner)
            + message_record(1, 1, inner)
            + END
        )
        with spool(log, tmp_path) as columns:
            assert [row["data"] for row in rows_of(columns, "a")] == [inner, inner]
            assert columns.summary.loss.health == "intact"


def test_messages_before_their_definition_wait_for_it(tmp_path: Path) -> None:
    """The first chunk, where writers define channels, may be the one that is lost; the summary has them again."""
    late = message_record(1, 5, b'{"n": 1}') + message_record(2, 6, b"x") + message_record(1, 5, b'{"n": 2}')
    log = header() + late + record(15, bytes(4)) + channel_record(1, "lap") + END[13:]
    with spool(log, tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "lap")] == [1, 2]
        assert columns.summary.loss.orphans == 1


def test_a_schema_that_is_lost_leaves_the_bytes(tmp_path: Path) -> None:
    log = header() + channel_record(1, "ins", "protobuf", schema_id=7) + message_record(1, 0, b"\x08\x01") + END
    with spool(log, tmp_path) as columns:
        assert rows_of(columns, "ins") == [{"data": b"\x08\x01"}]
        assert any("ins" in notice and "schema is missing" in notice for notice in columns.summary.notices)


def test_a_channel_defined_twice_holds_for_the_messages_after_it(tmp_path: Path) -> None:
    log = header() + channel_record(1, "a") + message_record(1, 0, b'{"n": 1}')
    log += channel_record(1, "b") + message_record(1, 1, b'{"n": 2}') + END
    for each in (log, header() + chunk_record(log[len(header()) : -len(END)]) + END):
        with spool(each, tmp_path) as columns:
            assert rows_of(columns, "a") == [{"n": 1}]
            assert rows_of(columns, "b") == [{"n": 2}]
            assert columns.summary.notices == ("Channel 1 is defined twice: 'a' and 'b'.",)


def test_no_chunks_no_crc_and_no_summary_are_fine(tmp_path: Path) -> None:
    with spool(car_log(200, chunked=False), tmp_path) as columns:
        assert columns.summary.message_count == 200
        assert columns.summary.facts.oddities[0].startswith("The log has no chunks")
        assert columns.summary.loss.health == "intact"


def test_unknown_records_and_fields_of_the_future_are_skipped(tmp_path: Path) -> None:
    private = record(0x99, b"\x05 private") + record(0x33, b"of a later version")
    longer = record(4, channel_record(1, "lap")[9:] + b"a new field")
    log = header() + private + longer + private + message_record(1, 0, b'{"n": 1}')
    inside = private + message_record(1, 1, b'{"n": 2}') + private
    with spool(log + chunk_record(inside) + END, tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "lap")] == [1, 2]
        assert columns.summary.loss.health == "intact"


def test_a_time_after_the_year_2262_is_counted_and_kept_out(tmp_path: Path) -> None:
    late = bytearray(message_record(1, 0, b'{"n": 9}'))
    late[15:23] = struct.pack("<Q", 2**63)
    log = header() + channel_record(1, "lap") + bytes(late) + message_record(1, 3, b'{"n": 1}') + END
    with spool(log, tmp_path) as columns:
        assert times_of(columns, "lap") == [3]
        assert columns.summary.loss.undecodable == {"lap": 1}


def test_a_clock_that_jumps_and_one_that_is_not_set_are_noticed(tmp_path: Path) -> None:
    times = [0, 10**9, -(5 * 10**9), 10**12]
    log = header() + channel_record(1, "lap")
    log += b"".join(message_record(1, time, b"{}") for time in times)
    zero = record(5, struct.pack("<HIQQ", 1, 0, 0, 0) + b"{}")
    with spool(log + zero + END, tmp_path) as columns:
        back, forward, unset, outside = columns.summary.notices
        assert columns.summary.loss.health == "intact"
    assert "back by 6.000 s" in back
    assert "forward by 1005.000 s" in forward
    assert "1 message has log_time 0" in unset
    assert "1 message of lap is far away in time" in outside


@pytest.mark.slow("unpacks hundreds of MiB")
def test_nothing_makes_it_allocate_more_than_its_size_and_a_batch(tmp_path: Path) -> None:
    """A bomb of 256 MiB of zeros, and of 256 MiB of messages, each a few kilobytes; lengths of exabytes."""
    zeros = zstandard.ZstdCompressor().compress(bytes(256 << 20))
    bombs = header() + chunk_record(b"", zeros, "zstd", size=256 << 20)
    bombs += (
        chunk_record(b"", zeros, "zstd", size=1 << 62) + record(10, b"", length=1 << 62) + record(9, b"", 1 << 61)
    )
    read = LogReader(io.BytesIO(bombs), tmp_path)
    assert sum(len(run.starts) for run in read.runs()) == 0
    assert read.losses.report().health == "recovered"


@pytest.mark.slow("a chunk of many megabytes")
def test_a_chunk_too_large_for_memory_is_read_in_pieces(tmp_path: Path) -> None:
    message = message_record(1, 0, b'{"n": 1, "pad": "%s"}' % (b" " * 1000))
    count = (80 << 20) // len(message)
    records = channel_record(1, "lap") + message * count
    log = header() + chunk_record(
        records, zstandard.ZstdCompressor().compress(records), "zstd", crc=zlib.crc32(records)
    )
    read = LogReader(io.BytesIO(log + END), tmp_path)
    assert max(len(run.data) for run in read.runs()) < 32 << 20
    assert read.losses.report().health == "intact"
    read = LogReader(io.BytesIO(log + END), tmp_path)
    assert sum(len(run.starts) for run in read.runs()) == count


def test_wrong_message_indexes_are_not_believed(tmp_path: Path) -> None:
    records = channel_record(1, "lap") + b"".join(message_record(1, n, b'{"n": %d}' % n) for n in range(9))
    offsets = [len(channel_record(1, "lap")) + 5, 3, 1 << 40]
    index = record(
        7, struct.pack("<HI", 1, 16 * len(offsets)) + b"".join(struct.pack("<QQ", 0, at) for at in offsets)
    )
    with spool(header() + chunk_record(records) + index + END, tmp_path) as columns:
        assert columns.summary.message_count == 9
        assert columns.summary.loss.health == "intact"


def test_a_schema_after_its_channel_is_found(tmp_path: Path) -> None:
    log = header() + channel_record(1, "lap", schema_id=3) + message_record(1, 0, b'{"n": 1}')
    log += schema_record(3, "lap", "jsonschema", b"{}") + message_record(1, 1, b'{"n": 2}') + END
    with spool(log, tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "lap")] == [1, 2]

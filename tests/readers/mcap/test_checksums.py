"""The checksums of the data and summary sections: believed by nobody, but a wrong one is said."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import pytest

from paddock.domain.recording import LossReport
from paddock.readers.doctor import findings
from paddock.readers.mcap import windows
from paddock.readers.mcap.reader import LogReader
from paddock.readers.mcap.recover import recover
from tests.readers.mcap.builders import (
    END,
    MAGIC,
    car_log,
    channel_record,
    header,
    message_record,
    record,
    rows_of,
    small_logs,
    spool,
)


def loss_of(log: bytes, directory: Path) -> LossReport:
    reader = LogReader(io.BytesIO(log), directory)
    for _ in reader.runs():
        pass
    return reader.losses.report()


def reasons(log: bytes, directory: Path) -> list[str]:
    return [loss.reason for loss in loss_of(log, directory).losses]


def data_end_of(log: bytes, number: int = 0) -> int:
    """Where a DataEnd record with a checksum begins."""
    at = -1
    for _ in range(number + 1):
        at = log.index(struct.pack("<BQ", 15, 4), at + 1)
    assert struct.unpack_from("<I", log, at + 9)[0], "the writer computed one"
    return at


@pytest.mark.parametrize("block_bytes", [8 << 20, 300])
def test_logs_of_every_writer_pass(tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "BLOCK_BYTES", block_bytes)
    clean = io.BytesIO()
    recover(io.BytesIO(car_log(50)), clean, tmp_path)
    for log in (*small_logs(), clean.getvalue()):
        data_end_of(log)
        assert loss_of(log, tmp_path).health == "intact"


@pytest.mark.parametrize("block_bytes", [8 << 20, 300])
def test_a_bit_in_the_data_that_nothing_else_guards_is_noticed(
    tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "BLOCK_BYTES", block_bytes)
    log = bytearray(car_log(60, chunked=False))
    log[log.index(b'"lap": 30') + 7] ^= 1
    loss = loss_of(bytes(log), tmp_path)
    assert [each.reason for each in loss.losses] == ["bad_data_crc"]
    assert loss.losses[0].offset == data_end_of(bytes(log))
    assert (loss.health, loss.lost_bytes, loss.lost_records, loss.lost_ns) == ("recovered", 0, 0, 0)
    with spool(bytes(log), tmp_path) as columns:
        assert len(rows_of(columns, "lap")) == 15, "all was kept"
        assert any("checksum" in said for said in findings(columns.summary))


def test_a_bit_in_the_summary_is_noticed_and_costs_nothing(tmp_path: Path) -> None:
    log = bytearray(car_log(60))
    log[log.rindex(b"ins/backup")] ^= 1  # a topic that only the summary has altered
    loss = loss_of(bytes(log), tmp_path)
    assert [each.reason for each in loss.losses] == ["bad_summary_crc"]
    assert loss.lost_records == 0


@pytest.mark.parametrize("damaged", [0, 1])
def test_each_part_of_appended_logs_has_its_own(tmp_path: Path, damaged: int) -> None:
    parts = [car_log(20, chunked=False), car_log(20, first=20, chunked=False)]
    assert reasons(b"".join(parts), tmp_path) == []
    changed = bytearray(parts[damaged])
    changed[changed.index(b'"lap": ') + 7] ^= 1
    parts[damaged] = bytes(changed)
    loss = loss_of(b"".join(parts), tmp_path)
    assert [each.reason for each in loss.losses] == ["bad_data_crc"]
    assert loss.losses[0].offset == data_end_of(b"".join(parts), damaged)
    assert loss.lost_ns == 0, "the time until the next part is no loss"


def test_a_part_without_its_end_does_not_blame_the_next(tmp_path: Path) -> None:
    cut = header() + channel_record(1, "a") + message_record(1, 0, b'{"n": 1}')
    assert reasons(cut + car_log(20), tmp_path) == []


def test_no_checksum_is_fine_and_only_zero_means_none(tmp_path: Path) -> None:
    body = header() + channel_record(1, "lap") + message_record(1, 0, b'{"n": 1}')
    assert loss_of(body + END, tmp_path).health == "intact"
    for crc, expected in ((zlib.crc32(body), []), (1, ["bad_data_crc"])):
        log = body + record(15, struct.pack("<I", crc)) + record(2, bytes(20)) + MAGIC
        assert reasons(log, tmp_path) == expected
    footer = struct.pack("<BQQQ", 2, 20, 0, 0)
    for crc, expected in ((zlib.crc32(footer), []), (1, ["bad_summary_crc"])):
        log = body + record(15, bytes(4)) + footer + struct.pack("<I", crc) + MAGIC
        assert reasons(log, tmp_path) == expected


@pytest.mark.slow("damage everywhere")
def test_mutations_of_the_data_are_noticed_wherever_they_are(tmp_path: Path) -> None:
    log = car_log(60, chunked=False)
    end = data_end_of(log)
    chance = random.Random(7)
    for _ in range(200):
        damaged = bytearray(log)
        damaged[chance.randrange(end)] ^= 1 << chance.randrange(8)
        assert loss_of(bytes(damaged), tmp_path).health == "recovered"

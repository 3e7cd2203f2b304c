"""Padding after the closing magic is no loss, and who reads the exit code of ``doctor`` learns what is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from paddock.cli import doctor as doctor_command
from paddock.cli import recover as recover_command
from paddock.readers.doctor import diagnose
from tests.readers.mcap.builders import (
    END,
    LogBuilder,
    car_log,
    channel_record,
    header,
    message_record,
    rows_of,
    spool,
)

BODY = header() + channel_record(1, "lap") + message_record(1, 0, b'{"n": 1}')
INDEX, DATA_END = END[13:], END[:13]


@pytest.mark.slow("starts the process that reads ahead")
@pytest.mark.parametrize("padding", [b"\0", b"\0" * 4096, b"\xff" * 4096, bytes(20 << 20)])
def test_padding_is_noticed_and_no_loss(tmp_path: Path, padding: bytes) -> None:
    with spool(car_log(20) + padding, tmp_path) as columns:
        summary = columns.summary
        assert summary.message_count == 20
        assert (summary.loss.health, summary.loss.lost_bytes, summary.facts.oddities) == ("intact", 0, ())
        assert f"{len(padding):,} byte" in summary.notices[0]
        assert summary.needs_viewer_copy, "a viewer that begins at the end finds no magic there"


def test_padding_between_two_logs_is_no_loss(tmp_path: Path) -> None:
    with spool(BODY + END + bytes(500) + BODY + END, tmp_path) as columns:
        assert rows_of(columns, "lap") == [{"n": 1}] * 2
        assert columns.summary.loss.health == "intact"
        assert columns.summary.notices[0].startswith("500 bytes of padding")


@pytest.mark.parametrize("log", [BODY + END + bytes(100) + b"\1", BODY + bytes(100) + END, BODY + bytes(100)])
def test_other_bytes_are(tmp_path: Path, log: bytes) -> None:
    with spool(log, tmp_path) as columns:
        assert columns.summary.loss.health == "recovered"
        assert columns.summary.loss.lossy


CASES = [
    (BODY + END, "intact", 0),
    (BODY + END + bytes(10), "intact", 0),
    (BODY + END[:-8], "nothing in it is lost", 0),
    (BODY + DATA_END, "nothing in it is lost", 0),
    (BODY, "can be recovered", 3),
    (BODY[:-1] + END, "can be recovered", 3),
    (BODY + message_record(7, 0, b"{}") + END, "can be recovered", 3),
    (BODY + message_record(1, 0, b"{") + END, "can be recovered", 3),
]


@pytest.mark.parametrize(("log", "said", "code"), CASES)
def test_doctor_and_recover_end_with_3_where_something_is_lost(
    tmp_path: Path, log: bytes, said: str, code: int
) -> None:
    source = tmp_path / "log.mcap"
    source.write_bytes(log)
    result = CliRunner().invoke(doctor_command.command, [str(source)])
    assert result.exit_code == code
    assert said in result.output
    if b'"n": 1}' in log:
        assert "1 message.\n" in result.output
    if message_record(1, 0, b"{") not in log:  # which only who decodes finds
        done = CliRunner().invoke(recover_command.command, [str(source), "-o", str(tmp_path / "clean.mcap")])
        assert done.exit_code == code


def test_what_the_statistics_count_and_nobody_finds_is_named(tmp_path: Path) -> None:
    builder = LogBuilder(chunked=False)
    channel = builder.channel("lap")
    for number in range(5):
        builder.add(channel, number, {"n": number})
    whole = builder.finish()
    one = message_record(channel, 3, b'{"n": 3}')[15:]
    at = whole.index(one[-8:])
    missing = whole[: at - 31] + whole[at + 8 :]
    findings = "\n".join(diagnose(io.BytesIO(missing), tmp_path).findings)
    assert "By its own statistics the log had 5 messages, 4 were found." in findings
    assert "statistics" not in "\n".join(diagnose(io.BytesIO(whole), tmp_path).findings)

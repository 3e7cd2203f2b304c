from __future__ import annotations

import io
from pathlib import Path

import pytest
from mcap.reader import make_reader

from paddock.columns.patterns import Patterns
from paddock.domain.export import ExportRequest
from paddock.errors import Rejected
from paddock.formats.mcap import FORMAT
from paddock.formats.registry import RunInfo
from paddock.readers.doctor import diagnose
from paddock.readers.mcap import recover as recover_module
from paddock.readers.mcap.probe import has_mcap_record
from paddock.readers.mcap.recover import recover
from tests.readers.mcap.builders import (
    STARTED_NS,
    LogBuilder,
    car_log,
    channel_record,
    header,
    message_record,
    rows_of,
    spool,
)


def recovered(log: bytes, directory: Path) -> bytes:
    target = io.BytesIO()
    recover(io.BytesIO(log), target, directory)
    return target.getvalue()


def messages(log: bytes) -> list[tuple[str, int, int, int, bytes]]:
    """As the official reader has them, by its index, in order of time."""
    reader = make_reader(io.BytesIO(log), validate_crcs=True)
    return [(c.topic, m.log_time, m.publish_time, m.sequence, m.data) for _, c, m in reader.iter_messages()]


def test_a_clean_log_holds_the_same_messages_and_all_else(tmp_path: Path) -> None:
    log = car_log(100)
    clean = recovered(log, tmp_path)
    assert messages(clean) == messages(log)
    reader = make_reader(io.BytesIO(clean), validate_crcs=True)
    summary = reader.get_summary()
    assert summary is not None and summary.statistics is not None
    assert summary.statistics.message_count == 100
    assert summary.statistics.channel_message_counts == dict.fromkeys(range(1, 5), 25)
    assert summary.statistics.message_start_time == STARTED_NS
    assert [(each.name, each.data) for each in reader.iter_attachments()] == [("notes.txt", b"box this lap")]
    assert [(each.name, each.metadata) for each in reader.iter_metadata()] == [("setup", {"driver": "Ada"})]
    assert reader.get_header().library == "paddock, from tests"
    with spool(clean, tmp_path) as columns:
        assert columns.summary.loss.health == "intact"
        assert not columns.summary.needs_viewer_copy


@pytest.mark.parametrize("cut", [300, 900, 1700, 2300])
def test_a_damaged_log_becomes_a_clean_one(tmp_path: Path, cut: int) -> None:
    damaged = car_log(100)[:cut]
    with spool(damaged, tmp_path) as before, spool(recovered(damaged, tmp_path), tmp_path) as after:
        assert before.summary.needs_viewer_copy
        assert after.summary.loss.health == "intact"
        assert [rows_of(after, c.topic) for c in after.channels] == [
            rows_of(before, c.topic) for c in before.channels
        ]


def test_messages_are_put_in_order_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover_module, "_EXTENT_BYTES", 400)
    log = LogBuilder(chunked=False)
    channels = [log.channel("a"), log.channel("b")]
    times = [n * 7 % 50 for n in range(200)]
    for number, time in enumerate(times):
        log.add(channels[number % 2], time, {"n": number}, number)
    found = [
        (time - STARTED_NS, sequence) for _, time, _, sequence, _ in messages(recovered(log.finish(), tmp_path))
    ]
    assert found == sorted(zip(times, range(200), strict=True))


def test_two_logs_in_one_file_become_one(tmp_path: Path) -> None:
    clean = recovered(car_log(20) + car_log(20, first=20), tmp_path)
    assert messages(clean) == messages(car_log(40))


def test_a_slice_has_only_the_topics_and_times_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "slice.mcap"
    request = ExportRequest("mcap", signals=("lap", "ins.velocity.*"), start_s=0.1, end_s=0.3)
    assert FORMAT.write_log is not None
    FORMAT.write_log(io.BytesIO(car_log(100)), request, RunInfo(), target, lambda _: None)
    expected = [
        m for m in messages(car_log(100)) if 10**8 <= m[1] - STARTED_NS < 3 * 10**8 and m[0] in ("ins", "lap")
    ]
    assert messages(target.read_bytes()) == expected


@pytest.mark.parametrize(
    "request_",
    [
        ExportRequest("mcap", rate_hz=10),
        ExportRequest("mcap", signals=("no such",)),
        ExportRequest("mcap", start_s=1e6, end_s=2e6),
        ExportRequest("mcap", start_s=1, start_ns=1),
    ],
)
def test_a_slice_that_makes_no_sense_is_refused(tmp_path: Path, request_: ExportRequest) -> None:
    assert FORMAT.write_log is not None
    with pytest.raises(Rejected):
        FORMAT.write_log(io.BytesIO(car_log(20)), request_, RunInfo(), tmp_path / "x", lambda _: None)


def test_globs_name_topics_or_what_is_in_them() -> None:
    assert Patterns(()).reaches("anything")
    assert Patterns(("V*.vel.x",)).reaches("/VNData")
    assert Patterns(("/a.b",)).reaches("/a.b")
    assert not Patterns(("VN",)).reaches("VNData")


def test_the_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    assert diagnose(io.BytesIO(recovered(car_log(9)[:-300], tmp_path)), tmp_path).findings == (
        "raw is kept as bytes: it has no schema of ROS 2.",
    )
    damaged = header() + channel_record(1, "lap") + message_record(1, 0, b"{}") + b"\xee" * 50
    damaged += message_record(2, 1, b"{}") + message_record(1, 2, b"{")
    diagnosis = diagnose(io.BytesIO(damaged), tmp_path)
    said = "\n".join(diagnosis.findings)
    assert "The footer is missing" in said
    assert "bytes that are no record, 50 bytes lost" in said
    assert "lap: 1 message cannot be decoded" in said
    assert "1 message belongs to channels that the file does not define" in said
    assert "has no chunks" in said
    assert (diagnosis.message_count, diagnosis.needs_viewer_copy) == (1, True)


def test_the_probe_knows_a_log_and_the_rest_of_one() -> None:
    log = car_log(200, chunked=False)
    assert has_mcap_record(log)
    assert has_mcap_record(log[:40])
    assert has_mcap_record(log[3000:])
    assert has_mcap_record(b"\0" * 5000 + log)
    for other in (b"", b"\x89MCAP0\r\n", bytes(1 << 20), b"MATLAB 5.0 MAT-file" * 999, bytes(range(256)) * 4096):
        assert not has_mcap_record(other)

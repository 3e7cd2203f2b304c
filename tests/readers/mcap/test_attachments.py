from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from mcap.reader import make_reader

from paddock.domain.recording import Attachment, LossReport
from paddock.readers.mcap.attachments import attachment_data
from paddock.readers.mcap.reader import LogReader
from paddock.readers.mcap.recover import recover
from paddock.usecases.look.attachments import listed
from tests.readers.mcap.builders import (
    END,
    STARTED_NS,
    car_log,
    channel_record,
    header,
    message_record,
    record,
    text,
)

MIB = 1 << 20


def attachment_record(
    data: bytes,
    *,
    name: str = "a",
    crc: int | None = None,
    size: int | None = None,
    log_time: int = STARTED_NS,
    more: bytes = b"",
) -> bytes:
    head = struct.pack("<QQ", log_time, 5) + text(name) + text("text/plain")
    content = head + struct.pack("<Q", len(data) if size is None else size) + data
    return record(9, content + struct.pack("<I", zlib.crc32(content) if crc is None else crc) + more)


def a_log(*records: bytes) -> bytes:
    message = message_record(1, 0, b"{}")
    return header() + channel_record(1, "lap") + message + b"".join(records) + message_record(1, 10**9, b"{}") + END


def read(log: bytes, directory: Path) -> tuple[list[Attachment], LossReport]:
    reader = LogReader(io.BytesIO(log), directory)
    assert sum(len(run.starts) for run in reader.runs()) == 2
    return reader.attachments, reader.losses.report()


def data_of(log: bytes, attachment: Attachment) -> bytes:
    return b"".join(attachment_data(io.BytesIO(log), attachment))


def test_an_attachment_is_known_by_where_it_lies(tmp_path: Path) -> None:
    log = a_log(attachment_record(b"box this lap", name="notes.txt"), attachment_record(b"", name="empty"))
    (notes, empty), loss = read(log, tmp_path)
    assert (notes.name, notes.media_type, notes.log_time, notes.create_time) == (
        "notes.txt",
        "text/plain",
        STARTED_NS,
        5,
    )
    assert log[notes.offset : notes.offset + notes.size_bytes] == b"box this lap" == data_of(log, notes)
    assert (empty.size_bytes, data_of(log, empty)) == (0, b"")
    assert loss.health == "intact"


def test_a_wrong_checksum_is_said_and_the_data_kept(tmp_path: Path) -> None:
    log = a_log(attachment_record(b"box this lap", crc=7))
    (notes,), loss = read(log, tmp_path)
    assert data_of(log, notes) == b"box this lap"
    assert [each.reason for each in loss.losses] == ["bad_attachment_crc"]
    assert loss.losses[0].offset == log.index(attachment_record(b"box this lap", crc=7))
    assert (loss.lost_bytes, loss.lost_ns) == (0, 0), "no message is lost, so no time is"


def test_a_checksum_that_was_not_computed_and_fields_of_the_future_are_fine(tmp_path: Path) -> None:
    log = a_log(attachment_record(b"x", crc=0), attachment_record(b"y", more=b"a new field"))
    attachments, loss = read(log, tmp_path)
    assert [data_of(log, each) for each in attachments] == [b"x", b"y"]
    assert loss.health == "intact"


@pytest.mark.parametrize("size", [100, 1 << 39])
def test_one_that_says_to_be_larger_than_its_record_is_no_attachment(tmp_path: Path, size: int) -> None:
    """It would hand out other records as its data, and many of them would have the log read again for each."""
    attachments, loss = read(a_log(attachment_record(b"x", size=size)), tmp_path)
    assert attachments == []
    assert "bad_attachment" in [each.reason for each in loss.losses]
    assert loss.lost_ns == 0


def test_one_that_the_end_cuts_off_is_not_offered(tmp_path: Path) -> None:
    log = a_log()[: -len(END)] + attachment_record(b"box this lap" * 9)[:-20]
    attachments, loss = read(log, tmp_path)
    assert attachments == []
    assert [each.reason for each in loss.losses] == ["cut_off"]


def test_a_time_beyond_int64_is_the_last_one_in_a_document(tmp_path: Path) -> None:
    (attachment,), _ = read(a_log(attachment_record(b"x", log_time=2**64 - 1)), tmp_path)
    assert attachment.log_time == 2**64 - 1
    ((kept,), _) = listed((attachment,))
    assert kept.log_time == 2**63 - 1


@pytest.mark.slow("an attachment of 100 MiB")
def test_a_large_one_is_never_held_in_memory(tmp_path: Path) -> None:
    """100 MiB: more than was kept before, and its checksum is right."""
    source, target = tmp_path / "log.mcap", tmp_path / "clean.mcap"
    source.write_bytes(a_log(attachment_record(random.Random(1).randbytes(MIB) * 100, name="video.mp4")))
    tracemalloc.start()
    try:
        with source.open("rb") as log, target.open("wb") as clean:
            recovered = recover(log, clean, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert recovered.loss.health == "intact"
    assert peak < 64 * MIB
    with target.open("rb") as clean:
        (kept,) = make_reader(clean, validate_crcs=True).iter_attachments()
    assert (kept.name, kept.data) == ("video.mp4", random.Random(1).randbytes(MIB) * 100)


def test_all_of_them_come_through_a_recovery(tmp_path: Path) -> None:
    log = a_log(attachment_record(b"kept", crc=7, name="bad"), attachment_record(b"", name="empty"))
    target = io.BytesIO()
    recover(io.BytesIO(log), target, tmp_path)
    reader = make_reader(io.BytesIO(target.getvalue()), validate_crcs=True)
    assert [(each.name, each.data) for each in reader.iter_attachments()] == [("bad", b"kept"), ("empty", b"")]
    assert [each.name for each in attachments_of(target.getvalue(), tmp_path)] == ["bad", "empty"]


def attachments_of(log: bytes, directory: Path) -> list[Attachment]:
    reader = LogReader(io.BytesIO(log), directory)
    for _ in reader.runs():
        pass
    assert reader.losses.report().health == "intact"
    return reader.attachments


def test_one_that_follows_a_second_log_is_found_where_it_is(tmp_path: Path) -> None:
    log = car_log(8) + car_log(8, first=8)
    first, second = attachments_of(log, tmp_path)
    assert first.offset < len(car_log(8)) < second.offset
    assert data_of(log, second) == b"box this lap"


def test_a_log_that_became_shorter_is_an_error() -> None:
    with pytest.raises(OSError, match="shorter"):
        list(attachment_data(io.BytesIO(b"abc"), Attachment("a", "", 0, 0, 1, 5)))

"""A log of many small chunks, or with a definition before every message, is read about as fast as any other."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
import zstandard

from paddock.readers.mcap.reader import LogReader
from tests.readers.mcap.builders import (
    END,
    channel_record,
    chunk_record,
    header,
    message_record,
    record,
    rows_of,
    schema_record,
    spool,
    text,
)

COUNT = 3000


def index() -> bytes:
    return struct.pack("<BQHIQQ", 7, 22, 1, 16, 0, 0)


def small_chunks(count: int) -> bytes:
    messages = [message_record(1, n, b'{"n": %d}' % n) for n in range(count)]
    chunks = [chunk_record(each, zstandard.compress(each), "zstd") + index() for each in messages]
    return channel_record(1, "lap") + b"".join(chunks)


def own_channels(count: int) -> bytes:
    return b"".join(channel_record(n, "lap") + message_record(n, n, b'{"n": %d}' % n) for n in range(count))


def private_between(count: int) -> bytes:
    return channel_record(1, "lap") + b"".join(
        record(0x99, b"p") + message_record(1, n, b'{"n": %d}' % n) for n in range(count)
    )


def one_id(count: int) -> bytes:
    each = [channel_record(1, "lap", metadata=text("n") + text(str(n))) for n in range(count)]
    return b"".join(record + message_record(1, n, b'{"n": %d}' % n) for n, record in enumerate(each))


@pytest.mark.slow("goes through very many messages")
@pytest.mark.parametrize("body", [small_chunks, own_channels, private_between, one_id])
def test_few_messages_at_a_time_are_put_together(tmp_path: Path, body: object) -> None:
    log = header() + body(COUNT) + END  # type: ignore[operator]
    runs = [(len(run.starts), run.ordinal) for run in LogReader(io.BytesIO(log), tmp_path).runs()]
    assert sum(count for count, _ in runs) == COUNT
    assert len(runs) <= 3
    with spool(log, tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "lap")] == list(range(COUNT))
        assert columns.summary.loss.health == "intact"


def test_what_waits_keeps_the_definition_that_it_came_with(tmp_path: Path) -> None:
    log = header() + channel_record(1, "a") + message_record(1, 0, b'{"n": 0}') + channel_record(1, "b")
    log += message_record(1, 1, b'{"n": 1}') + message_record(1, 2**63, b"late") + channel_record(1, "c") + END
    reader = LogReader(io.BytesIO(log), tmp_path)
    (run,) = reader.runs()
    assert [run.part.history[place].channel.topic for place in run.definitions] == ["a", "b"]
    with spool(log, tmp_path) as columns:
        assert rows_of(columns, "a") == [{"n": 0}]
        assert rows_of(columns, "b") == [{"n": 1}]
        assert rows_of(columns, "c") == []
        assert columns.summary.loss.undecodable == {"b": 1}


def test_a_schema_that_changes_holds_for_the_messages_after_it(tmp_path: Path) -> None:
    log = header() + schema_record(1, "old", "jsonschema", b"{}") + channel_record(1, "lap", schema_id=1)
    log += message_record(1, 0, b'{"n": 0}') + schema_record(1, "new", "jsonschema", b"{}")
    log += message_record(1, 1, b'{"n": 1}') + END
    (run,) = LogReader(io.BytesIO(log), tmp_path).runs()
    schemas = [run.part.history[place].schema for place in run.definitions]
    assert [schema and schema.name for schema in schemas] == ["old", "new"]


def test_what_waits_for_its_schema_while_its_channel_changes_is_held(tmp_path: Path) -> None:
    log = header() + channel_record(1, "a", schema_id=5) + message_record(1, 0, b'{"n": 0}')
    log += channel_record(1, "b") + message_record(1, 1, b'{"n": 1}') + END
    with spool(log, tmp_path) as columns:
        assert rows_of(columns, "a") == []
        assert rows_of(columns, "b") == [{"n": 0}, {"n": 1}]


def test_a_gap_is_measured_between_small_runs(tmp_path: Path) -> None:
    log = header() + channel_record(1, "lap") + message_record(1, 0, b"{}") + b"\xee" * 40
    log += message_record(1, 5_000, b"{}") + message_record(1, 6_000, b"{}") + END
    with spool(log, tmp_path) as columns:
        assert columns.summary.loss.lost_ns == 5_000


def test_many_metadata_records_and_attachments_are_kept(tmp_path: Path) -> None:
    attachment = record(9, struct.pack("<QQ", 0, 0) + text("a") + text("") + struct.pack("<Q", 0) + bytes(4))
    metadata = record(12, text("m") + struct.pack("<I", 0))
    reader = LogReader(io.BytesIO(header() + (attachment + metadata) * 500 + END), tmp_path)
    assert not list(reader.runs())
    assert (len(reader.attachments), len(reader.metadata)) == (500, 500)

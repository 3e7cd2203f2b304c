"""What compressors write: frames, several of them, skippable ones among them; whole, cut, damaged, or a bomb."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from paddock.readers.mcap.chunks import Allowance, TooMuch, Undecompressable, decompress
from paddock.readers.mcap.reader import LogReader
from tests.readers.mcap.builders import (
    END,
    channel_record,
    chunk_record,
    header,
    message_record,
    rows_of,
    spool,
)

SKIPPABLE = struct.pack("<II", 0x184D2A53, 5) + b"notes"
Compress = Callable[[bytes], bytes]


def zstd_stream(data: bytes) -> bytes:
    """A frame that does not say its size."""
    packer = zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compressobj()
    return packer.compress(data) + packer.flush()


def lz4_checked(data: bytes) -> bytes:
    return lz4.frame.compress(
        data, block_size=lz4.frame.BLOCKSIZE_MAX64KB, content_checksum=True, block_checksum=True, block_linked=False
    )


COMPRESSORS: list[tuple[str, Compress]] = [
    ("zstd", zstandard.compress),
    ("zstd", zstd_stream),
    ("lz4", lz4.frame.compress),
    ("lz4", lz4_checked),
    ("lz4", lambda data: lz4.frame.compress(data, store_size=False)),
]
each_compressor = pytest.mark.parametrize(("name", "compress"), COMPRESSORS)


def messages(first: int, stop: int) -> bytes:
    return b"".join(message_record(1, n, b'{"n": %d, "m": %d}' % (n, n * 7919 % 1000)) for n in range(first, stop))


def frames_log(name: str, frames: list[bytes], records: bytes, crc: bool = True) -> bytes:
    check = zlib.crc32(records) if crc else 0
    return header() + chunk_record(records, b"".join(frames), name, crc=check) + END


@each_compressor
@pytest.mark.parametrize("crc", [True, False])
def test_all_frames_of_a_chunk_are_read(tmp_path: Path, name: str, compress: Compress, crc: bool) -> None:
    """x: a frame with some messages, the first with the channel; e: one with nothing in it; s: a skippable one."""
    for order in ("xx", "sxx", "xsx", "xxs", "sx", "xs", "ssxssxss", "xexx"):
        records, frames = [], []
        for letter in order:
            if letter == "x":
                some = messages(len(records) * 50, len(records) * 50 + 50)
                records.append(some if records else channel_record(1, "lap") + some)
                frames.append(compress(records[-1]))
            else:
                frames.append(SKIPPABLE if letter == "s" else compress(b""))
        with spool(frames_log(name, frames, b"".join(records), crc), tmp_path) as columns:
            assert [row["n"] for row in rows_of(columns, "lap")] == list(range(50 * len(records))), order
            assert columns.summary.loss.health == "intact", order


@each_compressor
def test_a_cut_in_the_second_frame_keeps_the_first_and_the_whole_blocks(
    tmp_path: Path, name: str, compress: Compress
) -> None:
    first, second = channel_record(1, "lap") + messages(0, 1000), messages(1000, 12_000)
    log = header() + chunk_record(first + second, compress(first) + compress(second), name)
    cut = len(header()) + 60 + len(compress(first)) + len(compress(second)) * 2 // 3
    with spool(log[:cut], tmp_path) as columns:
        got = [row["n"] for row in rows_of(columns, "lap")]
        assert got == list(range(len(got)))
        assert len(got) > 1000
        assert "truncated_chunk" in [each.reason for each in columns.summary.loss.losses]


@pytest.mark.parametrize(("name", "compress"), [("zstd", zstd_stream), ("lz4", lz4_checked)])
def test_a_damage_costs_nothing_before_its_block(name: str, compress: Compress) -> None:
    data = messages(0, 40_000)
    compressed = bytearray(compress(data))
    compressed[len(compressed) * 3 // 4] ^= 0xFF
    got = b""
    with pytest.raises(Undecompressable):
        for piece in decompress(name, io.BytesIO(compressed), Allowance(1 << 40)):
            got += piece
    assert data.startswith(got)
    assert len(got) > len(data) // 2


@each_compressor
@pytest.mark.parametrize("crc", [True, False])
def test_a_frame_that_is_missing_is_noticed(tmp_path: Path, name: str, compress: Compress, crc: bool) -> None:
    first, second = channel_record(1, "lap") + messages(0, 50), messages(50, 100)
    with spool(frames_log(name, [compress(first)], first + second, crc), tmp_path) as columns:
        assert columns.summary.message_count == 50
        assert [each.reason for each in columns.summary.loss.losses] == ["damaged_chunk"]


def test_a_chunk_that_says_too_little_is_read_whole_and_noticed(tmp_path: Path) -> None:
    records = channel_record(1, "lap") + messages(0, 50)
    for crc, losses in ((zlib.crc32(records), []), (0, ["bad_size"])):
        log = header() + chunk_record(b"", zstandard.compress(records), "zstd", len(records) // 2, crc) + END
        with spool(log, tmp_path) as columns:
            assert columns.summary.message_count == 50
            assert [each.reason for each in columns.summary.loss.losses] == losses


@each_compressor
def test_what_unpacks_without_end_is_stopped(name: str, compress: Compress) -> None:
    allowance, got = Allowance(10 << 20), 0
    with pytest.raises(TooMuch):
        for piece in decompress(name, io.BytesIO(compress(bytes(64 << 20))), allowance):
            got += len(piece)
    assert 10 << 20 <= got <= 15 << 20


def bomb(inner: bytes, times: int) -> bytes:
    chunk = chunk_record(b"", zstandard.compress(inner), "zstd", size=len(inner))
    return header() + channel_record(1, "lap") + chunk * times + message_record(1, 9, b"{}") + END


@pytest.mark.slow("hundreds of MiB")
@pytest.mark.parametrize(
    "inner", [message_record(1, 0, b"") * 100_000, b"\x03\x00\x01" + bytes(6) + bytes(1 << 20)]
)
def test_what_a_log_unpacks_is_bounded_by_its_size(tmp_path: Path, inner: bytes) -> None:
    """A small log of a thousand such chunks is read to its end, with no more than its allowance of messages."""
    log = bomb(inner, 1000)
    reader = LogReader(io.BytesIO(log), tmp_path)
    runs = list(reader.runs())
    allowed = Allowance.of(len(log)).left
    assert sum(len(run.starts) for run in runs) * 2048 < allowed + (100_000 * 2048)
    assert bytes(runs[-1].data[runs[-1].starts[-1] :][31:33]) == b"{}", "the message after it is read"
    assert reader.losses.report().losses[-1].reason == "too_much"


@pytest.mark.slow("starts the process that reads ahead")
def test_a_message_that_is_too_large_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("scan", "lookahead"):
        monkeypatch.setattr(f"paddock.readers.mcap.{module}.MAX_MESSAGE_BYTES", 10 << 20)
    large = message_record(1, 0, bytes(20 << 20))
    records = channel_record(1, "lap") + message_record(1, 1, b'{"n": 1}') + large
    for log in (records, chunk_record(records + bytes(0), zstandard.compress(records), "zstd")):
        log = header() + log + message_record(1, 2, b'{"n": 2}') + END
        reader = LogReader(io.BytesIO(log), tmp_path)
        assert sum(len(run.starts) for run in reader.runs()) in (2, 3)
    with spool(header() + records + message_record(1, 2, b'{"n": 2}') + END, tmp_path) as columns:
        assert [row["n"] for row in rows_of(columns, "lap")] == [1, 2]
        assert columns.summary.loss.undecodable == {"lap": 1}
        assert [each.reason for each in columns.summary.loss.losses] == ["large_message"]


def test_a_chunk_of_an_unknown_compression_is_lost_alone(tmp_path: Path) -> None:
    unknown = chunk_record(b"\xff" * 200, b"\xff" * 90, "brotli")
    log = header() + unknown + channel_record(1, "a") + message_record(1, 0, b"{}") + END
    with spool(log, tmp_path) as columns:
        assert columns.summary.message_count == 1
        assert [loss.reason for loss in columns.summary.loss.losses] == ["damaged_chunk"]

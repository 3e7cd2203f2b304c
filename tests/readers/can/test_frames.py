"""Frames are read as python-can reads them; damage costs the lines that it touches."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddock.readers.can import candump, wuracing
from paddock.readers.can.frame_reader import FoundInLog, FrameReader
from paddock.readers.can.frames import Frames
from tests.readers.can.dbc import FOLDER


def read(reader: FrameReader, content: bytes) -> tuple[list[tuple[Any, ...]], FoundInLog]:
    """Each frame as (time, bus, id, extended, FD, remote, data)."""
    found = FoundInLog()
    batches = list(reader(io.BytesIO(content), found, lambda _: None))
    return [row for batch in batches for row in rows(batch)], found


def rows(frames: Frames) -> list[tuple[Any, ...]]:
    data = [bytes(each[:size]) for each, size in zip(frames.data, frames.length, strict=True)]
    assert not any(each[size:].any() for each, size in zip(frames.data, frames.length, strict=True))
    columns = (frames.time_ns, frames.bus, frames.id, frames.is_extended, frames.is_fd, frames.is_remote)
    return list(zip(*(each.tolist() for each in columns), data, strict=True))


def candump_log(frames: int = 300) -> str:
    chosen = random.Random(3)
    lines = []
    for number in range(frames):
        stamp = f"({1436509052 + number // 100}.{number % 100 * 10_000:06d}) can{number % 2}"
        size = chosen.randrange(9)
        data = chosen.randbytes(size).hex().upper()
        match number % 6:
            case 0:
                lines.append(f"{stamp} {chosen.randrange(1 << 11):03X}#{data}")
            case 1:
                lines.append(f"{stamp} {chosen.randrange(1 << 29):08X}#{data}")
            case 2:
                lines.append(
                    f"{stamp} {chosen.randrange(1 << 29):08X}##{chosen.choice('01')}{chosen.randbytes(48).hex()}"
                )
            case 3:
                lines.append(f"{stamp} 123#R")
            case 4:
                lines.append(f"{stamp} {chosen.randrange(1 << 11):03X}#{data} R")
            case _:
                lines.append(f"{stamp} 7FF#")
    return "\n".join(lines) + "\n"


def test_candump_is_read_as_python_can_reads_it(tmp_path: Path) -> None:
    import can

    path = tmp_path / "run.log"
    path.write_text(candump_log())
    ours, found = read(candump.read_frames, path.read_bytes())
    with can.CanutilsLogReader(path) as reader:
        theirs = list(reader)
    assert found.buses == {"can0": 0, "can1": 1} and not found.losses.report().losses
    assert len(ours) == len(theirs) == 300
    for (time, bus, id, is_extended, is_fd, is_remote, data), message in zip(ours, theirs, strict=True):
        assert abs(time - message.timestamp * 1e9) < 1_000
        assert (f"can{bus}", id, is_extended) == (message.channel, message.arbitration_id, message.is_extended_id)
        assert (is_fd, is_remote, data) == (message.is_fd, message.is_remote_frame, bytes(message.data))


def test_error_frames_are_counted() -> None:
    ours, found = read(candump.read_frames, b"(1.000000) can0 20000004#0000000000000000\n(2.000000) can0 001#01\n")
    assert [row[2] for row in ours] == [1] and found.error_frames == 1


HANDED = [("PE3-Batt-Only.CSV", 52_006), ("LOG00121.CSV", 58_669)]


@pytest.mark.parametrize(("name", "frames"), HANDED)
def test_logs_of_wuracing(name: str, frames: int) -> None:
    path = FOLDER / "wuracing" / name
    if not path.exists():
        pytest.skip("the public CAN logs are not here: set PADDOCK_TEST_LOGS to the folder beside theirs")
    content = path.read_bytes()
    assert wuracing.recognises(content)
    ours, found = read(wuracing.read_frames, content)
    assert len(ours) == frames and found.is_relative
    lines = content.decode().splitlines()[1:]
    for (time, _, id, is_extended, *_, data), line in zip(ours, lines, strict=False):
        *when, its_id, its_data = line.split(",")
        assert (id, data) == (int(its_id, 16), bytes.fromhex(its_data)) and is_extended == (id > 0x7FF)
        if len(when) == 1:
            assert time == int(when[0]) * 1_000_000
        else:
            _, _, _, hour, minute, second, millisecond = map(int, when)
            assert time == (((hour * 60 + minute) * 60 + second) * 1000 + millisecond) * 1_000_000


def test_a_logger_with_a_clock() -> None:
    header = "year,month,day,hour,min,sec,ms,id,data\n"
    ours, found = read(wuracing.read_frames, (header + "2019,5,4,14,32,10,250,00000123,0a0b\n").encode())
    assert not found.is_relative
    assert ours == [(1_556_980_330_250_000_000, 0, 0x123, False, False, False, b"\x0a\x0b")]


def wuracing_log(frames: int = 200) -> str:
    lines = [
        f"0,0,0,1,2,{number // 50},{number % 50 * 20},{number % 7:08x},{number:016x}" for number in range(frames)
    ]
    return "\n".join(["year,month,day,hour,min,sec,ms,id,data", *lines]) + "\n"


LOGS: list[tuple[FrameReader, Callable[[], str], int]] = [
    (candump.read_frames, candump_log, 0),
    (wuracing.read_frames, wuracing_log, 1),
]


@pytest.mark.parametrize(("reader", "log", "headers"), LOGS, ids=["candump", "wuracing"])
def test_a_cut_log_has_every_frame_before_the_cut(
    reader: FrameReader, log: Callable[[], str], headers: int
) -> None:
    content = log().encode()
    whole, _ = read(reader, content)
    for cut in range(len(content) - 120, len(content)):
        ours, found = read(reader, content[:cut])
        ended = content[:cut].count(b"\n") - headers
        assert ours == whole[: len(ours)] and ended <= len(ours) <= ended + 1
        if len(ours) == ended and not content[:cut].endswith(b"\n"):
            assert [loss.reason for loss in found.losses.report().losses] == ["cut_off"]


@pytest.mark.parametrize(("reader", "log", "headers"), LOGS, ids=["candump", "wuracing"])
def test_a_damaged_line_costs_itself(reader: FrameReader, log: Callable[[], str], headers: int) -> None:
    content = log().encode()
    lines = content.splitlines(keepends=True)
    whole, _ = read(reader, content)
    chosen = random.Random(4)
    for _ in range(100):
        number = chosen.randrange(headers, len(lines))
        changed = bytearray(lines[number])
        changed[chosen.randrange(len(changed) - 1)] = chosen.choice(b"xG,# \x00\xff(")
        ours, found = read(reader, b"".join([*lines[:number], bytes(changed), *lines[number + 1 :]]))
        report = found.losses.report()
        others = whole[: number - headers] + whole[number - headers + 1 :]
        if report.losses:
            assert ours == others
            assert (report.losses[0].offset, report.losses[0].reason) == (
                sum(map(len, lines[:number])),
                "bad_record",
            )
        else:
            assert len(ours) + found.error_frames == len(whole)


@pytest.mark.parametrize("reader", [candump.read_frames, wuracing.read_frames])
def test_garbage_is_lost_and_said(reader: FrameReader) -> None:
    chosen = np.random.default_rng(2)
    content = b"head\n" + chosen.integers(0, 256, 3_000_000).astype(np.uint8).tobytes()
    ours, found = read(reader, content)
    assert not ours and found.losses.report().lost_bytes > 2_900_000
    ours, found = read(reader, b"head\n" + b"x" * 3_000_000)
    assert not ours and found.losses.report().lost_bytes == 3_000_000 + (
        len(b"head") if reader is candump.read_frames else 0
    )

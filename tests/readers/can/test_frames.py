"""Frames are read as python-can reads them; damage costs the lines that it touches."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddock.readers.can import asc, blf, candump, csv, trc, wuracing
from paddock.readers.can.frame_reader import FoundInLog, FrameReader
from paddock.readers.can.frames import Frames
from paddock.readers.registry import kind_of
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


WRITTEN: list[tuple[str, FrameReader, int]] = [
    ("asc", asc.read_frames, 0),
    ("trc", trc.read_frames, 1),
    ("blf", blf.read_frames, 0),
]
"""Those that python-can writes too, and the number of its first bus there."""


def written(path: Path, frames: int = 400) -> list[Any]:
    """A log by python-can, and what it reads of it."""
    import can

    chosen = random.Random(6)
    with can.Logger(str(path)) as writer:
        for number in range(frames):
            is_fd = path.suffix != ".trc" and number % 5 == 0
            sizes = (1, 12, 64) if is_fd else (0, 1, 5, 8)
            writer.on_message_received(
                can.Message(
                    timestamp=1_436_509_052 + number / 64,
                    arbitration_id=chosen.randrange(1 << (29 if number % 3 else 11)),
                    is_extended_id=bool(number % 3),
                    is_fd=is_fd,
                    data=chosen.randbytes(chosen.choice(sizes)),
                    channel=(path.suffix == ".trc") + number % 2,
                )
            )
    with can.LogReader(path) as reader:
        return list(reader)


@pytest.mark.parametrize(("suffix", "reader", "first_bus"), WRITTEN)
def test_it_is_read_as_python_can_does(tmp_path: Path, suffix: str, reader: FrameReader, first_bus: int) -> None:
    path = tmp_path / f"run.{suffix}"
    theirs = written(path)
    kind = kind_of(path.read_bytes())
    assert kind is not None and kind.name == suffix
    ours, found = read(reader, path.read_bytes())
    assert len(ours) == len(theirs) == 400 and not found.losses.report().losses
    began_ns, began_s = ours[0][0], theirs[0].timestamp
    for (time, bus, id, is_extended, is_fd, _, data), message in zip(ours, theirs, strict=True):
        assert abs((time - began_ns) / 1e9 - (message.timestamp - began_s)) < 1e-3
        assert (id, is_extended, is_fd) == (message.arbitration_id, message.is_extended_id, message.is_fd)
        assert (data, bus) == (bytes(message.data), message.channel - first_bus)


ASC = """date {date}
base {base}  timestamps {timestamps}
internal events logged
// version 9.0.0
Begin Triggerblock {date}
   0.000000 Start of measurement
   0.500000 1  {id}             Rx   d 2 {data}  Length = 0 BitCount = 64 ID = 256
   0.250000 2  {long}x       Tx   r
   0.250000 1  ErrorFrame
   0.250000 1  Statistic: D 1 R 0 XD 0 XR 0 E 0 O 0 B 2.06%
   0.250000 Nonsense that nobody knows
End TriggerBlock
"""
APRIL_18 = 1_776_522_720
"""2026-04-18 14:32 UTC."""


@pytest.mark.parametrize(
    ("date", "fraction"),
    [
        ("Sat Apr 18 02:32:00.250 pm 2026", 0.25),
        ("Sam Apr 18 14:32:00 2026", 0),
        ("Sam Apr 18 14:32:00,5 2026", 0.5),
    ],
)
@pytest.mark.parametrize("timestamps", ["absolute", "relative"])
@pytest.mark.parametrize(
    ("base", "id", "long", "data"),
    [("hex", "1F3", "1ABCDEF0", "0a FF"), ("dec", "499", "448585456", "10 255")],
)
def test_how_an_asc_is_written(
    date: str, fraction: float, timestamps: str, base: str, id: str, long: str, data: str
) -> None:
    log = ASC.format(date=date, base=base, timestamps=timestamps, id=id, long=long, data=data)
    ours, found = read(asc.read_frames, log.encode())
    began_ns = APRIL_18 * 10**9 + int(fraction * 1e9)
    second = 750_000_000 if timestamps == "relative" else 250_000_000
    assert ours == [
        (began_ns + 500_000_000, 0, 0x1F3, False, False, False, b"\x0a\xff"),
        (began_ns + second, 1, 0x1ABCDEF0, True, False, True, b""),
    ]
    assert found.error_frames == 1 and not found.is_relative
    (loss,) = found.losses.report().losses
    assert loss.offset == log.index("   0.250000 Nonsense") and loss.records == 1


def dated(date: str) -> str:
    return ASC.format(date=date, base="hex", timestamps="absolute", id="1", long="1", data="0 0")


def test_a_german_month_and_no_date_at_all() -> None:
    for month, number in (("Mrz", 3), ("Mai", 5), ("Okt", 10), ("Dez", 12)):
        log = dated(f"Die {month} 3 14:32:00 2026")
        (first, *_), _ = read(asc.read_frames, log.encode())
        assert np.datetime64(first[0], "ns").astype("datetime64[D]") == np.datetime64(f"2026-{number:02}-03")
    ours, found = read(asc.read_frames, dated("some day").encode())
    assert found.is_relative and ours[0][0] == 500_000_000


GVRET = """Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8
166064000,0000021A,false,Rx,0,8,FE,36,12,FE,69,05,07,AD,
166066000,18FEF100,true,Tx,1,2,0A,B,
166067000,000007FF,false,Rx,0,0,
166068000,00000800,false,Rx,0,0,
"""


def test_the_csv_of_savvycan() -> None:
    assert kind_of(GVRET.encode()) is not None
    ours, found = read(csv.read_frames, GVRET.encode())
    assert ours == [
        (166_064_000_000, 0, 0x21A, False, False, False, bytes.fromhex("FE3612FE690507AD")),
        (166_066_000_000, 1, 0x18FEF100, True, False, False, b"\x0a\x0b"),
        (166_067_000_000, 0, 0x7FF, False, False, False, b""),
    ]
    (loss,) = found.losses.report().losses
    assert found.is_relative and loss.offset == GVRET.rindex("166068000")


def test_error_frames_are_counted() -> None:
    ours, found = read(candump.read_frames, b"(1.000000) can0 20000004#0000000000000000\n(2.000000) can0 001#01\n")
    assert [row[2] for row in ours] == [1] and found.error_frames == 1


HANDED = [("PE3-Batt-Only.CSV", 52_006), ("LOG00121.CSV", 58_669)]


@pytest.mark.parametrize(("name", "frames"), HANDED)
@pytest.mark.slow("whole logs of a car")
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


def wuracing_log(frames: int) -> str:
    lines = [
        f"0,0,0,1,2,{number // 50},{number % 50 * 20},{number % 7:08x},{number:016x}" for number in range(frames)
    ]
    return "\n".join(["year,month,day,hour,min,sec,ms,id,data", *lines]) + "\n"


def asc_log(frames: int) -> str:
    lines = [f" {i // 50}.{i % 50:02}0000 1  {i % 7:X}  Rx   d 8 {bytes([i] * 8).hex(' ')}" for i in range(frames)]
    return "\n".join(["date Sat Apr 18 14:32:00 2026", "base hex timestamps absolute", *lines]) + "\n"


def trc_log(frames: int) -> str:
    lines = [f" {i} {i}.125 DT {i % 7:04X} Rx 8 {bytes([i] * 8).hex(' ')}" for i in range(frames)]
    return "\n".join([";$FILEVERSION=2.0", ";$STARTTIME=46130.5", ";$COLUMNS=N,O,T,I,d,l,D", *lines]) + "\n"


def gvret_log(frames: int) -> str:
    lines = [f"{i * 100},{i % 7:08X},false,Rx,0,8,{bytes([i] * 8).hex(',')}" for i in range(frames)]
    return "\n".join(["Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8", *lines]) + "\n"


LOGS: list[tuple[FrameReader, Callable[[int], str], int]] = [
    (candump.read_frames, candump_log, 0),
    (wuracing.read_frames, wuracing_log, 1),
    (asc.read_frames, asc_log, 2),
    (trc.read_frames, trc_log, 3),
    (csv.read_frames, gvret_log, 1),
]
LOG_NAMES = ["candump", "wuracing", "asc", "trc", "gvret"]


@pytest.mark.parametrize(("reader", "log", "headers"), LOGS, ids=LOG_NAMES)
@pytest.mark.slow("reads each log a hundred times")
def test_a_cut_log_has_every_frame_before_the_cut(
    reader: FrameReader, log: Callable[[int], str], headers: int
) -> None:
    content = log(60).encode()
    whole, _ = read(reader, content)
    for cut in range(len(content) - 120, len(content)):
        ours, found = read(reader, content[:cut])
        ended = content[:cut].count(b"\n") - headers
        assert ours == whole[: len(ours)] and ended <= len(ours) <= ended + 1
        if len(ours) == ended and not content[:cut].endswith(b"\n"):
            assert [loss.reason for loss in found.losses.report().losses] == ["cut_off"]


@pytest.mark.parametrize(("reader", "log", "headers"), LOGS, ids=LOG_NAMES)
@pytest.mark.slow("reads each log a hundred times")
def test_a_damaged_line_costs_itself(reader: FrameReader, log: Callable[[int], str], headers: int) -> None:
    content = log(60).encode()
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

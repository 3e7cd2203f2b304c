"""Lines read as tables are what they are one field after the other, also where some of them are damaged."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from paddock.columns.byte_rows import texts_at
from paddock.readers.can import asc, candump, csv, layouts, trc
from paddock.readers.can.digits import decimals_of, hexadecimals_of
from paddock.readers.can.frame_reader import FrameReader
from tests.readers.can.test_frames import candump_log, read

LINES = 900
_DIGITS = {False: "0123456789", True: "0123456789abcdefABCDEF"}


def asc_lines(head: str = "base hex timestamps absolute") -> list[str]:
    """Classic frames and those of CAN FD, on two buses."""
    chosen = random.Random(5)
    lines = ["date Sat Apr 18 14:32:00 2026", head]
    for number in range(LINES):
        time, bus, size = f"{number // 100:4}.{number % 100:02}0000", 1 + number % 2, chosen.choice((0, 2, 8, 8))
        id = f"{chosen.randrange(1 << 29):X}x" if number % 3 else f"{chosen.randrange(1 << 11):X}"
        match number % 7:
            case 6:
                size = chosen.choice((8, 12))
                name = chosen.choice(("Engine ", ""))
                data = chosen.randbytes(size).hex(" ")
                lines.append(f"{time} CANFD {bus} Rx {id} {name}1 0 {size:X} {size} {data} 0 0 1000 0 0")
            case 5 if number % 5 == 0:
                lines.append(f"{time} {bus} ErrorFrame")
            case _:
                data = chosen.randbytes(size).hex(" ").upper()
                lines.append(f"{time} {bus}  {id:15} Rx   d {size} {data}  Length = {number} BitCount = 64")
    return lines


def trc_lines() -> list[str]:
    """Version 2.1, with frames of CAN FD and of errors."""
    chosen = random.Random(6)
    lines = [";$FILEVERSION=2.1", ";$STARTTIME=46130.5", ";$COLUMNS=N,O,T,B,I,d,R,L,D"]
    for number in range(LINES):
        kind, size = chosen.choice((("DT", 8), ("DT", 8), ("DT", 3), ("FD", 12), ("RR", 8), ("ER", 4)))
        id = f"{chosen.randrange(1 << 29):08X}" if number % 3 else f"{chosen.randrange(1 << 11):04X}"
        data = "" if kind == "RR" else chosen.randbytes(size).hex(" ").upper()
        lines.append(
            f"{number + 1:7} {number * 1.25:13.3f} {kind} {1 + number % 2}  {id:>8} Rx - {size:2}    {data}"
        )
    return lines


def gvret_lines() -> list[str]:
    """Frames of two buses, some remote."""
    chosen = random.Random(7)
    lines = ["Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8"]
    for number in range(LINES):
        size = chosen.choice((8, 8, 4, 0))
        data = chosen.randbytes(size).hex(",")
        id, is_extended = (f"{chosen.randrange(1 << 29):08X}", "true") if number % 3 else ("000007FF", "false")
        said = 136 if number % 50 == 7 else size
        lines.append(f"{number * 750},{id},{is_extended},Rx,{number % 2},{said},{data},")
    return lines


LOGS: dict[str, tuple[FrameReader, Callable[[], list[str]]]] = {
    "candump": (candump.read_frames, lambda: candump_log(LINES).splitlines()),
    "asc": (asc.read_frames, asc_lines),
    "asc relative": (asc.read_frames, lambda: asc_lines("base hex timestamps relative")),
    "trc": (trc.read_frames, trc_lines),
    "gvret": (csv.read_frames, gvret_lines),
}


@pytest.mark.parametrize("name", LOGS)
def test_a_table_says_what_its_lines_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, log = LOGS[name]
    chosen = random.Random(8)
    for damaged in (0, 0, 3, 40):
        lines = [line.encode() for line in log()]
        for _ in range(damaged):
            at = chosen.randrange(4, len(lines))
            line = bytearray(lines[at])
            line[chosen.randrange(len(line))] = chosen.choice(b"0fxG,#. \t)\x00\xff\r(:")
            lines[at] = bytes(line)
        content = b"\n".join(lines) + b"\n"
        content = content[: len(content) - chosen.randrange(30)]
        ours, found = read(reader, content)
        with monkeypatch.context() as patched:
            patched.setattr(layouts, "_FEW", 1 << 30)
            theirs, theirs_found = read(reader, content)
        assert ours == theirs and len(ours) > LINES // 2
        assert found.losses.report() == theirs_found.losses.report()
        assert (found.buses, found.error_frames) == (theirs_found.buses, theirs_found.error_frames)


@pytest.mark.parametrize("is_hexadecimal", [False, True])
def test_digits_are_numbers(is_hexadecimal: bool) -> None:
    chosen = random.Random(9)
    digits, base = _DIGITS[is_hexadecimal], 16 if is_hexadecimal else 10
    for size in range(1, 16 if is_hexadecimal else 19):
        texts = ["".join(chosen.choices(digits, k=size)).encode() for _ in range(200)]
        for number in range(0, 200, 9):
            at = chosen.randrange(size)
            texts[number] = texts[number][:at] + bytes([chosen.randrange(256)]) + texts[number][at + 1 :]
        table = texts_at(np.frombuffer(b"".join(texts), np.uint8), np.arange(0, 200 * size, size), size)
        values, fine = hexadecimals_of(table) if is_hexadecimal else decimals_of(table)
        for text, value, is_fine in zip(texts, values.tolist(), fine.tolist(), strict=True):
            assert is_fine == all(chr(character) in digits for character in text)
            assert value == int(text, base) if is_fine else True

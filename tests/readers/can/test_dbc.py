"""DBC files are read as cantools reads them, and those that it refuses too."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from paddock.domain.can_database import CanDatabase, CanSignal, Condition
from paddock.readers.can.dbc import read_dbc
from tests.readers.can.dbc import SMALL, as_cantools_reads, handed


def small(changed: str = "", into: str = "") -> CanDatabase:
    assert changed in SMALL
    return read_dbc(SMALL.replace(changed, into, 1).encode())


def signal(database: CanDatabase, message: str, name: str) -> CanSignal:
    messages = [each for each in database.messages if each.name == message]
    return next(each for each in messages[0].signals if each.name == name)


def test_all_that_it_says_is_read() -> None:
    database = small()
    assert database.notices == ()
    assert [(m.name, m.id, m.is_extended, m.length) for m in database.messages] == [
        ("Engine", 256, False, 8),
        ("Battery", 0x0CFFF048, True, 8),
        ("Pressure", 512, False, 8),
    ]
    assert database.messages[0].comment == "What the engine does,\nover two lines"
    rpm = signal(database, "Engine", "Rpm")
    assert (rpm.unit, rpm.low, rpm.high, rpm.comment) == ("rpm", 0, 16000, 'Of the "crank"')
    water = signal(database, "Engine", "Water")
    assert (water.factor, water.offset, water.is_signed, water.is_big_endian) == (0.5, -40, True, False)
    assert signal(database, "Engine", "Gear").names == {0: "Neutral", 1: "First", 2: "Second"}
    assert signal(database, "Engine", "Lambda").is_big_endian
    assert signal(database, "Battery", "Fault").condition == Condition("Page", ((2, 2),))
    assert signal(database, "Pressure", "Rear").is_float


@pytest.mark.parametrize("path", handed(), ids=lambda path: path.name)
@pytest.mark.slow("a hundred databases in two readers")
def test_a_public_database_is_read_as_cantools_reads_it(path: Path) -> None:
    """Those that cantools refuses are read all the same."""
    database = read_dbc(path.read_bytes())
    theirs = as_cantools_reads(path)
    if theirs is None:
        assert database.messages
        return
    ours = {(each.id, each.is_extended): each for each in database.messages}
    assert set(ours) == {(each.frame_id, each.is_extended_frame) for each in theirs.messages}
    for expected in theirs.messages:
        message = ours[expected.frame_id, expected.is_extended_frame]
        assert (message.name, message.length) == (expected.name, expected.length)
        assert sorted(map(signal_as_read, message.signals)) == sorted(map(signal_as_they_do, expected.signals))


def signal_as_read(each: CanSignal) -> tuple[Any, ...]:
    shape = (each.start, each.length, each.is_big_endian, each.is_signed, each.is_float)
    return (each.name, *shape, each.factor, each.offset, each.unit, sorted(each.names.items()))


def signal_as_they_do(each: Any) -> tuple[Any, ...]:
    shape = (each.start, each.length, each.byte_order == "big_endian", each.is_signed, each.is_float)
    names = sorted((number, str(name)) for number, name in (each.choices or {}).items())
    return (each.name, *shape, each.scale, each.offset, each.unit or "", names)


@pytest.mark.parametrize(
    ("line", "into", "notice", "lost"),
    [
        (
            ' SG_ Rpm : 0|16@1+ (1,0) [0|16000] "rpm" Dash',
            " SG_ Rpm : 0|16",
            "Line 13: this signal cannot be read.",
            1,
        ),
        ("0|16@1+ (1,0)", "0|65@1+ (1,0)", "Line 13: Rpm has 65 bits: 1 to 64 can be read.", 1),
        ("0|16@1+ (1,0)", "600|16@1+ (1,0)", "Line 13: Rpm begins at bit 600, outside of every frame.", 1),
        ("BO_ 256 Engine: 8 ECU", "BO_ Engine", "Line 12: this is no message", 5),
        ("BO_ 512 ", "BO_ 256 ", "Line 25: Pressure has the number of Engine in line 12, which counts.", 2),
        ('CM_ SG_ 256 Rpm "', "CM_ SG_ 256 Rpm ", "this comment cannot be read: is a quote missing?", 0),
        ("Page M :", "Page :", "is multiplexed, but Battery has no multiplexer.", 0),
        ("SIG_VALTYPE_ 512 Front : 1", "SIG_VALTYPE_ 512 Front : 2", "is a float of 64 bits but has 32", 0),
    ],
)
def test_a_bad_line_costs_itself(line: str, into: str, notice: str, lost: int) -> None:
    database, whole = small(line, into), small()
    assert any(notice in each for each in database.notices), database.notices
    count = sum(len(message.signals) for message in whole.messages)
    assert sum(len(message.signals) for message in database.messages) == count - lost
    assert signal(database, "Battery", "Cell").unit == "V"


def test_a_signal_outside_of_its_message_is_said_and_kept() -> None:
    database = small("BO_ 256 Engine: 8", "BO_ 256 Engine: 2")
    assert database.notices[0] == "Line 14: Water lies outside of the 2 bytes of Engine."
    assert len(database.messages[0].signals) == 5


def test_an_id_of_29_bits_without_its_mark_is_taken_as_such() -> None:
    database = small("BO_ 256 ", "BO_ 217051208 ")
    assert (database.messages[0].id, database.messages[0].is_extended) == (0x0CEFF048, True)
    assert "taken as an extended one" in database.notices[0]


def test_a_message_that_no_frame_can_carry_is_one_of_j1939_and_that_is_said() -> None:
    text = """BO_ 2566841342 Long: 40 X
 SG_ Speed : 96|16@1+ (0.125,0) [0|0] "rpm" X
BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","StandardCAN_FD","ExtendedCAN_FD","J1939PG";
BA_ "VFrameFormat" BO_ 2566841342 {};
"""
    long = read_dbc(text.format(1).encode())
    assert long.messages[0].is_j1939 and "Long has 40 bytes and is no CAN FD" in long.notices[0]
    fd = read_dbc(text.format(3).encode())
    assert not fd.messages[0].is_j1939 and not fd.notices
    said = read_dbc(text.format(4).encode())
    assert said.messages[0].is_j1939 and not said.notices


def test_what_depends_on_itself_is_always_there() -> None:
    database = read_dbc(
        SMALL.encode() + b"SG_MUL_VAL_ 2365583432 Page Fault 1-1;\nSG_MUL_VAL_ 2365583432 Fault Page 2-2;\n"
    )
    assert any("depends on itself" in each for each in database.notices)


def test_encodings_and_line_ends() -> None:
    text = SMALL.replace("degC", "°C")
    for content in (
        text.encode(),
        text.encode("cp1252"),
        text.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + text.encode(),
    ):
        assert signal(read_dbc(content), "Engine", "Water").unit == "°C"


@pytest.mark.slow("hundreds of damaged databases")
def test_whatever_the_bytes_are_it_ends_without_an_error() -> None:
    chosen = random.Random(5)
    whole = SMALL.encode()
    for _ in range(600):
        content = bytearray(whole)
        for _ in range(chosen.randrange(1, 6)):
            at = chosen.randrange(len(content))
            how = chosen.randrange(4)
            if how == 0:
                content[at] = chosen.randrange(256)
            elif how == 1:
                del content[at : at + chosen.randrange(1, 40)]
            elif how == 2:
                content[at:at] = bytes(
                    chosen.choice((b'"', b";", b"\n", b"SG_ ", b"BO_ ", b"99999999999999999999", b"1e999"))
                )
            else:
                content = content[:at] + content[chosen.randrange(len(content)) :]
            content = content or bytearray(b"\n")
        database = read_dbc(bytes(content))
        assert len(database.messages) <= 6


@pytest.mark.slow("megabytes of quotes")
def test_a_file_of_open_quotes_is_read_in_time() -> None:
    assert read_dbc(b'CM_ BO_ 1 "\n' * 200_000).messages == ()
    assert read_dbc(b'CM_ BO_ 1 "x" ' + b"y\n" * 500_000).messages == ()

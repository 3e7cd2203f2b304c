"""J1939's transport protocol: long messages from their packets, however these come."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest

from paddock.columns.spool import SpooledColumns
from paddock.readers.can import candump
from paddock.readers.can.dbc import read_dbc
from paddock.readers.can.spool import spool_frames
from tests.readers.can.dbc import FOLDER

DATABASE = read_dbc(
    b"BO_ 2566841342 EC1: 40 X\n"
    b' SG_ Point1 : 0|16@1+ (0.125,0) [0|8031] "rpm" X\n'
    b' SG_ Point5 : 96|16@1+ (0.125,0) [0|8031] "rpm" X\n'
    b' SG_ Last : 312|8@1+ (1,0) [0|0] "" X\n'
    b"BO_ 2564490494 Told: 20 X\n"
    b' SG_ First : 0|8@1+ (1,0) [0|0] "" X\n'
    b'BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","reserved","J1939PG";\n'
    b'BA_ "VFrameFormat" BO_ 2566841342 3;\n'
    b'BA_ "VFrameFormat" BO_ 2564490494 3;\n'
)
EC1 = 2566841342 >> 8 & 0x3FFFF
"""A group for all."""
TOLD = 2564490494 >> 8 & 0x3FF00
"""A group for one receiver."""


class Log:
    """Frames a millisecond apart."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.time = 10.0

    def frame(self, format_: int, receiver: int, sender: int, data: list[int]) -> None:
        id = 0x1C << 24 | format_ << 16 | receiver << 8 | sender
        self.lines.append(f"({self.time:.6f}) can0 {id:08X}#{bytes(data).hex()}\n")
        self.time += 0.001

    def connect(self, control: int, group: int, size: int, *, receiver: int = 0xFF, sender: int = 0) -> None:
        head = [control, size & 0xFF, size >> 8, -(-size // 7) & 0xFF, 0xFF, *group.to_bytes(3, "little")]
        self.frame(0xEC, receiver, sender, head)

    def packet(self, number: int, message: bytes, *, receiver: int = 0xFF, sender: int = 0) -> None:
        part = message[7 * (number - 1) : 7 * number]
        self.frame(0xEB, receiver, sender, [number, *part.ljust(7, b"\xff")])

    def send(self, message: bytes, group: int = EC1, **ends: int) -> None:
        self.connect(16 if "receiver" in ends else 32, group, len(message), **ends)
        for number in range(1, -(-len(message) // 7) + 1):
            self.packet(number, message, **ends)

    def read(self, folder: Path) -> SpooledColumns:
        log = io.BytesIO("".join(self.lines).encode())
        return spool_frames(candump.read_frames, log, folder, databases={"": DATABASE})


def values(columns: SpooledColumns, topic: str) -> list[dict[str, Any]]:
    (channel,) = (each for each in columns.channels if each.topic == topic)
    return [row for batch in columns.read(channel) for row in batch.messages.to_pylist()]


def message_of(number: int) -> bytes:
    return (
        (8 * number).to_bytes(2, "little") + bytes(10) + (16 * number).to_bytes(2, "little") + bytes(25) + b"\x07"
    )


def row(number: int) -> dict[str, Any]:
    return {"Point1": float(number), "Point5": 2.0 * number, "Last": 7}


def test_to_all_and_to_one(tmp_path: Path) -> None:
    log = Log()
    log.send(message_of(1))
    log.send(message_of(2), sender=3)
    log.connect(17, TOLD, 20, receiver=5, sender=9)  # an answer alone
    log.send(bytes([42, *range(19)]), TOLD, receiver=9, sender=5)
    with log.read(tmp_path) as read:
        assert values(read, "EC1") == [row(1), row(2)] and values(read, "Told") == [{"First": 42}]
        said = read.summary.facts.said
        assert said["transport_frames"] == str(len(log.lines)) and said["unknown"] == "0"
        assert "19 frames of J1939's transport protocol: 3 long messages." in read.summary.notices
        (first,) = (each for each in read.summary.channels if each.topic == "EC1")
        assert first.started_ns == 10_006_000_000, "the time of its last packet"
        assert "0x1CEBFF00" in {channel.topic for channel in read.channels}, "packets stay as bytes too"


def test_senders_at_once(tmp_path: Path) -> None:
    chosen = random.Random(1)
    log = Log()
    waiting = {sender: [0, *range(1, 7)] for sender in range(12)}
    while waiting:
        sender = chosen.choice(list(waiting))
        number = waiting[sender].pop(0)
        if number:
            log.packet(number, message_of(sender), sender=sender)
        else:
            log.connect(32, EC1, 40, sender=sender)
        if not waiting[sender]:
            del waiting[sender]
    with log.read(tmp_path) as read:
        assert sorted(each["Point1"] for each in values(read, "EC1")) == [float(sender) for sender in range(12)]


def test_a_lost_packet_costs_its_message(tmp_path: Path) -> None:
    log = Log()
    for number in range(6):
        log.send(message_of(number))
    whole = log.lines
    log.lines = [line for place, line in enumerate(whole) if place not in (3, 7 + 6, 4 * 7)]
    with log.read(tmp_path) as read:
        assert values(read, "EC1") == [row(number) for number in (2, 3, 5)]
        assert any("3 long messages, 2 more lack a part." in notice for notice in read.summary.notices)


def test_packets_again_and_in_another_order(tmp_path: Path) -> None:
    log = Log()
    log.connect(16, EC1, 40, receiver=8, sender=1)
    for number in (1, 2, 2, 4, 3, 1, 6, 5):
        log.packet(number, message_of(9), receiver=8, sender=1)
    with log.read(tmp_path) as read:
        assert values(read, "EC1") == [row(9)]


def test_a_sender_that_is_silent_too_long_or_gives_up(tmp_path: Path) -> None:
    log = Log()
    log.connect(32, EC1, 40)
    log.packet(1, message_of(1))
    log.time += 2
    for number in range(2, 7):
        log.packet(number, message_of(1))
    log.connect(16, EC1, 40, receiver=8, sender=1)
    log.packet(1, message_of(2), receiver=8, sender=1)
    log.frame(0xEC, 1, 8, [255, 3, 255, 255, 255, *EC1.to_bytes(3, "little")])
    for number in range(2, 7):
        log.packet(number, message_of(2), receiver=8, sender=1)
    with log.read(tmp_path) as read:
        assert "EC1" not in {channel.topic for channel in read.channels}
        assert any(
            "no long message" in notice or "0 long messages, 2 more" in notice for notice in read.summary.notices
        )


def test_heads_that_cannot_be(tmp_path: Path) -> None:
    log = Log()
    log.connect(32, EC1, 2_000)
    log.frame(0xEC, 0xFF, 0, [32, 40, 0, 9, 0xFF, *EC1.to_bytes(3, "little")])
    log.frame(0xEC, 0xFF, 0, [32, 40])
    log.packet(1, message_of(1), sender=77)
    with log.read(tmp_path) as read:
        assert any("0 long messages, 2 more lack a part." in notice for notice in read.summary.notices)


def test_batches_make_no_difference(tmp_path: Path, monkeypatch: Any) -> None:
    from paddock.readers.can import spool

    monkeypatch.setattr(spool, "BATCH_FRAMES", 3)
    log = Log()
    for number in range(4):
        log.send(message_of(number))
    with log.read(tmp_path) as read:
        assert values(read, "EC1") == [row(number) for number in range(4)]


def test_without_a_database_of_j1939_frames_are_frames(tmp_path: Path) -> None:
    log = Log()
    log.send(message_of(1))
    content = io.BytesIO("".join(log.lines).encode())
    with spool_frames(candump.read_frames, content, tmp_path, databases={}) as read:
        assert {channel.topic for channel in read.channels} == {"0x1CECFF00", "0x1CEBFF00"}


def test_the_public_log(tmp_path: Path) -> None:
    path = FOLDER / "pretty_j1939" / "test_tp_frames.txt"
    if not path.exists():
        pytest.skip("the public CAN logs are not here: set PADDOCK_TEST_LOGS to the folder beside theirs")
    with spool_frames(
        candump.read_frames, io.BytesIO(path.read_bytes()), tmp_path, databases={"": DATABASE}
    ) as read:
        assert values(read, "0x1800FF00") == [{"data": bytes([1, 2, 3, 4, 5, 6, 7, 1, 2])}]

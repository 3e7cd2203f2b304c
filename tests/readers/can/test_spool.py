"""A log of frames becomes columns by its databases, and nothing of it is left out in silence."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from paddock.columns.spool import SpooledColumns
from paddock.domain.can_database import CanDatabase
from paddock.readers.can import candump, spool
from paddock.readers.can.dbc import read_dbc
from paddock.readers.can.spool import spool_frames
from tests.readers.can.dbc import SMALL

SMALL_DATABASE = read_dbc(SMALL.encode())


def columns(
    log: str, directory: Path, databases: Mapping[str, CanDatabase] | None = None, **options: Any
) -> SpooledColumns:
    databases = {"": SMALL_DATABASE} if databases is None else databases
    return spool_frames(candump.read_frames, io.BytesIO(log.encode()), directory, databases=databases, **options)


def values(columns: SpooledColumns) -> dict[str, list[Any]]:
    return {
        channel.topic: [row for batch in columns.read(channel) for row in batch.messages.to_pylist()]
        for channel in columns.channels
    }


LOG = """(10.000000) can0 100#E803A0
(10.100000) can0 100#D007A00000000000
(10.200000) can0 0CFFF048#0010000000000000
(10.300000) can0 321#0102
(10.400000) can0 100#R
(10.500000) can0 20000001#00
"""


def test_messages_become_channels(tmp_path: Path) -> None:
    with columns(LOG, tmp_path) as read:
        assert values(read) == {
            "Engine": [
                {"Rpm": 1000, "Water": -88.0, "Gear": None, "Running": None, "Lambda": None},
                {"Rpm": 2000, "Water": -88.0, "Gear": 0, "Running": False, "Lambda": 0.0},
            ],
            "Battery": [{"Page": 0, "Cell": 0.016, "Fault": None}],
            "0x321": [{"data": b"\x01\x02"}],
        }
        summary = read.summary
        assert (summary.message_count, summary.started_ns, summary.ended_ns) == (4, 10 * 10**9, 10_400_000_000)
        assert summary.facts.said == {
            "frames": "5",
            "decoded": "3",
            "unknown": "1",
            "too_short": "1",
            "remote_frames": "1",
            "error_frames": "1",
        }
        assert summary.notices == (
            "The database does not know 1 frame with 1 id, kept as bytes: 0x321.",
            "1 remote frame ask for a message and carry none: left out.",
            "The bus reports 1 error frame.",
            "1 frame of the 2 of Engine are too short for all of its signals.",
        )
        engine = next(channel for channel in read.channels if channel.topic == "Engine")
        assert engine.enums == {"Gear": {0: "Neutral", 1: "First", 2: "Second"}}


def test_without_a_database_all_bytes_are_kept(tmp_path: Path) -> None:
    with columns(LOG, tmp_path, {}) as read:
        assert set(values(read)) == {"0x100", "0x0CFFF048", "0x321"}
        assert "There is no database for this log: 4 frames with 3 ids are kept as bytes." in read.summary.notices


def test_several_buses_are_told_apart(tmp_path: Path) -> None:
    log = LOG + "(11.000000) can1 100#0A00\n"
    with columns(log, tmp_path, {"can1": SMALL_DATABASE}) as read:
        found = values(read)
        assert found["can1/Engine"][0]["Rpm"] == 10
        assert set(found) == {"can1/Engine", "can0/0x100", "can0/0x0CFFF048", "can0/0x321"}


def test_only_the_topics_that_are_asked_for(tmp_path: Path) -> None:
    with columns(LOG, tmp_path, topics=lambda topic: topic == "Battery") as read:
        assert set(values(read)) == {"Battery"}


def test_more_ids_than_anybody_lists_are_kept_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_MAX_CHANNELS", 3)
    log = "".join(f"({number}.000000) can0 {number:03X}#{number:02X}\n" for number in range(1, 9))
    with columns(log, tmp_path, {}) as read:
        assert len(read.channels) == 4
        assert [row["data"] for row in values(read)["other_ids"]] == [bytes([number]) for number in range(4, 9)]


def test_batches_do_not_change_the_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = "".join(f"({number}.000000) can{number % 2} 100#{number:04X}\n" for number in range(1, 900))
    with columns(log, tmp_path) as read:
        whole = values(read)
    monkeypatch.setattr(spool, "BATCH_FRAMES", 10)
    with columns(log, tmp_path) as read:
        assert values(read) == whole


def test_parameter_groups_are_known_from_every_source(tmp_path: Path) -> None:
    database = read_dbc(
        b'BO_ 2364540158 EEC1: 8 X\n SG_ EngineSpeed : 24|16@1+ (0.125,0) [0|8031] "rpm" X\n'
        b'BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","reserved","J1939PG";\n'
        b'BA_ "VFrameFormat" BO_ 2364540158 3;\n'
    )
    log = "(1.000000) can0 0CF00400#207D87481400F087\n(2.000000) can0 18F00417#000000FFFF000000\n"
    with columns(log, tmp_path, {"": database}) as read:
        assert values(read) == {"EEC1": [{"EngineSpeed": 649.0}, {"EngineSpeed": None}]}


def test_signals_have_the_units_of_the_database(tmp_path: Path) -> None:
    with columns(LOG, tmp_path) as read:
        units = {signal.name: signal.log_unit for signal in read.summary.signals}
        assert units["Engine.Rpm"] == "rpm" and units["Battery.Cell"] == "V" and units["Engine.Gear"] == ""
        assert {channel.topic: channel.units for channel in read.channels}["Engine"] == {
            "Rpm": "rpm",
            "Water": "degC",
        }
        assert read.summary.facts.has_clock

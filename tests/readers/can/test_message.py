"""Frames become the values that cantools makes of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddock.domain.can_database import CanDatabase, CanMessage
from paddock.readers.can.dbc import read_dbc
from paddock.readers.can.message import MessageDecoder
from tests.readers.can.dbc import SMALL, as_cantools_reads, handed

FRAMES = 24


def frames_of(message: CanMessage, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Random data, some of it small so that multiplexers have values that are known; some frames are short."""
    chosen = np.random.default_rng(seed)
    width = 8 if message.length <= 8 else 64
    length = np.full(FRAMES, min(message.length, width), np.uint8)
    length[FRAMES // 2 :] = chosen.integers(0, min(message.length, width) + 1, FRAMES // 2)
    data = chosen.integers(0, 256, (FRAMES, width)).astype(np.uint8)
    data[::3] = chosen.integers(0, 5, (len(data[::3]), width))
    data[np.arange(width) >= length[:, None]] = 0
    return data, length


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, float) and isinstance(ours, float) and math.isnan(theirs):
        return math.isnan(ours)
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(ours, theirs, rel_tol=1e-14)


def differences(database: CanDatabase, theirs: Any) -> tuple[int, list[tuple[Any, ...]]]:
    compared, found = 0, []
    expected = {(each.frame_id, each.is_extended_frame): each for each in theirs.messages}
    for message in database.messages:
        data, length = frames_of(message)
        rows = MessageDecoder(message).decode(data, length).to_pylist()
        for row, frame, size in zip(rows, data, length, strict=True):
            try:
                reference = reference_of(message, expected[message.id, message.is_extended], bytes(frame[:size]))
            except Exception:  # no branch for the multiplexer's value, or a signal outside of its message
                continue
            compared += len(row)
            found += [
                (message.name, name, value, reference.get(name))
                for name, value in row.items()
                if not same(value, reference.get(name))
            ]
    return compared, found


def reference_of(message: CanMessage, theirs: Any, data: bytes) -> dict[str, Any]:
    """By cantools, less what J1939 says is not available: all bits are set."""
    values: dict[str, Any] = theirs.decode(data, decode_choices=False, allow_truncated=True)
    if message.is_j1939:
        raw = theirs.decode(data, decode_choices=False, allow_truncated=True, scaling=False)
        for each in message.signals:
            all_set = (1 << each.length) - 1
            is_number = each.length > 1 and not each.is_signed and all_set not in each.names
            if is_number and raw.get(each.name) == all_set:
                values[each.name] = None
    return values


def test_all_shapes_of_signals(tmp_path: Path) -> None:
    path = tmp_path / "small.dbc"
    path.write_text(SMALL)
    compared, found = differences(read_dbc(SMALL.encode()), as_cantools_reads(path))
    assert compared > 100 and not found


@pytest.mark.parametrize("path", handed(), ids=lambda path: path.name)
@pytest.mark.slow("every message of a hundred databases")
def test_values_are_those_of_cantools(path: Path) -> None:
    theirs = as_cantools_reads(path)
    if theirs is None:
        return  # test_dbc.py shows that ours is read
    _, found = differences(read_dbc(path.read_bytes()), theirs)
    if path.name == "vw_pq.dbc":
        # Its multiplexer is marked by a lower-case m alone: cantools takes it as a value of itself, so that the
        # signals of its branches are never there.
        assert {message for message, *_ in found} == {"Motor_2"}
    else:
        assert not found


def test_what_a_value_is() -> None:
    database = read_dbc(SMALL.encode())
    engine, battery, pressure = map(MessageDecoder, database.messages)
    kinds = {field.name: str(field.type) for field in engine.fields}
    assert kinds == {"Rpm": "uint16", "Water": "double", "Gear": "int32", "Running": "bool", "Lambda": "double"}
    assert engine.enums == {"Gear": {0: "Neutral", 1: "First", 2: "Second"}} and engine.units["Rpm"] == "rpm"
    assert str(pressure.fields.field("Front").type) == "float"
    assert battery.fields.names == ["Page", "Cell", "Fault"], "one column for the name that two branches share"


def test_a_value_is_there_only_while_its_branch_is() -> None:
    battery = MessageDecoder(read_dbc(SMALL.encode()).messages[1])
    data = np.array([[0, 16, 14, 0, 0, 0, 0, 0], [1, 0, 0, 1, 2, 0, 0, 0], [2, 7, 0, 0, 0, 0, 0, 0]], np.uint8)
    assert battery.decode(data, np.full(3, 8, np.uint8)).to_pylist() == [
        {"Page": 0, "Cell": 3.6, "Fault": None},
        {"Page": 1, "Cell": 0.513, "Fault": None},
        {"Page": 2, "Cell": None, "Fault": 7},
    ]


def test_a_short_frame_has_no_padded_values() -> None:
    engine = MessageDecoder(read_dbc(SMALL.encode()).messages[0])
    data = np.array([[1, 0, 0, 0, 0, 0, 0, 0]], np.uint8)
    assert engine.decode(data, np.array([2], np.uint8)).to_pylist() == [
        {"Rpm": 1, "Water": None, "Gear": None, "Running": None, "Lambda": None}
    ]


def test_no_frames_make_no_rows() -> None:
    for message in read_dbc(SMALL.encode()).messages:
        assert len(MessageDecoder(message).decode(np.zeros((0, 8), np.uint8), np.zeros(0, np.uint8))) == 0

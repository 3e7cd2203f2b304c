"""MDF 4: every frame, however the file is laid out, and all that are before a cut."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from paddock.readers.can import mf4, mf4_records
from paddock.readers.registry import kind_of
from tests.readers.can.dbc import FOLDER
from tests.readers.can.mf4 import BEGAN_NS, Frame, some_frames, sorted_by_kind, unsorted
from tests.readers.can.test_frames import read

FRAMES = some_frames()
ERRORS = sum(frame.id is None for frame in FRAMES)
LOGGED = unsorted(FRAMES)


def expected(frames: list[Frame]) -> list[tuple[Any, ...]]:
    return [
        (
            BEGAN_NS + frame.time_ns,
            frame.bus,
            frame.id,
            frame.is_extended,
            frame.is_fd,
            frame.is_remote,
            frame.data,
        )
        for frame in frames
        if frame.id is not None
    ]


@pytest.mark.parametrize(
    "content",
    [
        LOGGED,
        unsorted(FRAMES, is_finished=True),
        unsorted(FRAMES, is_finished=True, packing="list"),
        unsorted(FRAMES, is_finished=True, packing="packed", id_bytes=2),
        unsorted(FRAMES, id_bytes=8),
        sorted_by_kind(FRAMES),
        sorted_by_kind(FRAMES, packing="list"),
        sorted_by_kind(FRAMES, packing="packed"),
        sorted_by_kind(FRAMES, packing="transposed"),
        sorted_by_kind(FRAMES, packing="transposed", piece=46),
        sorted_by_kind(FRAMES, packing="list", in_stream=False),
        sorted_by_kind(FRAMES, packing="transposed", in_stream=False, piece=1_000),
    ],
    ids=[
        "as logged",
        "finished",
        "in a list",
        "packed, two bytes of id",
        "eight bytes of id",
        "sorted",
        "sorted in a list",
        "sorted and packed",
        "transposed",
        "transposed, two records each",
        "data in the record",
        "data in the record, transposed",
    ],
)
def test_every_way_to_lay_them_out(content: bytes) -> None:
    assert (kind := kind_of(content)) is not None and kind.name == "mf4"
    ours, found = read(mf4.read_frames, content)
    assert ours == expected(FRAMES)
    assert found.error_frames == ERRORS and not found.losses.report().losses and not found.is_relative
    assert found.buses == {"CAN1": 1, "CAN2": 2} and found.said == {"library": "tests"}


def test_small_parts_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    from paddock.readers.can import mf4_blocks

    frames = some_frames(40)
    for part in (7, 64, 333):
        monkeypatch.setattr(mf4_blocks, "_PART_BYTES", part)
        for content in (unsorted(frames), sorted_by_kind(frames)):
            ours, found = read(mf4.read_frames, content)
            assert ours == expected(frames) and not found.losses.report().losses


def test_data_may_stand_in_front_of_its_frame() -> None:
    """Which record of data it is the frame says, not their order."""
    frames = [Frame(n, data=bytes([n]) * (1 + n % 8)) for n in range(40)]
    content = unsorted(frames, is_finished=True)
    first = len(unsorted([], is_finished=True))
    records, at = [], first
    for frame in frames:
        records.append((content[at : at + 24], content[at + 24 : at + 29 + len(frame.data)]))
        at += 29 + len(frame.data)
    turned = content[:first] + b"".join(data + frame for frame, data in records) + content[at:]
    ours, found = read(mf4.read_frames, turned)
    assert ours == expected(frames) and not found.losses.report().losses


@pytest.mark.parametrize("is_finished", [False, True])
@pytest.mark.slow("reads each log a hundred times")
def test_a_cut_log_has_every_frame_before_the_cut(is_finished: bool) -> None:
    frames = some_frames(60)
    content, whole = unsorted(frames, is_finished=is_finished), expected(frames)
    begin = len(unsorted([]))
    before = 0
    for cut in range(begin, len(content), 13):
        ours, _ = read(mf4.read_frames, content[:cut])
        assert ours == whole[: len(ours)] and len(ours) >= before
        size = 0
        complete = 0
        for frame in frames:
            size += 16 if frame.what != "CAN_DataFrame" else 24 + 5 + len(frame.data)
            complete += frame.id is not None and size <= cut - begin
        assert len(ours) == complete
        before = len(ours)
    assert before > len(whole) - 4


@pytest.mark.parametrize("packing", ["list", "packed", "transposed"])
@pytest.mark.slow("hundreds of damaged logs")
def test_a_damaged_block_costs_itself(packing: str) -> None:
    content = sorted_by_kind(FRAMES, packing=packing, in_stream=False, piece=79 * 4)
    whole = expected(FRAMES)
    kinds = {"list": b"##DT", "packed": b"##DZ", "transposed": b"##DZ"}[packing]
    places = [at for at in range(0, len(content), 8) if content.startswith(kinds, at)][::3]
    for at in places:
        bad = bytearray(content)
        bad[at : at + 4] = b"##XX"
        ours, found = read(mf4.read_frames, bytes(bad))
        assert set(ours) < set(whole) or len(ours) == len(whole)
        assert len(ours) >= len(whole) - 25
        assert found.losses.report().losses[0].reason == "bad_chunk"


@pytest.mark.slow("hundreds of damaged logs")
def test_garbage_between_records_costs_what_it_covers() -> None:
    whole = expected(FRAMES)
    chosen = random.Random(9)
    begin = len(unsorted([]))
    for _ in range(60):
        at = chosen.randrange(begin, len(LOGGED) - 300)
        size = chosen.randrange(1, 40)
        bad = LOGGED[:at] + chosen.randbytes(size).replace(b"\1", b"\x77") + LOGGED[at + size :]
        ours, _ = read(mf4.read_frames, bad)
        # At most one frame more on each side, and no value that the log does not have unless a byte of it changed.
        assert len(ours) >= len(whole) - 8
        assert len(set(ours) - set(whole)) <= 3


def test_a_file_of_something_else_says_so() -> None:
    ours, found = read(mf4.read_frames, sorted_by_kind([]).replace(b"CAN_", b"LIN_"))
    assert not ours and "no frames of a CAN bus" in found.oddities[0]


def test_values_alone_are_records_in_a_list_of_their_own() -> None:
    content = sorted_by_kind(FRAMES, packing="list").replace(b"##DL", b"##LD").replace(b"##DT", b"##DV")
    ours, found = read(mf4.read_frames, content)
    assert ours == expected(FRAMES) and not found.losses.report().losses


def test_frames_by_column_are_refused_in_words() -> None:
    whole = sorted_by_kind(FRAMES)
    flags = whole.index(b"##CG") + 24 + 6 * 8 + 16
    content = whole[:flags] + b"\x08" + whole[flags + 1 :]
    ours, found = read(mf4.read_frames, content)
    assert not ours and found.losses.report().health != "intact"
    assert "by column (MDF 4.2)" in found.oddities[0] and "MDF 4.1" in found.oddities[0]


def test_a_logger_without_a_clock() -> None:
    content = bytearray(LOGGED)
    content[64 + 72 : 64 + 80] = bytes(8)
    ours, found = read(mf4.read_frames, bytes(content))
    assert found.is_relative and ours[0][0] == FRAMES[0].time_ns


@pytest.mark.slow("hundreds of damaged logs")
def test_whatever_the_bytes_are_it_ends_without_an_error() -> None:
    chosen = random.Random(8)
    contents = [LOGGED, *(sorted_by_kind(FRAMES, packing=each) for each in ("list", "packed", "transposed"))]
    for _ in range(200):
        content = bytearray(chosen.choice(contents))
        for _ in range(chosen.randrange(1, 8)):
            at = chosen.randrange(8, len(content))
            if chosen.randrange(4) == 0:
                del content[at : at + chosen.randrange(1, 50)]
            else:
                content[at] = chosen.choice((0, 255, chosen.randrange(256)))
        ours, _ = read(mf4.read_frames, bytes(content))
        assert len(ours) <= 3 * len(FRAMES)


HANDED = [
    ("17BD1DB7/00000170.MF4", 2_010),
    ("2F6913DB/00000001.MF4", 5_588),
    ("94C49784/00000002.MF4", 9_600),
    ("94C49784/00000017-6099D010.MF4", 84_730),
    ("FCBF0606/00000001-60B621D9.MF4", 1_815),
]


@pytest.mark.parametrize(("name", "frames"), HANDED)
@pytest.mark.slow("whole logs of a car")
def test_logs_of_canedge(name: str, frames: int) -> None:
    path = FOLDER / "css" / name
    if not path.exists():
        pytest.skip("the public CAN logs are not here: set PADDOCK_TEST_LOGS to the folder beside theirs")
    ours, found = read(mf4.read_frames, path.read_bytes())
    assert len(ours) == frames and not found.losses.report().losses
    assert [row[0] for row in ours] == sorted(row[0] for row in ours)


def test_groups_are_put_in_order_of_time() -> None:
    """However the frames lie in batches."""
    frames = some_frames(500, seed=4)
    for together in (50, 1 << 14):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mf4, "_TOGETHER", together)
            ours, _ = read(mf4.read_frames, sorted_by_kind(frames))
        assert ours == expected(frames)


def test_where_frames_say_nothing_of_their_data_it_follows_them() -> None:
    frames, offsets, data, sizes = (np.array(each) for each in ([0, 50], [0, 0], [24, 74], [9, 9]))
    assert mf4_records.paired(frames, offsets, data, sizes, 0).tolist() == [0, 1]


def test_places_that_no_file_has_cost_their_frames() -> None:
    content = bytearray(sorted_by_kind(FRAMES))
    at = content.index(b"##DT") + 24 + 15
    for number in range(150):
        content[at + 23 * number : at + 23 * number + 8] = b"\xff" * 8
    ours, found = read(mf4.read_frames, bytes(content))
    assert set(ours) < set(expected(FRAMES)) and found.losses.report().lost_records > 100

"""BLF: every object that carries frames, in every kind of container, damaged or not."""

from __future__ import annotations

import random

import pytest

from paddock.readers.can import blf
from paddock.readers.registry import kind_of
from tests.readers.can.blf import BEGAN_NS, can, can_fd_64, container, file_of, frames, object_of
from tests.readers.can.test_frames import read

OBJECTS = frames()
STREAM = b"".join(OBJECTS)
WHOLE = file_of(container(STREAM))
PARTS = [STREAM[at : at + 300] for at in range(0, len(STREAM), 300)]
"""Objects go from one container on into the next."""


def test_what_an_object_says() -> None:
    assert (kind := kind_of(WHOLE)) is not None and kind.name == "blf"
    ours, found = read(blf.read_frames, WHOLE)
    assert len(ours) == len(OBJECTS) and not found.losses.report().losses and not found.is_relative
    assert ours[:5] == [
        (BEGAN_NS, 0, 0x123, False, True, False, bytes(8) + b"\1\2\3\4"),
        (BEGAN_NS + 7_812_500, 0, 0x18FEF100, True, False, False, b"\1" * 8),
        (BEGAN_NS + 15_625_000, 1, 0x456, False, True, False, b"\2" * 16),
        (BEGAN_NS + 23_437_500, 0, 0x7FF, False, False, True, b""),
        (BEGAN_NS + 31_250_000, 1, 0x100, False, False, False, b"\4" * 3),
    ]


@pytest.mark.parametrize(
    "content",
    [
        file_of(container(STREAM, packed=False)),
        file_of(STREAM),
        file_of(*map(container, PARTS)),
        file_of(*(container(part, packed=number % 2 == 0) for number, part in enumerate(PARTS))),
        file_of(*map(container, PARTS[:-1]), container(PARTS[-1], size_known=False)),
    ],
    ids=["not packed", "no container", "objects over containers", "some packed", "the last one without its size"],
)
def test_every_way_to_contain_them(content: bytes) -> None:
    ours, found = read(blf.read_frames, content)
    assert ours == read(blf.read_frames, WHOLE)[0] and not found.losses.report().losses


def test_others_and_errors_are_passed_over() -> None:
    others = object_of(65, b"a comment of the driver", 5) + object_of(73, bytes(32), 6) + object_of(2, bytes(8), 7)
    ours, found = read(blf.read_frames, file_of(container(others + STREAM)))
    assert len(ours) == len(OBJECTS) and found.error_frames == 2


@pytest.mark.parametrize(
    "body",
    [can(0x800, b"\1"), can(0x80000000 | 1 << 29, b"\1"), can_fd_64(0x1, 15, bytes(64))[:-20]],
    ids=["12 bits", "30 bits", "less data than it says"],
)
def test_a_frame_that_cannot_be_costs_itself(body: bytes) -> None:
    bad = object_of(101 if len(body) > 16 else 1, body, 3)
    ours, found = read(blf.read_frames, file_of(container(bad + STREAM)))
    assert ours == read(blf.read_frames, WHOLE)[0]
    assert [(loss.reason, loss.records) for loss in found.losses.report().losses] == [("bad_record", 1)]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.slow("reads each log a hundred times")
def test_a_cut_log_has_all_before_the_cut(packed: bool) -> None:
    content = file_of(*(container(part, packed=packed) for part in PARTS))
    whole, _ = read(blf.read_frames, content)
    before = 0
    for cut in range(0, len(content), 37):
        ours, _ = read(blf.read_frames, content[:cut])
        assert ours == whole[: len(ours)] and len(ours) >= before
        before = len(ours)
    assert before > len(whole) - 6


@pytest.mark.slow("reads each log a hundred times")
def test_a_cut_log_without_containers_has_no_zeros_for_what_is_cut_off() -> None:
    whole, _ = read(blf.read_frames, file_of(STREAM))
    content = file_of(STREAM)
    for cut in range(len(content) - 200, len(content)):
        ours, _ = read(blf.read_frames, content[:cut])
        assert ours == whole[: len(ours)] and len(ours) >= len(whole) - 4


def test_a_damaged_container_costs_itself() -> None:
    containers = [container(b"".join(OBJECTS[at : at + 4])) for at in range(0, len(OBJECTS), 4)]
    whole, _ = read(blf.read_frames, file_of(*containers))
    for number in range(len(containers)):
        bad = bytearray(containers[number])
        bad[40] ^= 0xFF
        ours, found = read(blf.read_frames, file_of(*containers[:number], bytes(bad), *containers[number + 1 :]))
        assert ours == whole[: number * 4] + whole[number * 4 + 4 :]
        assert found.losses.report().losses[0].reason == "bad_chunk"


@pytest.mark.slow("hundreds of broken logs")
def test_whatever_the_bytes_are_it_ends_without_an_error() -> None:
    chosen = random.Random(8)
    contents = [file_of(*map(container, PARTS)), file_of(STREAM)]
    for _ in range(150):
        content = bytearray(chosen.choice(contents))
        for _ in range(chosen.randrange(1, 8)):
            at = chosen.randrange(4, len(content))
            if chosen.randrange(4) == 0:
                del content[at : at + chosen.randrange(1, 50)]
            else:
                content[at] = chosen.choice((0, 255, chosen.randrange(256)))
        ours, _ = read(blf.read_frames, bytes(content))
        assert len(ours) <= len(OBJECTS) + 2

"""A process that reads ahead gives what reading here gives, says why it cannot, and never stays."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from paddock.errors import Unavailable
from paddock.readers.can import candump, read_ahead
from paddock.readers.can.dbc import read_dbc
from paddock.readers.can.frame_reader import FoundInLog, FrameReader
from paddock.readers.can.frames import Frames
from paddock.readers.can.read_ahead import read_in_batches
from paddock.readers.can.spool import spool_frames
from tests.readers.can.dbc import SMALL
from tests.readers.can.test_frames import candump_log, rows

pytestmark = pytest.mark.slow("it starts processes")
Progress = Callable[[float], None]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[BinaryIO]:
    """Some thousand frames, every hundredth of them damaged."""
    lines = [
        line if number % 100 else "(12 can0 123#" for number, line in enumerate(candump_log(4_000).split("\n"))
    ]
    path = tmp_path / "run.log"
    path.write_text("\n".join(lines))
    with path.open("rb") as file:
        yield file


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever threads the tests have: the process does nothing that needs their locks."""
    monkeypatch.setattr(read_ahead, "_FROM_BYTES", 0)
    monkeypatch.setattr(read_ahead, "fork_is_safe", lambda: True)


def as_they_come(frames: Iterator[Frames]) -> Iterator[Frames]:
    return frames


def said_of(found: FoundInLog) -> object:
    return found.losses.report(), found.buses, found.error_frames, found.is_relative, found.oddities


def test_it_is_what_is_read_here(log: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    read, pids = [], []

    def watched(log: BinaryIO, found: FoundInLog, progress: Progress) -> Iterator[Frames]:
        found.said["pid"] = str(os.getpid())
        yield from candump.read_frames(log, found, progress)

    for _ in range(2):
        found, shares = FoundInLog(), list[float]()
        frames = [
            row
            for batch in read_in_batches(watched, log, found, shares.append, as_they_come)
            for row in rows(batch)
        ]
        pids.append(found.said["pid"])
        read.append((frames, said_of(found), shares[-1]))
        monkeypatch.setattr(read_ahead, "fork_is_safe", lambda: False)
    assert read[0] == read[1] and len(read[0][0]) > 3_000 and read[0][2] == 1.0
    assert pids[0] != pids[1] == str(os.getpid())


def test_columns_are_the_same(log: BinaryIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summaries = []
    for _ in range(2):
        with spool_frames(candump.read_frames, log, tmp_path, databases={"": read_dbc(SMALL.encode())}) as columns:
            summaries.append(columns.summary)
        monkeypatch.setattr(read_ahead, "fork_is_safe", lambda: False)
    assert summaries[0] == summaries[1] and {each.topic[:5] for each in summaries[0].channels} == {"can0/", "can1/"}


def killed(log: BinaryIO, found: FoundInLog, progress: Progress) -> Iterator[Frames]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield from ()


def failing(log: BinaryIO, found: FoundInLog, progress: Progress) -> Iterator[Frames]:
    raise ValueError("this cannot be")
    yield


@pytest.mark.parametrize(("reader", "error"), [(killed, Unavailable), (failing, ValueError)])
def test_why_there_is_nothing_is_told(log: BinaryIO, reader: FrameReader, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(read_in_batches(reader, log, FoundInLog(), lambda _: None, as_they_come))


def test_who_wants_no_more_leaves_no_process(log: BinaryIO) -> None:
    def endless(log: BinaryIO, found: FoundInLog, progress: Progress) -> Iterator[Frames]:
        found.said["pid"] = str(os.getpid())
        while True:
            log.seek(0)
            yield from candump.read_frames(log, found, progress)

    found = FoundInLog()
    frames = read_in_batches(endless, log, found, lambda _: None, as_they_come)
    next(frames)
    frames.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(found.said["pid"]), 0)

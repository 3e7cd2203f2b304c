"""What is acknowledged is on the disk, whatever fails; several processes append side by side."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from paddock.device_log import appender as module
from paddock.device_log.appender import Appender
from paddock.device_log.entry import MOST_PAYLOAD_BYTES
from paddock.device_log.reader import Reader
from paddock.device_log.segments import segments
from paddock.errors import Rejected, Unavailable
from tests.device_log.builders import append, entry, numbers, read_numbers


def test_all_who_wait_share_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = []
    first_began, go_on = threading.Event(), threading.Event()

    def slow(descriptor: int) -> None:
        syncs.append(len(read_numbers(tmp_path)))
        first_began.set()
        assert go_on.wait(60)

    monkeypatch.setattr(module.os, "fdatasync", slow)
    with Appender(tmp_path) as appender:
        futures = [appender.append([entry(0)])]
        assert first_began.wait(60)
        futures += [appender.append([entry(n)]) for n in range(1, 100)]
        assert not any(future.done() for future in futures)
        go_on.set()
        positions = [future.result(60) for future in futures]
    assert syncs == [1, 100]
    assert positions == sorted(set(positions))


def test_a_full_disk_is_told_and_what_comes_later_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    room = [40]

    def full(descriptor: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(descriptor, data[: room[0]])
        room[0] -= written
        return written

    with Appender(tmp_path) as appender, Reader(tmp_path) as reader:
        appender.append([entry(0)]).result(60)
        with monkeypatch.context() as patch:
            patch.setattr(module.os, "write", full)
            for n in range(1, 9):
                with pytest.raises(Unavailable, match="The disk is full") as raised:
                    appender.append([entry(n)]).result(60)
                assert raised.value.code == "disk_full"
        assert len(segments(tmp_path)) == 1
        appender.append([entry(9)]).result(60)
        assert numbers(reader.read()) == [0, 9]
        assert reader.lost_places == 0


def test_what_could_not_be_synced_is_not_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with Appender(tmp_path) as appender:
        appender.append([entry(0)]).result(60)
        with monkeypatch.context() as patch:
            patch.setattr(module.os, "fdatasync", broken)
            with pytest.raises(Unavailable, match="does not take what devices send: Input/output error"):
                appender.append([entry(1)]).result(60)
        appender.append([entry(2)]).result(60)
    # A later sync says nothing about what an earlier one could not write.
    assert len(segments(tmp_path)) == 2
    assert read_numbers(tmp_path)[0] == 0
    assert read_numbers(tmp_path)[-1] == 2


def test_no_more_waits_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(descriptor: int) -> None:
        began.set()
        assert go_on.wait(60)

    monkeypatch.setattr(module.os, "fdatasync", slow)
    with Appender(tmp_path, queue_bytes=10_000) as appender:
        futures = [appender.append([entry(0)])]
        assert began.wait(60)
        with pytest.raises(Unavailable) as raised:
            for n in range(1, 1000):
                futures.append(appender.append([entry(n, b"x" * 800)]))
        assert raised.value.code == "device_log_busy"
        assert 5 < len(futures) < 15
        assert appender._waiting_bytes <= 10_000
        go_on.set()
        for future in futures:
            future.result(60)
        assert appender._waiting_bytes == 0
    assert read_numbers(tmp_path) == list(range(len(futures)))


def test_leaving_writes_what_was_given(tmp_path: Path) -> None:
    with Appender(tmp_path) as appender:
        futures = [appender.append([entry(n)]) for n in range(50)]
    assert all(future.done() for future in futures)
    assert read_numbers(tmp_path) == list(range(50))
    with pytest.raises(Unavailable):
        appender.append([entry(50)])


def test_a_payload_that_no_reader_would_take_is_refused(tmp_path: Path) -> None:
    with Appender(tmp_path) as appender:
        with pytest.raises(Rejected, match="at most 16 MiB"):
            appender.append([entry(0, bytes(MOST_PAYLOAD_BYTES + 1))])
        appender.append([entry(1, bytes(MOST_PAYLOAD_BYTES))]).result(60)
        appender.append([entry(2)]).result(60)
    assert read_numbers(tmp_path) == [1, 2]


def test_segments_are_continued_when_they_are_long(tmp_path: Path) -> None:
    with Appender(tmp_path, segment_bytes=1000) as one, Appender(tmp_path, segment_bytes=1000) as other:
        for n in range(100):
            (one if n % 2 else other).append([entry(n)]).result(60)
    assert 5 < len(segments(tmp_path)) < 20
    assert read_numbers(tmp_path) == list(range(100))


def test_several_append_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    def send(appender: Appender, first: int) -> None:
        futures = [appender.append([entry(first + n)]) for n in range(300)]
        for future in futures:
            future.result(60)

    with Appender(tmp_path, segment_bytes=20_000) as one, Appender(tmp_path, segment_bytes=20_000) as other:
        threads = [threading.Thread(target=send, args=(each, 1000 * n)) for n, each in enumerate((one, other, one))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = read_numbers(tmp_path)
    for first in (0, 1000, 2000):
        assert [n for n in found if first <= n < first + 1000] == list(range(first, first + 300))


def test_one_that_died_while_it_wrote_is_left_alone(tmp_path: Path) -> None:
    """Its half entry ends the segment for everybody."""
    with Appender(tmp_path) as appender:
        appender.append([entry(0)]).result(60)
        with segments(tmp_path)[-1].path.open("ab") as file:
            file.write(b"half")
        appender.append([entry(1)]).result(60)
        append(tmp_path, entry(2))
        appender.append([entry(3)]).result(60)
    assert len(segments(tmp_path)) == 3
    with Reader(tmp_path) as reader:
        assert numbers(reader.entries()) == [0, 1, 2, 3]
        assert (reader.lost_places, reader.lost_bytes) == (1, 4)

"""What is read of a log that was cut, damaged, continued, and that others append to meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paddock.device_log.appender import Appender
from paddock.device_log.entry import HEADER, Entry, Kind, framed
from paddock.device_log.kept import KEPT_S, kept_positions, remove_passed
from paddock.device_log.reader import KeptReader, Reader, end_of, written_since
from paddock.device_log.segments import segments
from paddock.errors import Unavailable
from tests.device_log.builders import append, entry, last_segment, numbers, read_numbers

PAYLOADS = [b"", b"\x00", b'{"t": 1}', b"abc" * 9]


def test_nothing_is_read_where_there_is_no_log(tmp_path: Path) -> None:
    with Reader(tmp_path / "device-log") as reader:
        assert reader.read() == []
        assert not reader.wait(0)
    assert end_of(tmp_path / "device-log") == 0


def test_entries_come_back_as_they_went_in(tmp_path: Path) -> None:
    sent = [
        Entry("box-1", Kind.DATA, 1_700_000_000_000_000_000, "application/json", b'{"a": 1}'),
        Entry("Wetter ☀", Kind.ALERTS, 2, "", bytes(range(256))),
        Entry("car", Kind.ACTIONS, 3, "application/protobuf", b""),
    ]
    end = append(tmp_path, *sent)
    with Reader(tmp_path) as reader:
        found = reader.read()
    fields = [(e.device_id, e.kind, e.received_ns, e.content_type, e.payload) for e in found]
    assert fields == [(e.device_id, e.kind, e.received_ns, e.content_type, e.payload) for e in sent]
    positions = [each.position for each in found]
    assert positions == sorted(set(positions))
    assert positions[-1] == end == end_of(tmp_path) < 2**53


def test_every_position_continues_behind_its_entry(tmp_path: Path) -> None:
    for first in (0, 3, 6):
        append(tmp_path, *(entry(n) for n in range(first, first + 3)))
    with Reader(tmp_path) as reader:
        found = reader.read()
    assert numbers(found) == list(range(9))
    for each in found:
        assert read_numbers(tmp_path, each.position) == list(range(each.received_ns + 1, 9))


def test_a_reader_follows_all_that_append(tmp_path: Path) -> None:
    with Appender(tmp_path) as site, Appender(tmp_path) as broker, Reader(tmp_path) as reader:
        seen = []
        for n in range(40):
            (site if n % 3 else broker).append([entry(n)]).result(60)
            assert reader.wait(60)
            seen += numbers(reader.read())
        assert seen == list(range(40))
        assert not reader.wait(0)
    assert (reader.lost_places, reader.lost_bytes) == (0, 0)


def test_few_at_a_time_is_the_same(tmp_path: Path) -> None:
    append(tmp_path, *(entry(n, b"x" * 300_000) for n in range(9)))
    with Reader(tmp_path) as reader:
        assert [numbers(reader.read(2)) for _ in range(6)] == [[0, 1], [2, 3], [4, 5], [6, 7], [8], []]


@pytest.mark.slow("cuts everywhere")
def test_a_log_cut_at_any_byte_has_all_before_and_all_after(tmp_path: Path) -> None:
    """Power is cut, or the process killed: the rest of one entry is lost, nothing that is written later."""
    append(tmp_path, *(entry(n, payload) for n, payload in enumerate(PAYLOADS)))
    with Reader(tmp_path) as reader:
        ends = [each.position & 0xFFFFFFFF for each in reader.read()]
    whole = last_segment(tmp_path).read_bytes()
    for cut in range(len(whole) + 1):
        # File systems may leave zeros where nothing was written yet.
        for tail in (b"", bytes(7))[: 1 + (cut % 5 == 0)]:
            there = whole[:cut] + tail
            before = sum(there[:end] == whole[:end] for end in ends)
            directory = tmp_path / f"{cut}-{len(tail)}"
            directory.mkdir()
            (directory / last_segment(tmp_path).name).write_bytes(there)
            with Reader(directory) as reader:
                assert numbers(reader.read()) == list(range(before)), cut
                assert reader.lost_places == 0
                assert not reader.wait(0)
                append(directory, entry(98), entry(99))
                assert reader.wait(60)
                assert numbers(reader.read()) == [98, 99], cut
                lost = len(there) - ([0, *ends][before])
                assert (reader.lost_places, reader.lost_bytes) == (lost > 0, lost)
            assert read_numbers(directory) == [*range(before), 98, 99]


@pytest.mark.slow("damage everywhere")
def test_damage_at_any_byte_costs_one_entry(tmp_path: Path) -> None:
    append(tmp_path, *(entry(n, payload) for n, payload in enumerate(PAYLOADS)))
    path = last_segment(tmp_path)
    whole = path.read_bytes()
    with Reader(tmp_path) as reader:
        ends = [each.position & 0xFFFFFFFF for each in reader.read()]
    append(tmp_path, entry(99))
    for at in range(len(whole)):
        for wrong in {whole[at] ^ 1, 0, 0xFF} - {whole[at]}:
            path.write_bytes(whole[:at] + bytes([wrong]) + whole[at + 1 :])
            hit = sum(end <= at for end in ends)
            with Reader(tmp_path) as reader:
                assert numbers(reader.read()) == [n for n in (*range(4), 99) if n != hit], at
                assert (reader.lost_places, reader.lost_bytes) == (1, ends[hit] - ([0, *ends][hit]))


def test_damage_in_the_segment_that_grows_is_passed_too(tmp_path: Path) -> None:
    with Appender(tmp_path) as appender, Reader(tmp_path) as reader:
        appender.append([entry(n) for n in range(3)]).result(60)
        path = last_segment(tmp_path)
        content = bytearray(path.read_bytes())
        content[HEADER.size - 8 : HEADER.size - 4] = (16 * 1024 * 1024).to_bytes(4, "little")  # a length
        path.write_bytes(content)
        assert numbers(reader.read()) == [1, 2]
        appender.append([entry(3)]).result(60)
        assert numbers(reader.read()) == [3]
        assert reader.lost_places == 1


def test_nothing_that_a_device_sends_looks_like_an_entry(tmp_path: Path) -> None:
    """Not even in damage, where the next entry is looked for by its marker."""
    forged = framed(entry(666, device_id="another"), b"8 bytes.")
    append(tmp_path, entry(0), entry(1, forged * 3), entry(2))
    path = last_segment(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content.replace(forged, forged[:-1] + b"?", 1))
    with Reader(tmp_path) as reader:
        assert numbers(reader.read()) == [0, 2]
        assert reader.lost_places == 1


class TestKept:
    def test_a_reader_goes_on_where_it_kept(self, tmp_path: Path) -> None:
        append(tmp_path, *(entry(n) for n in range(5)))
        with KeptReader(tmp_path, "recorder") as reader:
            found = reader.read(3)
            reader.keep(found[1].position)
        with KeptReader(tmp_path, "recorder") as reader:
            assert numbers(reader.read()) == [2, 3, 4]
        with KeptReader(tmp_path, "another") as reader:
            assert numbers(reader.read()) == [0, 1, 2, 3, 4]
        assert kept_positions(tmp_path) == {"recorder": found[1].position}

    def test_what_was_lost_is_remembered(self, tmp_path: Path) -> None:
        append(tmp_path, entry(0), entry(1))
        content = last_segment(tmp_path).read_bytes()
        last_segment(tmp_path).write_bytes(content[:-1])
        append(tmp_path, entry(2))
        with KeptReader(tmp_path, "recorder") as reader:
            assert numbers(reader.read()) == [0, 2]
            reader.keep()
        with KeptReader(tmp_path, "recorder") as reader:
            assert (reader.lost_places, reader.lost_bytes) == (1, len(content) // 2 - 1)

    def test_a_kept_position_that_is_none_is_said(self, tmp_path: Path) -> None:
        append(tmp_path, entry(0))
        (tmp_path / "readers").mkdir()
        (tmp_path / "readers" / "recorder").write_text("?")
        with pytest.raises(Unavailable, match="recorder does not say how far"):
            KeptReader(tmp_path, "recorder")
        append(tmp_path, entry(1))
        assert read_numbers(tmp_path) == [0, 1]

    def test_what_all_have_passed_is_removed_after_a_while(self, tmp_path: Path) -> None:
        for n in range(4):
            append(tmp_path, entry(n))
        assert remove_passed(tmp_path, kept_s=-1) == 0, "nobody ever read it"
        with KeptReader(tmp_path, "recorder") as recorder, KeptReader(tmp_path, "bridge") as slow:
            slow.read(2)
            slow.keep()
            recorder.read()
            recorder.keep()
            assert remove_passed(tmp_path) == 0, f"younger than {KEPT_S} s"
            assert remove_passed(tmp_path, kept_s=-1) == 1
            assert read_numbers(tmp_path) == [1, 2, 3]
            assert numbers(slow.read()) == [2, 3]
            slow.keep()
        assert remove_passed(tmp_path, kept_s=-1) == 2
        assert read_numbers(tmp_path) == [3], "the newest stays: numbers never come again"

    def test_a_new_segment_comes_after_every_kept_position(self, tmp_path: Path) -> None:
        """A reader may have seen what a power cut took back."""
        append(tmp_path, entry(0))
        append(tmp_path, entry(1))
        with KeptReader(tmp_path, "recorder") as reader:
            reader.read()
            reader.keep()
        last_segment(tmp_path).unlink()
        append(tmp_path, entry(2))
        with KeptReader(tmp_path, "recorder") as reader:
            assert numbers(reader.read()) == [2]


def test_a_position_for_the_last_minutes(tmp_path: Path) -> None:
    append(tmp_path, entry(0))
    append(tmp_path, entry(1))
    old, new = segments(tmp_path)
    now_s = new.path.stat().st_mtime
    os.utime(old.path, (now_s - 100, now_s - 100))
    assert read_numbers(tmp_path, written_since(tmp_path, now_s - 10)) == [1]
    assert read_numbers(tmp_path, written_since(tmp_path, now_s - 200)) == [0, 1]
    assert read_numbers(tmp_path, written_since(tmp_path, now_s + 10)) == []

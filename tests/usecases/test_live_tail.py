"""The memory of a site follows the write-ahead log of devices, and takes up the last minutes at its start."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest

from paddock.device_log.appender import Appender
from paddock.device_log.entry import Entry, Kind
from paddock.usecases.live.live import Live, Sampled
from paddock.usecases.live.parts import Parts, Watched
from paddock.usecases.live.tail import BACK_S, IN_TIME_S, LATE_S, SHARE, SHARE_MOST_S, Shares, Taking, followed
from paddock.usecases.live.viewer import Viewer
from tests.usecases.live_devices import START_NS, Page, Said, viewer_of

pytestmark = pytest.mark.slow("reads and writes a log on threads")


def decode(entry: Entry) -> list[Said]:
    said = json.loads(entry.payload)
    return [Said("T", said.pop("time_ns", entry.received_ns), said)]


def entry(value: float, *, kind: Kind = Kind.DATA, ago_s: float = 0.0, payload: bytes | None = None) -> Entry:
    received_ns = time.time_ns() - int(ago_s * 1e9)
    content = json.dumps({"a": value}).encode() if payload is None else payload
    return Entry("box", kind, received_ns, "application/json", content)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def values(live: Live) -> list[float]:
    return [value for signal in live.signals("box") for value in signal.tape.all().values]


def test_what_is_appended_is_there_and_what_came_long_ago_is_not(tmp_path: Path) -> None:
    live = Live()
    with Appender(tmp_path) as appender:
        appender.append([entry(1, ago_s=BACK_S + 60), entry(2, ago_s=5)]).result(30)
        with followed(live, tmp_path, decode, time.time):
            until(lambda: values(live) == [2.0])
            appender.append([entry(3), entry(4, kind=Kind.ALERTS), entry(5, payload=b"no JSON"), entry(6)])
            until(lambda: values(live) == [2.0, 3.0, 6.0])


def test_a_page_goes_on_without_hole_or_double_after_the_site_was_started_anew(tmp_path: Path) -> None:
    page, watched = Page(), Watched(device="box", span_s=600, columns=4000)
    with Appender(tmp_path) as appender:
        live = Live()
        with followed(live, tmp_path, decode, time.time):
            appender.append([entry(number) for number in range(5)]).result(30)
            until(lambda: len(values(live)) == 5)
            page.hears(viewer_of(live, watched).message(live.sequence) or b"")
        appender.append([entry(number) for number in range(5, 8)]).result(30)
        fresh = Live()
        with followed(fresh, tmp_path, decode, time.time):
            until(lambda: len(values(fresh)) == 8)
            page.connects()
            said = page.hears(viewer_of(fresh, watched, after=page.sequence).message(fresh.sequence) or b"")
    assert not said["reset"]
    assert [value for _, value in page.samples["T.a"]] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_there_need_be_no_log_yet(tmp_path: Path) -> None:
    live = Live()
    with followed(live, tmp_path / "log", decode, time.time), Appender(tmp_path / "log") as appender:
        appender.append([entry(1)]).result(30)
        until(lambda: values(live) == [1.0])


def test_what_comes_faster_than_it_can_be_decoded_is_left_out_and_counted_until_it_is_in_time_again() -> None:
    live, now_s = Live(), 1_000.0
    taking = Taking(live, decode, lambda: now_s)

    def takes(*ago_s: float) -> tuple[int, int]:
        """How many values there are, and how many messages were left out."""
        taking.take(
            [
                Entry("box", Kind.DATA, int((now_s - ago) * 1e9), "", b'{"a": 1}', live.sequence + 1 + number)
                for number, ago in enumerate(ago_s)
            ]
        )
        device = live.device("box")
        return len(values(live)), device.left_out if device else 0

    assert takes(20, 10) == (2, 0), "at its start it takes what came before"
    now_s += 5
    assert takes(4) == (3, 0), "and what came meanwhile"
    taking.is_in_time()
    assert takes(LATE_S - 0.1) == (4, 0)
    now_s += 60
    assert takes(LATE_S + 1, LATE_S + 0.9) == (4, 2)
    assert takes(IN_TIME_S + 0.1) == (4, 3), "a little late is late as long as it was not in time"
    assert takes(IN_TIME_S - 0.1) == (5, 3)
    assert takes(LATE_S - 0.2) == (6, 3)
    assert live.sequence == 9


def test_pages_of_any_rhythm_have_all_of_it_once_while_it_is_taken_on_a_thread() -> None:
    """With what is computed of it, which comes after it under the same position."""
    live, batches, of_each = Live(), 80, 7
    live.begin(1)

    def numbered(entry: Entry) -> list[Said]:
        number = int(entry.payload)
        return [Said("T", START_NS + number * 10**8, {f"s{each}": float(number) for each in range(10)})]

    def computed(device: str, came: Sequence[Sampled], first_ns: int, last_ns: int) -> list[Said]:
        return [Said("M", each.time_ns, {"v": each.values["s0"]}) for each in came]

    taking = Taking(live, numbered, lambda: START_NS / 1e9, computed)
    ended = threading.Event()

    def take() -> None:
        for first in range(0, batches * of_each, of_each):
            numbers = range(first, first + of_each)
            taking.take(
                [Entry("car", Kind.DATA, START_NS + n * 10**8, "", str(n).encode(), n + 2) for n in numbers]
            )
            time.sleep(0.001)
        ended.set()

    thread = threading.Thread(target=take)
    thread.start()
    parts, watched = Parts(live), Watched(device="car", span_s=290, columns=4000)
    pages: list[tuple[Page, Viewer]] = []
    for beat in count():
        is_last, until = ended.is_set(), live.sequence
        if beat % 10 == 0 and len(pages) < 8:
            pages.append((Page(), viewer_of(live, watched, parts=parts)))
        for number, (page, viewer) in enumerate(pages):
            if (is_last or beat % (1 + number % 4) == 0) and (message := viewer.message(until)):
                page.hears(message)
        if is_last:
            break
        time.sleep(0.002)
    thread.join()
    for page, viewer in pages:
        # Who came last was told what others were told a moment before.
        if message := viewer.message(live.sequence):
            page.hears(message)
    for page, _ in pages:
        assert set(page.samples) == {"M.v", *(f"T.s{each}" for each in range(10))} and page.resets == 1
        for samples in page.samples.values():
            assert [value for _, value in samples] == list(range(batches * of_each))


def test_a_device_that_floods_is_left_out_in_part_and_holds_up_nobody() -> None:
    clocks = {"now": 0.0, "used": 0.0}
    shares = Shares(lambda: clocks["now"], lambda: clocks["used"])

    def takes(device: str, used_s: float) -> bool:
        with shares.of(device) as has_time:
            clocks["used"] += used_s
            clocks["now"] += used_s
        return has_time

    assert takes("flood", SHARE_MOST_S * 2)
    assert not takes("flood", 0) and takes("car", 0.1)
    clocks["now"] += SHARE_MOST_S * 2 / SHARE
    assert takes("flood", 0)

"""Watching devices: what arrives has no hole and no double, whoever is slow, cut off or restarted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.usecases.live import tape as tapes
from paddock.usecases.live.live import EARLIEST_S, MAX_SIGNALS, Live
from paddock.usecases.live.parts import SNAPSHOT_S, Parts, Watched
from tests.usecases.live_devices import START_NS, Page, Said, viewer_of

MS = 1_000_000
FINE = Watched(device="car", signals=("T.a", "T.b", "T.text"), span_s=60, columns=4000)


class Log:
    """Entries as a device's log has them, and a site that follows it."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, list[Said]]] = []
        self.position = 1000
        self.time_ns = START_NS

    def append(self, count: int) -> None:
        messages = []
        for _ in range(count):
            self.time_ns += 100 * MS
            number = len(self.entries) * 1000 + len(messages)
            values = {"a": float(number), "text": f"t{number % 3}"} if number % 3 else {"b": number}
            messages.append(Said("T", self.time_ns, values))
        self.position += 7 * count + 1
        self.entries.append((self.position, messages))

    def into(self, live: Live, after: int) -> None:
        for position, messages in self.entries:
            if position > after:
                live.take("car", position, messages[0].time_ns, messages)

    def samples(self, name: str, after: int, until: int) -> list[tuple[float, object]]:
        path = name.removeprefix("T.")
        midnight = START_NS // (86_400 * 10**9) * 86_400 * 10**9
        return [
            (round((said.time_ns - midnight) / 1e9, 6), said.values[path])
            for position, messages in self.entries
            if after < position <= until
            for said in messages
            if path in said.values
        ]


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4)),
        st.tuples(st.just("told"), st.booleans()),
        st.tuples(st.just("cut"), st.booleans()),
        st.tuples(st.just("restart"), st.integers(0, 3)),
        st.tuples(st.just("watch"), st.just(0)),
    ),
    min_size=5,
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(actions=ACTIONS)
def test_no_hole_and_no_double(actions: list[tuple[str, int]]) -> None:
    log, live, page = Log(), Live(), Page()
    live.begin(1000)
    viewer = viewer_of(live, FINE)
    for action, detail in (*actions, ("told", False)):
        if action == "append":
            log.append(detail)
            log.into(live, live.sequence)
        elif action == "told":
            if message := viewer.message(live.sequence, late=bool(detail)):
                page.hears(message)
        elif action == "cut":
            if detail:
                viewer.message(live.sequence)  # and is lost on its way
            page.connects()
            viewer = viewer_of(live, FINE, after=page.sequence)
        elif action == "watch":
            viewer.watch((FINE,))
        else:  # the site starts anew, and has read the log from a while before
            live = Live()
            begin = log.entries[-1 - detail][0] if len(log.entries) > detail else 1000
            live.begin(begin)
            log.into(live, begin)
            page.connects()
            viewer = viewer_of(live, FINE, after=page.sequence)
    assert page.sequence is not None
    for name in FINE.signals:
        heard = page.samples.get(name, [])
        everything = log.samples(name, 0, page.sequence)
        assert heard == everything[len(everything) - len(heard) :], "what arrived is the end of the log"
        assert len(heard) >= len(log.samples(name, page.since, page.sequence)), "nothing is missing since"


@settings(deadline=None, max_examples=40)
@given(
    gaps=st.lists(st.sampled_from([1, 1, 1, 7, 30, 400]), min_size=50, max_size=400),
    told=st.sets(st.integers(0, 399)),
)
@pytest.mark.slow("very many examples")
def test_from_tier_to_tier_nothing_is_told_twice_and_no_spike_is_lost(gaps: list[int], told: set[int]) -> None:
    """With room for so few samples that all tiers are passed through; ``told`` are the moments when it is told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tapes, "TAIL", 4)
        patch.setattr(tapes, "RECENT", 16)
        patch.setattr(tapes, "OLDER", ((12, 10**9), (400, 10 * 10**9)))
        live, page = Live(), Page()
        viewer = viewer_of(live, Watched(device="car", signals=("T.a",), span_s=3600, columns=1))
        time_ns, expected = START_NS, []
        for number, gap in enumerate(gaps):
            time_ns += gap * 20 * MS
            value = 1000.0 + number if number % 10 == 0 else float(number % 7)
            live.take("car", number + 1, time_ns, [Said("T", time_ns, {"a": value})])
            expected.append(value)
            if number in told and (message := viewer.message(live.sequence)):
                page.hears(message)
        page.hears(viewer.message(live.sequence) or viewer.still_here())
        (signal,) = live.signals("car")
    times = [at for at, _ in page.samples["T.a"]]
    assert times == sorted(set(times)) and page.resets == 1
    held = signal.tape.all()
    assert list(held.ordinals) == sorted(set(held.ordinals)) and signal.tape.forgotten == 0
    assert held.ordinals[0] == 1 and held.ordinals[-1] == len(gaps)
    assert held.values.max() == max(expected), "the highest spike"
    assert page.samples["T.a"][-1][1] == expected[-1]
    assert max(value for _, value in page.samples["T.a"]) == max(expected)


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 7.0, -5.0, math.nan]), min_size=30, max_size=200),
    rhythms=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    columns=st.sampled_from([1, 60, 600]),
)
@pytest.mark.slow("very many examples")
def test_pages_of_any_rhythm_draw_what_the_log_has(values: list[float], rhythms: list[int], columns: int) -> None:
    """In each column of pixels the smallest, the largest and the last value, whenever a page asked for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tapes, "TAIL", 4)
        live = Live()
        parts = Parts(live)
        watched = Watched(device="car", signals=("T.a",), span_s=60, columns=columns)
        pages = [(rhythm, Page(), viewer_of(live, watched, parts=parts)) for rhythm in rhythms]
        for number, value in enumerate(values):
            time_ns = START_NS + number * 13 * MS
            live.take("car", number + 1, time_ns, [Said("T", time_ns, {"a": value})])
            for rhythm, page, viewer in pages:
                if number % rhythm == 0 and (message := viewer.message(live.sequence, late=rhythm > 9)):
                    page.hears(message)
        for _, page, viewer in pages:
            if message := viewer.message(live.sequence):
                page.hears(message)
    midnight = START_NS // (86_400 * 10**9) * 86_400 * 10**9
    column_s = 60 / columns

    def drawn(samples: list[tuple[float, float | None]]) -> dict[int, tuple[float, float]]:
        found: dict[int, list[float]] = {}
        for seconds, value in samples:
            if value is not None and not math.isnan(value):
                found.setdefault(int(seconds / column_s + 1e-6), []).append(value)
        return {column: (min(each), max(each)) for column, each in found.items()}

    everything = [
        (round((START_NS + number * 13 * MS - midnight) / 1e9, 6), value) for number, value in enumerate(values)
    ]
    for _, page, _ in pages:
        assert drawn(page.samples["T.a"]) == drawn(everything)  # type: ignore[arg-type]
        assert page.samples["T.a"][-1][0] == everything[-1][0]
        times = [seconds for seconds, _ in page.samples["T.a"]]
        assert times == sorted(set(times)), "nothing twice"


def test_a_snapshot_is_made_once_for_who_comes_at_about_the_same_time_and_goes_on_without_a_hole() -> None:
    live, clock = car(100), 0.0
    parts = Parts(live, lambda: clock)
    first, second, third = Page(), Page(), Page()
    watched = Watched(device="car", span_s=60, columns=4000)
    first.hears(viewer_of(live, watched, parts=parts).message(live.sequence) or b"")
    car(20, live=live, first=100)
    viewer = viewer_of(live, watched, parts=parts)
    second.hears(viewer.message(live.sequence) or b"")
    assert second.samples == first.samples
    second.hears(viewer.message(live.sequence) or b"")
    clock += SNAPSHOT_S
    third.hears(viewer_of(live, watched, parts=parts).message(live.sequence) or b"")
    assert second.samples == third.samples and len(third.samples["T.a"]) == 120
    for number in range(50):
        viewer_of(live, Watched(device="car", span_s=number), parts=parts).message(live.sequence)
    assert len(parts._snapshots._kept) <= 4


def test_who_comes_meanwhile_is_told_what_the_others_were_told_beat_by_beat() -> None:
    live = car(100)
    parts = Parts(live, lambda: 0.0)
    watched = Watched(device="car", span_s=60, columns=4000)
    first, second = Page(), Page()
    before, after = (viewer_of(live, watched, parts=parts) for _ in range(2))
    first.hears(before.message(live.sequence) or b"")
    for beat in range(5):
        car(4, live=live, first=100 + 4 * beat)
        first.hears(before.message(live.sequence) or b"")
    made = dict(parts._kept)
    second.hears(after.message(live.sequence) or b"")
    assert second.sequence == 100, "the snapshot of before"
    second.hears(after.message(live.sequence) or b"")
    assert parts._kept == made
    assert second.samples == first.samples and second.sequence == first.sequence


def test_columns_of_pixels_that_are_passed_in_one_message_are_drawn_in_few_points() -> None:
    live, page = car(100), Page()
    viewer = viewer_of(live, Watched(device="car", span_s=60, columns=300))
    page.hears(viewer.message(live.sequence) or b"")
    car(60, live=live, first=100)
    said = page.hears(viewer.message(live.sequence) or b"")
    ((_, seconds, _),) = said["samples"]
    assert len(seconds) <= 4 * 3, "smallest, largest and last of each of these columns"


def car(count: int, *, hz: float = 100.0, live: Live | None = None, first: int = 0) -> Live:
    live = live or Live()
    for number in range(first, first + count):
        time_ns = START_NS + int(number * 1e9 / hz)
        spike = 1000.0 if number % 997 == 0 else math.sin(number / 50)
        live.take("car", number + 1, time_ns, [Said("T", time_ns, {"a": spike})])
    return live


def test_a_slow_one_gets_what_is_drawn_and_a_count_and_no_spike_is_lost() -> None:
    live, page = car(100), Page()
    viewer = viewer_of(live, Watched(device="car", signals=("T.a",), span_s=60, columns=600))
    page.hears(viewer.message(live.sequence) or b"")
    before = len(page.samples["T.a"])
    car(5_000, live=live, first=100)
    message = viewer.message(live.sequence, late=True) or b""
    said = page.hears(message)
    fresh = page.samples["T.a"][before:]
    assert len(fresh) + said["left_out"] == 5_000
    assert len(fresh) <= 4 * 602 and len(message) < 100_000
    assert [value for _, value in fresh].count(1000.0) == 5, "every spike of these 5,000"
    assert page.samples["T.a"][-1][1] == pytest.approx(math.sin(5_099 / 50)), "the latest value"
    assert [at for at, _ in page.samples["T.a"]] == sorted({at for at, _ in page.samples["T.a"]})


def test_who_wants_the_last_value_alone_gets_it_alone() -> None:
    live, page = car(50), Page()
    viewer = viewer_of(live, Watched(device="car"))
    page.hears(viewer.message(live.sequence) or b"")
    car(50, live=live, first=50)
    said = page.hears(viewer.message(live.sequence) or b"")
    assert len(page.samples["T.a"]) == 2 and "left_out" not in said, "in time nothing is left out that is shown"
    assert viewer.message(live.sequence) is None, "nothing came"


def test_minutes_are_kept_in_bounded_memory_with_their_spikes() -> None:
    live = car(100 * 60 * 10)
    (signal,) = live.signals("car")
    held = signal.tape.all()
    assert len(held.times) <= 2 * (tapes.RECENT + sum(most for most, _ in tapes.OLDER))
    assert held.times[0] == START_NS, "from the first one on"
    first = int((held.times[0] - START_NS) / 1e7) + 1
    spikes = [number for number in range(first, 60_000) if number % 997 == 0]
    assert np.count_nonzero(held.values == 1000.0) >= len(spikes) - 1
    assert np.all(np.diff(held.times) > 0)


def test_one_that_was_away_for_too_long_begins_anew() -> None:
    live, page = car(10), Page()
    watched = Watched(device="car", signals=("T.a",), span_s=60, columns=600)
    page.hears(viewer_of(live, watched).message(live.sequence) or b"")
    car(3600 * 16, hz=0.2, live=live, first=10)
    page.connects()
    said = page.hears(viewer_of(live, watched, after=page.sequence).message(live.sequence) or b"")
    assert said["reset"] and page.resets == 2


def test_a_site_that_was_started_anew_tells_nothing_until_it_has_what_the_page_has() -> None:
    live, page = car(10), Page()
    watched = Watched(device="car", signals=("T.a",), span_s=60, columns=4000)
    page.hears(viewer_of(live, watched).message(live.sequence) or b"")
    anew = car(5)
    anew.catches_up = True
    viewer = viewer_of(anew, watched, after=page.sequence)
    assert viewer.message(anew.sequence) is None
    page.connects()
    page.hears(viewer.still_here())
    car(7, live=anew, first=5)
    said = page.hears(viewer.message(anew.sequence) or b"")
    assert not said.get("reset") and len(page.samples["T.a"]) == 12
    # One whose log is another one, now: there is nothing to wait for.
    other = car(5)
    page.connects()
    assert page.hears(viewer_of(other, watched, after=page.sequence).message(other.sequence) or b"")["reset"]


def test_viewers_in_step_are_told_the_same_bytes_once_made() -> None:
    live = car(100)
    parts = Parts(live)
    viewers = [viewer_of(live, Watched(device="car"), parts=parts) for _ in range(50)]
    for viewer in viewers:
        viewer.message(live.sequence)
    car(10, live=live, first=100)
    told = {viewer.message(live.sequence) for viewer in viewers}
    assert len(told) == 1
    assert len(parts._kept) == 1


def test_a_message_that_is_sent_again_is_one_sample() -> None:
    live = Live()
    said = [Said("T", START_NS + number * MS, {"a": number}) for number in range(5)]
    live.take("box", 1, START_NS, said)
    live.take("box", 2, START_NS, said[2:])
    (signal,) = live.signals("box")
    assert signal.tape.total == 5


def test_what_was_kept_while_there_was_no_link_is_in_its_place() -> None:
    live = Live()
    for position, number in enumerate((0, 1, 8, 9, 2, 3), 1):
        live.take("box", position, START_NS, [Said("T", START_NS + number * 1000 * MS, {"a": number})])
    (signal,) = live.signals("box")
    assert list(signal.tape.all().values) == [0, 1, 2, 3, 8, 9]


def test_a_wrong_clock_is_noticed_and_its_values_are_shown_when_they_came() -> None:
    live = Live()
    live.take("box", 1, START_NS, [Said("T", 5 * 10**9, {"a": 1})])
    live.take("late", 2, START_NS, [Said("T", START_NS - (EARLIEST_S - 10) * 10**9, {"a": 1})])
    box, late = live.devices()
    assert box.clock_off_s == pytest.approx((5e9 - START_NS) / 1e9)
    assert late.clock_off_s is None
    assert live.signals("box")[0].tape.all().times[0] == START_NS


def test_a_device_that_floods_with_names_is_bounded_and_others_stay() -> None:
    live = Live()
    live.take("car", 1, START_NS, [Said("T", START_NS, {"a": 1.0})])
    for number in range(10):
        values = {f"f{number}_{each}": 1.0 for each in range(1_000)}
        live.take("flood", 2 + number, START_NS, [Said("T", START_NS, values)])
    assert len(live.signals("flood")) == MAX_SIGNALS
    assert live.device("flood").left_out == 10_000 - MAX_SIGNALS  # type: ignore[union-attr]
    assert len(live.signals("car")) == 1


def test_a_number_that_becomes_a_text_or_a_fraction_stays_one_signal() -> None:
    live, page = Live(), Page()
    viewer = viewer_of(live, Watched(device="box", span_s=10))
    for position, value in enumerate((1, True, 2.5, "off", None, 2**70, float("nan")), 1):
        time_ns = START_NS + position * 1000 * MS
        live.take("box", position, time_ns, [Said("T", time_ns, {"a": value})])
        if message := viewer.message(live.sequence):
            page.hears(message)
    assert [value for _, value in page.samples["T.a"]] == [1, 1.0, 2.5, "off", str(2**70), "nan"]

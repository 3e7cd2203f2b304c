"""Merging what two Paddocks say of a recording, beside a model that knows who has seen what."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.domain.sync import (
    DELETED,
    FILE,
    STARTED,
    BroughtIn,
    RecordingState,
    SaidChange,
    SaidFile,
    SaidValue,
    digest,
)
from paddock.domain.sync_merge import Merged, merge

ID = "a" * 64
EMPTY = RecordingState(id=ID, version=1, names=("run.mcap",), uploaded_by="Luis", uploaded_at=5)


def change(at: int, who: str, before: str | None, after: str | None, **more: str) -> SaidChange:
    source = "person" if before is not None else ""
    said = {"field": "driver", "before_source": source, **more}
    return SaidChange(at=at, principal=who, before=before, after=after, **said)


def state(value: str | None, source: str = "person", *changes: SaidChange, **more: object) -> RecordingState:
    values = {} if value is None else {"driver": SaidValue(value, source)}
    return msgspec.structs.replace(EMPTY, values=values, changes=changes, **more)  # type: ignore[arg-type]


def take(known: RecordingState, brought: BroughtIn) -> RecordingState:
    """As ``usecases/sync/bring_in.py`` does it."""
    values = {name: said for name, said in {**known.values, **brought.values}.items() if said.value is not None}
    return msgspec.structs.replace(
        known,
        names=(*known.names, *brought.names),
        values=values,
        changes=(*known.changes, *brought.changes),
        files=tuple(file for file in known.files if file.id not in brought.removed_files),
    )


def sync(here: RecordingState, there: RecordingState) -> tuple[RecordingState, RecordingState, Merged]:
    merged = merge(here, there, now=10_000)
    here = msgspec.structs.replace(here, files=(*here.files, *merged.files_to_here))
    there = msgspec.structs.replace(there, files=(*there.files, *merged.files_to_there))
    return take(here, merged.here), take(there, merged.there), merged


def both(here: RecordingState, there: RecordingState) -> str | None:
    """What both say of the driver afterwards, in either order of the two; nothing is left to tell."""
    said = set()
    for pair in ((here, there), (there, here)):
        left, right, merged = sync(*pair)
        assert not merged.disagreements
        assert digest(left) == digest(right)
        again = merge(left, right, now=20_000)
        assert again.here.empty and again.there.empty, again
        said.add(left.value("driver").value)
    (only,) = said
    return only


def conflict(here: RecordingState, there: RecordingState) -> None:
    left, right, merged = sync(here, there)
    assert [each.field for each in merged.disagreements] == ["driver"]
    assert (left, right) == (here, there), "neither is replaced"


ADAM, MEI, ZOE = (
    change(1, "Adam", None, "Adam"),
    change(2, "Mei", "Adam", "Mei"),
    change(3, "Zoe", "Adam", "Zoe"),
)


def test_who_has_seen_the_others_word_is_ahead() -> None:
    assert both(state("Mei", "person", ADAM, MEI), state("Adam", "person", ADAM)) == "Mei"
    assert both(state("Mei", "person", MEI), state("Adam", "person")) == "Mei", "which came with an upload"
    assert both(state("Adam", "person", ADAM), state(None)) == "Adam"
    undone = change(4, "Mei", "Mei", "Adam")
    assert both(state("Adam", "person", ADAM, MEI, undone), state("Mei", "person", ADAM, MEI)) == "Adam"
    cleared = change(4, "Mei", "Adam", None)
    assert both(state(None, "", ADAM, cleared), state("Adam", "person", ADAM)) is None


def test_two_words_of_which_neither_knew_the_other_are_a_question() -> None:
    conflict(state("Mei", "person", ADAM, MEI), state("Zoe", "person", ADAM, ZOE))
    conflict(state("Mei", "person"), state("Zoe", "person"))
    conflict(state("Mei", "base_station"), state("Zoe", "base_station"))


def test_a_person_goes_before_the_base_station_and_that_before_the_log() -> None:
    assert both(state("Zoe", "person"), state("Adam", "base_station")) == "Zoe"
    assert both(state("Zoe", "base_station"), state("Adam", "file")) == "Zoe"
    assert both(state("Zoe", "file"), state(None)) == "Zoe"
    assert both(state("", "person"), state("Adam", "file")) == "", "a person's word that nobody knows"
    said, _, _ = sync(state("Adam", "base_station"), state("Zoe", "person"))
    (replaced,) = said.changes
    assert (replaced.principal, replaced.before, replaced.after) == ("Luis", "Adam", "Zoe"), "it leaves a trace"


def test_what_both_read_in_the_log_stays_as_each_read_it() -> None:
    here, there, merged = sync(state("Adam", "file"), state("ADAM", "file"))
    assert not merged.disagreements
    assert (here.value("driver").value, there.value("driver").value) == ("Adam", "ADAM")


def test_a_start_that_both_corrected_by_the_cars_clock_is_no_question() -> None:
    def started(value: str, source: str) -> RecordingState:
        return msgspec.structs.replace(EMPTY, values={STARTED: SaidValue(value, source)})

    corrected, again, raw = (
        started("1000", "clock_offset"),
        started("1002", "clock_offset"),
        started("7", "log_time"),
    )
    here, there, merged = sync(corrected, again)
    assert not merged.disagreements
    assert (here, there) == (corrected, again)
    assert sync(corrected, raw)[1].value(STARTED).value == "1000", "what was corrected goes before the log's own"
    assert sync(corrected, started("5", "person"))[0].value(STARTED).value == "5"


def test_the_same_word_said_twice_is_one_and_both_are_in_the_history() -> None:
    here, there = state("Mei", "person", ADAM, MEI), state("Mei", "person", ADAM, change(9, "Luis", "Adam", "Mei"))
    left, right, _ = sync(here, there)
    assert digest(left) == digest(right)
    assert len(left.changes) == 3
    later = msgspec.structs.replace(
        left,
        values={"driver": SaidValue("Zoe", "person")},
        changes=(*left.changes, change(11, "Zoe", "Mei", "Zoe")),
    )
    assert both(later, right) == "Zoe"


def test_a_deletion_goes_over_and_who_restored_is_not_hidden_again() -> None:
    deleted = SaidChange(at=4, principal="Mei", field=DELETED, after=DELETED)
    hidden = msgspec.structs.replace(EMPTY, values={DELETED: SaidValue(DELETED)}, changes=(deleted,))
    left, right, _ = sync(EMPTY, hidden)
    assert left.value(DELETED).value == right.value(DELETED).value == DELETED
    # Sending the same bytes again shows a recording again, and is no change in its history.
    sent_again = msgspec.structs.replace(EMPTY, changes=(deleted,))
    for pair in ((sent_again, hidden), (hidden, sent_again)):
        left, right, _ = sync(*pair)
        assert left.value(DELETED).value is right.value(DELETED).value is None
        assert digest(left) == digest(right)


def test_names_come_together_and_the_start_that_a_log_says_is_no_difference() -> None:
    here = msgspec.structs.replace(EMPTY, names=("1.mcap",), values={STARTED: SaidValue("7", "log_time")})
    left, right, _ = sync(here, EMPTY)
    assert set(left.names) == set(right.names) == {"1.mcap", "run.mcap"}
    assert digest(left) == digest(right) == digest(take(EMPTY, BroughtIn(version=1, names=("1.mcap",))))


def file(number: int) -> SaidFile:
    return SaidFile(id=f"{number:016x}", name=f"{number}.pdf", size_bytes=number, added_at=1, added_by="Adam")


def test_files_go_over_and_removed_ones_stay_removed() -> None:
    added = SaidChange(at=1, principal="Adam", field=FILE, after="1.pdf", subject=file(1).id)
    here = msgspec.structs.replace(EMPTY, files=(file(1), file(2)), changes=(added,))
    left, right, merged = sync(here, EMPTY)
    assert merged.files_to_there == (file(1), file(2)) and digest(left) == digest(right)
    removed = SaidChange(at=2, principal="Mei", field=FILE, before="1.pdf", subject=file(1).id)
    there = msgspec.structs.replace(right, files=(file(2),), changes=(*right.changes, removed))
    left, right, merged = sync(left, there)
    assert merged.here.removed_files == (file(1).id,) and not merged.files_to_there
    assert left.files == right.files == (file(2),)
    assert digest(left) == digest(right)


Root = tuple[str, str, str]


@dataclass
class Site:
    """One Paddock, and what the model knows of it: all that led to its word."""

    state: RecordingState
    seen: frozenset[object]
    question: RecordingState | None = None
    """The other's state when it was asked."""
    seen_there: frozenset[object] = field(default_factory=frozenset)

    @property
    def text(self) -> str | None:
        return self.state.value("driver").value

    @property
    def word(self) -> object:
        """The last change that made it, or what it says and whose it is."""
        said = self.state.value("driver")
        made = [each.at for each in self.state.changes if each.after == said.value]
        return made[-1] if made else (said.value or "", said.source)

    def say(self, at: int, text: str, *extra: SaidChange) -> None:
        known = self.state.value("driver")
        if known.value == text and not extra:
            return
        said = SaidChange(
            at=at,
            principal="Adam",
            field="driver",
            before=known.value,
            before_source=known.source,
            after=text,
        )
        self.state = msgspec.structs.replace(
            self.state,
            values={"driver": SaidValue(text, "person")},
            changes=(*self.state.changes, *extra, said),
        )
        # A word without a change is known by what it says and whose it is.
        self.seen |= {at, (known.value or "", known.source)}

    def choose(self, at: int, *, theirs: bool) -> None:
        """As ``usecases/sync/questions.py`` does it."""
        if self.question is None:
            return
        ours, other = self.state.value("driver"), self.question.value("driver")
        kept, left = (other, ours) if theirs else (ours, other)
        keys = {each.key(ID) for each in self.state.changes}
        unknown = [each for each in self.question.changes if each.key(ID) not in keys]
        choice = SaidChange(
            at=at,
            principal="Mei",
            field="driver",
            before=left.value,
            before_source=left.source,
            after=kept.value,
        )
        self.state = msgspec.structs.replace(
            self.state, values={"driver": kept}, changes=(*self.state.changes, *unknown, choice)
        )
        self.seen |= self.seen_there | {at, (left.value or "", left.source)}
        self.question = None


def meet(here: Site, there: Site, *, cut: int) -> None:
    """One sync; ``cut`` says which of its two writes are done before it is killed."""
    a, b = here.state.value("driver"), there.state.value("driver")
    left, right, merged = sync(here.state, there.state)
    asked = bool(merged.disagreements)
    model = "same"
    if a.value != b.value:
        here_knows, there_knows = there.word in here.seen, here.word in there.seen
        if here_knows != there_knows:
            model = "here" if here_knows else "there"
        else:
            weights = [{"file": 0, "person": 2}.get(each.source, -1) for each in (a, b)]
            model = "asks" if weights[0] == weights[1] else "here" if weights[0] > weights[1] else "there"
    assert asked == (model == "asks")
    if asked:
        here.question, there.question = there.state, here.state
        here.seen_there, there.seen_there = there.seen, here.seen
        return
    expected = b.value if model == "there" else a.value
    assert left.value("driver").value == right.value("driver").value == expected
    everything = here.seen | there.seen
    if cut != 1:
        here.state, here.seen, here.question = left, everything, None
    if cut != 2:
        there.state, there.seen, there.question = right, everything, None
    for site in (here, there):
        keys = [each.key(ID) for each in site.state.changes]
        assert len(keys) == len(set(keys)), "nothing is in a history twice"


ROOTS = st.sampled_from([("", ""), ("Adam", "file"), ("Mei", "person"), ("Zoe", "person")])
SITE = st.integers(0, 2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), SITE, st.sampled_from(["Adam", "Mei", "Zoe", "Luis", ""])),
        st.tuples(st.just("choose"), SITE, st.booleans()),
        # The base stations meet the cloud, not each other.
        st.tuples(st.just("meet"), st.sampled_from([1, 2]), st.integers(0, 2)),
    ),
    max_size=14,
)


@pytest.mark.slow("thousands of histories")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(roots=st.tuples(ROOTS, ROOTS, ROOTS), steps=STEPS)
def test_a_cloud_and_two_base_stations_never_lose_a_word(
    roots: tuple[tuple[str, str], ...], steps: list[tuple[str, int, object]]
) -> None:
    sites = []
    for text, source in roots:
        values = {"driver": SaidValue(text, source)} if source else {}
        root = frozenset({(text, source)})
        sites.append(Site(msgspec.structs.replace(EMPTY, values=values), root))
    clock = count(100)
    for what, number, more in steps:
        site = sites[number]
        if what == "say":
            site.say(next(clock), str(more))
        elif what == "choose":
            site.choose(next(clock), theirs=bool(more))
        else:
            meet(site, sites[0], cut=int(str(more)))
    # Whatever happened: once people have answered in the cloud and all have met, all say the same.
    for _ in range(4):
        for base in (1, 2):
            meet(sites[base], sites[0], cut=0)
            if sites[base].question is not None:
                sites[0].question, sites[0].seen_there = sites[base].state, sites[base].seen
                sites[0].choose(next(clock), theirs=True)
                meet(sites[base], sites[0], cut=0)
    words = {site.text for site in sites}
    if all(site.state.value("driver").source != "file" for site in sites):
        assert len(words) == 1
        assert len({digest(site.state) for site in sites}) == 1


@pytest.mark.parametrize("source", ["person", "file", "base_station"])
def test_nothing_to_tell_is_nothing_brought(source: str) -> None:
    same = state("Adam", source, ADAM)
    merged = merge(same, same, now=1)
    assert merged.here.empty and merged.there.empty
    assert not merged.files_to_here and not merged.files_to_there

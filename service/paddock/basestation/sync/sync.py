"""One sync of two running Paddocks. Killed anywhere, or done twice or by two at once, it does no harm.

Nothing is remembered between two syncs but by the two Paddocks themselves: what is compared is what they say, and
the history of a recording tells whose word is the later one (``domain/sync_merge.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from paddock.basestation.sync.recordings import settle
from paddock.basestation.sync.report import Report, Watch
from paddock.basestation.sync.setup import settle_setup
from paddock.basestation.sync.side import PAGE, STATES_AT_ONCE, Compared, Side
from paddock.client.streams import Streams
from paddock.client.upload import Announcement, Line, send
from paddock.domain.questions import Question
from paddock.errors import PaddockError, Rejected, Unavailable


def sync(here: Side, there: Side, watch: Watch, *, take: int = 0, since_ns: int | None = None) -> Report:
    """Have both say the same, and send what only the one has.

    Args:
        here: the Paddock at the track. Its recordings go up.
        there: the one in the cloud.
        watch: told how far it is.
        take: how many originals may come down of recordings that only the cloud has, the newest first.
        since_ns: those that began before are not taken; with it and no ``take`` all others are.

    Raises:
        Unavailable: one of the two does not answer; what went over until then is there.
        Rejected: one of them knows no sync, or both are the same.
    """
    if here.name == there.name or here.connection.url == there.connection.url:
        raise Rejected("Both addresses are of one Paddock: --server is the other one.", code="same_paddock")
    report = Report()
    asked_here, asked_there = here.questions(there.name), there.questions(here.name)
    questions = settle_setup(here, there, asked_here, asked_there, report)
    both, missing = _compare(here, there, report, watch)
    questions += _settle(here, there, both, report, watch)
    streams = Streams()
    questions += _carry(here, there, _latest_first(missing), report, watch, streams)
    if take or since_ns is not None:
        wanted = _to_take(here, there, take, since_ns)
        questions += _carry(there, here, wanted, report, watch, streams, down=True)
    _ask(here, [each for each in questions if each.peer == there.name], asked_here, report)
    _ask(there, [each for each in questions if each.peer == here.name], asked_there, report)
    report.questions = sum(each.peer == there.name for each in questions)
    return report


def _compare(here: Side, there: Side, report: Report, watch: Watch) -> tuple[list[str], list[Compared]]:
    """The ids of recordings of which the two say different things, and those that the other lacks."""
    differing, missing = [], []
    for page in here.compared():
        done = watch.begin("comparing", len(page))
        known = there.compare([each.id for each in page])
        for each in page:
            if each.id not in known:
                missing.append(each)
            elif known[each.id].digest != each.digest:
                differing.append(each.id)
        report.compared += len(page)
        done(len(page))
    return differing, missing


def _settle(here: Side, there: Side, ids: Sequence[str], report: Report, watch: Watch) -> list[Question]:
    done = watch.begin("merging", len(ids))
    questions: list[Question] = []
    for start in range(0, len(ids), STATES_AT_ONCE):
        some = ids[start : start + STATES_AT_ONCE]
        questions += settle(here, there, some, report)
        done(len(some))
    return questions


def _carry(
    source: Side,
    target: Side,
    recordings: Sequence[Compared],
    report: Report,
    watch: Watch,
    streams: Streams,
    *,
    down: bool = False,
) -> list[Question]:
    """Originals, each followed by what is said of it, so that nobody finds one without."""
    questions: list[Question] = []
    here, there = (target, source) if down else (source, target)
    for each in recordings:
        if each.deleted:
            continue
        if not each.has_original:
            report.fail(f"{each.name} stays where it is: its bytes are not whole on {source.name}.", each.id)
            continue
        try:
            line = Line(streams, sent=watch.begin(each.name, each.size_bytes, size_bytes=True))
            announcement = Announcement(each.id, each.size_bytes, each.name)
            # Streamed: no more than some pieces of it are in memory.
            send(target.connection, partial(source.original_pieces, each.id), announcement, line)
        except Unavailable:
            raise
        except PaddockError as error:
            report.fail(f"{each.name}: {error.message}", each.id)
            continue
        report.taken += down
        report.sent += not down
        questions += settle(here, there, [each.id], report)
    return questions


def _latest_first(recordings: Sequence[Compared]) -> list[Compared]:
    """The last run is what somebody waits for."""
    return sorted(recordings, key=lambda each: (each.started_ns is not None, each.started_ns or 0), reverse=True)


def _to_take(here: Side, there: Side, take: int, since_ns: int | None) -> list[Compared]:
    """What only the other has and is wanted here."""
    found: list[Compared] = []
    for page in there.compared():
        for start in range(0, len(page), PAGE):
            some = page[start : start + PAGE]
            known = here.compare([each.id for each in some])
            found += [each for each in some if each.id not in known and each.has_original and not each.deleted]
    if since_ns is not None:
        found = [each for each in found if each.started_ns is not None and each.started_ns >= since_ns]
    return _latest_first(found)[: take or None]


def _ask(side: Side, questions: Sequence[Question], asked: dict[str, Question], report: Report) -> None:
    """Ask what is not asked yet, and withdraw what is none any more."""
    for question in questions:
        known = asked.get(question.id)
        if known is None or known.asks != question:
            side.ask(question)
    current = {each.id for each in questions}
    for question_id, question in asked.items():
        if question_id not in current and question.subject not in report.failed:
            side.withdraw(question_id)

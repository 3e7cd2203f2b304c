"""``paddock sync``: the Paddock at the track and the one in the cloud come to say the same."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from paddock.basestation.sync.report import Report
from paddock.basestation.sync.side import Side
from paddock.basestation.sync.sync import sync
from paddock.cli.option_types import Day, Span
from paddock.cli.terminal import complain, out, print_json, print_rows, progress_bar
from paddock.client.connection import Connection
from paddock.domain.instants import to_rfc3339
from paddock.domain.sync import STARTED
from paddock.domain.words import counted
from paddock.errors import PaddockError, Unavailable
from paddock.settings import read_settings

TIMEOUT_S = 60.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
QUESTIONS_WAIT = 3
"""The exit code when all went over but what people have to choose."""


@click.command("sync")
@click.argument("which", nargs=-1, metavar="[QUESTION]...")
@click.option(
    "--here", metavar="URL", help="The Paddock at the track.  [default: as PADDOCK_HOST and PADDOCK_PORT say]"
)
@click.option("--server", metavar="URL", help="The Paddock in the cloud.")
@click.option(
    "--take", type=click.IntRange(0), default=0, metavar="N", help="Also the N newest logs that only the cloud has."
)
@click.option("--since", type=Day(), metavar="DATE", help="Also the logs from this day on that only the cloud has.")
@click.option(
    "--every", type=Span(), metavar="SPAN", help="Again and again, so long apart; waits while there is no internet."
)
@click.option("--show", is_flag=True, help="Only show what both say differently, for somebody to choose.")
@click.option(
    "--keep",
    type=click.Choice(["here", "cloud"]),
    help="Choose for each QUESTION, by its id as --show has it, or all.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(
    which: tuple[str, ...],
    here: str | None,
    server: str | None,
    take: int,
    since: int | None,
    every: float | None,
    show: bool,
    keep: str | None,
    as_json: bool,
) -> None:
    """Bring recordings, what people said of them, files, fields and signal catalogue to the cloud, and back what
    is newer there.

    Edits meet field by field. Where two people said different things of one field, nothing is replaced: both are
    shown, on both sites and by --show, until somebody chooses. Ends with 3 while there is something to choose.
    """
    with contextlib.closing(Connection(here or read_settings().base_url, TIMEOUT_S)) as connection:
        if show:
            _show(connection, as_json=as_json)
        elif keep:
            _keep(connection, which, keep)
        elif which:
            raise click.UsageError("A question is answered with --keep here or --keep cloud.")
        elif server is None:
            raise click.UsageError("Say where the cloud is: --server URL.")
        else:
            with contextlib.closing(Connection(server, TIMEOUT_S)) as cloud:
                _sync(connection, cloud, take, since, every, as_json=as_json)


def _sync(
    connection: Connection, cloud: Connection, take: int, since: int | None, every: float | None, *, as_json: bool
) -> None:
    here, there = Side(connection, _name(connection, own=True)), Side(cloud, _name(cloud, own=False))
    while True:
        report = None
        try:
            with _Bars() as watch:
                report = sync(here, there, watch, take=take, since_ns=since)
        except Unavailable as error:
            if every is None:
                raise
            complain(error.message)
        if report is not None:
            _say(report, as_json=as_json)
        if every is None:
            break
        time.sleep(every)
    assert report is not None, "what does not answer was raised"
    if report.problems:
        raise click.exceptions.Exit(1)
    if report.questions:
        raise click.exceptions.Exit(QUESTIONS_WAIT)


def _name(connection: Connection, *, own: bool) -> str:
    """What the other one's people call it: the machine, or where it is reached."""
    place = urlsplit(connection.url)
    return socket.gethostname() if own and place.hostname in LOOPBACK else place.netloc


class _Bars:
    """A line of progress for what is under way."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, what: str, total: int, *, size_bytes: bool = False) -> Callable[[int], None]:
        """Another line takes the place of the last."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = progress_bar(transfer=size_bytes)
        self._bar.start()
        bar, task = self._bar, self._bar.add_task(what, total=total)
        return lambda count: bar.advance(task, count)


def _say(report: Report, *, as_json: bool) -> None:
    for problem in report.problems:
        complain(problem)
    if as_json:
        counts = {name: value for name, value in vars(report).items() if name not in ("problems", "failed")}
        print_json({**counts, "problems": report.problems})
        return
    said = [
        *_counts(
            (report.sent, "log", "sent"),
            (report.taken, "log", "taken"),
            (report.told_there, "recording", "changed there"),
            (report.told_here, "recording", "changed here"),
            (report.files, "file", "carried"),
            (report.setup, "field or signal", "carried"),
        )
    ]
    out.print(f"{'; '.join(said) or 'nothing to do'} ({counted(report.compared, 'recording')} compared)")
    if report.questions:
        complain(f"{counted(report.questions, 'value')} to choose: paddock sync --show.")


def _counts(*counts: tuple[int, str, str]) -> Iterator[str]:
    for number, noun, verb in counts:
        if number:
            yield f"{counted(number, noun)} {verb}"


class _Asked(msgspec.Struct):
    question: dict[str, Any]
    name: str = ""
    ours: str | None = None
    theirs: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """Its cells."""
        subject = self.question["subject"]
        about = f"{subject[:10]} {self.name}" if self.question["kind"] == "recording" else subject
        field = {"signal": "signal", "field": "field"}.get(self.question["kind"], self.question["field"])
        by = self.question["theirs_by"]
        theirs = f"{self._shown(self.theirs)}{f' ({by})' if by else ''}"
        return self.question["id"], about, field, self._shown(self.ours), theirs, self.question["peer"]

    def _shown(self, value: str | None) -> str:
        if value and self.question["field"] == STARTED:
            return to_rfc3339(int(value))
        return value or "nothing"


def _show(connection: Connection, *, as_json: bool) -> None:
    answer = connection.call("GET", "/api/sync/questions")
    if as_json:
        print_json(answer)
        return
    asked = msgspec.convert(answer["items"], list[_Asked])
    if not asked:
        out.print("Nothing to choose.")
        return
    headings = ("Question", "Of", "Field", "Here", "There", "Where")
    print_rows(headings, (each.words for each in asked))


def _keep(connection: Connection, which: Sequence[str], keep: str) -> None:
    if not which:
        raise click.UsageError("Say which: the ids that paddock sync --show has, or all.")
    waiting = [each["question"]["id"] for each in connection.call("GET", "/api/sync/questions")["items"]]
    failed = False
    for question_id in waiting if "all" in which else which:
        try:
            body = {"keep": "ours" if keep == "here" else "theirs"}
            connection.call("POST", f"/api/sync/questions/{question_id}/answer", json=body, tries=1)
        except PaddockError as error:
            complain(f"{question_id}: {error.message}")
            failed = True
    if failed:
        raise click.exceptions.Exit(1)

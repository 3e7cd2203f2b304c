"""The pit screen in a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.basestation.verdict import Kind, Verdict
from paddock.basestation.view import Cell, Row, View
from paddock.cli.terminal import out, print_rows
from paddock.domain.fields import DRIVER
from paddock.domain.instants import NS_PER_S
from paddock.domain.words import counted, printable, size

_COLOURS = {
    Kind.SAFE: "bold white on green4",
    Kind.LEFT: "bold white on red3",
    Kind.RECORDING: "bold white on dark_orange3",
    Kind.AWAY: "bold white on grey37",
    Kind.NONE: "bold white on grey37",
}
_WORDS = {"done": "green", "busy": "blue", "waits": "yellow", "bad": "red", "none": "dim"}
_ROOM_OF_A_CAR, _ROOM_BESIDE = 4, 8
"""Lines."""


@contextlib.contextmanager
def drawing() -> Iterator[Callable[[View], None]]:
    """Draws below what is printed meanwhile, each time anew."""
    with Live(console=out, auto_refresh=False, transient=True) as live:
        yield lambda view: live.update(drawn(view, out.height), refresh=True)


def drawn(view: View, height: int) -> RenderableType:
    """A view as it fits into so many lines: logs that are under way first."""
    parts: list[RenderableType] = [_verdict(each) for each in view.verdicts]
    for way in view.ways:
        line = Text.assemble((f"{way.server.name}: ", "bold"), (way.word, _WORDS[way.kind]), f" {way.detail}")
        parts.append(_safe(line))
    parts += [_safe(Text(sentence, "yellow")) for sentence in view.problems]
    room = max(3, height - _ROOM_OF_A_CAR * len(view.verdicts) - _ROOM_BESIDE - len(view.problems))
    rows = sorted(view.rows, key=lambda row: row.is_done)[:room]
    if rows:
        table = Table(box=None, pad_edge=False)
        for heading in _headings(view):
            table.add_column(heading, overflow="ellipsis", no_wrap=True)
        for row in rows:
            table.add_row(*(_safe(text) for text in _cells(row)))
        parts.append(table)
    if more := len(view.rows) - len(rows) + view.more:
        parts.append(Text(f"{counted(more, 'more log')}", "dim"))
    return Group(*parts)


def print_view(view: View) -> None:
    """Print the view once, as lines."""
    for verdict in view.verdicts:
        out.print(" ".join([f"{verdict.car}: {headline(verdict)}.", *verdict.sentences]), soft_wrap=True)
    for way in view.ways:
        out.print(f"{way.server.name}: {way.word} {way.detail}".rstrip(), soft_wrap=True)
    for sentence in view.problems:
        out.print(sentence, soft_wrap=True)
    if view.rows:
        print_rows(_headings(view), [[text.plain for text in _cells(row)] for row in view.rows])
    if view.more:
        out.print(f"{counted(view.more, 'more log')}, not shown.")


def headline(verdict: Verdict) -> str:
    """With the time that ends it."""
    if verdict.since_ns is None:
        return verdict.headline
    since = datetime.fromtimestamp(verdict.since_ns // NS_PER_S)
    is_today = since.date() == datetime.now().date()
    return f"{verdict.headline} {since.strftime('%H:%M' if is_today else '%Y-%m-%d %H:%M')}"


def _verdict(verdict: Verdict) -> RenderableType:
    said = Text(f"{verdict.car}: {headline(verdict)}\n", justify="center")
    said.append(" ".join(verdict.sentences), "not bold")
    return Panel(_safe(said), style=_COLOURS[verdict.kind])


def _headings(view: View) -> list[str]:
    return ["log", "size", "on car", "here", *(each.name for each in view.status.servers), DRIVER.name]


def _cells(row: Row) -> list[Text]:
    whys = f" ({' '.join(row.whys)})" if row.whys else ""
    return [
        Text.assemble(row.log.name, (whys, "red" if row.is_wrong else "dim")),
        Text(size(row.log.size_bytes)),
        *(_cell(each) for each in (row.on_car, row.here, *row.servers)),
        Text(row.log.metadata.get(DRIVER.name, "")),
    ]


def _cell(cell: Cell) -> Text:
    share = "" if cell.share is None else f" {int(cell.share * 100)} %"
    return Text(f"{cell.word}{share}", _WORDS[cell.kind])


def _safe(text: Text) -> Text:
    """No name commands the terminal."""
    if text.plain.isprintable():
        return text
    return Text(
        "\n".join(printable(line) for line in text.plain.split("\n")), style=text.style, justify=text.justify
    )

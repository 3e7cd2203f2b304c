"""How every command shows progress, sizes and times."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import click
import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import LossReport
from paddock.domain.words import counted, printable, size

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_PIPED_WIDTH = 1_000_000
"""Width where stdout is no terminal, wider than any row: a program reads one line per row."""


class _Out:
    """The console of ``rich``, which is imported when something is drawn: much is not."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_console(), name)


@functools.cache
def _console() -> Console:
    from paddock.cli.drawing import Literal

    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Literal(highlight=False, markup=False, emoji=False, width=width)


out = cast("Console", _Out())
"""Results; plain text when piped."""


def complain(message: str) -> None:
    """One line on stderr."""
    click.echo(f"paddock: {printable(message)}", err=True)


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = ()) -> None:
    """A table; piped, each row is one line.

    Args:
        headings: of the columns.
        rows: a text per column.
        numbers: the headings of columns that are aligned to the right.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in numbers else "left")
    for row in rows:
        table.add_row(*(" ".join(cell.splitlines()) for cell in row))
    out.print(table)


def print_json(value: object) -> None:
    """What a program reads; indented, because people look at it too."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


class _NoBar:
    """A progress bar that nobody sees."""

    def __enter__(self) -> _NoBar:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *_, **__: 0


def progress_bar(*, transfer: bool = False) -> Progress:
    """A progress bar of ``rich`` on stderr; silent when that is no terminal. With ``transfer`` it counts bytes."""
    if not sys.stderr.isatty():
        return cast("Progress", _NoBar())
    from paddock.cli.drawing import progress

    return progress(transfer)


def seconds(duration_ns: int) -> str:
    """``7:00.3``: minutes, seconds and tenths; hours in front when there are any."""
    tenths = round(duration_ns / (NS_PER_S / 10))
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    clock = (
        f"{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"
        if hours
        else f"{minutes}:{tenths // 10:02d}.{tenths % 10}"
    )
    return f"{hours}:{clock}" if hours else clock


def local_time(instant_ns: int) -> str:
    """The instant in this machine's zone, to the second."""
    return datetime.fromtimestamp(instant_ns // NS_PER_S).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def in_words(loss: LossReport) -> str:
    """What a damaged log lost, in one line."""
    parts = [f"no {part}" for part in loss.missing]
    if loss.lost_bytes:
        parts.append(f"{size(loss.lost_bytes)} unusable")
    if loss.lost_records:
        parts.append(f"{counted(loss.lost_records, 'record')} lost")
    if loss.undecodable:
        parts.append(f"{counted(sum(loss.undecodable.values()), 'message')} not decodable")
    if loss.orphans:
        parts.append(f"{counted(loss.orphans, 'message')} without a channel")
    parts += sorted({entry.reason.replace("_", " ") for entry in loss.losses})
    return "recovered from a damaged log: " + ", ".join(parts)

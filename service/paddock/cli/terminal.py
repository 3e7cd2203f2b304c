"""How every command shows progress, sizes and times."""

from __future__ import annotations

import sys
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import LossReport
from paddock.domain.words import size

out = Console(highlight=False, markup=False, emoji=False)
"""Results; plain text when piped. All of it is literal: a path, a topic or a note may have brackets."""


def progress_bar(*, transfer: bool = False) -> Progress:
    """A progress bar on stderr; silent when that is no terminal. With ``transfer`` it counts bytes."""
    console = Console(file=sys.stderr)
    columns = (DownloadColumn(), TransferSpeedColumn()) if transfer else (TextColumn("{task.percentage:>3.0f} %"),)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


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
        parts.append(f"{loss.lost_records} records lost")
    if loss.undecodable:
        parts.append(f"{sum(loss.undecodable.values())} messages not decodable")
    if loss.orphans:
        parts.append(f"{loss.orphans} messages without a channel")
    parts += sorted({entry.reason.replace("_", " ") for entry in loss.losses})
    return "recovered from a damaged log: " + ", ".join(parts)

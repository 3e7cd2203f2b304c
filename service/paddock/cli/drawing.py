"""What the terminal is drawn on with ``rich``."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from paddock.domain.words import printable


class Literal(Console):
    """Prints what it is given as it is: brackets are no markup, and no text commands the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        """A text as it is."""
        return super().render_str(printable(text), **options)


class _Description(TextColumn):
    def render(self, task: Task) -> Text:
        return Text(printable(task.description))


def progress(transfer: bool) -> Progress:
    """A progress bar on stderr; see ``progress_bar``."""
    console = Console(file=sys.stderr)
    columns = (DownloadColumn(), TransferSpeedColumn()) if transfer else (TextColumn("{task.percentage:>3.0f} %"),)
    return Progress(
        _Description("{task.description}"),
        BarColumn(),
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )

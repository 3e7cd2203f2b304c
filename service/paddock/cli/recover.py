"""``paddock recover``: a clean log from a damaged one."""

from __future__ import annotations

from pathlib import Path

import click

from paddock.cli.files import STDOUT, force_option, output_option, say_written, to_stdout
from paddock.cli.terminal import in_words, progress_bar
from paddock.domain.words import counted
from paddock.readers.registry import Recovered
from paddock.usecases.take_away.recover_file import recover_file

LOSSY = 3


@click.command("recover")
@click.argument("log", type=click.Path(path_type=Path))
@output_option(required=True, help="The clean log, or a folder for it; - is stdout.")
@force_option
def command(log: Path, output: str, force: bool) -> None:
    """Write every message that can be had of LOG to a clean log: chunked, ordered by time, indexed.

    Exit code 0: nothing was lost. 3: something was lost, and it says what. 1: there is nothing to be had.
    """
    if output == STDOUT:
        with to_stdout("", [log]) as target:
            recovered = _recover(log, target, force)[1]
    else:
        saved, recovered = _recover(log, output, force)
        say_written(saved, f"  {counted(recovered.message_count, 'message')}")
    if recovered.loss.health != "intact":
        click.echo(in_words(recovered.loss), err=True)
    if recovered.loss.lossy:
        raise click.exceptions.Exit(LOSSY)


def _recover(log: Path, output: str | Path, force: bool) -> tuple[Path, Recovered]:
    with progress_bar() as bar:
        task = bar.add_task(log.name, total=1.0)
        return recover_file(log, output, lambda done: bar.update(task, completed=done), replace=force)

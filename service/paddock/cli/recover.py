"""``paddock recover``: a clean log from a damaged one."""

from __future__ import annotations

from pathlib import Path

import click

from paddock.cli.terminal import in_words, out, progress_bar
from paddock.domain.words import size
from paddock.usecases.recover_file import recover_file

LOSSY = 3


@click.command("recover")
@click.argument("log", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The clean log."
)
def command(log: Path, output: Path) -> None:
    """Write every message that can be had of LOG to a clean log: chunked, ordered by time, indexed.

    Exit code 0: LOG is intact. 3: something was lost, and it says what. 1: there is nothing to be had.
    """
    with progress_bar() as bar:
        task = bar.add_task(log.name, total=1.0)
        recovered = recover_file(log, output, lambda done: bar.update(task, completed=done))
    out.print(f"{size(output.stat().st_size):>8}  {output}  {recovered.message_count:,} messages", soft_wrap=True)
    if recovered.loss.health != "intact":
        click.echo(in_words(recovered.loss), err=True)
        raise click.exceptions.Exit(LOSSY)

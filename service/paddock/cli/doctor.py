"""``paddock doctor``: what is wrong with a log."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from paddock.cli.dbc_option import dbc_option
from paddock.cli.recover import LOSSY
from paddock.cli.terminal import out, print_json, progress_bar
from paddock.domain.can_database import Databases
from paddock.domain.log_kinds import LOG_KINDS
from paddock.domain.words import counted
from paddock.readers.doctor import Diagnosis, diagnose
from paddock.settings import read_settings
from paddock.usecases.intake.open_log import open_log


@click.command("doctor")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@dbc_option
def command(log: Path, as_json: bool, databases: Databases) -> None:
    """List what is wrong with LOG and what is lost; exit code 3 when anything is lost."""
    with open_log(log) as opened, tempfile.TemporaryDirectory(prefix="paddock-") as scratch, progress_bar() as bar:
        task = bar.add_task(log.name, total=1.0)
        diagnosis = diagnose(
            opened,
            Path(scratch),
            lambda done: bar.update(task, completed=done),
            read_settings().memory_bytes,
            databases,
        )
    loss = diagnosis.loss
    if as_json:
        print_json(diagnosis)
    else:
        _show(log, diagnosis)
    if loss.lossy:
        raise click.exceptions.Exit(LOSSY)


def _show(log: Path, diagnosis: Diagnosis) -> None:
    loss = diagnosis.loss
    for finding in diagnosis.findings:
        out.print(f"• {finding}")
    damaged = (
        f"damaged{', and can be recovered' * diagnosis.recoverable}"
        if loss.lossy
        else "not finished, but nothing in it is lost"
    )
    verdict = "intact" if loss.health == "intact" else damaged
    out.print(f"{log.name} is {verdict}: {counted(diagnosis.message_count, 'message')}.", soft_wrap=True)
    if loss.health != "intact":
        clean = f"clean{LOG_KINDS[diagnosis.kind].suffix}"
        recover = f" A clean log: paddock recover {log} -o {clean}" if diagnosis.recoverable else ""
        out.print(f"Paddock converts it as it is.{recover}", soft_wrap=True)

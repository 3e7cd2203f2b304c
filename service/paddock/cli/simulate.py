"""``paddock simulate``: a log like a real car's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from paddock.cli.files import STDOUT, force_option, output_option, say_written, to_stdout
from paddock.cli.terminal import progress_bar
from paddock.domain.instants import from_rfc3339
from paddock.domain.log_kinds import MCAP
from paddock.formats.output import new_file, target_of

NAME = f"simulated{MCAP.suffix}"


@click.command("simulate")
@output_option(default=NAME, show_default=True, help="The log, or a folder for it; - is stdout.")
@force_option
@click.option("--car", default="HT09", show_default=True)
@click.option("--driver", default="Adam", show_default=True)
@click.option("--laps", type=click.IntRange(1), default=2, show_default=True)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Another seed, another track and driver's day."
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Factor on all message rates.",
)
@click.option(
    "--duration", "duration_s", type=click.FloatRange(min=0, min_open=True), help="Stop after so many seconds."
)
@click.option("--started", default="2026-04-18T14:32:00Z", show_default=True, help="When the car recorded it.")
@click.option("--parked", is_flag=True, help="The car stands still.")
@click.option(
    "--pack-warmer",
    "pack_warmer_c",
    type=float,
    default=0.0,
    help="The battery is hotter than usual by so many °C, as when a fan has failed.",
)
@click.option(
    "--truncate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Power cut: keep only this share of the file.",
)
def command(output: str, force: bool, **options: Any) -> None:
    """Write an MCAP log of simulated laps, shaped like a real car's."""
    if output == STDOUT:
        with to_stdout(MCAP.suffix) as target:
            _simulate(target, **options)
        return
    with new_file(target_of(output, NAME), (MCAP.suffix,), replace=force) as new:
        _simulate(new.aside, **options)
    say_written(new.target)


def _simulate(target: Path, *, started: str, **options: Any) -> None:
    from paddock.simulator.log import simulate

    with progress_bar() as bar:
        task = bar.add_task("simulating", total=1.0)
        simulate(
            target,
            started_ns=from_rfc3339(started),
            progress=lambda done: bar.update(task, completed=done),
            **options,
        )

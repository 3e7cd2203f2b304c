"""The demo day of ``paddock up --demo``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from paddock.domain.log_kinds import MCAP
from paddock.settings import Settings
from paddock.simulator.demo import demo_day
from paddock.usecases.context import Context
from paddock.usecases.intake.take_file import take_in_file


async def take_in_demo_day(context: Context, settings: Settings) -> None:
    """Record a simulated test day, once per data directory, and take it in like any other.

    Not over HTTP: where everybody signs in, nobody can yet.

    Raises:
        PaddockError: it is not taken in.
    """
    folder = settings.data / "demo"
    logs = _recorded(folder)
    if not logs:
        click.echo("Recording a simulated test day …")
        aside = settings.data / "scratch" / "demo"
        aside.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(demo_day, aside)
        aside.rename(folder)
        logs = _recorded(folder)
    for log in logs:
        await take_in_file(context, log, f"demo-{log.stem}", name=log.name, uploaded_by="demo")
    click.echo(f"Took in {len(logs)} demo logs.")


def _recorded(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{MCAP.suffix}"))

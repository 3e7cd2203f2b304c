"""``paddock redrive``: try again what was given up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from paddock.bootstrap import open_context
from paddock.cli.terminal import out
from paddock.domain.principal import LOCAL_USER
from paddock.settings import Settings, read_settings
from paddock.usecases.jobs.jobs import redrive


@click.command("redrive")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
def command(data: Path | None) -> None:
    """Send again what lies on the dead letter queues, and retry jobs that died for a passing reason."""
    out.print(f"{asyncio.run(_redrive(read_settings(data=data)))} sent again.")


async def _redrive(settings: Settings) -> int:
    async with open_context(settings) as context:
        return await redrive(context, LOCAL_USER)

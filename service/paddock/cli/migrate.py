"""``paddock migrate``: prepare database and bucket."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from paddock.bootstrap import open_services, prepare_bucket
from paddock.cli.terminal import out
from paddock.settings import Settings, read_settings


@click.command("migrate")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
def command(data: Path | None) -> None:
    """Create what database and bucket lack: tables, indexes, rules for browsers. Safe to run twice."""
    asyncio.run(_migrate(read_settings(data=data)))
    out.print("Database and bucket are ready.")


async def _migrate(settings: Settings) -> None:
    async with open_services(settings) as services:
        await prepare_bucket(settings, services)

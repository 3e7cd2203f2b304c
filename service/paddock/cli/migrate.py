"""``paddock migrate``: prepare database and bucket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from paddock.bootstrap import open_context, prepare_bucket
from paddock.cli.terminal import complain, out
from paddock.settings import Settings, read_settings

LACKING = {
    "cors": "The object store takes no CORS rules: browsers cannot send logs to it, nor viewers read them, unless "
    "the store or a proxy before it allows {origin} by other means. `paddock upload` works all the same.",
    "lifecycle": "The object store takes no lifecycle rules: parts of uploads that nobody finished are removed by "
    "Paddock's worker only, not by the store.",
}
"""What it means that a store does not know something, for who runs it."""


@click.command("migrate")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
def command(data: Path | None) -> None:
    """Create what database and bucket lack: tables, indexes, rules for browsers. Safe to run twice."""
    settings = read_settings(data=data)
    lacking = asyncio.run(_migrate(settings))
    for what in lacking:
        complain(LACKING[what].format(origin=settings.base_url))
    out.print("Database and bucket are ready, but for that." if lacking else "Database and bucket are ready.")


async def _migrate(settings: Settings) -> Sequence[str]:
    async with open_context(settings) as context:
        return await prepare_bucket(settings, context)

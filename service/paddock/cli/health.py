"""``paddock health``: whether all of this Paddock does its work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
import httpx

from paddock.bootstrap import open_context
from paddock.cli.terminal import complain, out
from paddock.errors import PaddockError
from paddock.settings import Settings, read_settings
from paddock.usecases.health import faults

ANSWER_S = 30.0


@click.command("health")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
def command(data: Path | None) -> None:
    """Ask site, database and object store of this machine, and look whether work is done; exits with 1 if not."""
    settings = read_settings(data=data)
    found = [*_site(settings), *asyncio.run(_faults(settings))]
    for fault in found:
        complain(fault)
    if found:
        raise click.exceptions.Exit(1)
    out.print("All is well.")


def _site(settings: Settings) -> Sequence[str]:
    """Any answer but a 5xx: to this machine itself it may well say that it is no member of the VPN."""
    try:
        answer = httpx.get(f"{settings.local_url}/health", timeout=ANSWER_S)
    except httpx.TransportError as error:
        return [f"The site does not answer on {settings.local_url} ({error})."]
    if answer.status_code >= 500:
        return [f"The site answers {answer.status_code} on {settings.local_url}."]
    return []


async def _faults(settings: Settings) -> Sequence[str]:
    try:
        async with open_context(settings, migrate=False) as context:
            return await faults(context, overdue_ns=settings.overdue_ns)
    except PaddockError as error:
        return [error.message]

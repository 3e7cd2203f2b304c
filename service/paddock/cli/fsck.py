"""``paddock fsck``: do documents and objects agree?"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from paddock.bootstrap import open_services
from paddock.cli.terminal import out
from paddock.settings import Settings, read_settings
from paddock.usecases.fsck import fsck

FAULTY = 3


@click.command("fsck")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--mend", is_flag=True, help="Mend what can be mended; nothing that cannot be made again is removed.")
def command(data: Path | None, mend: bool) -> None:
    """Compare documents and objects. Exit code 3 when they differ, or, with --mend, when a person is needed."""
    left = asyncio.run(_fsck(read_settings(data=data), mend=mend))
    if left:
        raise click.exceptions.Exit(FAULTY)
    out.print("Documents and objects agree.")


async def _fsck(settings: Settings, *, mend: bool) -> int:
    """How many differences are left."""
    left = 0
    async with open_services(settings) as services:
        async for finding in fsck(services, mend=mend):
            mended = mend and finding.mendable
            left += not mended
            out.print(f"{finding.fault:<17} {finding.what}: {finding.remedy}", soft_wrap=True)
    return left

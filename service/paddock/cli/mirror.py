"""``paddock mirror``: a second copy of the logs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from paddock.bootstrap import open_context, open_store
from paddock.cli.terminal import complain, out, progress_bar
from paddock.domain.words import counted, size
from paddock.settings import Settings, read_settings
from paddock.usecases.storage.mirror import Mirrored, mirror

FAULTY = 3
_LISTED = 20


@click.command("mirror")
@click.argument("place")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--all", "derived", is_flag=True, help="Also what conversions and exports made of the logs.")
@click.option(
    "--verify", is_flag=True, help="Read what is there already and prove it; what is wrong is copied again."
)
@click.option("--back", is_flag=True, help="From PLACE to this Paddock: what its documents name and it lacks.")
def command(place: str, data: Path | None, derived: bool, verify: bool, back: bool) -> None:
    """Copy logs and attached files to PLACE, a directory or s3://bucket/prefix; each copy is proved by its hash.

    Nothing is removed there. Interrupted, it goes on where it was. Exit code 3 when something is missing or damaged
    in the end.
    """
    done = asyncio.run(_mirror(read_settings(data=data), place, derived=derived, verify=verify, back=back))
    out.print(f"{counted(done.copied, 'object')} copied, {size(done.copied_bytes)}; {done.there:,} there already.")
    for what, keys in (
        ("damaged: there is no copy of it", done.damaged),
        ("missing here and there" if not back else "missing", done.missing),
    ):
        for key in keys[:_LISTED]:
            complain(f"{key} is {what}.")
        if len(keys) > _LISTED:
            complain(f"{len(keys) - _LISTED:,} more: {what}.")
    if done.missing or done.damaged:
        raise click.exceptions.Exit(FAULTY)


async def _mirror(settings: Settings, place: str, *, derived: bool, verify: bool, back: bool) -> Mirrored:
    async with open_context(settings) as context, open_store(settings, place, make=not back) as store:
        with progress_bar(transfer=True) as bar:
            task = bar.add_task("Copying", total=None)

            def progress(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)

            return await mirror(context, store, back=back, derived=derived, verify=verify, progress=progress)

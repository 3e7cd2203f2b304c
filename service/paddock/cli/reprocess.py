"""``paddock reprocess``: convert again after a new version."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from paddock.bootstrap import open_context
from paddock.cli.terminal import complain, out
from paddock.domain.principal import LOCAL_USER
from paddock.domain.words import counted
from paddock.settings import Settings, read_settings
from paddock.usecases.conversion.reprocess import Reprocessed, reprocess


@click.command("reprocess")
@click.argument("words", nargs=-1)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Logs per second at most.",
)
@click.option("--all", "everything", is_flag=True, help="Also what this version converted already.")
@click.option("--accept", is_flag=True, help="Take what is found also where it is less than before.")
def command(words: tuple[str, ...], data: Path | None, rate: float, everything: bool, accept: bool) -> None:
    """Convert recordings again, all or those that contain WORDS; old files stay until the new ones are whole.

    Without --all those of which older code made the columns, the MATLAB file or the copy for viewers.
    """
    settings = read_settings(data=data)
    done = asyncio.run(_reprocess(settings, " ".join(words), rate, everything=everything, accept=accept))
    out.print(f"{counted(done.asked, 'recording')} will be converted again.")
    for sentence, times in sorted(done.why.items(), key=lambda item: -item[1]):
        out.print(f"{times:>6,}: {sentence}", soft_wrap=True)
    if done.without_original:
        complain(
            f"{counted(done.without_original, 'recording')} more cannot be: the original is not here. "
            "`paddock fsck` says which; upload those logs again."
        )


async def _reprocess(settings: Settings, text: str, rate: float, *, everything: bool, accept: bool) -> Reprocessed:
    async with open_context(settings) as context:
        return await reprocess(context, LOCAL_USER, text=text, rate_hz=rate, everything=everything, accept=accept)

"""``paddock fsck``: do documents and objects agree?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import click

from paddock.bootstrap import open_context
from paddock.cli.terminal import out, print_json, progress_bar
from paddock.settings import Settings, read_settings
from paddock.usecases.storage.fsck import Finding, fsck

FAULTY = 3


@click.command("fsck")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--mend", is_flag=True, help="Mend what can be mended; nothing that cannot be made again is removed.")
@click.option("--json", "as_json", is_flag=True, help="For programs, once everything was looked at.")
@click.option("--hash", "hashes", is_flag=True, help="Read every original and prove its bytes; may be interrupted.")
def command(data: Path | None, mend: bool, as_json: bool, hashes: bool) -> None:
    """Compare documents and objects. Exit code 3 when they differ, or, with --mend, when a person is needed."""
    findings: list[Finding] = []
    show = findings.append if as_json else _show
    left = asyncio.run(_fsck(read_settings(data=data), show, mend=mend, hashes=hashes))
    if as_json:
        print_json(findings)
    elif not left:
        out.print("Documents and objects agree.")
    if left:
        raise click.exceptions.Exit(FAULTY)


async def _fsck(settings: Settings, show: Callable[[Finding], None], *, mend: bool, hashes: bool) -> int:
    """How many differences are left."""
    left = 0
    async with open_context(settings) as context:
        with progress_bar(transfer=True) as bar:
            task = bar.add_task("Reading originals", visible=hashes)

            def progress(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            async for finding in fsck(context, mend=mend, hashes=hashes, progress=progress):
                mended = mend and finding.mendable
                left += not mended
                show(finding)
    return left


def _show(finding: Finding) -> None:
    out.print(f"{finding.fault:<17} {finding.what}: {finding.remedy}", soft_wrap=True)

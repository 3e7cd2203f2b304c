"""``paddock export``: an artifact of a recording in a running Paddock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from paddock.cli.request_options import build_request, request_options
from paddock.cli.terminal import out, progress_bar
from paddock.client import Client
from paddock.domain.words import size
from paddock.settings import read_settings


@click.command("export")
@click.argument("recording")
@click.option("-f", "--format", "format_", default="mat", show_default=True, help="File format.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File or folder; by default here.")
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@request_options
def command(recording: str, format_: str, output: Path | None, server: str | None, **options: Any) -> None:
    """Make and download one file of RECORDING (its id, or 6 or more digits of it)."""
    request = build_request(format_, **options)
    with Client(server or read_settings().base_url) as client, progress_bar() as bar:
        task = bar.add_task(f"{recording[:10]} {format_}", total=1.0)
        export = client.export(recording, request)
        export.wait(lambda done: bar.update(task, completed=done))
        saved = export.save(output or Path())
    out.print(f"{size(export.artifact.size_bytes):>8}  {saved}", soft_wrap=True)

"""``paddock export``: an artifact of a recording in a running Paddock."""

from __future__ import annotations

from typing import Any

import click

from paddock.cli.files import STDOUT, force_option, say_written, to_stdout
from paddock.cli.request_options import build_request, request_options
from paddock.cli.terminal import progress_bar
from paddock.client import Client
from paddock.formats.registry import find_format
from paddock.settings import read_settings


@click.command("export")
@click.argument("recording")
@click.option("-f", "--format", "format_", default="mat", show_default=True, help="File format.")
@click.option(
    "-o", "--output", type=click.Path(), default=".", help="File or folder, by default here; - is stdout."
)
@force_option
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@request_options
def command(recording: str, format_: str, output: str, force: bool, server: str | None, **options: Any) -> None:
    """Make and download one file of RECORDING (its id, or 6 or more digits of it)."""
    request = build_request(format_, **options)
    with Client(server or read_settings().base_url) as client, progress_bar() as bar:
        task = bar.add_task(f"{recording[:10]} {format_}", total=1.0)
        export = client.export(recording, request)
        export.wait(lambda done: bar.update(task, completed=done))
        if output == STDOUT:
            with to_stdout(find_format(request.format).suffix) as target:
                export.save(target)
            return
        saved = export.save(output, overwrite=force)
    say_written(saved)

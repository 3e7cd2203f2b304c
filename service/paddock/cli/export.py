"""``paddock export``: files of recordings in a running Paddock."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from paddock.cli.files import STDOUT, force_option, output_option, say_written, to_stdout
from paddock.cli.request_options import build_request, request_options
from paddock.cli.terminal import complain, progress_bar
from paddock.client import Client
from paddock.domain.export import ExportRequest
from paddock.formats.registry import find_format
from paddock.settings import read_settings


@click.command("export")
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING...")
@click.option("-f", "--format", "format_", default="mat", show_default=True, help="File format.")
@output_option(default=".", help="File, or a folder for several; by default here; - is stdout.")
@force_option
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@request_options
def command(
    recordings: tuple[str, ...], format_: str, output: str, force: bool, server: str | None, **options: Any
) -> None:
    """Make and download one file of each RECORDING (its id, or 6 or more digits of it)."""
    request = build_request(format_, **options)
    if len(recordings) > 1 and output == STDOUT:
        raise click.UsageError(f"-o {STDOUT} is one file: name one recording.")
    with Client(server or read_settings().base_url) as client:
        if len(recordings) == 1:
            _export_one(client, recordings[0], request, output, force)
        else:
            _export_many(client, recordings, request, output, force)


def _export_one(client: Client, recording: str, request: ExportRequest, output: str, force: bool) -> None:
    with progress_bar() as bar:
        task = bar.add_task(f"{recording[:10]} {request.format}", total=1.0)
        export = client.export(recording, request)
        export.wait(lambda done: bar.update(task, completed=done))
        saved = None
        if output == STDOUT:
            with to_stdout(find_format(request.format).suffix) as target:
                export.save(target)
        else:
            saved = export.save(output, overwrite=force)
    if saved is not None:
        say_written(saved)
    for sentence in export.artifact.left_out:
        complain(f"{recording[:10]}: {sentence}")
    if export.artifact.left_out:
        raise click.exceptions.Exit(1)


def _export_many(
    client: Client, recordings: tuple[str, ...], request: ExportRequest, output: str, force: bool
) -> None:
    with progress_bar() as bar:
        task = bar.add_task(f"{len(recordings)} recordings {request.format}", total=1.0)
        bundle = client.export_many(recordings, **msgspec.to_builtins(request))
        saved = bundle.wait(lambda done: bar.update(task, completed=done)).save(output, overwrite=force)
    for path in saved:
        say_written(path)
    for recording, failure in bundle.failures.items():
        complain(f"{recording[:10]}: {failure.message}")
    for recording, sentences in bundle.left_out.items():
        for sentence in sentences:
            complain(f"{recording[:10]}: {sentence}")
    if bundle.failures or bundle.left_out:
        raise click.exceptions.Exit(1)

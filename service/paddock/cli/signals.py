"""``paddock signals``: the team's signal catalogue as a file."""

from __future__ import annotations

from pathlib import Path

import click

from paddock.cli.files import STDOUT, force_option, output_option
from paddock.cli.terminal import out
from paddock.client import Client
from paddock.errors import Rejected
from paddock.formats.output import new_file, target_of
from paddock.settings import read_settings

_SERVER = click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")


@click.group("signals")
def command() -> None:
    """Take the team's signal catalogue out of a running Paddock, or put one in."""


@command.command("export")
@output_option(default=STDOUT, help="File, or a folder for it; by default stdout.")
@force_option
@_SERVER
def export_command(output: str, force: bool, server: str | None) -> None:
    """Write the catalogue as a signals.toml."""
    with Client(server or read_settings().base_url) as client:
        text = client.signal_catalogue()
    if output == STDOUT:
        click.echo(text, nl=False)
        return
    with new_file(target_of(output, "signals.toml"), (".toml",), replace=force) as new:
        new.aside.write_text(text, encoding="utf-8")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_SERVER
def import_command(file: Path, server: str | None) -> None:
    """Replace the catalogue by FILE."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Rejected(f"{file} is no text in UTF-8: is it a signals.toml?", code="bad_catalogue") from None
    with Client(server or read_settings().base_url) as client:
        count = client.replace_signal_catalogue(text)
    out.print(f"The catalogue has {count} entries now.")

"""``paddock upload``: logs into a running Paddock."""

from __future__ import annotations

from pathlib import Path

import click

from paddock.cli.terminal import out, progress_bar
from paddock.client import Client
from paddock.domain.words import size
from paddock.errors import PaddockError
from paddock.settings import read_settings


@click.command("upload")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--set", "fields", multiple=True, metavar="FIELD=VALUE", help="Metadata: car, driver, event, venue …")
def command(paths: tuple[Path, ...], server: str | None, fields: tuple[str, ...]) -> None:
    """Send logs, and folders of logs, to a running Paddock. Sending a log twice is harmless."""
    metadata = dict(_pair(field) for field in fields)
    logs = [log for path in paths for log in _logs_in(path)]
    if not logs:
        raise click.UsageError("There is no .mcap file in there.")
    failed = 0
    with Client(server or read_settings().base_url) as client, progress_bar(transfer=True) as bar:
        for log in logs:
            size_bytes = log.stat().st_size
            # Hashing and sending each go once over the file.
            task = bar.add_task(log.name, total=2 * size_bytes)
            try:
                recording = client.upload(
                    log,
                    metadata=metadata,
                    hashed=lambda count, task=task: bar.advance(task, count),  # type: ignore[misc]
                    sent=lambda count, task=task: bar.advance(task, count),  # type: ignore[misc]
                )
            except PaddockError as error:
                failed += 1
                click.echo(f"paddock: {log.name}: {error.message}", err=True)
                if error.code == "no_service":
                    break
            else:
                status = f"{recording.id[:10]}  {recording.status:<10}"
                out.print(f"{status} {size(size_bytes):>8}  {log.name}", soft_wrap=True)
            finally:
                bar.remove_task(task)
    if failed:
        raise click.exceptions.Exit(1)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes FIELD=VALUE, not {text!r}.")
    return name, value


def _logs_in(path: Path) -> list[Path]:
    return sorted(path.rglob("*.mcap")) if path.is_dir() else [path]

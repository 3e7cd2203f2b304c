"""``paddock upload``: logs into a running Paddock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from paddock.cli.files import logs_below, no_log_in_there
from paddock.cli.terminal import complain, out, progress_bar
from paddock.client import Client, FoundRecording
from paddock.domain.fields import FIELDS, same_value
from paddock.domain.recording import SHORT_ID_LENGTH
from paddock.domain.sidecar import Sidecar, read_sidecar, sidecar_name
from paddock.domain.words import size
from paddock.errors import PaddockError, Rejected
from paddock.settings import read_settings

_SET_HELP = f"Metadata: {', '.join(field.name for field in FIELDS[:4])} …; paddock fields names all of them."


@click.command("upload")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--set", "fields", multiple=True, metavar="FIELD=VALUE", help=_SET_HELP)
@click.option("--replace", is_flag=True, help="--set also changes what a recording that is there says already.")
@click.option("--wait", is_flag=True, help="Until the logs are converted.")
def command(
    paths: tuple[Path, ...], server: str | None, fields: tuple[str, ...], replace: bool, wait: bool
) -> None:
    """Send logs, and folders of logs, to a running Paddock. Sending a log twice is harmless.

    What a file LOG.json beside a log says of it (metadata, clock_offset_ns) goes along.
    """
    metadata = dict(_pair(field) for field in fields)
    logs = [log for path in paths for log in (logs_below(path) if path.is_dir() else [path])]
    if not logs:
        raise no_log_in_there()
    with Client(server or read_settings().base_url) as client:
        sent = _send(client, logs, metadata, replace=replace, say=not wait)
        ready = _wait(sent) if wait else len(sent)
    if ready < len(logs):
        raise click.exceptions.Exit(1)


def _send(
    client: Client, logs: list[Path], metadata: Mapping[str, str], *, replace: bool, say: bool
) -> list[FoundRecording]:
    """The recordings of the logs that arrived; the others are named, and stop nobody."""
    recordings: list[FoundRecording] = []
    with progress_bar(transfer=True) as bar:
        for log in logs:
            task = bar.add_task(log.name)
            before: list[FoundRecording] = []
            sidecar = _sidecar_of(log)
            try:
                # Hashing and sending each go once over the file.
                bar.update(task, total=2 * log.stat().st_size)
                recording = client.upload(
                    log,
                    metadata=metadata,
                    sidecar=sidecar,
                    replace=replace,
                    hashed=lambda count, task=task: bar.advance(task, count),  # type: ignore[misc]
                    sent=lambda count, task=task: bar.advance(task, count),  # type: ignore[misc]
                    known=before.append if metadata else None,
                    left_out=lambda sentence, log=log: complain(f"{sidecar_name(log.name)}: {sentence}"),  # type: ignore[misc]
                )
            except (PaddockError, OSError) as error:
                complain(f"{log.name}: {error.message if isinstance(error, PaddockError) else error.strerror}")
                if isinstance(error, PaddockError) and error.code == "no_service":
                    break
            else:
                recordings.append(recording)
                if say:
                    _say(recording, log.name)
                _say_metadata(recording, metadata, before)
            finally:
                bar.remove_task(task)
    return recordings


def _sidecar_of(log: Path) -> Sidecar | None:
    """What lies beside a log; one that cannot be used is named, and keeps no log back."""
    try:
        return read_sidecar(log)
    except Rejected as error:
        complain(error.message)
        return None


def _say(recording: FoundRecording, name: str) -> None:
    figures = f"{recording.id[:SHORT_ID_LENGTH]}  {recording.status:<10} {size(recording.size_bytes):>8}"
    out.print(f"{figures}  {recording.url}  {name}", soft_wrap=True)


def _say_metadata(recording: FoundRecording, metadata: Mapping[str, str], before: list[FoundRecording]) -> None:
    """What ``--set`` did to a log that was there, whose recording is in ``before``: it fills what is empty.

    What somebody said before stays, and is said.
    """
    for field, value in metadata.items():
        now = recording[field]
        if same_value(now) != same_value(value):
            complain(f"{recording.name}: {field} stays {now!r}; --replace makes it {value.strip()!r}.")
        elif before and now != (was := before[0][field]):
            complain(f"{recording.name}: {field} is {now!r} now{f', it was {was!r}' if was else ''}.")


def _wait(recordings: list[FoundRecording]) -> int:
    """How many of them got ready."""
    ready = 0
    with progress_bar() as bar:
        task = bar.add_task("converting", total=len(recordings))
        for recording in recordings:
            try:
                done = recording.wait()
            except PaddockError as error:
                complain(f"{recording.name}: {error.message}")
            else:
                ready += 1
                _say(done, recording.name)
            bar.advance(task)
    return ready


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes FIELD=VALUE, not {text!r}.")
    return name, value

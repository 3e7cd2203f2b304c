"""``paddock config``: whether settings are right, without starting anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import msgspec

from paddock.bootstrap import check_backups, check_device_key, check_secret, check_vpn
from paddock.cli.environment_file import read_environment
from paddock.cli.terminal import complain, out
from paddock.domain.words import counted
from paddock.errors import Rejected
from paddock.settings import Settings, understand, variable

_LISTED = 30


@click.group("config")
def command() -> None:
    """Look at settings."""


@command.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path | None) -> None:
    """Say what is wrong with the settings in FILE, and start nothing.

    FILE has lines such as PADDOCK_PORT=8080, as systemd reads them (EnvironmentFile=). It may be another machine's,
    so the files that it names are not looked for. Without FILE: the settings of this environment, with the files
    they name.
    """
    given: Mapping[str, str] | None = None
    mistakes: list[str] = []
    if file is not None:
        given, mistakes = read_environment(file.read_text(encoding="utf-8-sig", errors="replace"))
    settings, wrong = understand(given, read_secrets=given is None)
    mistakes += wrong
    mistakes += _refused_at_start(settings, peers=given is None)
    mistakes += _without_effect(settings)
    if given is not None:
        mistakes += _relative(settings)
    for mistake in mistakes[:_LISTED]:
        complain(mistake)
    if len(mistakes) > _LISTED:
        complain(f"{len(mistakes) - _LISTED:,} more mistakes.")
    if mistakes:
        raise click.exceptions.Exit(1)
    if file is None or given is None:
        out.print("The settings of this environment are right.")
    else:
        settings_count = sum(name.startswith("PADDOCK_") and bool(text) for name, text in given.items())
        out.print(f"{file}: {counted(settings_count, 'setting')}, all right.")


def _refused_at_start(settings: Settings, *, peers: bool) -> Iterator[str]:
    from paddock.web.kernel.principal import Edge

    if not peers:
        settings = msgspec.structs.replace(settings, peers_file=None)
    for check_at_start in (check_secret, check_device_key, check_vpn, check_backups, Edge):
        try:
            check_at_start(settings)
        except Rejected as error:
            yield error.message


def _relative(settings: Settings) -> Iterator[str]:
    """What would be another file or directory for each program, by where it was started."""
    for name in ("data", "peers_file", "vpn_directory", "mqtt_certificate", "mqtt_certificate_key"):
        path = getattr(settings, name)
        if path is not None and not path.is_absolute():
            yield f"{variable(name)} must be a path from the root on, such as /srv/paddock, not {str(path)[:80]!r}."


def _without_effect(settings: Settings) -> Iterator[str]:
    """What somebody set in vain, and so took for something else."""
    if not settings.s3_bucket:
        for variable, given in (
            ("PADDOCK_S3_ENDPOINT", settings.s3_endpoint),
            ("PADDOCK_S3_PUBLIC_ENDPOINT", settings.s3_public_endpoint),
        ):
            if given:
                yield f"{variable} has no effect without PADDOCK_S3_BUCKET: name the bucket too."
    if (settings.mqtt_certificate is None) != (settings.mqtt_certificate_key is None):
        yield "PADDOCK_MQTT_CERTIFICATE and PADDOCK_MQTT_CERTIFICATE_KEY are of no use alone: set both."
    if settings.export_queue_url and not settings.ingest_queue_url:
        yield "PADDOCK_EXPORT_QUEUE_URL has no effect without PADDOCK_INGEST_QUEUE_URL: set both."

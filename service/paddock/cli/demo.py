"""The demo day of ``paddock up --demo``."""

from __future__ import annotations

from pathlib import Path

import click

from paddock.client import Client
from paddock.domain.log_kinds import MCAP
from paddock.settings import Settings
from paddock.simulator.demo import demo_day


def upload_demo_day(settings: Settings) -> None:
    """Record a simulated test day, once per data directory, and upload it like any other."""
    folder = settings.data / "demo"
    logs = _recorded(folder)
    if not logs:
        click.echo("Recording a simulated test day …")
        aside = settings.data / "scratch" / "demo"
        aside.mkdir(parents=True, exist_ok=True)
        demo_day(aside)
        aside.rename(folder)
        logs = _recorded(folder)
    with Client(settings.base_url) as client:
        for log in logs:
            client.upload(log)
    click.echo(f"Uploaded {len(logs)} demo logs.")


def _recorded(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{MCAP.suffix}"))

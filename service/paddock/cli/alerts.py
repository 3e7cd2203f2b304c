"""``paddock alerts``: what is wrong, as a running Paddock knows it."""

from __future__ import annotations

import click

from paddock.cli.terminal import out, print_json, print_rows
from paddock.client import Alert, Client
from paddock.settings import read_settings

_OPEN = ("firing", "acknowledged")


@click.group("alerts", invoke_without_command=True)
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--all", "with_cleared", is_flag=True, help="Also those that are over.")
@click.option("--car", default="", help="Only of this car.")
@click.option("--device", default="", help="Only of this device, by its id.")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
@click.pass_context
def command(
    ctx: click.Context, server: str | None, with_cleared: bool, car: str, device: str, as_json: bool
) -> None:
    """Show the alerts that are not over, the firing ones first; acknowledge one."""
    client = ctx.with_resource(Client(server or read_settings().base_url))
    ctx.obj = client
    if ctx.invoked_subcommand is not None:
        return
    alerts = list(client.alerts(*(() if with_cleared else _OPEN), car=car, device=device))
    if as_json:
        print_json(alerts)
        return
    print_rows(
        ("id", "severity", "state", "since", "where", "what"),
        [(each.id, each.severity, _state(each), each.fired_at, _where(each), each.text) for each in alerts],
    )


@command.command("acknowledge")
@click.argument("id")
@click.pass_obj
def acknowledge_command(client: Client, id: str) -> None:
    """Say that somebody has seen the alert ID."""
    seen = client.alert(id).acknowledge()
    out.print(f"{_state(seen).capitalize()}: {seen.text}", soft_wrap=True)


def _state(alert: Alert) -> str:
    if alert.state == "firing":
        return "firing"
    if alert.state == "acknowledged":
        return f"seen by {alert.acknowledged_by}"
    return f"over by {alert.cleared_by}" if alert.cleared_by else "over"


def _where(alert: Alert) -> str:
    return " · ".join(filter(None, (alert.device or alert.recording[:10], alert.car)))

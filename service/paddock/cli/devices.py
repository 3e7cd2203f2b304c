"""``paddock devices``: what sends to a running Paddock while it happens."""

from __future__ import annotations

from pathlib import Path

import click

from paddock.cli.terminal import out, print_json, print_rows
from paddock.client import Client, Device
from paddock.settings import read_settings

_NUMBERS = ("messages", "refused")


@click.group("devices", invoke_without_command=True)
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
@click.pass_context
def command(ctx: click.Context, server: str | None, as_json: bool) -> None:
    """Show the devices; add one, give it a token, disable it."""
    client = ctx.with_resource(Client(server or read_settings().base_url))
    ctx.obj = client
    if ctx.invoked_subcommand is None:
        _show(client, as_json=as_json)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
@click.pass_obj
def list_command(client: Client, as_json: bool) -> None:
    """Show the devices."""
    _show(client, as_json=as_json)


def _show(client: Client, *, as_json: bool) -> None:
    devices = client.devices()
    if as_json:
        print_json(devices)
        return
    print_rows(
        ("id", "name", "type", "car", "state", "last message", *_NUMBERS),
        [
            (
                each.id,
                each.name,
                each.type,
                each.car,
                _state(each),
                each.last_seen or "never",
                f"{each.messages:,}",
                f"{each.refused.count:,}",
            )
            for each in devices
        ],
        numbers=_NUMBERS,
    )


def _state(device: Device) -> str:
    if device.is_disabled:
        return "disabled"
    if device.last_seen is None:
        return "new"
    return "active" if device.is_active else "silent"


@command.command("add")
@click.argument("name")
@click.option("--type", "kind", default="", help="What kind of device it is; signals of one kind have one name.")
@click.option("--car", default="", help="The car it belongs to.")
@click.option("--id", "device_id", default="", help="That it is to have.  [default: made of its name]")
@click.pass_obj
def add_command(client: Client, name: str, kind: str, car: str, device_id: str) -> None:
    """Add a device called NAME. It sends once it has a token."""
    added = client.add_device(name, type=kind, car=car, device_id=device_id)
    out.print(f"Added as {added.id}. Its token: paddock devices token {added.id}")


@command.command("token")
@click.argument("id")
@click.option("--days", default=365, show_default=True, help="For how long it is valid.")
@click.pass_obj
def token_command(client: Client, id: str, days: int) -> None:
    """Print a new token for the device ID, this once. The one before it admits nobody any more."""
    handed = client.device_token(id, days=days)
    click.echo(f"Valid until {handed.expires_at}, and not shown again.", err=True)
    click.echo(handed.token)


@command.command("photo")
@click.argument("id")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--remove", is_flag=True, help="Remove the one that it has.")
@click.pass_obj
def photo_command(client: Client, id: str, file: Path | None, remove: bool) -> None:
    """Give the device ID the photo FILE: a JPEG, PNG or WebP of at most 2 MB."""
    if (file is None) is not remove:
        raise click.UsageError("Name a photo, or say --remove.")
    if file is None:
        client.remove_device_photo(id)
        out.print("Removed.")
    else:
        client.set_device_photo(id, file)
        out.print("Its page has the photo.")


@command.command("schema")
@click.argument("id")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--message", default="", help="Full name of the message type.  [default: the only one in FILE]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Save the schema that it has to this file or folder."
)
@click.option("--remove", is_flag=True, help="Decode its messages without a schema again.")
@click.pass_obj
def schema_command(
    client: Client, id: str, file: Path | None, message: str, output: Path | None, remove: bool
) -> None:
    """Have the protobuf messages of the device ID decoded by FILE; without one, say what they are decoded by.

    FILE is what `protoc --include_imports --descriptor_set_out=FILE car.proto` writes.
    """
    if sum((file is not None, output is not None, remove)) > 1 or (message and file is None):
        raise click.UsageError("Name a schema, or say --output or --remove: one of them.")
    if file is not None:
        out.print(f"Its messages are {client.set_device_schema(id, file, message).schema} from now on.")
    elif output is not None:
        out.print(f"Saved as {client.save_device_schema(id, output)}.")
    elif remove:
        client.remove_device_schema(id)
        out.print("Removed: its messages are JSON or MessagePack from now on.")
    else:
        out.print(client.device(id).schema or "It has none: its messages are JSON or MessagePack.")


@command.command("disable")
@click.argument("id")
@click.pass_obj
def disable_command(client: Client, id: str) -> None:
    """Take nothing of the device ID any more. What it sent stays."""
    client.change_device(id, is_disabled=True)
    out.print("Disabled: its connection is closed within a second, and what it sent stays.")


@command.command("enable")
@click.argument("id")
@click.pass_obj
def enable_command(client: Client, id: str) -> None:
    """Take what the device ID sends again, with the token that it has."""
    client.change_device(id, is_disabled=False)
    out.print("Enabled.")

"""``paddock databases``: the CAN databases of a running Paddock."""

from __future__ import annotations

from pathlib import Path

import click

from paddock.cli.terminal import complain, out, print_json, print_rows
from paddock.client import Client
from paddock.domain.words import counted
from paddock.settings import read_settings

_NUMBERS = ("messages", "signals")


@click.group("databases", invoke_without_command=True)
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
@click.pass_context
def command(ctx: click.Context, server: str | None, as_json: bool) -> None:
    """Show the CAN databases by which logs of frames are decoded; add and retire them."""
    client = ctx.with_resource(Client(server or read_settings().base_url))
    ctx.obj = client
    if ctx.invoked_subcommand is not None:
        return
    databases = client.databases()
    if as_json:
        print_json(databases)
        return
    print_rows(
        ("id", "file", "car", "bus", "days", *_NUMBERS, "added by"),
        [
            (
                each.id,
                each.name + (" (retired)" if each.retired else ""),
                each.car or "all",
                each.bus or "all",
                f"{each.valid_from or '…'} – {each.valid_until or '…'}",
                f"{each.messages:,}",
                f"{each.signals:,}",
                each.added_by,
            )
            for each in databases
        ],
        numbers=_NUMBERS,
    )


@command.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--car", default="", help="Only for logs of this car.")
@click.option("--bus", default="", help="Only for this bus of logs, such as can0.")
@click.option("--from", "valid_from", default="", help="First day of recordings that it decodes, 2026-03-01.")
@click.option("--until", "valid_until", default="", help="Last such day.")
@click.option("--note", default="", help="Why it is there.")
@click.pass_obj
def add_command(
    client: Client, file: Path, car: str, bus: str, valid_from: str, valid_until: str, note: str
) -> None:
    """Add FILE (.dbc, .sym, .kcd), say what it changes, and convert the recordings that waited for it."""
    use = {"car": car, "bus": bus, "valid_from": valid_from, "valid_until": valid_until, "note": note}
    added = client.add_database(file, **use)
    database = added.database
    for notice in database.notices:
        complain(f"{database.name}: {notice}")
    what = f"{counted(database.messages, 'message')}, {counted(database.signals, 'signal')}"
    out.print(f"Added as {database.id}: {what}. Converted now: {counted(added.converted, 'recording')}.")
    if added.renamed:
        out.print(f"One with the name before in the catalogue: {', '.join(added.renamed)}.", soft_wrap=True)
    for change in client.database_changes(database.id):
        out.print(f"{change.kind:<9} {change.sentence}", soft_wrap=True)


@command.command("changes")
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def changes_command(client: Client, id: str, as_json: bool) -> None:
    """Say what the database ID changes beside the version before it."""
    found = client.database_changes(id)
    if as_json:
        print_json(found)
        return
    for each in found:
        out.print(f"{each.kind:<9} {each.sentence}", soft_wrap=True)
    if not found:
        out.print("Nothing: it is the first of its car and bus, or says the same.")


@command.command("retire")
@click.argument("id")
@click.pass_obj
def retire_command(client: Client, id: str) -> None:
    """Have the database ID decode nothing new. What it decoded stays."""
    client.retire_database(id)
    out.print("Retired. What it decoded stays, and so does its file.")


@command.command("decode")
@click.pass_obj
def decode_command(client: Client) -> None:
    """Convert all recordings again whose frames other databases would decode today."""
    out.print(f"Converted now: {counted(client.decode_anew(), 'recording')}.")

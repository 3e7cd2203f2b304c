"""``paddock fields``: the metadata fields of a running Paddock, and those that the team adds."""

from __future__ import annotations

import click

from paddock.cli.terminal import out, print_json, print_rows
from paddock.client import Client
from paddock.settings import read_settings

_CHOICES = click.option("--choice", "choices", multiple=True, help="A value that it may have; repeat it for each.")


@click.group("fields", invoke_without_command=True)
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
@click.pass_context
def command(ctx: click.Context, server: str | None, as_json: bool) -> None:
    """Show the metadata fields that recordings have; add, change and remove fields of your own."""
    client = ctx.with_resource(Client(server or read_settings().base_url))
    ctx.obj = client
    if ctx.invoked_subcommand is not None:
        return
    fields = client.fields()
    if as_json:
        print_json(fields)
        return
    print_rows(
        ("name", "label", "values", "list", "whose"),
        [
            (
                field.name,
                field.label,
                ", ".join(field.choices) or "any text",
                "column" if field.column else "",
                "own" if field.own else "every team's",
            )
            for field in fields
        ],
    )


@command.command("add")
@click.argument("label")
@click.option("--name", default="", help="In MATLAB and in searches.  [default: made from the label]")
@_CHOICES
@click.option("--column", is_flag=True, help="Show it as a column of the list.")
@click.pass_obj
def add_command(client: Client, label: str, name: str, choices: tuple[str, ...], column: bool) -> None:
    """Give all recordings a further field, called LABEL on the site."""
    field = client.add_field(label, name=name, choices=choices, column=column)
    out.print(f"Added. In searches, in MATLAB and after --set it is {field.name}.")


@command.command("change")
@click.argument("name")
@click.option("--label", help="What the site calls it.")
@_CHOICES
@click.option("--any-text", is_flag=True, help="It has no choices any more.")
@click.option("--column/--no-column", default=None, help="Whether it is a column of the list.")
@click.pass_obj
def change_command(
    client: Client, name: str, label: str | None, choices: tuple[str, ...], any_text: bool, column: bool | None
) -> None:
    """Change the field NAME; what is not given stays. Values that recordings have already stay as well."""
    if any_text and choices:
        raise click.UsageError("Give either --choice or --any-text.")
    client.change_field(name, label=label, choices=choices if choices or any_text else None, column=column)
    out.print("Changed.")


@command.command("remove")
@click.argument("name")
@click.pass_obj
def remove_command(client: Client, name: str) -> None:
    """Take the field NAME out of forms and filters. What recordings say stays."""
    client.remove_field(name)
    out.print("Removed. What recordings say stays, and comes back with a field of this name.")

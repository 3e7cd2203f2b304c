"""``paddock setup``: how the car was set up in a run, and what changed between runs."""

from __future__ import annotations

from pathlib import Path

import click

from paddock.cli.terminal import out, print_json, print_rows
from paddock.client import Client, SetupComparison, SetupSheet
from paddock.client.upload import sha256_of
from paddock.domain.setup_values import text_of
from paddock.settings import read_settings


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1)
@click.option("--set", "said", multiple=True, metavar="FIELD=VALUE", help="Enter a value; without one it goes.")
@click.option(
    "--copy-from",
    metavar="RUN",
    help="Begin with the sheet of that run; `none` is a blank one.  [default: the car's run before]",
)
@click.option("--all", "everything", is_flag=True, help="Of several runs: also what is the same.")
@click.option("--fields", is_flag=True, help="Show the fields that sheets have.")
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
def command(
    runs: tuple[str, ...],
    said: tuple[str, ...],
    copy_from: str | None,
    everything: bool,
    fields: bool,
    server: str | None,
    as_json: bool,
) -> None:
    """Show the setup sheet of a RUN, enter values on it, or show what differs between several.

    A RUN is a log that was uploaded, the id of a recording, or its first 6 digits or more. A first sheet begins as
    a copy of the car's run before, so that only what was changed is entered.
    """
    ids = tuple(map(_id_of, runs))
    with Client(server or read_settings().base_url) as client:
        if fields:
            _show_fields(client, as_json)
        elif not ids:
            raise click.UsageError("Name a run: its log, or the id that stands on its page and in its file names.")
        elif len(ids) > 1:
            if said or copy_from is not None:
                raise click.UsageError("Values are entered on the sheet of one run.")
            _show_comparison(client.compare_setups(ids, everything=everything), as_json)
        else:
            recording = client.get(ids[0])
            if said or copy_from is not None:
                begin = "last" if copy_from is None else "" if copy_from == "none" else _id_of(copy_from)
                sheet = recording.set_setup(copy_from=begin, **dict(map(_entered, said)))
            else:
                sheet = recording.setup_sheet()
            _show_sheet(client, sheet, as_json)


def _id_of(run: str) -> str:
    """A recording's id is the SHA-256 of its log."""
    log = Path(run)
    return sha256_of(log, lambda _: None)[0] if log.is_file() else run


def _entered(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r}: write it like spring_front=37.5.", param_hint="--set")
    return name.strip(), value


def _show_sheet(client: Client, sheet: SetupSheet, as_json: bool) -> None:
    if as_json:
        print_json(sheet)
        return
    if not sheet.values:
        out.print("Nobody said how the car was set up in this run: enter values with --set.")
        return
    known = {field.name: field for field in client.setup_fields()}
    before = {change.name: change.before for change in sheet.changes}
    print_rows(
        ("field", "value", "unit", "was"),
        [
            (
                name,
                _text(sheet.values.get(name)),
                known[name].unit if name in known else "",
                "" if name not in before else _text(before[name]) or "nothing",
            )
            for name in dict.fromkeys((*known, *sheet.values, *before))
            if name in sheet.values or name in before
        ],
    )


def _show_comparison(compared: SetupComparison, as_json: bool) -> None:
    if as_json:
        print_json(compared)
        return
    rows = [(row.name, *map(_text, row.values)) for row in compared.rows]
    rows += [(f"{entry.record} · {entry.key}", *map(_text, entry.values)) for entry in compared.log]
    if not rows:
        out.print("The setups are the same.")
        return
    print_rows(("field", *(run.recording[:10] for run in compared.runs)), rows)


def _show_fields(client: Client, as_json: bool) -> None:
    fields = client.setup_fields()
    if as_json:
        print_json(fields)
        return
    print_rows(
        ("field", "label", "unit", "values"),
        [(each.name, each.label, each.unit, ", ".join(each.choices) or each.kind) for each in fields],
    )


def _text(value: float | str | None) -> str:
    return "" if value is None else text_of(value)

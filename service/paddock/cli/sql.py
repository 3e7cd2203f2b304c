"""``paddock sql``: the whole season in one query."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import pyarrow as pa

from paddock.bootstrap import open_context
from paddock.cli.files import force_option, say_written
from paddock.cli.terminal import complain, out, print_json, print_rows
from paddock.columns.arrow_numpy import is_number
from paddock.formats.output import new_file
from paddock.settings import Settings, read_settings
from paddock.usecases.season.answers import FILES, rows_of
from paddock.usecases.season.query import Answer, run_query

_SHOWN = 1_000
"""Rows on a terminal."""


@click.command("sql")
@click.argument("query", metavar="QUERY")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--json", "as_json", is_flag=True, help="For programs: a list of objects.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file instead: .csv, .parquet or .arrow.",
)
@force_option
def command(query: str, data: Path | None, as_json: bool, output: Path | None, force: bool) -> None:
    """Ask all recordings in SQL; reads only.

    Tables are recordings and signals, and samples('VNData.vn_vel_m_s.x') for the values of a signal:

        paddock sql "select car, count(*), sum(distance_m) from recordings group by car"
    """
    if output is not None and output.suffix[1:] not in FILES:
        raise click.UsageError(f"{output}: which format is that? Use one of .{', .'.join(FILES)}.")
    answer = asyncio.run(_ask(read_settings(data=data), query))
    if output is not None:
        with new_file(output, (output.suffix,), replace=force) as new:
            new.aside.write_bytes(FILES[output.suffix[1:]][1](answer.table))
        say_written(new.target)
    elif as_json:
        names = answer.table.column_names
        print_json([dict(zip(names, row, strict=True)) for row in rows_of(answer.table)])
    else:
        _show(answer.table)
    if answer.truncated:
        complain(f"only the first {answer.table.num_rows:,} rows.")


async def _ask(settings: Settings, query: str) -> Answer:
    async with open_context(settings) as context:
        return await run_query(context, query)


def _show(table: pa.Table) -> None:
    shown = table.slice(0, _SHOWN)
    numeric = [field.name for field in table.schema if is_number(field.type)]
    print_rows(
        table.column_names,
        [["" if value is None else f"{value}" for value in row] for row in rows_of(shown)],
        numbers=numeric,
    )
    if table.num_rows > _SHOWN:
        out.print(f"{table.num_rows - _SHOWN:,} more rows: write them to a file with -o answer.csv.")

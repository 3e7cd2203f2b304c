"""``paddock season``: the season's tables for Athena, Spark and other engines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from paddock.bootstrap import open_context, open_engine_catalogue
from paddock.cli.terminal import out, print_json, print_rows
from paddock.domain.engine_tables import EngineTable
from paddock.settings import Settings, read_settings
from paddock.usecases.season.publish import publish_season


@click.command("season")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--glue", metavar="DATABASE", default="", help="Name all tables in this database of AWS Glue.")
@click.option("--json", "as_json", is_flag=True, help="For programs: tables, columns and folders.")
def command(data: Path | None, glue: str, as_json: bool) -> None:
    """Write recordings, signals and laps beside the stored columns, for engines that read these themselves.

    Athena and Spark then answer what sql does; ask again after logs have come in.
    """
    tables = asyncio.run(_publish(read_settings(data=data), glue))
    if as_json:
        print_json(tables)
        return
    print_rows(
        ("table", "columns", "folders"), [(each.name, str(len(each.columns)), _folders(each)) for each in tables]
    )
    for each in tables:
        if each.left_out:
            out.print(f"Without columns that engines cannot name, {each.name}: {', '.join(each.left_out)}")


async def _publish(settings: Settings, database: str) -> list[EngineTable]:
    catalogue = open_engine_catalogue(settings, database) if database else None
    async with open_context(settings) as context:
        return await publish_season(context, catalogue)


def _folders(table: EngineTable) -> str:
    return " ".join(f"{table.folder}channel={slug}/" for slug in table.channels) or table.folder

"""Lay the season's tables into the store, where other engines read them beside the columns."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from paddock.columns.hive_types import hive_type
from paddock.domain.engine_tables import EngineTable
from paddock.domain.keys import season_folder, season_key, stored_name
from paddock.domain.recording import Recording
from paddock.ports.engine_catalogue import EngineCatalogue
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.season.tables import TABLES, served
from paddock.usecases.season.topic_tables import topic_tables

STORED = "stored"
"""The column of ``recordings`` that says how the keys of its columns end: it joins them to the messages.

Files of an earlier conversion, and those of a recording that was deleted, end as no row says."""


async def publish_season(context: Context, catalogue: EngineCatalogue | None = None) -> list[EngineTable]:
    """Write ``recordings``, ``signals``, ``laps`` and the like below ``season/``, as SQL here has them.

    Args:
        catalogue: is told of them, and of a table for each topic, once the files are there.

    Returns:
        all tables; those of topics are the stored columns themselves.

    Raises:
        Unavailable: store or catalogue do not answer.
    """
    recordings = [each async for each in every(context.documents.recordings) if served(each)]
    with tempfile.TemporaryDirectory(dir=context.scratch, prefix="season-") as directory:
        folder = Path(directory)
        tables = [await _published(context, name, recordings, folder) for name in TABLES]
    tables += await topic_tables(context, recordings, [each.name for each in tables])
    if catalogue is not None:
        await catalogue.keep(tables)
    return tables


async def _published(context: Context, name: str, recordings: Sequence[Recording], folder: Path) -> EngineTable:
    path = await TABLES[name](context, recordings, folder)
    names = {each.id: stored_name(each.id, each.build) for each in recordings} if name == "recordings" else {}
    schema = await asyncio.to_thread(_for_engines, path, names)
    await context.objects.put_file(season_key(name), path)
    types = {field.name.lower(): hive_type(field.type) for field in schema}
    columns = {column: said for column, said in types.items() if said is not None}
    return EngineTable(name, columns, season_folder(name), left_out=tuple(types.keys() - columns.keys()))


def _for_engines(path: Path, stored: dict[str, str]) -> pa.Schema:
    """Write it again in a compression that every engine has."""
    import pyarrow.parquet as pq

    table = pq.read_table(str(path))
    if stored:
        ids = table.column("recording").to_pylist()
        table = table.append_column(STORED, pa.array([stored[each] for each in ids], pa.string()))
    pq.write_table(table, str(path), compression="zstd")
    return table.schema

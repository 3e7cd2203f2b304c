"""``laps``: every lap of every recording, as a query finds them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from paddock.domain.lap_table import StoredLap
from paddock.domain.recording import Recording
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.season.setup_column import setup_column

_LAPS = pa.schema(
    [
        ("recording", pa.string()),
        ("number", pa.int64()),
        ("kind", pa.string()),
        ("started_at", pa.timestamp("us", "UTC")),
        ("started_ns", pa.int64()),
        ("ended_ns", pa.int64()),
        ("duration_s", pa.float64()),
        ("uncertainty_s", pa.float64()),
        ("sectors_s", pa.list_(pa.float64())),
        ("distance_m", pa.float64()),
        ("energy_j", pa.float64()),
        ("venue", pa.string()),
        ("course", pa.string()),
        ("day", pa.string()),
        ("notice", pa.string()),
    ]
)


async def laps_table(context: Context, recordings: Sequence[Recording], folder: Path) -> Path:
    """The laps of some recordings, with the ways out and in; ``duration_s`` is null where no time can be said."""
    wanted = {recording.id: recording for recording in recordings}
    rows = [_row(stored) async for stored in every(context.documents.laps) if stored.recording in wanted]
    setup = await setup_column(context, [wanted[row["recording"]] for row in rows])
    return await asyncio.to_thread(_write, rows, setup, folder / "laps.parquet")


def _row(stored: StoredLap) -> dict[str, Any]:
    lap = stored.lap
    return {
        "recording": stored.recording,
        "number": stored.number,
        "kind": lap.kind.value,
        "started_at": lap.started_ns // 1_000,
        "started_ns": lap.started_ns,
        "ended_ns": lap.ended_ns,
        "duration_s": lap.duration_s,
        "uncertainty_s": lap.uncertainty_s,
        "sectors_s": [sector.duration_s for sector in lap.sectors],
        "distance_m": lap.distance_m,
        "energy_j": stored.energy_j,
        "venue": stored.venue,
        "course": stored.course,
        "day": stored.day,
        "notice": lap.notice,
    }


def _write(rows: list[dict[str, Any]], setup: dict[str, pa.Array], target: Path) -> Path:
    import pyarrow.parquet as pq

    columns = {name: [row[name] for row in rows] for name in _LAPS.names}
    columns["started_at"] = pa.array(columns["started_at"], pa.int64()).cast(_LAPS.field("started_at").type)
    table = pa.table(columns, schema=_LAPS)
    for name, column in setup.items():
        table = table.append_column(name, column)
    pq.write_table(table, str(target), compression="lz4")
    return target

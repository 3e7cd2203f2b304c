"""The tables that a query finds, made from the documents: Parquet files in the scratch directory."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Recording, RunFigures, Signal, Status
from paddock.usecases.catalogue.catalogue import signals_of
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.look.plots import log_span
from paddock.usecases.season.laps_table import laps_table
from paddock.usecases.season.setup_column import setup_column

Table = Callable[[Context, Sequence[Recording], Path], Awaitable[Path]]
"""Writes a table about some recordings into a new folder, or finds it written; where it is."""

_INSTANT = pa.timestamp("us", "UTC")
_SIGNALS = pa.schema(
    [
        ("recording", pa.string()),
        ("name", pa.string()),
        ("unit", pa.string()),
        ("dtype", pa.string()),
        ("count", pa.int64()),
        ("min", pa.float64()),
        ("max", pa.float64()),
        ("mean", pa.float64()),
        ("first", pa.float64()),
        ("last", pa.float64()),
        ("element_of", pa.string()),
    ]
)


async def recordings_table(context: Context, recordings: Sequence[Recording], folder: Path) -> Path:
    """``recordings``: what the list shows, one row each, with every metadata field of the team."""
    fields = await load_fields(context)
    columns: dict[str, pa.Array] = {
        "recording": pa.array([each.id for each in recordings], pa.string()),
        "name": pa.array([each.names[0] if each.names else "" for each in recordings], pa.string()),
        "started_at": _instants(each.started_ns for each in recordings),
        "duration_s": pa.array([_seconds(each.duration_ns) for each in recordings], pa.float64()),
        "messages": pa.array([each.message_count for each in recordings], pa.int64()),
        "size_bytes": pa.array([each.size_bytes for each in recordings], pa.int64()),
        "kind": pa.array([each.kind for each in recordings], pa.string()),
        "status": pa.array([each.status.value for each in recordings], pa.string()),
        "health": pa.array([each.health for each in recordings], pa.string()),
        "checks": pa.array([each.checks for each in recordings], pa.string()),
        "failed_checks": pa.array([each.failed_checks for each in recordings], pa.int64()),
        "uploaded_at": _instants(each.uploaded_at for each in recordings),
        "uploaded_by": pa.array([each.uploaded_by for each in recordings], pa.string()),
    }
    figures = [
        (name, pa.float64()) for name in RunFigures.__struct_fields__ if name not in ("distance_from", "driven")
    ]
    for name, kind in [*figures, ("driven", pa.bool_())]:
        columns[name] = pa.array([getattr(each.highlights, name) for each in recordings], kind)
    for field in fields:
        said = [each.metadata[field.name].value if field.name in each.metadata else None for each in recordings]
        columns.setdefault(field.name, pa.array(said, pa.string()))
    columns |= await setup_column(context, recordings)
    return await asyncio.to_thread(_write, pa.table(columns), folder / "recordings.parquet")


async def log_starts_table(context: Context, recordings: Sequence[Recording], folder: Path) -> Path:
    """``log_starts``: when each log itself says that it began, which is where ``t`` is 0."""
    starts = [(await log_span(context, each))[0] for each in recordings]
    ids = pa.array([each.id for each in recordings], pa.string())
    table = pa.table({"recording": ids, "log_started_ns": pa.array(starts, pa.int64())})
    return await asyncio.to_thread(_write, table, folder / "log_starts.parquet")


async def signals_table(context: Context, recordings: Sequence[Recording], folder: Path) -> Path:
    """``signals``: every signal of every recording with its statistics.

    Those of one conversion never change, so they are kept and read once.
    """
    kept = context.scratch / "season-signals"
    await asyncio.to_thread(kept.mkdir, exist_ok=True)
    paths = []
    for recording in recordings:
        path = kept / f"{recording.id}-{recording.build}.arrow"
        if not path.exists():
            await asyncio.to_thread(_keep, await signals_of(context, recording), path)
        paths.append(path)
    return await asyncio.to_thread(_join, paths, folder / "signals.parquet")


async def intervals_table(context: Context, recordings: Sequence[Recording], folder: Path) -> Path:
    """``intervals``: every span of a recording that somebody marked or a condition found."""
    wanted = {each.id for each in recordings}
    kept = every(context.documents.intervals)
    intervals = [each async for each in kept if each.recording in wanted and not each.removed_at]
    columns = {
        "recording": pa.array([each.recording for each in intervals], pa.string()),
        "name": pa.array([each.name for each in intervals], pa.string()),
        "started_at": _instants(each.start_ns for each in intervals),
        "started_ns": pa.array([each.start_ns for each in intervals], pa.int64()),
        "ended_ns": pa.array([each.end_ns for each in intervals], pa.int64()),
        "duration_s": pa.array([_seconds(each.end_ns - each.start_ns) for each in intervals], pa.float64()),
        "notes": pa.array([each.notes for each in intervals], pa.string()),
        "condition": pa.array([each.condition for each in intervals], pa.string()),
    }
    sheets = {each.id: each for each in recordings}
    columns |= await setup_column(context, [sheets[each.recording] for each in intervals])
    return await asyncio.to_thread(_write, pa.table(columns), folder / "intervals.parquet")


TABLES: Mapping[str, Table] = {
    "recordings": recordings_table,
    "signals": signals_table,
    "intervals": intervals_table,
    "log_starts": log_starts_table,
    "laps": laps_table,
}
"""What can be asked, beside ``samples('…')``; a table is made when the query names it."""


def served(recording: Recording) -> bool:
    """Whether its columns can be read."""
    return recording.deleted_at is None and recording.status is Status.READY and bool(recording.build)


def _keep(signals: Sequence[Signal], path: Path) -> None:
    rows: list[dict[str, Any]] = [
        msgspec.structs.asdict(each) | {"first": _number(each.first), "last": _number(each.last)}
        for each in signals
    ]
    table = pa.Table.from_pylist([{name: row[name] for name in _SIGNALS.names} for row in rows], _SIGNALS)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with pa.OSFile(str(beside), "wb") as file, pa.ipc.new_file(file, _SIGNALS) as writer:
        writer.write_table(table)
    beside.replace(path)


def _join(paths: Sequence[Path], target: Path) -> Path:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(str(target), _SIGNALS, compression="lz4") as writer:
        for path in paths:
            with pa.memory_map(os.fspath(path)) as file:
                writer.write_table(pa.ipc.open_file(file).read_all())
    return target


def _write(table: pa.Table, target: Path) -> Path:
    import pyarrow.parquet as pq

    pq.write_table(table, str(target), compression="lz4")
    return target


def _number(value: float | str | None) -> float | None:
    return value if isinstance(value, (int, float)) else None


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / NS_PER_S


def _instants(times: Any) -> pa.Array:
    return pa.array([None if each is None else each // 1_000 for each in times], pa.int64()).cast(_INSTANT)

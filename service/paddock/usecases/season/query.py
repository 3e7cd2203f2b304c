"""Ask the whole season in SQL: one SELECT over what is known of all recordings and over their samples."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa

from paddock.allocator import default_memory_bytes
from paddock.domain.keys import columns_key
from paddock.domain.principal import LOCAL_USER, Principal
from paddock.domain.recording import Recording, Signal
from paddock.domain.signal_names import read_element
from paddock.domain.words import isolated
from paddock.errors import Rejected, Unavailable
from paddock.ports.documents import Equals, HasSignal, Sort
from paddock.usecases.context import Context
from paddock.usecases.every import every
from paddock.usecases.find.comparisons import suggest_names, under_every_name
from paddock.usecases.season.plan import Plan, Said, SampleFiles
from paddock.usecases.season.stored_files import StoredFiles
from paddock.usecases.season.tables import TABLES, served

MAX_TEXT = 20_000
"""Characters of a query."""
MAX_ROWS = 1_000_000
MAX_ANSWER_BYTES = 256 << 20
MAX_SAMPLED = 20
"""Signals of one query."""
TIMEOUT_S = 60.0
_SAMPLES = re.compile(r"\bsamples\s*\(\s*'((?:[^']|'')*)'\s*\)", re.IGNORECASE)
_WORD = re.compile(r"[a-z_]+")
_LISTS = frozenset(("show", "tables", "information_schema", "duckdb_views", "duckdb_columns", "columns"))
_FLOATS = ("halffloat", "float", "double")
FIXED = frozenset(("protobuf", "dbc"))
"""Schema encodings that fix a channel's fields; those of others are what a log happens to have."""


@dataclass(frozen=True)
class Answer:
    """What a query found."""

    table: pa.Table
    truncated: bool
    """Whether there are more rows than were asked for."""


async def run_query(
    context: Context,
    sql: str,
    *,
    max_rows: int = MAX_ROWS,
    principal: Principal = LOCAL_USER,
    query_id: str = "",
) -> Answer:
    """Answer one SELECT in a process of its own, bounded in time and memory.

    Args:
        sql: DuckDB's SQL over ``recordings``, ``signals``, ``laps``, ``intervals`` and ``samples('a signal')``.
        max_rows: beyond these the answer is cut.
        principal: who asks; one query of each runs at a time.
        query_id: by which they can end it.

    Raises:
        Conflict: they ask under this id already (code ``query_exists``).
        Rejected: it is none, or asks for too much or for what nobody may read; codes ``bad_query``,
            ``not_a_select``, ``not_allowed_here``, ``no_such_signal``, ``query_too_large``, ``query_too_slow``,
            ``query_cancelled``.
        Unavailable: the store is away, or too much is asked at once (code ``query_waits``).
    """
    if not sql.strip():
        raise Rejected(
            "Write a query, such as: select car, count(*) from recordings group by car.", code="bad_query"
        )
    if len(sql) > MAX_TEXT:
        raise Rejected(f"The query is longer than {MAX_TEXT:,} characters.", code="bad_query")

    async def ask() -> pa.Table:
        try:
            return await _asked(context, sql, max_rows + 1)
        except _FilesGoneError:
            # A conversion replaced them, or another query needed the room of copies: the new ones are there.
            return await _asked(context, sql, max_rows + 1)

    table = await context.queries.run(principal, sql, ask, now=context.now(), query_id=query_id)
    return Answer(table.slice(0, max_rows), truncated=table.num_rows > max_rows)


class _FilesGoneError(Unavailable):
    """A file of the plan was not there any more when it was read."""


async def _asked(context: Context, sql: str, max_rows: int) -> pa.Table:
    # It imports what it needs while the plan is made.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "paddock.usecases.season.query_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        with tempfile.TemporaryDirectory(dir=context.scratch, prefix="query-") as folder:
            plan = await _plan(context, sql, max_rows, Path(folder))
            return await _answered(process, plan)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _plan(context: Context, sql: str, max_rows: int, folder: Path) -> Plan:
    recordings = [each async for each in every(context.documents.recordings) if served(each)]
    samples = await _samples(context, sql, recordings)
    words = set(_WORD.findall(sql.casefold())) | ({"log_starts"} if samples else set())
    # Who asks which tables there are finds all of them; else those are written that the query may read.
    every_table = not words.isdisjoint(_LISTS)
    tables = {
        name: str(await write(context, recordings, folder))
        for name, write in TABLES.items()
        if name in words or (every_table and name != "log_starts")
    }
    return Plan(sql, tables, samples, max_rows, context.memory_bytes or default_memory_bytes())


async def _answered(process: asyncio.subprocess.Process, plan: Plan) -> pa.Table:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer = await _read(process, msgspec.msgpack.encode(plan))
    except TimeoutError:
        raise Rejected(
            f"The query takes longer than {TIMEOUT_S:.0f} seconds: name fewer recordings, or group earlier.",
            code="query_too_slow",
        ) from None
    line, newline, stream = answer.partition(b"\n")
    if not newline:
        raise Rejected(
            f"The query was ended: it needs more than the {plan.memory_bytes >> 20:,} MiB that it may take.",
            code="query_too_large",
        )
    said = msgspec.json.decode(line, type=Said)
    if said.code == "columns_gone":
        raise _FilesGoneError(said.message, code=said.code)
    if said.code:
        raise Rejected(said.message, code=said.code)
    return await asyncio.to_thread(lambda: pa.ipc.open_stream(stream).read_all())


async def _read(process: asyncio.subprocess.Process, plan: bytes) -> bytes:
    assert process.stdin is not None and process.stdout is not None, "they are pipes"
    process.stdin.write(plan)
    process.stdin.close()
    pieces, size = [], 0
    while piece := await process.stdout.read(1 << 20):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise Rejected(
                f"The answer has more than {MAX_ANSWER_BYTES >> 20} MiB: group, or choose fewer columns.",
                code="query_too_large",
            )
    return b"".join(pieces)


async def _samples(
    context: Context, sql: str, recordings: Sequence[Recording]
) -> dict[str, tuple[SampleFiles, ...]]:
    """Where the signals lie that a query names."""
    names = list(dict.fromkeys(name.replace("''", "'") for name in _SAMPLES.findall(sql)))
    if len(names) > MAX_SAMPLED:
        raise Rejected(f"One query reads the samples of at most {MAX_SAMPLED} signals.", code="query_too_large")
    files = StoredFiles(context)
    builds = {each.id: each.build for each in recordings}
    found = {}
    for name in names:
        signals = await _signals(context, name, builds)
        if not signals:
            near = await suggest_names(context, name)
            hint = f" Did you mean {', '.join(map(isolated, near[:3]))}?" if near else ""
            raise Rejected(f"No recording has a signal {name[:200]!r}.{hint}", code="no_such_signal")
        found[name] = await _parts(context, signals, builds, files)
    return found


async def _signals(context: Context, name: str, builds: dict[str, str]) -> list[Signal]:
    """The signal of each recording under whatever name it has there; the first of them where it has several."""
    (comparison,) = await under_every_name(context, [HasSignal(name, "max", ">", 0)])
    found: dict[str, Signal] = {}
    for each in dict.fromkeys((name, *comparison.also)):
        async for signal in every(context.documents.signals, [Equals("name", each)], Sort("recording")):
            if signal.recording in builds:
                found.setdefault(signal.recording, signal)
    return list(found.values())


async def _parts(
    context: Context, signals: Sequence[Signal], builds: dict[str, str], files: StoredFiles
) -> tuple[SampleFiles, ...]:
    alike: dict[tuple[str, str, str], list[str]] = {}
    for signal in signals:
        key = columns_key(signal.channel, signal.recording, builds[signal.recording])
        alike.setdefault((signal.channel, signal.name, signal.dtype), []).append(key)
    parts = []
    for (_, name, dtype), keys in alike.items():
        paths = await files.of(keys)
        if not paths:
            continue
        about = await files.about(paths[0])
        element = read_element(name)
        listed, index = element if element and "list<" not in dtype else (name, None)
        first, *inside = listed.removeprefix(f"{about.topic}.").split(".")
        column = next((column for column, field in about.columns.items() if field == first), first)
        is_fixed = about.schema_encoding in FIXED
        parts.append(SampleFiles(tuple(map(str, paths)), (column, *inside), index, dtype in _FLOATS, is_fixed))
    if not parts:
        raise Unavailable(
            "The columns of these signals are gone: convert their recordings again.", code="columns_gone"
        )
    return tuple(parts)

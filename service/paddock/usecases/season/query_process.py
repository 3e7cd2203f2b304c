"""The process that answers one query: it reads a ``Plan`` from its stdin.

Nothing but the files of the plan can be read, nothing can be written and no network reached: DuckDB is told so
before it sees the query, its settings are locked, one SELECT is all that it takes, and the kernel lets the process
write no file. Who started it ends it when it takes too long.
"""

from __future__ import annotations

import os
import re
import resource
import sys

import duckdb  # noqa: TID253 - this process has it alone
import msgspec
import pyarrow as pa

from paddock.columns.signals import unique_names
from paddock.domain.words import isolated
from paddock.processes import do_without_pandas, end_with_parent
from paddock.usecases.season.plan import Plan, Said, SampleFiles, samples_view

_RESERVED_BYTES = 1 << 30
"""What allocators reserve beyond the memory that is used."""
_NICENESS = 10
_BATCH_ROWS = 65_536
_UNKNOWN_TABLE = re.compile(r"Table with name (.+?) does not exist")
_UNKNOWN_SAMPLES = re.compile(r"samples_[0-9a-f]{32}")


def main() -> None:
    """Answer, or say why not."""
    end_with_parent()
    do_without_pandas()
    plan = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Plan)
    try:
        table = _answer(plan)
    except duckdb.Error as error:
        said = _in_words(error, plan)
    except pa.ArrowInvalid as error:
        said = Said("bad_query", str(error))
    except MemoryError:
        said = _too_large(plan)
    else:
        said = Said()
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    if not said.code:
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)
    sys.stdout.buffer.flush()


def _answer(plan: Plan) -> pa.Table:
    connection = duckdb.connect(":memory:")
    _bar(connection, plan)
    for name, path in plan.tables.items():
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet({_text(path)})")
    if plan.samples:
        # A table with a key: where nobody asks for ``t``, DuckDB sees that it need not join.
        connection.execute("CREATE TABLE starts (recording VARCHAR PRIMARY KEY, log_started_ns BIGINT)")
        connection.execute("INSERT INTO starts FROM log_starts")
    for name, parts in plan.samples.items():
        connection.execute(f"CREATE VIEW {samples_view(name)} AS {' UNION ALL '.join(map(_select, parts))}")
    connection.execute("CREATE MACRO samples(signal) AS TABLE FROM query_table('samples_' || md5(signal))")
    connection.execute("SET lock_configuration = true")
    _drop_rights(plan)
    statements = connection.extract_statements(plan.sql)
    if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
        raise duckdb.PermissionException("not a select")
    reader = connection.sql(statements[0].query).to_arrow_reader(_BATCH_ROWS)
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows >= plan.max_rows:
            break
    table = pa.Table.from_batches(batches, reader.schema).slice(0, plan.max_rows)
    return table.rename_columns(unique_names(table.column_names, ()))


def _bar(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    for setting in (
        # DuckDB takes the least and greatest of a Parquet file as proof of no NaN, and drops every test for one.
        "disabled_optimizers = 'statistics_propagation'",
        f"memory_limit = '{plan.memory_bytes}B'",
        "temp_directory = ''",
        "threads = 2",
        "TimeZone = 'UTC'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        f"allowed_paths = [{', '.join(map(_text, plan.files))}]",
        "enable_external_access = false",
    ):
        connection.execute(f"SET {setting}")


def _drop_rights(plan: Plan) -> None:
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        most = plan.memory_bytes + _RESERVED_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _select(part: SampleFiles) -> str:
    column, *inside = part.field
    value = f'"{column.replace(chr(34), chr(34) * 2)}"' + "".join(f"[{_text(name)}]" for name in inside)
    if part.element is not None:
        value = f"list_extract({value}, {part.element + 1})"
    if part.is_float:
        value = f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"
    files = f"[{', '.join(map(_text, part.paths))}]"
    alike = "" if part.alike else ", union_by_name = true"
    return (
        "SELECT recording, make_timestamp_ns(log_time) AS time, log_time AS time_ns, "
        f"(log_time - log_started_ns) / 1e9 AS t, {value} AS value "
        f"FROM read_parquet({files}, hive_partitioning = true, hive_types_autocast = false{alike}) "
        "LEFT JOIN starts USING (recording)"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _in_words(error: duckdb.Error, plan: Plan) -> Said:
    message, _, place = (part.strip() for part in str(error).partition("\n\nLINE "))
    if str(error) == "not a select":
        return Said(
            "not_a_select", "One SELECT is answered here. Nothing can be written, attached, installed or set."
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return _too_large(plan)
    if _UNKNOWN_SAMPLES.search(message):
        return Said(
            "no_such_signal", "No recording has a signal of that name, or samples() was not given a name in quotes."
        )
    if isinstance(error, (duckdb.PermissionException, duckdb.IOException)):
        if not all(map(os.path.exists, plan.files)):
            return Said("columns_gone", "Stored columns vanished while they were read: ask again.")
        return Said(
            "not_allowed_here", "Only the recordings of this Paddock can be read: no other file, no network."
        )
    if unknown := _UNKNOWN_TABLE.search(message):
        known = "There are recordings, signals, laps, intervals and samples('VNData.vn_vel_m_s.x')."
        return Said("bad_query", f"There is no table {isolated(unknown[1])}. {known}")
    line = f" (line {place.partition(':')[0]})" if "\n" in plan.sql.strip() and place else ""
    return Said("bad_query", isolated(" ".join(message.split())[:1_000]) + line)


def _too_large(plan: Plan) -> Said:
    return Said(
        "query_too_large",
        f"The query needs more than the {plan.memory_bytes >> 20:,} MiB that it may take: "
        "name fewer recordings, or group before joining.",
    )


if __name__ == "__main__":
    main()

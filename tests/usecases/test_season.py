"""SQL over the season: equal to what the logs say, and nothing else can be reached."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import pytest

from paddock.domain.lap_table import StoredLap
from paddock.domain.laps import Lap, LapKind
from paddock.domain.maths_channels import MathsText
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Rejected, Unavailable
from paddock.usecases.context import Context
from paddock.usecases.maths.channels import add_channel
from paddock.usecases.season import query
from paddock.usecases.season.answers import as_arrow, as_csv, as_parquet, rows_of
from paddock.usecases.season.plan import Plan
from paddock.usecases.season.query import run_query
from paddock.usecases.setups.sheets import save_setup
from tests.logs import STARTED_NS
from tests.web.converted import converted, json_log, work

pytestmark = [pytest.mark.anyio, pytest.mark.slow("each query is answered by a process")]


@pytest.fixture
async def season(context: Context, tmp_path: Path) -> list[str]:
    """Two recordings of one topic, which differ in a field and in a type; the ids."""
    first = [
        {"speed": number / 2, "gear": number % 4, "cells": [number, number + 1], "log_time": 7}
        for number in range(20)
    ]
    second = [{"speed": number, "note": "a'b\"c"} for number in range(10)]
    logs = [json_log(tmp_path / "one.mcap", "Car", first), json_log(tmp_path / "two.mcap", "Car", second)]
    return [(await converted(context, log)).id for log in logs]


async def rows(context: Context, sql: str) -> list[list[object]]:
    return rows_of((await run_query(context, sql)).table)


async def test_recordings_signals_and_samples(context: Context, season: list[str]) -> None:
    assert await rows(context, "select recording, messages from recordings order by messages desc") == [
        [season[0], 20],
        [season[1], 10],
    ]
    assert await rows(
        context,
        "select r.name, s.max from signals s join recordings r using (recording) "
        "where s.name = 'Car.speed' order by 2",
    ) == [["two.mcap", 9.0], ["one.mcap", 9.5]]
    found = await rows(
        context,
        "select recording, count(*), sum(value), min(t), max(time) from samples('Car.speed') group by 1 order by 2",
    )
    last = datetime.datetime.fromtimestamp((STARTED_NS + 900_000_000) / 1e9, datetime.UTC)
    assert [each[:4] for each in found] == [[season[1], 10, 45.0, 0.0], [season[0], 20, 95.0, 0.0]]
    assert found[0][4] == last.isoformat().replace("+00:00", "Z")


async def test_elements_of_lists_reserved_names_and_texts(context: Context, season: list[str]) -> None:
    assert await rows(context, "select sum(value) from samples('Car.cells[1]')") == [[210]]
    assert await rows(context, "select distinct value from samples('Car.log_time')") == [[7]]
    assert await rows(context, "select value, count(*) from samples('Car.note') group by 1") == [["a'b\"c", 10]]
    joined = "select count(*) from samples('Car.speed') a join samples('Car.gear') b using (recording, time_ns)"
    assert await rows(context, joined) == [[20]]


async def test_a_deleted_recording_is_in_no_table(context: Context, season: list[str]) -> None:
    await context.documents.recordings.change(season[0], {"deleted_at": context.now()})
    assert await rows(context, "select count(*) from recordings") == [[1]]
    assert await rows(context, "select count(*) from samples('Car.speed')") == [[10]]


async def test_every_type_is_written(context: Context, tmp_path: Path) -> None:
    sql = (
        "select 1 as a, 2 as a, 'nan'::double n, now() as i, interval 1 day d, [1, 2] l, {'x': 1} s, 'z'::blob b, "
        "170141183460469231731687303715884105727::hugeint h, sum(1) m, '=1+1' f, 'ü' u, date '2026-01-02' as day"
    )
    table = (await run_query(context, sql)).table
    assert table.column_names[:2] == ["a", "a_2"]
    (row,) = rows_of(table)
    assert row[2] is None and row[5:8] == [[1, 2], {"x": 1}, "7a"] and row[9:] == [1, "=1+1", "ü", "2026-01-02"]
    assert isinstance(row[8], float) and math.isclose(row[8], 1.7e38, rel_tol=0.01)
    text = as_csv(table).decode("utf-8-sig")
    assert "'=1+1" in text and "2026-01-02" in text and "nan" not in text
    assert as_arrow(table) and as_parquet(table)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", "bad_query"),
        ("selec 1", "bad_query"),
        ("select * from nothing", "bad_query"),
        ("select 1; select 2", "not_a_select"),
        ("copy (select 1) to '/tmp/paddock-copied.csv'", "not_a_select"),
        ("explain analyze copy (select 1) to '/tmp/paddock-copied.csv'", "not_a_select"),
        ("attach '/tmp/paddock-attached.db'", "not_a_select"),
        ("create table t as select 1", "not_a_select"),
        ("install httpfs", "not_a_select"),
        ("load httpfs", "not_a_select"),
        ("set memory_limit = '100GB'", "not_a_select"),
        ("pragma database_list", "not_a_select"),
        ("select * from '/etc/passwd'", "bad_query"),
        ("select * from read_text('/etc/passwd')", "not_allowed_here"),
        ("select * from read_csv('/etc/passwd')", "not_allowed_here"),
        ("select * from read_parquet('{data}/**/*.parquet')", "not_allowed_here"),
        ("select * from glob('/etc/*')", "not_allowed_here"),
        ("select * from read_csv('http://127.0.0.1:9/x.csv')", "not_allowed_here"),
        ("select * from query('copy (select 1) to ''/tmp/paddock-copied.csv''')", "bad_query"),
        ("select a.range, b.range from range(100000000) a, range(100000) b order by 1, 2", "query_too_large"),
        ("select * from samples('Car.nothing')", "no_such_signal"),
        ("select * from samples(concat('Car', '.speed'))", "no_such_signal"),
        (" ".join(f"select * from samples('Car.{n}');" for n in range(25)), "query_too_large"),
        ("select " + "(" * 5_000 + "1" + ")" * 5_000, "bad_query"),
        ("select 1 --" + "x" * 30_000, "bad_query"),
    ],
)
async def test_what_cannot_be_is_refused(context: Context, sql: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        await run_query(context, sql.replace("{data}", str(context.scratch.parent)))
    assert refused.value.code == code, refused.value.message
    assert not Path("/tmp/paddock-copied.csv").exists()


async def test_what_is_missing_in_stored_numbers_is_null(context: Context, season: list[str]) -> None:
    said = MathsText(name="above", text="where(Car.speed > 5, Car.speed, missing)")
    await add_channel(context, LOCAL_USER, said)
    await work(context)
    counted = "select count(*), count(value), min(value), max(value), avg(value) from samples('above')"
    assert await rows(context, f"{counted} where recording = '{season[1]}'") == [[10, 4, 6.0, 9.0, 7.5]]
    assert await rows(context, "select count(*) from samples('above') where value is null or isnan(value)") == [
        [17]
    ]


async def test_a_newcomer_is_told_which_tables_there_are(context: Context) -> None:
    assert await rows(context, "show tables") == [["intervals"], ["laps"], ["recordings"], ["signals"]]
    named = "select table_name from information_schema.tables where table_name like 'l%'"
    assert await rows(context, named) == [["laps"]]


async def test_a_query_without_end_is_ended(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "TIMEOUT_S", 1.5)
    with pytest.raises(Rejected) as refused:
        await run_query(
            context, "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r"
        )
    assert refused.value.code == "query_too_slow"


async def test_files_that_vanish_before_they_are_read_are_looked_for_again(
    context: Context, season: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As when a conversion replaces them, or another query needs the room of their copies."""
    plan = query._plan
    moved = tmp_path / "moved.parquet"

    async def made(*arguments: Any) -> Plan:
        if moved.exists():
            moved.replace(where[0])
        found = await plan(*arguments)
        where[:] = [Path(found.samples["Car.speed"][0].paths[0])]
        if vanishing.pop():
            where[0].replace(moved)
        return found

    monkeypatch.setattr(query, "_plan", made)
    where: list[Path] = []
    vanishing = [False, True]
    assert await rows(context, "select count(*) from samples('Car.speed')") == [[30]]
    vanishing = [True, True]
    with pytest.raises(Unavailable, match="ask again"):
        await rows(context, "select count(*) from samples('Car.speed')")


async def test_an_answer_is_cut_and_says_so(context: Context) -> None:
    answer = await run_query(context, "select * from range(100)", max_rows=10)
    assert answer.truncated and answer.table.num_rows == 10
    assert not (await run_query(context, "select * from range(10)", max_rows=10)).truncated


async def test_tables_carry_the_setup_of_each_run(context: Context, season: list[str]) -> None:
    assert await rows(context, "select count(setup) from recordings") == [[0]], "null without a sheet"
    await save_setup(context, LOCAL_USER, season[0], {"spring_front": 35, "tire_set": "12"})
    await save_setup(context, LOCAL_USER, season[1], {"spring_front": 37.5, "tire_set": "12"})
    laps = []
    for recording, number in ((season[0], 1), (season[0], 2), (season[1], 1)):
        lap = Lap(number=number, kind=LapKind.LAP, started_ns=0, ended_ns=1, duration_s=60.0)
        laps.append(
            StoredLap(
                id=f"{recording}:{number}",
                recording=recording,
                number=number,
                venue="",
                course="",
                day="",
                time_s=60.0,
                lap=lap,
            )
        )
    await context.documents.laps.put_many(laps)
    assert await rows(context, "select setup.spring_front, count(*) from laps group by 1 order by 1") == [
        [35.0, 2],
        [37.5, 1],
    ]
    joined = "laps join recordings r using (recording)"
    by_spring = f"select r.setup.spring_front, count(*) from {joined} group by 1 order by 2"
    assert await rows(context, by_spring) == [[37.5, 1], [35.0, 2]]
    assert await rows(context, "select distinct setup.tire_set from recordings") == [["12"]]
    assert await rows(context, "select setup.ballast from recordings") == [[None], [None]]
    assert await rows(context, "select count(setup.spring_front) from intervals") == [[0]]

"""What other engines find in the store: the same answers as SQL here, by another reader of Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paddock.usecases.context import Context
from paddock.usecases.season.publish import publish_season
from paddock.usecases.season.query import run_query
from tests.web.converted import converted, json_log

pytestmark = [pytest.mark.anyio, pytest.mark.slow("each query is answered by a process")]


def asked(store: Path, sql: str) -> list[tuple[Any, ...]]:
    """By DuckDB alone, which knows nothing of Paddock."""
    import duckdb

    return duckdb.sql(sql.replace("$store", str(store))).fetchall()


async def test_an_engine_that_reads_the_store_answers_as_sql_does(context: Context, tmp_path: Path) -> None:
    logs = [
        json_log(tmp_path / f"{number}.mcap", "Car", [{"speed": each / number, "gear": each} for each in range(20)])
        for number in (1, 2, 3)
    ]
    recordings = [await converted(context, log) for log in logs]
    first = recordings[0]
    # An earlier conversion whose files still serve links, and a recording that is deleted.
    (stored,) = (tmp_path / "objects/columns").glob(f"channel=car-*/recording={first.id}/{first.build}.parquet")
    (stored.parent / "earlier.parquet").write_bytes(stored.read_bytes())
    await context.documents.recordings.change(recordings[2].id, {"deleted_at": context.now()})

    tables = {each.name: each for each in await publish_season(context)}
    assert {"recordings", "signals", "laps", "intervals", "car"} <= set(tables)
    assert tables["car"].columns == {
        "log_time": "bigint",
        "publish_time": "bigint",
        "sequence": "bigint",
        "speed": "double",
        "gear": "bigint",
    }
    assert tables["recordings"].columns["started_at"] == "timestamp"
    assert tables["laps"].columns["sectors_s"] == "array<double>"
    (slug,) = tables["car"].channels
    found = asked(
        tmp_path / "objects",
        f"select name, max(speed), count(*) from read_parquet('$store/columns/channel={slug}/*/*.parquet', "
        "hive_partitioning = true, filename = true) car "
        "join read_parquet('$store/season/recordings/*.parquet') r "
        "on regexp_extract(car.filename, 'recording=.*') = stored group by name order by name",
    )
    ours = await run_query(
        context,
        "select name, max(value), count(*) from samples('Car.speed') join recordings using (recording) "
        "group by name order by name",
    )
    assert found == [tuple(row.values()) for row in ours.table.to_pylist()]
    assert found == [("1.mcap", 19.0, 20), ("2.mcap", 9.5, 20)]


async def test_schemas_of_one_topic_are_one_table_until_a_type_differs(context: Context, tmp_path: Path) -> None:
    shapes: list[dict[str, Any]] = [
        {"speed": 1.5, "nested": {"a": 1}},
        {"speed": 2.5, "nested": {"a": 2, "b": "x"}, "With space": 1, "Speed": 3},
        {"speed": "fast"},
    ]
    for number, shape in enumerate(shapes):
        await converted(context, json_log(tmp_path / f"{number}.mcap", "Car", [shape] * 3))
    tables = [each for each in await publish_season(context) if each.topic]
    wide = next(each for each in tables if "nested" in each.columns)
    assert wide.columns["nested"] == "struct<a:bigint,b:string>"
    assert wide.columns["speed"] == "double"
    assert set(wide.left_out) == {"With space", "Speed"}


async def test_topics_with_odd_names_get_names_that_engines_take(context: Context, tmp_path: Path) -> None:
    for number, topic in enumerate(("/wheel/FL", "wheel-fl", "laps", "3D", "ü")):
        await converted(context, json_log(tmp_path / f"{number}.mcap", topic, [{"x": number}] * 2))
    names = {each.topic: each.name for each in await publish_season(context) if each.topic}
    assert len(set(names.values())) == 5
    assert names["3D"] == "t_3d" and names["ü"] == "channel"
    assert names["laps"].startswith("laps_")
    assert {names["/wheel/FL"], names["wheel-fl"]} > {"wheel_fl"}

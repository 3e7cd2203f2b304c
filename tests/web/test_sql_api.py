"""``/api/sql``: answers in every format, refuses, and what the client makes of it."""

from __future__ import annotations

import asyncio
import io

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.slow("each query is answered by a process")]


async def test_an_answer_comes_as_json_csv_parquet_and_arrow(client: httpx.AsyncClient) -> None:
    asked = {"sql": "select range as n, 'é' as text from range(3)"}
    answer = (await client.post("/api/sql", json=asked)).json()
    assert answer["columns"] == [{"name": "n", "type": "int64"}, {"name": "text", "type": "string"}]
    assert answer["rows"] == [[0, "é"], [1, "é"], [2, "é"]] and answer["truncated"] is False
    csv = await client.post("/api/sql", json=asked | {"format": "csv"})
    assert csv.content.decode("utf-8-sig").split() == ['"n","text"', '0,"é"', '1,"é"', '2,"é"']
    assert 'filename="season.csv"' in csv.headers["content-disposition"]
    parquet = await client.post("/api/sql", json=asked | {"format": "parquet"})
    arrow = await client.post("/api/sql", json=asked | {"format": "arrow"})
    assert pq.read_table(io.BytesIO(parquet.content)) == pa.ipc.open_stream(arrow.content).read_all()


async def test_what_is_refused_is_said(client: httpx.AsyncClient) -> None:
    for body, status, code in (
        ({"sql": "copy (select 1) to 'x'"}, 422, "not_a_select"),
        ({"sql": "select 1", "format": "exe"}, 422, "bad_request"),
        ({"sql": "x" * 100_000}, 422, "bad_request"),
        ({}, 422, "bad_request"),
    ):
        answer = await client.post("/api/sql", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert "select driver" in (await client.get("/sql")).text


async def test_one_query_of_each_runs_and_is_ended_by_whose_it_is(client: httpx.AsyncClient) -> None:
    endless = "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r"
    asked = []
    for count, name in enumerate(("one", "two"), 1):
        asked.append(asyncio.ensure_future(client.post("/api/sql", json={"sql": endless, "id": name})))
        while len(items := (await client.get("/api/sql")).json()["items"]) < count:
            await asyncio.sleep(0.01)
    assert [(each["id"], each["state"], bool(each["notice"])) for each in items] == [
        ("one", "running", False),
        ("two", "waiting", True),
    ]
    for name in ("two", "one"):
        assert (await client.delete(f"/api/sql/{name}")).status_code == 204
    for answer in await asyncio.gather(*asked):
        assert (answer.status_code, answer.json()["code"]) == (422, "query_cancelled")
    assert (await client.get("/api/sql")).json()["items"] == []
    assert (await client.delete("/api/sql/one")).json()["code"] == "no_such_query"

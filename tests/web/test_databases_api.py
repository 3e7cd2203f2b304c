"""``/api/databases``: works, refuses, and what clients make of it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from paddock.usecases.context import Context
from tests.readers.can.dbc import SMALL
from tests.web.converted import converted

pytestmark = pytest.mark.anyio


async def test_a_database_is_added_listed_downloaded_and_retired(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/databases?name=car.dbc&car=HT09&note=new", content=SMALL)
    assert answer.status_code == 201 and answer.json()["converted"] == 0
    (item,) = (listed := (await client.get("/api/databases")).json())["items"]
    assert listed["outdated"] == 0 and item == answer.json()["database"]
    assert (item["name"], item["car"], item["messages"], item["signals"], item["retired"]) == (
        "car.dbc",
        "HT09",
        3,
        11,
        False,
    )
    file = await client.get(f"/api/databases/{item['id']}/file")
    assert file.text == SMALL and 'filename="car.dbc"' in file.headers["content-disposition"]
    assert (await client.delete(f"/api/databases/{item['id']}")).status_code == 204
    assert (await client.get("/api/databases")).json()["items"][0]["retired"]
    assert (await client.post("/api/databases/decode")).json() == {"converted": 0}


async def test_what_cannot_be_is_refused_in_words(client: httpx.AsyncClient) -> None:
    for query, content, status, code in (
        ("name=car.dbc", "nothing", 422, "not_a_database"),
        ("name=car.dbc&valid_from=yesterday", SMALL, 422, "bad_database_use"),
        ("name=../car.dbc", SMALL, 422, "bad_name"),
        ("name=car.dbc&cars=HT09", SMALL, 422, "unknown_parameter"),
    ):
        answer = await client.post(f"/api/databases?{query}", content=content)
        assert (answer.status_code, answer.json()["code"]) == (status, code), query
    for method, path in (("DELETE", "/api/databases/none"), ("GET", "/api/databases/none/file")):
        assert (await client.request(method, path)).json()["code"] == "no_such_database"


async def test_the_page_names_each_and_says_what_is_wrong_with_it(client: httpx.AsyncClient) -> None:
    assert "No database yet" in (await client.get("/databases")).text
    broken = SMALL.replace("16|8@1-", "16|99@1-")
    added = (await client.post("/api/databases?name=<b>.dbc", content=broken)).json()["database"]
    page = (await client.get("/databases")).text
    assert "&lt;b&gt;.dbc" in page and "1 line cannot be read" in page and "Water has 99 bits" in page
    shown = await client.post(f"/databases/{added['id']}/retire", follow_redirects=True)
    assert "retired" in shown.text


async def test_a_log_of_an_unknown_car_waits_for_its_database(
    client: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    log = tmp_path / "run.csv"
    log.write_text("year,month,day,hour,min,sec,ms,id,data\n0,0,0,0,1,2,3,00000100,00000a0100000000\n")
    recording = await converted(context, log, "can_csv")
    page = await client.get(f"/recordings/{recording.id}")
    assert page.status_code == 200
    assert "No CAN database decodes this log" in page.text and "file of its car" in page.text

"""A made-up row in ``domain/fields.py``, walked through everything: run by ``test_one_more_row`` as a process.

The row has to be there before anything else is imported, as it would be in the file.
"""

# ruff: noqa: E402
from __future__ import annotations

import paddock.domain.fields as fields

WING = fields.Field("wing", "Wing", ("wingAngle",), choices=("low", "high"), column=5, tells=True, tag=True)
fields.FIELDS = (*fields.FIELDS, WING)
fields.EVERY_TEAMS = fields.Fields()

import asyncio
import csv
import html
import io
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from mcap.writer import Writer

from paddock.basestation.ledger import open_ledger
from paddock.basestation.stints import Stints
from paddock.bootstrap import open_context
from paddock.cli.convert import command as convert
from paddock.domain.instants import NS_PER_S
from paddock.domain.own_fields import OwnFieldValues, check_own
from paddock.errors import Rejected
from paddock.ports.indexes import LIST_INDEX, RECORDING_INDEXES
from paddock.settings import Settings
from paddock.usecases.season.tables import recordings_table
from tests.logs import STARTED_NS, small_log
from tests.matlab_files import loadmat
from tests.web.conftest import Sender
from tests.web.laps import stored_lap
from tests.web.serving import serve


async def walk(folder: Path) -> None:
    """Every place that follows from the rows has the field."""
    settings = Settings(data=folder)
    async with open_context(settings) as context:
        transport = httpx.ASGITransport(serve(context, settings), client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            sender = Sender(client, context)
            refused = await sender.announce(small_log(), metadata={"wing": "middle"})
            assert "Wing is one of low, high" in refused.text
            await sender.announce(small_log(), metadata={"wing": "LOW"})
            recording = (await sender.upload(small_log()))["id"]
            await sender.work_off()

            async def listed(**query: str) -> int:
                return len((await client.get("/api/recordings", params=query)).json()["items"])

            assert (await listed(wing="low"), await listed(wing="high"), await listed(sort="-wing")) == (1, 0, 1)
            facets = (await client.get("/api/recordings/facets")).json()
            assert facets["wing"] == [{"value": "low", "count": 1}]
            assert (await client.get("/api/metadata-values")).json()["wing"] == ["low"]
            item = (await client.get(f"/api/recordings/{recording}")).json()
            assert item["metadata"]["wing"] == {"value": "low", "source": "person"}
            file = await client.get(item["artifacts"][0]["url"], follow_redirects=True)
            loaded = loadmat(io.BytesIO(file.content), struct_as_record=False, squeeze_me=True)
            assert loaded["meta"].run.wing == "low"
            schema = (await client.get("/schema/openapi.json")).json()
            for path in ("/api/recordings", "/api/recordings/facets", "/api/laps", "/api/laps/csv", "/api/setups"):
                assert "wing" in {each["name"] for each in schema["paths"][path]["get"]["parameters"]}
            assert "wing" in schema["components"]["schemas"]["FacetsOfFields"]["properties"]
            assert (await client.get("/api/fields")).json()["items"][-1]["name"] == "wing"
            page = (await client.get("/", params={"wing": "low"})).text
            for part in ('sort=wing">Wing</a>', "<summary>Wing</summary>", "Wing: low", '<select name="wing">'):
                assert part in page, part
            for path in ("/upload", f"/recordings/{recording}"):
                assert '<select name="wing">' in (await client.get(path)).text, path
            await tell_runs_apart(client, item)
            stored = await context.documents.recordings.get(recording)
            assert stored is not None
            table = pq.read_table(await recordings_table(context, [stored], folder))
            assert table.column("wing").to_pylist() == ["low"]
            await context.documents.laps.put_many(
                [stored_lap(recording, STARTED_NS + at * NS_PER_S, 1.0, number=at + 1) for at in range(2)]
            )
            await compare_laps(client, recording)
            await have_setups(client, recording)


def beside_the_track(folder: Path) -> None:
    """A stint may say the field, which the base station asks for."""
    with open_ledger(folder) as ledger:
        stints = Stints(ledger)
        assert stints.fields[-1].name == "wing"
        stints.change("car", {"wing": "HIGH"}, from_ns=STARTED_NS, now_ns=STARTED_NS)
        assert stints.at("car", STARTED_NS) == {"wing": "high"}


def by_command(folder: Path) -> None:
    """A file that a command makes says the field, as the log's own ``setup`` record has it."""
    log = folder / "run.mcap"
    with log.open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_metadata("setup", {"wingAngle": "High"})
        channel = writer.register_channel("Pedals", "json", writer.register_schema("Pedals", "jsonschema", b"{}"))
        writer.add_message(channel, STARTED_NS, b'{"throttle": 1.5}', STARTED_NS)
        writer.finish()
    CliRunner().invoke(convert, [str(log), "-o", f"{folder}/"], catch_exceptions=False)
    loaded = loadmat(folder / "run.mat", struct_as_record=False, squeeze_me=True)
    assert loaded["meta"].run.wing == "high"


async def tell_runs_apart(client: httpx.AsyncClient, item: dict[str, Any]) -> None:
    """The field is in names of files, in choices, and where nobody says what was driven."""
    assert "_low_" in item["artifacts"][0]["name"]
    for path in ("/compare", "/maths"):
        assert " · low" in (await client.get(path)).text, path
    await client.post("/api/recordings/delete", json={"ids": [item["id"]]})
    deleted = (await client.get("/deleted")).text
    assert '<th scope="col">Wing</th>' in deleted and "<td>low</td>" in deleted
    await client.post("/api/recordings/restore", json={"ids": [item["id"]]})


async def compare_laps(client: httpx.AsyncClient, recording: str) -> None:
    """Fastest laps, laps as CSV and figures show the field; what has laps is filtered by it."""
    for path in ("/api/laps/csv", f"/api/recordings/{recording}/laps/csv"):
        rows = csv.DictReader(io.StringIO((await client.get(path)).text))
        assert [row["wing"] for row in rows] == ["low", "low"], path
    for wing, number in (("LOW", 2), ("high", 0), ("", 2)):
        found = (await client.get("/api/laps", params={"wing": wing})).json()["items"]
        assert [each["metadata"]["wing"] for each in found] == ["low"] * number
        page = (await client.get("/laps", params={"wing": wing})).text
        assert ('data-sort="text">Wing</th>' in page, page.count("<td>low</td>")) == (number > 0, number), wing
        assert '<select name="wing">' in page
    asked = {"recordings": [recording], "signals": ["VNData.vn_vel_m_s.x"], "over": "laps"}
    assert {row["metadata"]["wing"] for row in (await client.post("/api/kpis", json=asked)).json()["items"]} == {
        "low"
    }
    table = (await client.post("/api/kpis", json={**asked, "format": "csv"})).text
    assert {row["wing"] for row in csv.DictReader(io.StringIO(table))} == {"low"}
    page = html.unescape((await client.get("/kpis", params={"recordings": recording})).text)
    assert '{"label": "Wing", "name": "wing"}' in page


async def have_setups(client: httpx.AsyncClient, recording: str) -> None:
    """The setup book shows the field and is filtered by it."""
    await client.put(f"/api/recordings/{recording}/setup", json={"values": {"ballast": 5}})
    (row,) = csv.DictReader(io.StringIO((await client.get("/api/setups/csv", params={"wing": "low"})).text))
    assert row["wing"] == "low"
    assert (await client.get("/api/setups", params={"wing": "high"})).json()["items"] == []
    page = (await client.get("/setups", params={"wing": "low"})).text
    assert '<th scope="col">Wing</th>' in page and "<td>low</td>" in page and "<option selected>low" in page


if __name__ == "__main__":
    assert "metadata.wing.value" in LIST_INDEX.fields
    assert any(index.fields[1:2] == ("metadata.wing.value",) for index in RECORDING_INDEXES)
    assert fields.EVERY_TEAMS.from_setup_record({"WINGANGLE": "High"})["wing"].value == "high"
    with pytest.raises(Rejected, match="Every team has the field wing"):
        check_own("wing", OwnFieldValues(label="Other"), ())
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(walk(Path(folder) / "data"))
        beside_the_track(Path(folder))
        by_command(Path(folder))

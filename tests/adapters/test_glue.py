"""The season's tables in a Glue catalogue, as another program reads them there (moto)."""

from __future__ import annotations

from typing import Any

import pytest

from paddock.domain.engine_tables import EngineTable
from paddock.errors import Unavailable
from paddock.ports.engine_catalogue import EngineCatalogue
from tests.adapters.s3_sides import moto_server
from tests.servers.versitygw import REGION, S3Server

__all__ = ["moto_server"]
pytestmark = [pytest.mark.anyio, pytest.mark.slow("moto is a server")]
LAPS = EngineTable("laps", {"recording": "string", "sectors_s": "array<double>"}, "season/laps/")
CAR = EngineTable("car", {"log_time": "bigint"}, "columns/", ("car-1a", "car-2b"), "Car")


@pytest.fixture
def glue(moto_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    import boto3

    for name, value in moto_server.environment().items():
        monkeypatch.setenv(name, value)
    client = boto3.client("glue", endpoint_url=moto_server.endpoint, region_name=REGION)
    client.create_database(DatabaseInput={"Name": "paddock"})
    yield client
    client.delete_database(Name="paddock")


def glue_catalogue(database: str, server: S3Server) -> EngineCatalogue:
    from paddock.adapters.glue import GlueCatalogue

    return GlueCatalogue(database, "team-logs", region=REGION, endpoint=server.endpoint)


def tables_of(glue: Any) -> dict[str, dict[str, Any]]:
    return {each["Name"]: each for each in glue.get_tables(DatabaseName="paddock")["TableList"]}


async def test_tables_are_made_renewed_and_removed(glue: Any, moto_server: S3Server) -> None:
    catalogue = glue_catalogue("paddock", moto_server)
    glue.create_table(DatabaseName="paddock", TableInput={"Name": "of_somebody"})
    await catalogue.keep([LAPS, CAR])
    known = tables_of(glue)
    assert set(known) == {"laps", "car", "of_somebody"}
    assert known["laps"]["StorageDescriptor"]["Location"] == "s3://team-logs/season/laps/"
    assert known["laps"]["StorageDescriptor"]["Columns"][1] == {"Name": "sectors_s", "Type": "array<double>"}
    assert known["car"]["PartitionKeys"] == [{"Name": "channel", "Type": "string"}]
    said = known["car"]["Parameters"]
    assert said["projection.channel.values"] == "car-1a,car-2b"
    assert said["storage.location.template"] == "s3://team-logs/columns/channel=${channel}/"

    wider = EngineTable("laps", LAPS.columns | {"venue": "string"}, LAPS.folder)
    await catalogue.keep([wider])
    known = tables_of(glue)
    assert set(known) == {"laps", "of_somebody"}, "what others made stays"
    assert len(known["laps"]["StorageDescriptor"]["Columns"]) == 3


async def test_a_table_of_somebody_else_is_not_replaced(glue: Any, moto_server: S3Server) -> None:
    catalogue = glue_catalogue("paddock", moto_server)
    glue.create_table(DatabaseName="paddock", TableInput={"Name": "laps", "Description": "ours"})
    await catalogue.keep([LAPS])
    assert tables_of(glue)["laps"]["Description"] == "ours"


async def test_a_database_that_is_not_there_is_said(glue: Any, moto_server: S3Server) -> None:
    catalogue = glue_catalogue("nowhere", moto_server)
    with pytest.raises(Unavailable, match="Glue database nowhere"):
        await catalogue.keep([LAPS])

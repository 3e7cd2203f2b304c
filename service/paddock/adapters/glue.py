"""The AWS Glue catalogue, which Athena, EMR and Redshift read. ``infra/season.py`` makes the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from paddock.domain.engine_tables import EngineTable
from paddock.domain.keys import channel_folder
from paddock.errors import Unavailable

_OURS = "paddock"
"""The parameter that tells the tables that Paddock made from those that people did."""
_MAPRED = "org.apache.hadoop.hive.ql.io.parquet.MapredParquet"
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_BATCH = 100
"""The most tables that one call removes."""


class GlueCatalogue:
    """``ports/engine_catalogue.py`` on one database of Glue. Credentials are found by boto3, as for S3.

    Args:
        database: exists already.
        bucket: where the tables' files lie.
        region: empty for what boto3 finds.
        endpoint: of something that speaks like Glue; empty for AWS.
    """

    def __init__(self, database: str, bucket: str, *, region: str = "", endpoint: str = "") -> None:
        self._database = database
        self._bucket = bucket
        config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
        session = boto3.session.Session(region_name=region or None)
        self._glue: Any = session.client("glue", endpoint_url=endpoint or None, config=config)

    async def keep(self, tables: Sequence[EngineTable]) -> None:
        """Make, renew and remove tables; those that people made stay as they are, also under a name of ours."""
        try:
            await asyncio.to_thread(self._keep, tables)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(f"The Glue database {self._database} cannot be written: {error}") from error

    def _keep(self, tables: Sequence[EngineTable]) -> None:
        there: dict[str, dict[str, Any]] = {}
        for page in self._glue.get_paginator("get_tables").paginate(DatabaseName=self._database):
            there |= {each["Name"]: each for each in page["TableList"]}
        ours = {name for name, each in there.items() if _OURS in each.get("Parameters", {})}
        for table in tables:
            wanted = table_input(table, self._bucket)
            if table.name not in there:
                self._glue.create_table(DatabaseName=self._database, TableInput=wanted)
            elif table.name in ours and not _says(there[table.name], wanted):
                self._glue.update_table(DatabaseName=self._database, TableInput=wanted, SkipArchive=True)
        gone = sorted(ours - {table.name for table in tables})
        for start in range(0, len(gone), _BATCH):
            some = gone[start : start + _BATCH]
            self._glue.batch_delete_table(DatabaseName=self._database, TablesToDelete=some)


def table_input(table: EngineTable, bucket: str) -> dict[str, Any]:
    """What Glue is told of a table.

    The folders of a topic's channels are found by partition projection, so that a new recording changes nothing
    in the catalogue.
    """
    parameters = {_OURS: "1", "EXTERNAL": "TRUE", "classification": "parquet"}
    if table.channels:
        template = f"s3://{bucket}/{channel_folder('${channel}')}"
        parameters |= {
            "projection.enabled": "true",
            "projection.channel.type": "enum",
            "projection.channel.values": ",".join(table.channels),
            "storage.location.template": template,
        }
    return {
        "Name": table.name,
        "Description": f"The messages of {table.topic}"[:2_000] if table.topic else f"All {table.name} of Paddock",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [{"Name": "channel", "Type": "string"}] if table.channels else [],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in table.columns.items()],
            "Location": f"s3://{bucket}/{table.folder}",
            "InputFormat": f"{_MAPRED}InputFormat",
            "OutputFormat": f"{_MAPRED}OutputFormat",
            "SerdeInfo": {"SerializationLibrary": _SERDE, "Parameters": {"serialization.format": "1"}},
        },
    }


def _says(known: Any, wanted: Any) -> bool:
    """Whether what Glue knows has all that is wanted; it adds words of its own."""
    if isinstance(wanted, dict):
        return isinstance(known, dict) and all(_says(known.get(name), each) for name, each in wanted.items())
    return bool(known == wanted)

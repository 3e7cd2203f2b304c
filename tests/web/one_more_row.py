"""A made-up row in ``domain/fields.py``, walked through everything: run by ``test_one_more_row`` as a process.

The row has to be there before anything else is imported, as it would be in the file.
"""

# ruff: noqa: E402
from __future__ import annotations

import paddock.domain.fields as fields

fields.FIELDS = (*fields.FIELDS, fields.Field("wing", "Wing", ("wingAngle",), choices=("low", "high"), column=5))
fields.EVERY_TEAMS = fields.Fields()

import asyncio
import io
import tempfile
from pathlib import Path

import httpx
import pytest

from paddock.bootstrap import open_context
from paddock.domain.own_fields import OwnFieldValues, check_own
from paddock.errors import Rejected
from paddock.ports.indexes import LIST_INDEX, RECORDING_INDEXES
from paddock.settings import Settings
from tests.logs import small_log
from tests.web.conftest import Sender
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
            import scipy.io

            loaded = scipy.io.loadmat(io.BytesIO(file.content), struct_as_record=False, squeeze_me=True)
            assert loaded["meta"].run.wing == "low"
            schema = (await client.get("/schema/openapi.json")).json()
            for path in ("/api/recordings", "/api/recordings/facets"):
                assert "wing" in {each["name"] for each in schema["paths"][path]["get"]["parameters"]}
            assert "wing" in schema["components"]["schemas"]["FacetsOfFields"]["properties"]
            assert (await client.get("/api/fields")).json()["items"][-1]["name"] == "wing"
            page = (await client.get("/", params={"wing": "low"})).text
            for part in ('sort=wing">Wing</a>', "<summary>Wing</summary>", "Wing: low", '<select name="wing">'):
                assert part in page, part
            for path in ("/upload", f"/recordings/{recording}"):
                assert '<select name="wing">' in (await client.get(path)).text, path


if __name__ == "__main__":
    assert "metadata.wing.value" in LIST_INDEX.fields
    assert any(index.fields[1:2] == ("metadata.wing.value",) for index in RECORDING_INDEXES)
    assert fields.EVERY_TEAMS.from_setup_record({"WINGANGLE": "High"})["wing"].value == "high"
    with pytest.raises(Rejected, match="Every team has the field wing"):
        check_own("wing", OwnFieldValues(label="Other"), ())
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(walk(Path(folder)))

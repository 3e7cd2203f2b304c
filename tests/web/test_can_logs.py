"""Pages of logs with CAN frames: without a clock, and within MCAP."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from paddock.usecases.context import Context
from tests.readers.can.dbc import SMALL
from tests.readers.can.test_within import mcap, socketcan
from tests.usecases.test_can_logs import WITHOUT_CLOCK
from tests.web.converted import converted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("name", "began", "words"),
    [
        ("LOG00121.CSV", None, "had no clock"),
        ("2019-05-04_14-32-05.csv", "2019-05-04T14:32:05Z", "from the name of the file"),
    ],
)
async def test_a_logger_without_a_clock(
    client: httpx.AsyncClient, context: Context, tmp_path: Path, name: str, began: str | None, words: str
) -> None:
    (tmp_path / name).write_text(WITHOUT_CLOCK)
    run = await converted(context, tmp_path / name, "can_csv")
    said = (await client.get(f"/api/recordings/{run.id}")).json()
    assert said["started_at"] == began
    page = await client.get(f"/recordings/{run.id}")
    assert page.status_code == 200 and words in page.text and "1970" not in page.text
    assert "1970" not in (await client.get("/")).text


async def test_frames_in_mcap_say_which_database_is_missing_and_which_decoded_them(
    client: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    (tmp_path / "run.mcap").write_bytes(mcap(socketcan))
    run = await converted(context, tmp_path / "run.mcap")
    assert "there is no database for this bus" in (await client.get(f"/recordings/{run.id}")).text
    added = await client.post("/api/databases?name=car.dbc", content=SMALL)
    assert added.json()["converted"] == 1

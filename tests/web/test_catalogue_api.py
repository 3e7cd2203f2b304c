"""The signal catalogue, as API and as page."""

from __future__ import annotations

import httpx
import pytest

from paddock.domain.recording import Signal
from paddock.usecases.context import Context
from tests.web.builders import HOSTILE, build_channel, build_recording, insert_with_contents

pytestmark = pytest.mark.anyio

SPEED = {"name": "VNData.vn_vel_m_s.x", "unit": "m/s", "role": "speed"}
BRAKE = {"name": "Pedals.brake", "unit": "bar", "high": 120.0}


async def change(client: httpx.AsyncClient, version: int, *changes: object) -> httpx.Response:
    return await client.post("/api/catalogue/changes", json={"version": version, "changes": changes})


@pytest.fixture
async def recordings(context: Context) -> None:
    """Two runs of one car, the newer with one channel more."""
    for number, topics in enumerate((["Pedals"], ["Pedals", "Pack"])):
        recording = build_recording(number, uploaded_at=number + 1)
        await insert_with_contents(context.documents, recording, channels=tuple(map(build_channel, topics)))
        await context.documents.signals.put_many(
            [
                Signal(f"{recording.id}:{topic}.{field}", recording.id, f"{topic}.{field}", "float", topic.lower())
                for topic in topics
                for field in ("thingummy", "cell_temp_max")
            ]
        )


async def test_entries_are_added_replaced_and_removed_in_one_step(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/catalogue")).json()["version"] == 0
    added = (await change(client, 0, {"entry": SPEED}, {"entry": BRAKE})).json()
    assert (added["version"], [entry["name"] for entry in added["signals"]]) == (
        1,
        [SPEED["name"], BRAKE["name"]],
    )
    renamed = {**BRAKE, "aliases": ["Pedals.old_brake"]}
    changed = (await change(client, 1, {"position": 0}, {"position": 1, "entry": renamed})).json()
    assert changed["signals"] == [renamed]
    assert (changed["changed_by"], changed["version"]) == ("local", 2)


async def test_an_entry_is_moved_and_the_exported_file_has_that_order(client: httpx.AsyncClient) -> None:
    await change(client, 0, {"entry": SPEED}, {"entry": BRAKE})
    moved = (await client.post("/api/catalogue/move", json={"version": 1, "position": 1, "to": 0})).json()
    assert (moved["version"], moved["signals"]) == (2, [BRAKE, SPEED])
    exported = (await client.get("/api/catalogue/signals.toml")).text
    assert exported.index(BRAKE["name"]) < exported.index(SPEED["name"])
    stale = await client.post("/api/catalogue/move", json={"version": 1, "position": 1, "to": 0})
    assert (stale.status_code, stale.json()["code"]) == (409, "catalogue_changed")
    nowhere = await client.post("/api/catalogue/move", json={"version": 2, "position": 2, "to": 0})
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "bad_catalogue")


async def test_what_cannot_be_is_refused_and_nothing_is_changed(client: httpx.AsyncClient) -> None:
    await change(client, 0, {"entry": SPEED})
    for refused, status, code in (
        (await change(client, 0, {"entry": BRAKE}), 409, "catalogue_changed"),
        (await change(client, 1, {"entry": BRAKE}, {"entry": SPEED}), 422, "bad_catalogue"),
        (await change(client, 1, {"position": 7}), 422, "bad_catalogue"),
        (await change(client, 1, {"position": -1}), 422, "bad_catalogue"),
        (await change(client, 1, {"entry": {**BRAKE, "role": "wings"}}), 422, "bad_request"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await client.get("/api/catalogue")).json()["signals"] == [SPEED]


async def test_it_goes_out_as_a_file_and_in_again(client: httpx.AsyncClient) -> None:
    await client.put("/api/catalogue", json={"version": 0, "signals": [SPEED, BRAKE]})
    out = await client.get("/api/catalogue/signals.toml")
    assert out.headers["content-type"].startswith("application/toml")
    assert 'filename="signals.toml"' in out.headers["content-disposition"]
    broken = await client.post("/api/catalogue/import", json={"version": 1, "toml": out.text + "low = wide"})
    assert broken.status_code == 422 and "line" in broken.json()["detail"].lower()
    again = await client.post("/api/catalogue/import", json={"version": 1, "toml": out.text})
    assert again.json()["signals"] == [SPEED, BRAKE]


@pytest.mark.usefixtures("recordings")
async def test_unknown_names_come_once_and_telling_ones_first(client: httpx.AsyncClient) -> None:
    await change(client, 0, {"entry": {"name": "Pedals.thingummy"}})
    unknown = (await client.get("/api/catalogue/unknown")).json()
    assert [item["name"] for item in unknown["items"]] == [
        "Pack.cell_temp_max",
        "Pedals.cell_temp_max",
        "Pack.thingummy",
    ]
    assert unknown["items"][0]["role"] == "cell_temperature"
    assert unknown["items"][0]["unit"] == "°C"
    assert len((await client.get("/api/catalogue/unknown?limit=1")).json()["items"]) == 1


@pytest.mark.usefixtures("recordings")
async def test_the_page_shows_entries_and_unknown_names(client: httpx.AsyncClient) -> None:
    assert "The catalogue is empty" in (await client.get("/signals")).text
    await change(client, 0, {"entry": {"name": HOSTILE.replace("\u202e", ""), "label": "Odd one"}})
    page = (await client.get("/signals")).text
    assert "Odd one" in page and "<script>alert" not in page
    assert "Nothing matches" in (await client.get("/signals", params={"q": "zz 'x"})).text
    unknown = (await client.get("/signals?show=unknown")).text
    assert "Pack.cell_temp_max" in unknown and "Accept these 4" in unknown
    assert (await client.get("/signals?show=else")).status_code == 422

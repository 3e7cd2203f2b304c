"""``/api/maths``: works, refuses with a place, and is known to the rest of the API."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from paddock.usecases.context import Context
from paddock.usecases.jobs import leases
from paddock.usecases.jobs.attempt import do
from tests.logs import small_log
from tests.web.converted import converted

pytestmark = [pytest.mark.anyio, pytest.mark.slow("converts logs")]

TEXT = "both = Pedals.throttle * 2 + Pedals.brake"


async def work(context: Context) -> None:
    while job := await leases.take(context, "test"):
        await do(context, job)


@pytest.fixture
async def run(context: Context, tmp_path: Path) -> str:
    (tmp_path / "run.mcap").write_bytes(small_log())
    return (await converted(context, tmp_path / "run.mcap")).id


async def test_a_channel_is_added_shown_changed_and_removed(
    client: httpx.AsyncClient, context: Context, run: str
) -> None:
    answer = await client.post("/api/maths", json={"text": TEXT, "note": "why"})
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert (added["name"], added["signal"], added["version"], added["person"]) == ("both", "both.value", 1, "local")
    await work(context)
    assert (await client.get("/api/maths")).json()["items"] == [added]
    body = {"text": "Pedals.throttle / gain", "constants": {"gain": 4}, "edition": 1}
    changed = (await client.put(f"/api/maths/{added['id']}", json=body)).json()
    assert (changed["name"], changed["version"], changed["note"]) == ("both", 2, "")
    refused = await client.put(f"/api/maths/{added['id']}", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "edited_meanwhile")
    whole = (await client.get("/api/maths/both")).json()
    assert whole["channel"] == changed
    assert [each["version"] for each in whole["versions"]] == [2, 1]
    assert whole["uses"] == {"channels": [], "rules": [], "recordings": 1} and whole["not_live"] == ""
    assert (await client.delete(f"/api/maths/{added['id']}")).status_code == 204
    assert (await client.get(f"/api/maths/{added['id']}")).json()["code"] == "no_such_channel"


async def test_one_that_no_device_has_live_says_why(client: httpx.AsyncClient) -> None:
    await client.post("/api/maths", json={"text": "energy = integral(Pedals.brake)"})
    sentence = (await client.get("/api/maths/energy")).json()["not_live"]
    assert sentence.startswith("integral() is known of recordings alone: ")
    assert f"Not live: {sentence}" in (await client.get("/maths")).text


async def test_it_is_among_the_signals_and_says_when_it_is_of_an_older_version(
    client: httpx.AsyncClient, context: Context, run: str
) -> None:
    added = (await client.post("/api/maths", json={"text": TEXT, "unit": "bar"})).json()
    await work(context)

    async def item() -> dict[str, object]:
        (found,) = (await client.get(f"/api/recordings/{run}/signals?q=both")).json()["items"]
        return dict(found)

    first = await item()
    assert (first["name"], first["label"], first["unit"], first["topic"]) == ("both.value", "both", "bar", "both")
    assert (first["maths_version"], first["outdated"]) == (1, False)
    plot = f"/api/recordings/{run}/plot?signal=both"
    drawn = await client.get(plot)
    assert drawn.json()["series"][0]["values"][1] == pytest.approx(0.7)
    await client.put(f"/api/maths/{added['id']}", json={"text": "Pedals.brake", "unit": "bar"})
    assert ((await item())["maths_version"], (await item())["outdated"]) == (1, True)
    page = (await client.get(f"/recordings/{run}")).text
    assert "of an older version" in page
    await work(context)
    assert ((await item())["maths_version"], (await item())["outdated"]) == (2, False)
    again = await client.get(plot, headers={"If-None-Match": drawn.headers["etag"]})
    assert again.status_code == 200 and again.json()["series"][0]["values"][1] == 0.5
    found = await client.get("/api/recordings", params={"signal": "max(both) < 0.6"})
    assert [each["id"] for each in found.json()["items"]] == [run]


async def test_a_check_answers_with_unit_and_preview(client: httpx.AsyncClient, run: str) -> None:
    answer = await client.post("/api/maths/check", json={"text": TEXT, "recording": run[:10]})
    assert answer.status_code == 200, answer.text
    checked = answer.json()
    assert (checked["name"], checked["shape"]) == ("both", "line")
    assert checked["signals"] == ["Pedals.throttle", "Pedals.brake"]
    preview = checked["preview"]
    assert (preview["samples"], preview["min"], preview["whole"]) == (50, 0.5, True)
    assert preview["values"][:2] == pytest.approx([0.5, 0.7])
    missing = await client.post("/api/maths/check", json={"text": "1 / (Pedals.throttle - 0.1)", "recording": run})
    assert missing.json()["preview"]["values"][1] is None
    alone = await client.post("/api/maths/check", json={"text": "a + b"})
    assert alone.json()["preview"] is None


@pytest.mark.parametrize(
    ("text", "position", "end", "words"),
    [
        ("Pedals.throttle +", 17, 17, "Something is missing"),
        ("Pedals.throttle + Pedals.brak", 18, 29, "Did you mean Pedals.brake"),
        ("sqrt(Pedals.throttle", 4, 5, "not closed"),
        ("Pedals.throttle # 2", 16, 17, "means nothing here"),
        ("lap() * Pedals.brake", 0, 5, "needs laps"),
        ("pi * 2", 0, 6, "names no signal"),
        ("1+" * 50_000 + "1", 4_000, 100_001, "make two channels of it"),
    ],
)
async def test_what_means_nothing_is_refused_with_its_place(
    client: httpx.AsyncClient, run: str, text: str, position: int, end: int, words: str
) -> None:
    answer = await client.post("/api/maths/check", json={"text": text, "recording": run})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "bad_maths")
    assert (problem["position"], problem["end"]) == (position, end)
    assert words in problem["detail"]


async def test_other_mistakes_are_said(client: httpx.AsyncClient, run: str) -> None:
    unknown = await client.post("/api/maths/check", json={"text": "a", "recording": "ffffffffff"})
    assert unknown.status_code == 404
    for body, code in (
        ({"text": "1", "name": "a"}, None),
        ({"text": "Pedals.brake", "name": "Pedals"}, "name_taken"),
        ({"text": "Pedals.brake", "name": "x", "colour": "red"}, "bad_request"),
        ({"text": "Pedals.brake"}, "bad_maths"),
    ):
        answer = await client.post("/api/maths", json=body)
        assert answer.status_code == (201 if code is None else 422)
        assert answer.json().get("code") == code
    assert len((await client.get("/api/maths/functions")).json()) > 30

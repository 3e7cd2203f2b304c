"""What another Paddock compares, brings and asks: works, refuses, belongs."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from paddock.domain.questions import QuestionKind
from paddock.domain.recording import MetadataSource, MetadataValue
from paddock.domain.sync import SaidValue
from paddock.usecases.context import Context
from tests.web.builders import HOSTILE, STARTED_NS, build_question, build_recording, metadata

pytestmark = pytest.mark.anyio

CHANGE = {"at": STARTED_NS, "principal": "Mei", "field": "driver", "before": None, "after": "Mei", "origin": "pit"}


@pytest.fixture
async def run(context: Context) -> str:
    recording = build_recording(metadata=metadata(driver="Adam"))
    await context.documents.recordings.insert(recording)
    return recording.id


async def brings(client: httpx.AsyncClient, run: str, **said: Any) -> httpx.Response:
    return await client.post(f"/api/sync/recordings/{run}", json={"version": 1, **said})


async def test_what_is_brought_is_said_from_then_on_and_twice_is_once(
    client: httpx.AsyncClient, context: Context, run: str
) -> None:
    said = {"values": {"driver": {"value": "Mei", "source": "person"}}, "changes": [CHANGE, CHANGE]}
    assert (await brings(client, run, **said)).json() == {"id": run, "version": 2}
    again = await brings(client, run, **said)
    assert (again.status_code, again.json()["code"]) == (409, "changed_meanwhile")
    assert (await brings(client, run, **{**said, "version": 2})).json()["version"] == 2
    items = (await client.get(f"/api/recordings/{run}/history")).json()["items"]
    assert [(each["principal"], each["origin"], each["after"]) for each in items] == [("Mei", "pit", "Mei")]
    assert "on pit" in (await client.get(f"/recordings/{run}")).text
    (state,) = (await client.post("/api/sync/states", json={"ids": [run]})).json()["items"]
    assert [each["origin"] for each in state["changes"]] == ["pit"]
    (listed,) = (await client.get("/api/sync/recordings")).json()["items"]
    (compared,) = (await client.post("/api/sync/compare", json={"ids": [run, "0" * 64]})).json()["items"]
    assert listed == compared and listed["id"] == run


@pytest.mark.parametrize(
    "values",
    [
        {"driver": {"value": "Mei", "source": "oracle"}},
        {"Driver.x": {"value": "Mei", "source": "person"}},
        {"started_ns": {"value": "soon", "source": "person"}},
        {"started_ns": {"value": str(2**70), "source": "person"}},
        {"clock_offset_ns": {"value": "1e9", "source": "base_station"}},
    ],
)
async def test_a_value_that_cannot_be_one_is_refused(
    client: httpx.AsyncClient, context: Context, run: str, values: dict[str, Any]
) -> None:
    answer = await brings(client, run, values=values)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_value"), answer.text
    found = await context.documents.recordings.get(run)
    assert found is not None and found.version == 1


async def test_a_file_comes_under_its_own_id_whole_and_once(
    client: httpx.AsyncClient, context: Context, run: str
) -> None:
    path = f"/api/sync/recordings/{run}/files"
    query = {"name": "setup.txt", "size_bytes": 3, "added_at": STARTED_NS, "added_by": "Mei"}
    short = await client.put(f"{path}/{'a' * 16}", params=query, content=b"no")
    assert (short.status_code, short.json()["code"]) == (422, "cut_off")
    for strange in ("..", "A" * 16, "a" * 15, "a%2Fb"):
        assert (await client.put(f"{path}/{strange}", params=query, content=b"abc")).status_code in (404, 405, 422)
    for _ in range(2):
        assert (await client.put(f"{path}/{'a' * 16}", params=query, content=b"abc")).status_code == 204
    (file,) = (await client.get(f"/api/recordings/{run}")).json()["files"]
    assert (file["id"], file["added_by"], file["size_bytes"]) == ("a" * 16, "Mei", 3)
    assert (await client.get(file["url"], follow_redirects=True)).content == b"abc"
    assert (await client.get(f"/api/recordings/{run}/history")).json()["items"] == []


async def test_a_question_is_answered_once_by_either_word(
    client: httpx.AsyncClient, context: Context, run: str
) -> None:
    said = {"driver": MetadataValue("Adam", MetadataSource.PERSON)}
    await context.documents.recordings.change(run, {"metadata": said})
    question = build_question(run, HOSTILE)
    for _ in range(2):
        body = msgspec.to_builtins(question)
        assert (await client.put("/api/sync/questions", json=body)).status_code == 204
    (asked,) = (await client.get("/api/sync/questions")).json()["items"]
    assert (asked["ours"], asked["theirs"], asked["name"]) == ("Adam", HOSTILE, "run_1.mcap")
    for page, shown in ((f"/recordings/{run}", "pit-laptop"), ("/sync", "pit-laptop"), ("/", "To choose")):
        text = (await client.get(page)).text
        assert "<script>alert" not in text and shown in text
    path = f"/sync/{question.id}/theirs?recording={run[:16]}"
    answer = await client.post(path, headers={"Origin": "http://127.0.0.1:8080"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/recordings/{run[:16]}")
    assert (await client.get(f"/api/recordings/{run}")).json()["metadata"]["driver"]["value"] == HOSTILE
    again = await client.post(f"/api/sync/questions/{question.id}/answer", json={"keep": "ours"})
    assert (again.status_code, again.json()["code"]) == (404, "no_such_question")
    strange = await client.post(
        "/sync/x/ours?recording=//evil.example", headers={"Origin": "http://127.0.0.1:8080"}
    )
    assert strange.status_code in (404, 422)


async def test_a_question_that_others_have_settled_is_none(
    client: httpx.AsyncClient, context: Context, run: str
) -> None:
    """The log's word gives way to a person's, whoever asked before it was known whose it is."""
    await context.documents.questions.put_many([build_question(run)])
    assert (await client.get("/api/sync/questions")).json()["items"] == []


async def test_a_choice_of_signals_waits_for_the_next_sync(client: httpx.AsyncClient, context: Context) -> None:
    said = (SaidValue('{"name":"V.x","unit":"m/s"}'), SaidValue('{"name":"V.x","unit":"mph"}'))
    question = build_question("V.x", kind=QuestionKind.SIGNAL, field="", ours=said[0], theirs=said[1])
    await context.documents.questions.put_many([question])
    text = (await client.get("/sync")).text
    assert "unit: m/s" in text and "unit: mph" in text
    answered = await client.post(f"/api/sync/questions/{question.id}/answer", json={"keep": "ours"})
    assert answered.status_code == 204
    listed = (await client.get("/api/sync/questions")).json()
    assert (listed["items"], [each["answer"] for each in listed["answered"]]) == ([], ["ours"])
    assert "1 choice" in (await client.get("/sync")).text
    # Asked about something else meanwhile: the answer was not to this.
    await client.put("/api/sync/questions", json=msgspec.to_builtins(question.asks))
    assert (await client.get("/api/sync/questions")).json()["answered"]
    other = msgspec.structs.replace(question, theirs=SaidValue('{"name":"V.x"}'))
    await client.put("/api/sync/questions", json=msgspec.to_builtins(other))
    assert (await client.get("/api/sync/questions")).json()["answered"] == []


async def test_of_agreements_between_two_the_last_stay(client: httpx.AsyncClient) -> None:
    for number in range(9):
        body = {"id": str(number), "between": "pit, cloud", "at": number, "signals": [], "fields": []}
        assert (await client.put("/api/sync/agreements", json=body)).status_code == 204
    items = (await client.get("/api/sync/agreements")).json()["items"]
    assert [each["id"] for each in items] == ["8", "7", "6", "5", "4"]

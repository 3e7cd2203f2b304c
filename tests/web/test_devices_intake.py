"""What devices send by HTTP: taken once it is on the disk, refused with a reason that is counted."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from paddock.bootstrap import open_context
from paddock.device_log.entry import Entry
from paddock.device_log.reader import Reader
from paddock.domain.device_messages import MAX_MESSAGE_BYTES
from paddock.errors import Rejected
from paddock.settings import Settings
from paddock.usecases.context import Context
from tests.usecases.test_streams import car, car_schema

pytestmark = pytest.mark.anyio


class Box:
    """A device that sends by HTTP."""

    def __init__(self, client: httpx.AsyncClient, context: Context, device_id: str, token: str) -> None:
        self.client, self.context, self.id, self.token = client, context, device_id, token

    async def send(
        self, body: Any, *, token: str | None = None, content_type: str = "", encoding: str = "", to: str = ""
    ) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"} if token != "" else {}
        headers |= {"Content-Type": content_type} if content_type else {}
        headers |= {"Content-Encoding": encoding} if encoding else {}
        return await self.client.post(f"/api/devices/{to or self.id}/data", content=content, headers=headers)

    def log(self) -> list[Entry]:
        assert self.context.device_log is not None
        with Reader(self.context.device_log) as reader:
            return list(reader.entries())

    async def refused(self) -> dict[str, Any]:
        """What is said of refused input, once it is written."""
        while self.context.intake._writing is not None and not self.context.intake._writing.done():
            await asyncio.sleep(0.01)
        refused: dict[str, Any] = (await self.client.get(f"/api/devices/{self.id}")).json()["refused"]
        return refused


async def make(client: httpx.AsyncClient, context: Context, name: str) -> Box:
    device = (await client.post("/api/devices", json={"name": name, "type": "tires"})).json()
    token = (await client.post(f"/api/devices/{device['id']}/token")).json()["token"]
    return Box(client, context, device["id"], token)


@pytest.fixture
async def box(client: httpx.AsyncClient, context: Context) -> AsyncIterator[Box]:
    yield await make(client, context, "box")


async def test_who_is_given_a_schema_sends_by_it_at_once(box: Box) -> None:
    payload = car(speed=2)
    refused = await box.send(payload, content_type="application/x-protobuf")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_schema")
    given = await box.client.put(f"/api/devices/{box.id}/schema?message=ht.Car", content=car_schema())
    assert given.status_code == 200
    taken = await box.send(payload, content_type="application/x-protobuf")
    assert (taken.status_code, len(box.log())) == (200, 1)


async def test_one_message_a_batch_and_lines_are_in_the_log_when_they_are_answered(box: Box) -> None:
    for body, content_type, messages in (
        ({"temp": 21.5}, "application/json", 1),
        ([{"temp": 21.5}, {"temp": 22}], "application/json", 2),
        (b'{"temp": 1}\n{"temp": 2}\n{"temp": 3}', "application/x-ndjson", 3),
        (msgspec.msgpack.encode({"temp": 4}), "application/msgpack", 1),
        ({"temp": 5}, "application/x-www-form-urlencoded", 1),
    ):
        answer = await box.send(body, content_type=content_type)
        assert (answer.status_code, answer.json()) == (200, {"messages": messages, "problems": []}), answer.text
        entry = box.log()[-1]
        assert (entry.device_id, entry.content_type) == ("box", content_type)
    assert len(box.log()) == 5


async def test_a_body_may_be_gzip(box: Box) -> None:
    lines = b'{"temp": 1}\n{"temp": 2}'
    packed = gzip.compress(lines)
    for body, encoding in ((packed, "gzip"), (packed, "X-GZIP"), (lines, "identity")):
        answer = await box.send(body, encoding=encoding)
        assert (answer.status_code, answer.json()) == (200, {"messages": 2, "problems": []}), answer.text
        assert box.log()[-1].payload == lines, "the log has it as it was before"
    inside = gzip.compress(json.dumps({"jwt_token": box.token, "temp": 1}).encode())
    assert (await box.send(inside, encoding="gzip", token="")).status_code == 200
    large = {f"f{n}": n for n in range(1_000)}
    assert (await box.send(gzip.compress(json.dumps(large).encode()), encoding="gzip")).status_code == 200


async def test_what_is_no_gzip_or_too_much_of_it_is_refused_and_counted(box: Box) -> None:
    whole = gzip.compress(b'{"temp": 1}')
    bomb = gzip.compress(b" " * (64 << 20))
    assert len(bomb) < 100_000
    for body, encoding, status, code in (
        (b'{"temp": 1}', "gzip", 422, "bad_gzip"),
        (whole[:-4], "gzip", 422, "bad_gzip"),
        (whole + b"x", "gzip", 422, "bad_gzip"),
        (b"", "gzip", 422, "bad_gzip"),
        (gzip.compress(b"") * 100_000, "gzip", 422, "bad_gzip"),  # each of them costs more than its bytes
        (bomb, "gzip", 413, "message_too_large"),
        (bomb + bomb, "gzip", 413, "message_too_large"),
        (whole, "br", 415, "unknown_encoding"),
        (whole, "gzip, gzip", 415, "unknown_encoding"),
    ):
        answer = await box.send(body, encoding=encoding)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (body[:20], answer.text)
    assert box.log() == []
    assert (await box.refused())["by_code"] == {
        "bad_gzip": 5,
        "message_too_large": 2,
        "unknown_encoding": 2,
    }
    stranger = await box.send(b"no gzip", encoding="gzip", token="")
    assert (stranger.status_code, stranger.json()["code"]) == (401, "no_token")


async def test_what_is_not_shown_live_is_counted_in_what_is_said_of_the_device(
    box: Box, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/api/devices/box")).json()["left_out"] == 0
    live = box.context.watching.live
    live.leave_out("box", 40)
    assert (await client.get("/api/devices/box")).json()["left_out"] == 40
    assert [each["left_out"] for each in (await client.get("/api/devices")).json()["items"]] == [40]


async def test_the_token_may_be_in_the_message_and_is_in_no_log(box: Box) -> None:
    answer = await box.send({"device_id": "box", "jwt_token": box.token, "temp": 1}, token="")
    assert answer.status_code == 200
    (entry,) = box.log()
    assert json.loads(entry.payload) == {"device_id": "box", "temp": 1}
    assert box.token.encode() not in b"".join(
        path.read_bytes() for path in box.context.device_log.rglob("*") if path.is_file()
    )


async def test_bad_input_is_refused_counted_and_costs_nobody_else(
    box: Box, client: httpx.AsyncClient, context: Context
) -> None:
    other = await make(client, context, "other")
    for body, options, status, code in (
        (b"hello", {}, 422, "not_json"),
        ([1, 2], {}, 422, "not_an_object"),
        ({f"f{n}": n for n in range(10_000)}, {}, 422, "too_many_fields"),
        (b'{"temp": NaN}', {}, 422, "not_a_number"),
        (b" " * (MAX_MESSAGE_BYTES + 1), {}, 413, "message_too_large"),
        ({"temp": 1, "device_id": "other"}, {}, 403, "other_device"),
        ({"temp": 1}, {"token": other.token}, 403, "other_device"),
        ({"temp": 1, "jwt_token": other.token}, {}, 403, "other_device"),
        ({"temp": 1}, {"token": "eyJ.nonsense.x"}, 401, "bad_token"),
        ({"temp": 1}, {"token": "no-jwt-at-all"}, 401, "bad_token"),
        ({"temp": 1}, {"token": "x" * 2_900}, 401, "bad_token"),
        ({"temp": 1}, {"token": "pdk_0123456789abcdef_secret"}, 401, "bad_token"),
        ({"temp": 1}, {"token": ""}, 401, "no_token"),
        ({"temp": 1, "jwt_token": 7}, {}, 401, "bad_token"),
    ):
        answer = await box.send(body, **options)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (body, answer.text)
    assert box.log() == []
    refused = await box.refused()
    assert refused["count"] == 14 and refused["by_code"]["other_device"] == 3
    assert refused["last"] == "jwt_token is no text: send the token of the device."
    assert (await other.send({"temp": 1})).status_code == 200
    assert (await other.refused())["count"] == 0


async def test_strangers_learn_nothing_and_are_counted_nowhere(box: Box) -> None:
    for token, code in (
        (box.token, "other_device"),
        ("eyJ.x.y", "bad_token"),
        ("x", "bad_token"),
        ("", "no_token"),
    ):
        answer = await box.send({"temp": 1}, token=token, to="none")
        assert answer.json()["code"] == code
    assert (await box.refused())["count"] == 0


async def test_a_message_that_is_only_partly_good_is_taken_and_says_what_was_left_out(box: Box) -> None:
    answer = await box.send(b'{"a": 1, "b": NaN}\nnonsense\n{"timestamp": 4294967295, "a": 2}')
    said = answer.json()
    assert said["messages"] == 2 and len(said["problems"]) == 3
    assert 'Line 2 is no JSON: send an object such as {"temperature": 21.5}.' in said["problems"]
    assert any("cannot be" in each for each in said["problems"])


async def test_a_disabled_device_and_an_old_token_send_nothing(box: Box, client: httpx.AsyncClient) -> None:
    assert (await box.send({"temp": 1})).status_code == 200
    await client.patch("/api/devices/box", json={"is_disabled": True})
    await asyncio.sleep(0.31)  # as long as what is known counts
    assert (await box.send({"temp": 2})).json()["code"] == "device_disabled"
    await client.patch("/api/devices/box", json={"is_disabled": False})
    newer = (await client.post("/api/devices/box/token")).json()["token"]
    await asyncio.sleep(0.31)
    assert (await box.send({"temp": 3})).json()["code"] == "token_revoked"
    assert (await box.send({"temp": 4}, token=newer)).status_code == 200
    assert [json.loads(entry.payload) for entry in box.log()] == [{"temp": 1}, {"temp": 4}]


async def test_many_at_once_share_the_disk(box: Box) -> None:
    answers = await asyncio.gather(*(box.send({"n": n}) for n in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(json.loads(entry.payload)["n"] for entry in box.log()) == list(range(50))


async def test_what_was_refused_just_before_the_end_is_counted(
    context: Context, box: Box, settings: Settings
) -> None:
    async with open_context(settings, migrate=False) as process:
        with pytest.raises(Rejected):
            await process.intake.take(box.id, b"hello", "", token=box.token)
    state = await context.documents.device_states.get(box.id)
    assert state is not None and state.refused == {"not_json": 1}

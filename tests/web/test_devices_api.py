"""``/api/devices``: works, refuses."""

from __future__ import annotations

import httpx
import pytest
from google.protobuf import descriptor_pb2

from paddock.domain.devices import DeviceState, LatestValue, LatestValues
from paddock.domain.instants import NS_PER_S
from paddock.usecases.context import Context

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n picture"


async def test_a_device_is_added_gets_a_token_and_is_disabled(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/devices", json={"name": "Tire temps", "type": "tires", "car": "HT09"})
    assert answer.status_code == 201
    device = answer.json()
    assert (device["id"], device["car"], device["is_active"], device["token"]) == (
        "tire-temps",
        "HT09",
        False,
        None,
    )
    handed = await client.post("/api/devices/tire-temps/token")
    assert handed.status_code == 201 and set(handed.json()) == {"token", "expires_at"}
    assert handed.headers["cache-control"] == "no-store"
    token = handed.json()["token"]
    verified = await client.post("/api/devices/verify", json={"token": token})
    assert verified.status_code == 200
    assert verified.json() == {
        "valid": True,
        "device_id": "tire-temps",
        "name": "Tire temps",
        "expires_at": handed.json()["expires_at"],
    }
    (listed,) = (await client.get("/api/devices")).json()["items"]
    assert listed["token"]["minted_by"] == "local" and token not in str(listed)
    changed = await client.patch(
        "/api/devices/tire-temps", json={"is_disabled": True, "notes": "loose", "version": listed["version"]}
    )
    assert (changed.json()["is_disabled"], changed.json()["notes"]) == (True, "loose")
    refused = await client.post("/api/devices/verify", json={"token": token})
    assert (refused.status_code, refused.json()["code"]) == (403, "device_disabled")
    await client.patch("/api/devices/tire-temps", json={"is_disabled": False})
    shorter = await client.post("/api/devices/tire-temps/token", json={"days": 1})
    refused = await client.post("/api/devices/verify", json={"token": token})
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")
    assert (await client.delete("/api/devices/tire-temps/token")).status_code == 204
    refused = await client.post("/api/devices/verify", json={"token": shorter.json()["token"]})
    assert refused.json()["code"] == "token_revoked"


async def test_what_cannot_be_is_refused_in_words(client: httpx.AsyncClient) -> None:
    await client.post("/api/devices", json={"name": "a"})
    for method, path, body, status, code in (
        ("POST", "", {"name": " "}, 422, "bad_device"),
        ("POST", "", {"name": "a", "id": "a/b"}, 422, "bad_device"),
        ("POST", "", {"name": "b", "id": "a"}, 409, "device_exists"),
        ("POST", "", {"nam": "b"}, 422, "bad_request"),
        ("PATCH", "/a", {"timeout_s": 0}, 422, "bad_device"),
        ("PATCH", "/a", {"name": "c", "version": 7}, 409, "edited_meanwhile"),
        ("PATCH", "/none", {"name": "c"}, 404, "no_such_device"),
        ("POST", "/none/token", {}, 404, "no_such_device"),
        ("POST", "/a/token", {"days": 0}, 422, "bad_expiry"),
        ("POST", "/verify", {"token": "x"}, 401, "bad_token"),
        ("GET", "/none/is_active", None, 404, "no_such_device"),
        ("GET", "/none/latest", None, 404, "no_such_device"),
        ("GET", "/a/photo", None, 404, "no_photo"),
    ):
        answer = await client.request(method, f"/api/devices{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (method, path, body, answer.text)


async def test_it_is_active_while_it_sends_and_its_last_values_have_their_times(
    client: httpx.AsyncClient, context: Context
) -> None:
    await client.post("/api/devices", json={"name": "a", "timeout_s": 3_600})
    assert (await client.get("/api/devices/a/is_active")).json() == {"is_active": False}
    assert (await client.get("/api/devices/a/latest")).json()["values"] == {}
    now = context.now()
    await context.documents.device_states.insert(
        DeviceState(id="a", last_seen_ns=now, messages=2, clock_offset_ns=-90 * NS_PER_S)
    )
    values = {
        "a.temp": LatestValue(value=21.5, time_ns=1_776_522_720 * NS_PER_S),
        "a.mode": LatestValue(value=2, time_ns=0, name="READY"),
    }
    await context.documents.device_latest.insert(LatestValues(id="a", received_ns=now, values=values))
    assert (await client.get("/api/devices/a/is_active")).json() == {"is_active": True}
    latest = (await client.get("/api/devices/a/latest")).json()
    assert latest["values"] == {
        "a.temp": {"value": 21.5, "time": "2026-04-18T14:32:00Z", "name": None},
        "a.mode": {"value": 2, "time": "1970-01-01T00:00:00Z", "name": "READY"},
    }
    device = (await client.get("/api/devices/a")).json()
    assert (device["messages"], device["clock_offset_s"]) == (2, -90)


async def test_a_photo_is_shown_as_what_it_is(client: httpx.AsyncClient) -> None:
    await client.post("/api/devices", json={"name": "a"})
    assert (await client.put("/api/devices/a/photo", content=b"<svg/>")).json()["code"] == "not_a_photo"
    device = (await client.put("/api/devices/a/photo", content=PNG)).json()
    shown = await client.get(device["photo"])
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert (await client.delete("/api/devices/a/photo")).json()["photo"] is None
    for gone in (await client.get("/api/devices/a/photo"), await client.delete("/api/devices/a/photo")):
        assert (gone.status_code, gone.json()["code"]) == (404, "no_photo")


async def test_what_came_is_asked_to_become_a_recording(client: httpx.AsyncClient, context: Context) -> None:
    await client.post("/api/devices", json={"name": "a"})
    assert (await client.post("/api/devices/a/cut")).status_code == 202
    device = await context.documents.devices.get("a")
    assert device is not None and device.cut_at > 0


async def test_a_schema_is_registered_once_it_decodes(client: httpx.AsyncClient) -> None:
    schema = descriptor_pb2.FileDescriptorSet(
        file=[descriptor_pb2.FileDescriptorProto(name="car.proto", package="ht", syntax="proto3")]
    )
    schema.file[0].message_type.add(name="Car").field.add(name="speed", number=1, type=1, label=1)
    await client.post("/api/devices", json={"name": "a"})
    sent = schema.SerializeToString()
    for content, message, code in (
        (b"\xff", "ht.Car", "bad_schema"),
        (b"\xff", "", "bad_schema"),
        (sent, "ht.Bus", "bad_schema"),
        (b"", "ht.Car", "bad_schema"),
        (b"", "", "which_message"),
    ):
        answer = await client.put(f"/api/devices/a/schema?message={message}", content=content)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    for none in (await client.get("/api/devices/a/schema"), await client.delete("/api/devices/a/schema")):
        assert (none.status_code, none.json()["code"]) == (404, "no_schema")
    answer = await client.put("/api/devices/a/schema", content=sent)
    assert (answer.status_code, answer.json()["schema"]) == (200, "ht.Car"), "the only one there is"
    shown = await client.get("/api/devices/a/schema")
    assert (shown.content, shown.headers["content-disposition"]) == (sent, 'attachment; filename="a.desc"')
    page = (await client.get("/devices/a", headers={"Accept": "text/html"})).text
    assert "<code>ht.Car</code>" in page and 'href="/api/devices/a/schema"' in page
    # What is a part of another type is not what is sent; of several somebody has to say which.
    car = schema.file[0].message_type[0]
    car.field.add(name="temps", number=2, type=11, label=1, type_name=".ht.Temps")
    schema.file[0].message_type.add(name="Temps").field.add(name="fl", number=1, type=1, label=1)
    assert (await client.put("/api/devices/a/schema", content=schema.SerializeToString())).status_code == 200
    schema.file[0].message_type.add(name="Bus")
    several = await client.put("/api/devices/a/schema", content=schema.SerializeToString())
    assert (several.json()["code"], several.json()["detail"]) == (
        "which_message",
        "Say which message type it sends; the schema has 2 types: ht.Bus, ht.Car.",
    )
    assert (await client.put("/api/devices/a/schema?message=ht.Temps")).json()["schema"] == "ht.Temps"
    assert (await client.delete("/api/devices/a/schema")).json()["schema"] == ""
    assert (await client.get("/api/devices/a/schema")).status_code == 404

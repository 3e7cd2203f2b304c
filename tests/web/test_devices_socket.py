"""The WebSocket of a device: acknowledged by number, closed when the token counts no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from paddock.device_log.reader import Reader
from tests.web.browsing import Site, served


class Radio:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.client = httpx.Client(base_url=site.url)
        self.client.post("/api/devices", json={"name": "box"})
        self.token = self.client.post("/api/devices/box/token").json()["token"]

    @contextmanager
    def opened(self, token: str | None = None) -> Iterator[Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.site.url.replace("http", "ws")
        with connect(f"{url}/api/devices/box/stream", additional_headers=headers) as socket:
            yield socket

    def stored(self) -> list[Any]:
        assert self.site.context.device_log is not None
        with Reader(self.site.context.device_log) as reader:
            return [json.loads(entry.payload) for entry in reader.entries()]


@pytest.fixture(scope="module")
def radio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radio]:
    with served(tmp_path_factory.mktemp("socket") / "data", with_worker=False) as site:
        yield Radio(site)


def test_each_message_is_answered_in_order_once_it_is_on_the_disk(radio: Radio) -> None:
    with radio.opened(radio.token) as socket:
        for n in range(200):
            socket.send(json.dumps({"n": n}) if n % 2 else json.dumps({"n": n}).encode())
        answers = [json.loads(socket.recv(30)) for _ in range(200)]
        assert answers == [{"number": n + 1, "messages": 1} for n in range(200)]
        assert sorted(each["n"] for each in radio.stored()) == list(range(200))
        socket.send("hello")
        answer = json.loads(socket.recv(30))
        assert answer["number"] == 201 and answer["error"]["code"] == "not_json" and answer["error"]["permanent"]
        socket.send('[{"a": 1}, {"a": 2}]')
        assert json.loads(socket.recv(30)) == {"number": 202, "messages": 2}


def test_the_token_may_be_in_the_first_message(radio: Radio) -> None:
    with radio.opened() as socket:
        socket.send(json.dumps({"jwt_token": radio.token, "first": 1}))
        socket.send('{"second": 2}')
        assert [json.loads(socket.recv(30))["number"] for _ in range(2)] == [1, 2]
    assert {"first": 1} in radio.stored() and {"second": 2} in radio.stored()
    for first in ('{"a": 1}', json.dumps({"jwt_token": "nonsense"})):
        with radio.opened() as socket:
            socket.send(first)
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(30)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


def test_a_wrong_token_opens_nothing(radio: Radio) -> None:
    for token in ("nonsense", radio.token[:-4] + "AAAA"):
        with pytest.raises(InvalidStatus) as refused, radio.opened(token):
            pass
        assert refused.value.response.status_code in (401, 403)


@pytest.mark.parametrize("in_header", [True, False])
def test_a_device_that_is_disabled_is_closed(radio: Radio, in_header: bool) -> None:
    with radio.opened(radio.token if in_header else None) as socket:
        socket.send(json.dumps({"jwt_token": radio.token, "a": 1}))
        assert json.loads(socket.recv(30))["messages"] == 1
        radio.client.patch("/api/devices/box", json={"is_disabled": True})
        try:
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(30)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
        finally:
            radio.client.patch("/api/devices/box", json={"is_disabled": False})
            headers = {"Authorization": f"Bearer {radio.token}"}
            while radio.client.post("/api/devices/box/data", json={"a": 1}, headers=headers).status_code != 200:
                pass  # what is known of it counts for a moment

"""Webhooks, beside real small servers: what arrives, what does not, and where nothing is sent."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
from collections.abc import AsyncIterator

import pytest

from paddock.adapters.webhooks import Webhooks, of_the_internet
from paddock.domain.alerts import Severity
from paddock.domain.notices import DestinationKind, Event, Topic
from paddock.errors import PaddockError, Rejected
from paddock.ports.notices import MayHaveArrived, TryLater

pytestmark = pytest.mark.anyio

EVENT = Event(
    id="alert/a1/fired/critical",
    topic=Topic.ALERTS,
    title="Critical, tires-1",
    text="FL is at 112 °C @everyone <b>",
    at=1_776_526_320 * 10**9,
    path="/alerts",
    severity=Severity.CRITICAL,
    device="tires-1",
)


class Chat:
    """Takes requests on loopback, and answers what it is told to."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        """None to hear and say nothing."""
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        self.heard.append((head[0], headers, body))
        if self.answer is not None:
            writer.write(self.answer)
            with contextlib.suppress(OSError):
                await writer.drain()
        else:
            await reader.read()
        writer.close()


@contextlib.asynccontextmanager
async def chat(answer: bytes | None = b"HTTP/1.1 204 No Content\r\n\r\n") -> AsyncIterator[Chat]:
    made = Chat(answer)
    server = await asyncio.start_server(made.take, sock=socket.create_server(("127.0.0.1", 0)))
    async with server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks/secret"
        yield made


def sender(timeout_s: float = 10.0) -> Webhooks:
    return Webhooks("https://paddock.test", private=True, timeout_s=timeout_s)


async def test_a_webhook_gets_the_event_and_chats_get_a_sentence_that_calls_nobody() -> None:
    async with chat() as heard:
        for kind in (DestinationKind.WEBHOOK, DestinationKind.DISCORD, DestinationKind.SLACK):
            await sender().send(kind, heard.url, EVENT)
    (line, headers, webhook), (_, _, discord), (_, _, slack) = heard.heard
    assert line == "POST /hooks/secret HTTP/1.1" and headers["host"] == heard.url.split("/")[2]
    assert headers["idempotency-key"] == EVENT.id
    said = json.loads(webhook)
    assert (said["id"], said["severity"], said["device"]) == (EVENT.id, "critical", "tires-1")
    assert (said["time"], said["link"]) == ("2026-04-18T15:32:00Z", "https://paddock.test/alerts")
    assert json.loads(discord) == {
        "content": f"{EVENT.title}: {EVENT.text}\nhttps://paddock.test/alerts",
        "allowed_mentions": {"parse": []},
    }
    assert "&lt;b&gt;" in json.loads(slack)["text"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", TryLater),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", TryLater),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", Rejected),
        (b"HTTP/1.1 302 There\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", Rejected),
        (b"nonsense\r\n\r\n", MayHaveArrived),
        (b"", MayHaveArrived),
    ],
)
async def test_what_it_answers_says_whether_it_arrived(answer: bytes, error: type[PaddockError]) -> None:
    async with chat(answer) as heard:
        with pytest.raises(error) as raised:
            await sender().send(DestinationKind.WEBHOOK, heard.url, EVENT)
    assert len(heard.heard) == 1 and "secret" not in str(raised.value)
    if isinstance(raised.value, TryLater):
        assert raised.value.after_s == (7 if b"429" in answer else None)


async def test_one_that_hears_and_says_nothing_may_have_got_it() -> None:
    async with chat(None) as heard:
        with pytest.raises(MayHaveArrived):
            await sender(timeout_s=0.2).send(DestinationKind.WEBHOOK, heard.url, EVENT)
    assert len(heard.heard) == 1


async def test_one_that_is_not_there_is_tried_later() -> None:
    async with chat() as heard:
        url = heard.url
    for address in (url, "https://nothing.invalid/x"):
        with pytest.raises(TryLater):
            await sender().send(DestinationKind.WEBHOOK, address, EVENT)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8080/",
        "http://localhost/",
        "http://[::1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0/",
        "http://[64:ff9b::a00:1]/",
    ],
)
async def test_nothing_is_sent_into_the_servers_own_network(address: str) -> None:
    with pytest.raises((Rejected, TryLater)) as refused:
        await Webhooks("", timeout_s=0.5).send(DestinationKind.WEBHOOK, address, EVENT)
    assert refused.value.code == "bad_destination" or "no host" in refused.value.message


async def test_a_name_is_looked_up_once_and_every_address_of_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def look_up(self: object, host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(0, 0, 0, "", ("93.184.216.34", port)), (0, 0, 0, "", ("10.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop().__class__, "getaddrinfo", look_up)
    with pytest.raises(Rejected) as refused:
        await Webhooks("").send(DestinationKind.WEBHOOK, "https://rebind.example.org/x", EVENT)
    assert refused.value.code == "bad_destination" and asked == ["rebind.example.org"]


def test_which_addresses_are_of_the_internet() -> None:
    for address in ("93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"):
        assert of_the_internet(ipaddress.ip_address(address)), address
    for address in (
        "100.64.0.1",
        "192.168.1.1",
        "224.0.0.1",
        "::",
        "fe80::1",
        "2002:a00:1::1",
        "ff02::1",
        "198.18.0.1",
    ):
        assert not of_the_internet(ipaddress.ip_address(address)), address

"""The WebSocket of a page, through a real server: who may, what is said, slow pages, lost connections, a stop."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from paddock.usecases.live import maths
from tests.usecases.live_devices import Page, Said
from tests.web.browsing import Site, served

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("live") / "data", with_worker=False) as site:
        yield site


BEGUN_NS = time.time_ns() - 30 * 10**9


def say(site: Site, device: str, count: int, first: int = 0) -> None:
    """Samples that are further apart than columns of pixels are, so that all of them are drawn."""
    live = site.context.watching.live
    for number in range(first, first + count):
        time_ns = BEGUN_NS + number * 20_000_000
        said = Said("T", time_ns, {"a": float(number), "on": number % 2 == 0})
        live.take(device, live.sequence + 1, time.time_ns(), [said])


def address(site: Site, query: str) -> str:
    return f"{site.url.replace('http', 'ws', 1)}/api/live?{query}"


async def hear(socket: ClientConnection, page: Page) -> dict[str, Any]:
    async with asyncio.timeout(30):
        return page.hears(await socket.recv())


async def hear_until(socket: ClientConnection, page: Page, count: int, name: str = "T.a") -> None:
    while len(page.samples.get(name, ())) < count:
        await hear(socket, page)


async def test_a_snapshot_then_what_changes_and_on_after_a_cut(site: Site) -> None:
    say(site, "one", 5)
    page = Page()
    async with connect(address(site, "device=one&span=60&columns=4000")) as socket:
        said = await hear(socket, page)
        assert (said["type"], said["reset"]) == ("snapshot", True)
        described = {each["name"]: each for each in said["signals"]}
        assert described["T.a"]["drawing"] == "line" and described["T.on"]["dtype"] == "bool"
        assert [value for _, value in page.samples["T.on"]] == [True, False, True, False, True]
        say(site, "one", 3, first=5)
        await hear_until(socket, page, 8)
    say(site, "one", 4, first=8)  # while nobody listens
    page.connects()
    async with connect(address(site, f"device=one&span=60&columns=4000&after={page.sequence}")) as socket:
        said = await hear(socket, page)
        assert not said["reset"]
        await hear_until(socket, page, 12)
    assert [value for _, value in page.samples["T.a"]] == [float(number) for number in range(12)]


async def test_a_page_that_acknowledges_nothing_is_sent_its_window_and_then_the_latest(site: Site) -> None:
    say(site, "slow", 1)
    page = Page()
    async with connect(address(site, "device=slow&window=2")) as socket:
        await hear(socket, page)
        say(site, "slow", 1, first=1)
        await hear(socket, page)
        for number in range(2, 40):
            say(site, "slow", 1, first=number)
            await asyncio.sleep(0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await socket.recv()
        await socket.send(json.dumps({"ack": 2}))
        said = await hear(socket, page)
        assert page.samples["T.a"][-1][1] == 39.0
        assert said["left_out"] == page.left_out == 37 + 37, "of two signals all between the second and the last"


async def test_something_else_is_watched_on_the_same_connection(site: Site) -> None:
    say(site, "here", 2)
    page = Page()
    async with connect(address(site, "window=0")) as socket:
        await socket.send(json.dumps({"watch": [{"device": "here", "signals": ["T.a"], "span_s": 60}]}))
        await hear(socket, page)
        assert set(page.samples) == {"T.a"}
        await socket.send(json.dumps({"watch": [{"device": "here", "signals": ["T.on"], "span_s": 60}]}))
        said = await hear(socket, page)
        assert said["reset"] and set(page.samples) == {"T.on"}
        say(site, "later", 1)
        await socket.send(json.dumps({"watch": [{"device": "nobody"}, {"device": "later"}]}))
        await hear(socket, page)
        assert page.samples["T.a"][0][1] == 0.0


async def test_one_that_waits_hears_that_the_connection_lives(site: Site) -> None:
    page = Page()
    async with connect(address(site, "device=silent")) as socket:
        await hear(socket, page)
        assert (await hear(socket, page))["samples"] == []


async def test_what_cannot_be_understood_ends_it_with_a_sentence(site: Site) -> None:
    for said in ("hello", '{"watch": 5}', '{"watch": [{"device": "a", "span_s": -1}]}', '{"x": 1}'):
        async with connect(address(site, "")) as socket:
            await socket.send(said)
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(30):
                    while True:
                        await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008 and "cannot be understood" in closed.value.rcvd.reason
    for query in ("device=a&span=1e9", "device=a&columns=0", "after=x", "device=a&span=nan"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address(site, query)):
                pass
        assert refused.value.response.status_code in (400, 422), query


async def test_of_a_device_that_sends_too_much_it_is_said_how_much_is_not_shown(site: Site) -> None:
    say(site, "flood", 1)
    page, live = Page(), site.context.watching.live
    async with connect(address(site, "device=flood")) as socket:
        assert "notes" not in await hear(socket, page)
        live.leave_out("flood", 1234)
        say(site, "flood", 1, first=1)
        (note,) = (await hear(socket, page))["notes"]["flood"]
        assert note.startswith("1,234 values are not shown")
        say(site, "flood", 1, first=2)
        assert "notes" not in await hear(socket, page), "it is said once"


async def test_a_page_of_another_site_follows_nothing(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address(site, "device=one"), origin=Origin("https://evil.example")):
            pass
    assert refused.value.response.status_code == 403


async def test_fifty_watch_and_one_who_reads_nothing_holds_up_nobody(site: Site) -> None:
    say(site, "many", 1)
    sockets = [await connect(address(site, "device=many&span=60&columns=4000"), max_queue=None) for _ in range(50)]
    stuck = await connect(address(site, "device=many&span=60&columns=4000"), max_queue=1)
    pages = [Page() for _ in sockets]
    for number in range(1, 60):
        say(site, "many", 1, first=number)
        await asyncio.sleep(0.005)
    await asyncio.gather(*(hear_until(each, page, 60) for each, page in zip(sockets, pages, strict=True)))
    for page in pages:
        assert [value for _, value in page.samples["T.a"]] == [float(number) for number in range(60)]
    assert len(site.context.watching.parts._kept) <= 64
    for each in (*sockets, stuck):
        await each.close()


async def test_the_last_minutes_are_asked_for_like_a_plot_of_a_recording(site: Site) -> None:
    say(site, "plot", 500)
    async with httpx.AsyncClient(base_url=site.url) as client:
        listed = (await client.get("/api/live")).json()["items"]
        assert "plot" in [each["device"] for each in listed]
        signals = (await client.get("/api/live/plot/signals")).json()["items"]
        assert [(each["name"], each["count"], each["max"]) for each in signals] == [
            ("T.a", 500, 499),
            ("T.on", 500, 1),
        ]
        plot = (await client.get("/api/live/plot/plot?signal=T.a&signal=T.on&points=100")).json()
        a, on = plot["series"]
        assert max(a["values"]) == 499 and len(a["values"]) <= 102 and a["samples"] == 500
        assert set(on["values"]) == {True, False}
        half = a["seconds"][len(a["seconds"]) // 2]
        later = (await client.get(f"/api/live/plot/plot?signal=T.a&start={half:.6f}")).json()["series"][0]
        assert later["samples"] < 500 and later["seconds"][0] <= half
        assert (await client.get("/api/live/nobody/signals")).json()["code"] == "nothing_live"
        assert (await client.get("/api/live/plot/plot?signal=T.b")).json()["code"] == "no_such_signal"
        for query in ("start=nan", "start=5&end=1", "start=1e300"):
            assert (await client.get(f"/api/live/plot/plot?signal=T.a&{query}")).status_code == 422


def test_a_stop_does_not_wait_for_who_watches(tmp_path: Path) -> None:
    async def watch(site: Site) -> tuple[ClientConnection, ClientConnection]:
        reading = await connect(address(site, "device=one"))
        stuck = await connect(address(site, "device=one"), max_queue=1)
        await reading.recv()
        return reading, stuck

    loop = asyncio.new_event_loop()
    with served(tmp_path / "data", with_worker=False) as site:
        say(site, "one", 3)
        reading, _ = loop.run_until_complete(watch(site))
        begun = time.monotonic()
    assert time.monotonic() - begun < 20, "it was ended by nobody"
    with pytest.raises(ConnectionClosed):
        loop.run_until_complete(_read_on(reading))
    loop.close()


async def _read_on(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def test_what_a_device_sends_over_http_is_seen_with_maths_channels(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maths, "SETTLE_NS", 0)
    page = Page()
    async with httpx.AsyncClient(base_url=site.url) as client:
        await client.post("/api/maths", json={"text": "kelvin = temps.fl + 273.15"})
        made = await client.post("/api/devices", json={"name": "Tire box", "type": "sensor", "car": "HT09"})
        device = f"/api/devices/{made.json()['id']}"
        token = (await client.post(f"{device}/token")).json()["token"]
        async with connect(address(site, f"device={made.json()['id']}&span=60")) as socket:
            await hear(socket, page)
            said = {"jwt_token": token, "temps": {"fl": 81.5}, "ok": True}
            answer = await client.post(f"{device}/data", json=said)
            assert answer.is_success, answer.text
            while not page.samples:
                await hear(socket, page)
            number = 0
            while "kelvin.value" not in page.samples:
                number += 1
                await client.post(f"{device}/data", json={**said, "seq": number})
                await hear(socket, page)
    assert page.samples.pop("kelvin.value")[0][1] == 354.65
    values = {name.partition(".")[2]: samples[0][1] for name, samples in page.samples.items()}
    assert values == {"temps.fl": 81.5, "ok": True}

"""Sessions of devices with bytes changed, left out, doubled and moved, at an endpoint that runs."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from paddock.broker import endpoint
from tests.broker.at import At, Client, endpoint_at
from tests.broker.mqtt import clients
from tests.broker.mqtt.clients import acknowledge, publish

AT_ONCE = 40


@dataclass
class Fuzzed:
    """What came of it."""

    packets: int = 0
    connections: int = 0
    let_in: int = 0
    ended: int = 0
    entries: int = 0


async def fuzz(folder: Path, packets: int, chance: random.Random) -> Fuzzed:
    """Send so many packets, most of them changed.

    Raises:
        AssertionError: something came of them that must not.
    """
    found = Fuzzed()
    # All of them come from one address.
    with mock.patch.object(endpoint, "CONNECTS_AT_ONCE", packets):
        return await _fuzz(folder, packets, chance, found)


async def _fuzz(folder: Path, packets: int, chance: random.Random, found: Fuzzed) -> Fuzzed:
    errors: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(str(context)))
    async with endpoint_at(folder) as at:
        for device in ("car", "box"):
            await at.device(device)
        good = await at.connected("box", client_id="well-behaved")
        sent = 0
        while found.packets < packets:
            await asyncio.gather(*(_one(at, found, random.Random(chance.random())) for _ in range(AT_ONCE)))
            sent += 1
            good.send(publish("devices/box/data", b"good %d" % sent, sent % 65_535 + 1))
            assert await good.packet() == acknowledge(4, sent % 65_535 + 1)
        entries = at.entries()
    found.entries = len(entries)
    goods = [each for each in entries if each.payload.startswith(b"good ")]
    assert len(goods) == sent
    assert {each.device_id for each in entries} <= {"car", "box"}
    assert all(each.device_id == "car" for each in entries if each not in goods)
    assert not errors, errors[:3]
    return found


async def _one(at: At, found: Fuzzed, chance: random.Random) -> None:
    version = chance.choice((4, 5))
    packets = _session(version, at.tokens["car"], chance)
    connect, rest = packets[0], packets[1:]
    if chance.random() < 0.3:
        connect = _mutated(connect, chance)
    data = b"".join(_mutated(each, chance) if chance.random() < 0.6 else each for each in rest)
    found.connections += 1
    found.packets += len(packets)
    client = await at.client(version)
    client.send(connect)
    for _ in range(3):
        cut = chance.randrange(len(data) + 1)
        client.send(data[:cut])
        data = data[cut:]
        if chance.random() < 0.3:
            await asyncio.sleep(0)
    client.send(data)
    if chance.random() < 0.5:
        with contextlib.suppress(OSError):  # the endpoint has closed it
            client.writer.write_eof()
    await _answers(client, found)


async def _answers(client: Client, found: Fuzzed) -> None:
    """Read all that comes for a moment: whole packets of a server."""
    try:
        async with asyncio.timeout(1.5):
            while True:
                packet = await client.packet()
                assert packet[0] >> 4 in (2, 3, 4, 5, 7, 9, 11, 13, 14), packet
                found.let_in += packet[0] == 0x20 and packet[3] == 0
    except TimeoutError:
        client.abort()
    except asyncio.IncompleteReadError as error:
        assert not error.partial, error.partial
        found.ended += 1
        client.close()
    except ConnectionError:
        found.ended += 1


def _session(version: int, token: str, chance: random.Random) -> list[bytes]:
    topics = [f"devices/car/{kind}" for kind in ("data", "alerts", "actions")] + ["devices/box/data"]
    packets = [clients.connect(version, f"c{chance.randrange(50)}", "car", token, clean=chance.random() < 0.5)]
    for n in range(1, 12):
        packets.append(
            chance.choice(
                (
                    publish(chance.choice(topics), chance.randbytes(chance.randrange(60)), n, version=version),
                    publish(topics[0], b"{}", n, version=version, qos=chance.choice((0, 2 if version == 4 else 1))),
                    publish(topics[0], b"1", n, version=version, properties=b"\x23\x00\x01"),
                    clients.subscribe(n, ("devices/car/actions", 1), version=version),
                    clients.unsubscribe(n, "devices/car/actions", version=version),
                    acknowledge(chance.choice((4, 5, 6, 7)), n),
                    clients.PING,
                )
            )
        )
    packets.append(clients.DISCONNECT)
    return packets


def _mutated(packet: bytes, chance: random.Random) -> bytes:
    data = bytearray(packet)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        if not data:
            break
        at = chance.randrange(len(data))
        how = chance.randrange(5)
        if how == 0:
            data[at] = chance.randrange(256)
        elif how == 1:
            data[at] ^= 1 << chance.randrange(8)
        elif how == 2:
            del data[at : at + chance.choice((1, 1, 4, 20))]
        elif how == 3:
            data[at:at] = chance.randbytes(chance.choice((1, 2, 8)))
        else:
            data[at:at] = data[at : at + 8]
    return bytes(data)

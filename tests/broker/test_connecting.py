"""Who is let in, who is not, and when a connection ends."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from paddock.broker import connection, endpoint, limits
from paddock.domain.principal import LOCAL_USER
from paddock.usecases.devices.devices import disable_device, enable_device
from paddock.usecases.devices.tokens import mint_token, revoke_token
from tests.broker.at import At, Client, endpoint_at
from tests.broker.mqtt import clients
from tests.broker.mqtt.clients import acknowledge, publish

pytestmark = pytest.mark.anyio

PUBACK = 4


def said_by(packet_type: int, reason: int) -> str:
    """A reason's name; an error where the standard has none of it for such a packet."""
    return ReasonCode(packet_type, identifier=reason).getName()


async def answer(at: At, version: int, *connect: object, **said: object) -> bytes:
    client = await at.client(version)
    client.send(clients.connect(version, *connect, **said))  # type: ignore[arg-type]
    return await client.packet()


@pytest.mark.parametrize(
    ("user", "password", "v3", "v5"),
    [
        ("car", "a guess", 4, 0x86),
        ("car", None, 4, 0x86),
        (None, None, 4, 0x86),
        ("nobody", "car's", 5, 0x87),
        ("box", "car's", 5, 0x87),
        ("car", "car's", 0, 0),
    ],
)
async def test_the_user_name_is_the_device_and_the_password_its_token(
    at: At, user: str | None, password: str | None, v3: int, v5: int
) -> None:
    password = at.tokens["car"] if password == "car's" else password
    assert (await answer(at, 4, "c", user, password))[:4] == bytes([0x20, 2, 0, v3])
    if user is not None or password is None:
        assert (await answer(at, 5, "c", user, password))[3] == v5


async def test_what_is_no_mqtt_of_ours_is_told_so_where_there_are_words(at: At) -> None:
    old = await at.client()
    old.send(clients.packet(0x10, clients.text("MQIsdp") + b"\x03\x02\x00\x3c" + clients.text("c")))
    assert await old.rest() == b"\x20\x02\x00\x01"
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00" + bytes(512), clients.PING, bytes(100)):
        other = await at.client()
        other.send(data)
        assert await other.rest() == b""


async def test_a_device_that_sends_before_it_is_let_in_is_heard_when_it_is(at: At) -> None:
    car = await at.client()
    messages = [publish("devices/car/data", b"%d" % n, n) for n in range(1, 6)]
    car.send(clients.connect(4, "c", "car", at.tokens["car"]), *messages, clients.PING)
    assert await car.packet() == b"\x20\x02\x00\x00"
    answers = [await car.packet() for _ in range(6)]
    assert [each for each in answers if each[0] == 0x40] == [acknowledge(PUBACK, n) for n in range(1, 6)]
    stranger = await at.client()
    stranger.send(clients.connect(4, "c", "car", "a guess"), *messages)
    assert await stranger.rest() == b"\x20\x02\x00\x04"
    assert len(at.entries()) == 5


async def test_client_identifiers(at: At) -> None:
    token = at.tokens["car"]
    assert (await answer(at, 4, "", "car", token))[3] == 0
    assert (await answer(at, 4, "", "car", token, clean=False))[3] == 2
    assert b"\x12\x00\x18paddock-" in await answer(at, 5, "", "car", token, clean=False)
    assert (await answer(at, 5, "c" * 257, "car", token))[3] == 0x85


async def test_another_way_to_sign_in_is_refused(at: At) -> None:
    scram = b"\x15" + clients.text("SCRAM-SHA-1")
    assert (await answer(at, 5, "c", "car", at.tokens["car"], properties=scram))[3] == 0x8C


async def test_a_token_of_a_moment_ago_is_known(at: At) -> None:
    await at.connected("car")
    at.tokens["car"] = (await mint_token(at.context, LOCAL_USER, "car")).token
    await at.connected("car", client_id="another")


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("what", ["disable", "revoke", "rotate"])
async def test_who_is_shut_out_is_closed_at_once(at: At, version: int, what: str) -> None:
    car, box = (
        await at.connected("car", version, will=("devices/car/alerts", b"gone", 1)),
        await at.connected("box"),
    )
    before = asyncio.get_running_loop().time()
    if what == "disable":
        await disable_device(at.context, LOCAL_USER, "car")
    elif what == "revoke":
        await revoke_token(at.context, LOCAL_USER, "car")
    else:
        await mint_token(at.context, LOCAL_USER, "car")
    rest = await car.rest()
    assert rest[:1] == (b"\xe0" if version == 5 else b"")
    if version == 5:
        assert said_by(PacketTypes.DISCONNECT, rest[2]) == (
            "Administrative action" if what == "disable" else "Not authorized"
        )
    assert endpoint.LOOK_S + 0.3 < 1, "what is read of devices counts for 0.3 s"
    assert asyncio.get_running_loop().time() - before < 30
    assert (await answer(at, 5, "c", "car", at.tokens["car"]))[3] == (0x8A if what == "disable" else 0x86)
    box.send(publish("devices/box/data", b"still here", 1))
    assert await box.packet() == acknowledge(PUBACK, 1)
    assert at.payloads() == [b"still here"], "nothing of it is taken any more, and no will"
    if what == "disable":
        await enable_device(at.context, LOCAL_USER, "car")
        await at.connected("car")


async def test_a_second_connection_of_a_client_takes_over(at: At) -> None:
    first = await at.connected("car", 5, client_id="same")
    second = await at.connected("car", 4, client_id="same")
    assert (await first.rest())[2] == 0x8E
    box = await at.connected("box", client_id="same")
    second.send(clients.PING)
    assert await second.packet() == b"\xd0\x00", "another device's client is another one"
    box.close()


async def test_a_device_has_so_many_connections(at: At) -> None:
    kept = [await at.connected("car", client_id=f"client {n}") for n in range(limits.MOST_OF_A_DEVICE)]
    assert (await answer(at, 5, "one more", "car", at.tokens["car"]))[3] == 0x97
    kept[0].close()
    await at.connected("car", client_id="one more")
    await at.connected("box")


async def test_a_silent_client_is_given_up(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(connection, "monotonic", lambda: now)
    monkeypatch.setattr(endpoint, "monotonic", lambda: now)
    car = await at.connected("car", 5, keep_alive=10, will=("devices/car/alerts", b"lost", 0))
    patient = await at.connected("box", keep_alive=0)
    now += 14.9
    car.send(clients.PING)
    assert await car.packet() == b"\xd0\x00"
    now += 15.1
    assert (await car.rest())[2] == 0x8D
    await at.until(lambda: at.payloads() == [b"lost"])
    patient.send(clients.PING)
    assert await patient.packet() == b"\xd0\x00"


async def test_who_never_says_who_it_is_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MOST_PENDING", 5)
    async with endpoint_at(tmp_path) as at:
        await at.device("car")
        slow = [await at.client() for _ in range(12)]
        for each in slow:
            each.send(b"\x10\x40\x00\x04MQ")
        car = await at.connected("car")
        car.send(clients.PING)
        assert await car.packet() == b"\xd0\x00"
        for each in slow[:7]:
            assert await each.rest() == b""


async def test_a_connect_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_S", 0.05)
    async with endpoint_at(tmp_path) as at:
        silent, slow = await at.client(), await at.client()
        slow.send(b"\x10")
        assert await silent.rest() == await slow.rest() == b""


async def test_more_connections_than_there_may_be_are_closed(tmp_path: Path) -> None:
    async with endpoint_at(tmp_path, most=3) as at:
        await at.device("car")
        kept = [await at.connected("car", client_id=str(n)) for n in range(3)]
        assert await (await at.client()).rest() == b""
        for each in kept:
            each.send(clients.PING)
            assert await each.packet() == b"\xd0\x00"


async def test_an_address_connects_so_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "CONNECTS_AT_ONCE", 3)
    monkeypatch.setattr(endpoint, "CONNECTS_PER_S", 0.0)
    async with endpoint_at(tmp_path) as at:
        await at.device("car")
        for _ in range(3):
            (await at.connected("car")).close()
        assert await (await at.client()).rest() == b""
    rate = limits.Rate(2, 1000.0)
    assert [rate.take("a"), rate.take("a"), rate.take("b")] == [True, True, True]
    assert endpoint.network_of("::ffff:10.0.0.1") == "10.0.0.1"
    assert endpoint.network_of("2001:db8:0:1::5") == endpoint.network_of("2001:db8::1:9:9:9:9")
    assert endpoint.network_of("fe80::1%eth0") != endpoint.network_of("2001:db8::1")


async def test_many_idle_connections(tmp_path: Path) -> None:
    """``tests.scripts.idle_devices`` has 2,000."""
    async with endpoint_at(tmp_path) as at:
        for n in range(40):
            await at.device(f"box-{n}")
        idle = [await at.connected(f"box-{n % 40}", client_id=str(n)) for n in range(200)]
        last = idle[-1]
        last.send(publish("devices/box-39/data", b"x", 1))
        assert await last.packet() == acknowledge(PUBACK, 1)
        for each in idle:
            each.send(clients.PING)
        for each in idle:
            assert await each.packet() == b"\xd0\x00"


async def test_a_stopping_endpoint_says_so_and_publishes_no_will(tmp_path: Path) -> None:
    async with endpoint_at(tmp_path) as at:
        await at.device("car")
        car = await at.connected("car", 5, will=("devices/car/alerts", b"lost", 0))
    assert (await car.rest())[2] == 0x8B
    assert at.entries() == []


async def test_tls_with_a_certificate(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with endpoint_at(tmp_path, tls=context) as at:
        token = await at.device("car")
        trusts = ssl.create_default_context(cafile=str(certificate))
        streams = await asyncio.open_connection("127.0.0.1", at.port, ssl=trusts, server_hostname="localhost")
        car = Client(*streams, 4)
        car.send(clients.connect(4, "c", "car", token), publish("devices/car/data", bytes(300_000), 1))
        assert await car.packet() == b"\x20\x02\x00\x00"
        assert await car.packet() == acknowledge(PUBACK, 1)
        plain = await at.client()
        plain.send(clients.connect(4, "c", "car", token))
        assert acknowledge(PUBACK, 1) not in await plain.rest()


def self_signed(folder: Path) -> tuple[Path, Path]:
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "certificate.pem", folder / "key.pem"

"""Who gets in: peers, proxies, loopback, and pages of other sites."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import httpx
import pytest

from paddock.domain.peers import parse_peers
from paddock.errors import Rejected
from paddock.settings import Settings
from paddock.web.kernel.principal import Edge, warning_of
from tests.web.conftest import Connect

pytestmark = pytest.mark.anyio


@pytest.fixture
def vpn(settings: Settings, tmp_path: Path) -> Settings:
    peers = tmp_path / "peers"
    peers.write_text(
        "\ufeff# the team\n10.7.0.4 Adam\n\nfd00::7 \t Mei Lin  # laptop\n"
        "10.8.0.0/16 guests\n10.8.1.0/24\tgarage\nfd00:8::/64 guests\n"
    )
    return Settings(
        data=settings.data,
        host="10.7.0.1",
        peers_file=peers,
        trusted_proxies="10.7.0.1, 127.0.0.1",
        public_url="https://paddock.team",
    )


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [
        ("10.7.0.4", None, 200),
        ("fd00::7", None, 200),
        ("::ffff:10.7.0.4", None, 200),
        ("10.7.0.5", None, 403),
        ("10.8.1.9", None, 200),
        ("::ffff:10.8.2.9", None, 200),
        ("10.9.0.1", None, 403),
        ("fd00:8::99", None, 200),
        ("fd00:9::99", None, 403),
        ("127.0.0.1", None, 403),
        ("127.0.0.1", "10.8.3.3", 200),
        ("10.7.0.5", "10.7.0.4", 403),
        ("10.7.0.4", "10.7.0.5", 200),
        ("127.0.0.1", "10.7.0.4", 200),
        ("127.0.0.1", "10.7.0.4, 10.7.0.1", 200),
        ("127.0.0.1", "10.7.0.4, 8.8.8.8", 403),
        ("127.0.0.1", "nonsense", 403),
        ("127.0.0.1", "", 403),
    ],
)
async def test_the_vpn(connect: Connect, vpn: Settings, address: str, forwarded: str | None, status: int) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    async with connect(vpn, address) as client:
        for path in ("/health", "/", "/static/kernel/paddock.css", "/nothing/here", "/schema/openapi.json"):
            answer = await client.get(path, headers=headers)
            assert (answer.status_code == 403) == (status == 403), path
            assert path != "/health" or answer.status_code == status


async def test_a_second_forwarded_header_counts_like_a_longer_one(connect: Connect, vpn: Settings) -> None:
    async with connect(vpn, "127.0.0.1") as client:
        spoofed = [("X-Forwarded-For", "10.7.0.4"), ("X-Forwarded-For", "8.8.8.8")]
        assert (await client.get("/health", headers=spoofed)).status_code == 403


async def test_who_is_let_in_follows_the_file(
    connect: Connect, vpn: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vpn.peers_file is not None
    async with connect(vpn, "10.7.0.4") as adam, connect(vpn, "10.7.0.5") as new:
        assert (await new.get("/health")).status_code == 403
        vpn.peers_file.write_text("10.7.0.5 Zoe\n10.7.0.4 Adam B\n")
        assert "Zoe" in (await new.get("/")).text
        assert "Adam B" in (await adam.get("/")).text
        vpn.peers_file.write_text("10.7.0.5 Zoe\nslipped while editing\n")
        assert (await adam.get("/health")).status_code == 200
        vpn.peers_file.unlink()
        assert (await adam.get("/health")).status_code == 200
        vpn.peers_file.write_text("10.7.0.5 Zoe\n")
        refused = await adam.get("/health")
        assert refused.status_code == 403 and refused.json()["code"] == "not_a_member"
    assert "peers_file_broken" in "".join(capsys.readouterr())


async def test_a_member_is_named_on_the_page(connect: Connect, vpn: Settings) -> None:
    async with connect(vpn, "fd00::7") as client:
        assert "Mei Lin" in (await client.get("/")).text


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.168.1.20", 403)])
async def test_without_peers_only_this_machine(connect: Connect, address: str, status: int) -> None:
    async with connect(address=address) as client:
        answer = await client.get("/health", headers={"X-Forwarded-For": "127.0.0.1"})
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "not_a_member"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost:8080", 200),
        ("LOCALHOST", 200),
        ("[::1]:8080", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example:8080", 403),
        ("localhost@evil.example", 403),
        ("[", 403),
    ],
)
async def test_a_name_that_was_pointed_at_us_is_refused(client: httpx.AsyncClient, host: str, status: int) -> None:
    assert (await client.get("/health", headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"Origin": "http://127.0.0.1:8080"}, False),
        ({"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://127.0.0.1:9999"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://["}, True),
        ({"Origin": ""}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/jobs/x/retry"), ("PUT", "/objects/put"), ("POST", "/api/uploads")]
)
async def test_a_page_of_another_site_changes_nothing(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], refused: bool
) -> None:
    answer = await client.request(method, path, headers=headers)
    assert (answer.json()["code"] == "cross_site") == refused
    assert (await client.get("/health", headers=headers)).status_code == 200


def test_the_smallest_network_names_its_members(tmp_path: Path) -> None:
    peers = tmp_path / "peers"
    peers.write_text("0.0.0.0/0 world\n10.7.0.0/16 team\n10.7.1.0/24 garage\n10.7.1.4 Adam\n::/0 world six\n")
    known = parse_peers(peers.read_text())
    for address, name in (
        ("10.7.1.4", "Adam"),
        ("10.7.1.5", "garage"),
        ("10.7.9.9", "team"),
        ("8.8.8.8", "world"),
        ("fd00::1", "world six"),
    ):
        assert known.name_of(ipaddress.ip_address(address)) == name


def test_who_starts_it_is_told_who_is_let_in(tmp_path: Path) -> None:
    peers = tmp_path / "peers"
    peers.write_text("10.7.0.0/24 team\n")
    assert warning_of(Settings(data=tmp_path)) is None
    assert "PADDOCK_PEERS_FILE" in (warning_of(Settings(data=tmp_path, host="0.0.0.0")) or "")
    assert "127.0.0.1" in (warning_of(Settings(data=tmp_path, host="0.0.0.0", peers_file=peers)) or "")
    peers.write_text("10.7.0.0/24 team\n127.0.0.0/8 here\n")
    assert warning_of(Settings(data=tmp_path, host="0.0.0.0", peers_file=peers)) is None


@pytest.mark.parametrize(
    "line",
    [
        "10.7.0.4",
        "Adam 10.7.0.4",
        "10.7.0.400 Adam",
        "10.7.0.4/24 team",  # an address inside a network: did he mean all of it?
        "10.7.0.0/33 team",
        "10.7.0.0/24 # team",
        "10.7.0.9 Jonas again",
    ],
)
def test_a_peers_file_that_nobody_understands(tmp_path: Path, line: str) -> None:
    peers = tmp_path / "peers"
    peers.write_text(f"10.7.0.9 Jonas\n{line}\n")
    with pytest.raises(Rejected, match="Line 2"):
        Edge(Settings(data=tmp_path, peers_file=peers))
    with pytest.raises(Rejected, match="cannot be read"):
        Edge(Settings(data=tmp_path, peers_file=tmp_path / "missing"))


def test_a_trusted_proxy_that_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="TRUSTED_PROXIES"):
        Edge(Settings(data=tmp_path, trusted_proxies="proxy.local"))

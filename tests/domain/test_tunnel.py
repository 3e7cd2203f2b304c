"""WireGuard's texts."""

from __future__ import annotations

import pytest

from paddock.domain.members import read_networks
from paddock.domain.peers import parse_peers
from paddock.domain.tunnel import VpnPlan, configuration, interface_settings, read_endpoint, read_handshakes
from paddock.errors import Rejected
from tests.domain.test_members import key

NETWORKS = read_networks("10.77.0.0/24, fd77::/64")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("vpn.example.org", "vpn.example.org:51820"),
        (" vpn.example.org:443 ", "vpn.example.org:443"),
        ("192.0.2.7", "192.0.2.7:51820"),
        ("2001:db8::7", "[2001:db8::7]:51820"),
        ("[2001:db8::7]", "[2001:db8::7]:51820"),
        ("[2001:db8::7]:443", "[2001:db8::7]:443"),
    ],
)
def test_where_the_server_is(given: str, meant: str) -> None:
    assert read_endpoint(given) == meant


@pytest.mark.parametrize("text", ["", " ", "host:port", "host:0", "host:65536", "a b:1", "host:1\nX = y"])
def test_where_no_server_is(text: str) -> None:
    with pytest.raises(Rejected, match="PADDOCK_VPN_ENDPOINT"):
        read_endpoint(text)


def test_only_what_is_for_the_vpn_goes_through_the_tunnel() -> None:
    (member,) = parse_peers(f"10.77.0.2,fd77::2 Adam key={key(1)}").entries
    plan = VpnPlan(networks=NETWORKS, endpoint="vpn.example.org:51820", site_url="https://10.77.0.1")
    lines = configuration(plan, key(7), member, "secret").splitlines()
    assert "AllowedIPs = 10.77.0.0/24, fd77::/64" in lines
    assert "Address = 10.77.0.2/32, fd77::2/128" in lines and f"PublicKey = {key(7)}" in lines
    assert "PrivateKey = secret" in lines
    assert not any("DNS" in line for line in lines)


def test_the_interface_has_the_members_with_keys_and_nobody_else() -> None:
    text = f"10.77.0.2,fd77::2 Adam key={key(1)}\n10.77.0.3 Mei\n10.77.0.0/24 team\n10.77.0.4 Zoe key={key(2)}\n"
    lines = interface_settings("private", parse_peers(text).entries, NETWORKS).splitlines()
    assert lines.count("[Peer]") == 2
    assert [line for line in lines if "AllowedIPs" in line] == [
        "AllowedIPs = 10.77.0.2/32, fd77::2/128",
        "AllowedIPs = 10.77.0.4/32",
    ]


@pytest.mark.parametrize("address", ["10.77.0.1", "8.8.8.8", "fd77::1"])
def test_no_line_takes_over_the_traffic_of_others(address: str) -> None:
    entries = parse_peers(f"10.77.0.2 Adam key={key(1)}\n{address} Eve key={key(2)}\n").entries
    with pytest.raises(Rejected, match="Line 2"):
        interface_settings("private", entries, NETWORKS)


def test_handshakes_that_were() -> None:
    assert read_handshakes(f"{key(1)}\t1764446400\n{key(2)}\t0\nnonsense\n") == {key(1): 1764446400}

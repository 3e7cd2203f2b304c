"""The peers file: who has which address."""

from __future__ import annotations

import ipaddress

import pytest

from paddock.domain.peers import check_key, parse_peers
from paddock.errors import Rejected

KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
OTHER_KEY = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="


def test_a_line_of_each_kind() -> None:
    peers = parse_peers(
        f"\ufeff# the team\n\n10.77.0.4,fd77::4   Adam   B  key={KEY}  # added 2026-11-29\n"
        "fd00::7 \t Mei Lin # her laptop\n10.7.0.0/24 team"
    )
    adam, mei, team = peers.entries
    assert (adam.line, adam.name, adam.key, adam.note) == (3, "Adam B", KEY, "added 2026-11-29")
    assert [str(each) for each in adam.addresses] == ["10.77.0.4", "fd77::4"] and adam.where == "10.77.0.4,fd77::4"
    assert (mei.name, mei.key, mei.note) == ("Mei Lin", "", "her laptop")
    assert team.network == ipaddress.ip_network("10.7.0.0/24") and team.addresses == ()
    for address, name in (("10.77.0.4", "Adam B"), ("fd77::4", "Adam B"), ("10.7.0.9", "team"), ("10.8.0.1", None)):
        assert peers.name_of(ipaddress.ip_address(address)) == name
    assert peers.named(" adam  b ") == (adam,)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"10.77.0.5 Zoe key={KEY}", "the key of line 1"),
        ("10.77.0.5,10.77.0.4 Zoe", "once more who 10.77.0.4"),
        ("10.77.0.5, Zoe", "an address or a network"),
        (f"10.77.0.5 key={KEY}", "and a name"),
        ("10.77.0.5 Zoe key=", "no usable key"),
        ("10.77.0.5 Zoe key=abc", "no usable key"),
        ("10.77.0.5 Zoe role=viewer", "role="),
        (f"10.78.0.0/24 guests key={OTHER_KEY}", "a key to a network"),
    ],
)
def test_a_line_that_contradicts_itself_or_another(line: str, why: str) -> None:
    with pytest.raises(Rejected, match="Line 2") as refused:
        parse_peers(f"10.77.0.4 Adam key={KEY}\n{line}\n")
    assert why in refused.value.message


@pytest.mark.parametrize("key", ["", "abc", "A" * 43 + "=", KEY[:-2] + "h=", KEY + "=", KEY.lower()[:40], "ä" * 44])
def test_what_is_no_key(key: str) -> None:
    check_key(KEY)
    with pytest.raises(Rejected, match="no public key"):
        check_key(key)

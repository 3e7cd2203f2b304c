"""The peers file: who has which address, in the VPN and on the site. The one place that says it.

A line each: an address, several joined by commas, or a network; then a name; then, for a member of the VPN whom
``paddock vpn`` made, the public key of the tunnel. ``#`` begins a comment::

    10.77.0.4,fd77:7061:6464::4  Adam     key=xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=  # added 2026-11-29
    fd00:7::12                   Mei Lin  # her laptop
    10.7.0.0/24                  team
    127.0.0.1                    pit wall

A file that people write and read by hand, because what lets them in must work while every database is away.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from paddock.errors import Rejected

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HEADER = "# Who is let in: an address, several joined by commas, or a network; then a name. See Paddock's README.\n"
KEY_BYTES = 32
_COLUMN = re.compile(r"(?:^|\s)([a-z]+)=(\S*)")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file."""

    line: int
    """From 1."""
    name: str
    addresses: tuple[Address, ...] = ()
    network: Network | None = None
    """Instead of addresses."""
    key: str = ""
    """Public key of the member's tunnel; empty for who has none, or got it by other means."""
    note: str = ""
    """The comment."""

    @property
    def where(self) -> str:
        """The addresses or the network, as the file has them."""
        return str(self.network) if self.network else ",".join(map(str, self.addresses))


class Peers:
    """What a peers file says.

    Args:
        entries: its lines that say something, in order.
        text: the whole file.
    """

    def __init__(self, entries: Sequence[Entry], text: str) -> None:
        self.entries = tuple(entries)
        self.text = text
        self._names = {address: entry.name for entry in entries for address in entry.addresses}
        networks = [(entry.network, entry.name) for entry in entries if entry.network is not None]
        self._networks = sorted(networks, key=lambda each: -each[0].prefixlen)

    @property
    def taken(self) -> frozenset[Address]:
        """Every address that a line names."""
        return frozenset(self._names)

    def name_of(self, address: Address | None) -> str | None:
        """Who has this address; None for a stranger's. Of several networks that hold it the smallest counts."""
        if address is None:
            return None
        if address in self._names:
            return self._names[address]
        return next((name for network, name in self._networks if address in network), None)

    def named(self, name: str) -> tuple[Entry, ...]:
        """The lines of one name, in whatever case it is written."""
        wanted = " ".join(name.split()).casefold()
        return tuple(entry for entry in self.entries if entry.name.casefold() == wanted)


def parse_peers(text: str) -> Peers:
    """Read the file.

    Raises:
        Rejected: a line cannot be understood, or contradicts another one (code ``bad_peers_file``).
    """
    entries: list[Entry] = []
    first_with: dict[Address | Network | str, int] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        entry = _entry(number, line)
        if entry is None:
            continue
        entries.append(entry)
        for said in _claims(entry):
            if said in first_with:
                what = "has the key of" if said == entry.key else f"says once more who {said} is, after"
                raise _bad_line(number, f"{what} line {first_with[said]}: keep one of the two")
            first_with[said] = number
    return Peers(entries, text)


def _claims(entry: Entry) -> Iterator[Address | Network | str]:
    yield from entry.addresses
    if entry.network is not None:
        yield entry.network
    if entry.key:
        yield entry.key


def _entry(number: int, line: str) -> Entry | None:
    said, _, note = line.partition("#")
    where, rest = (*said.split(maxsplit=1), "", "")[:2]
    if not where:
        return None
    columns = dict(_COLUMN.findall(rest))
    name = " ".join(_COLUMN.sub(" ", rest).split())
    addresses = tuple(read_address(each) for each in where.split(","))
    network = _network(where)
    known = tuple(each for each in addresses if each is not None)
    if (network is None and len(known) < len(addresses)) or not name:
        raise _bad_line(
            number, "must be an address or a network, and a name, like '10.7.0.4 Adam' or '10.7.0.0/24 team'"
        )
    for column in columns:
        if column != "key":
            raise _bad_line(number, f"says {column}=, which means nothing: a line has an address, a name, a key")
    key = columns.get("key", "")
    if key and network is not None:
        raise _bad_line(number, "gives a key to a network: a key belongs to the addresses of one member")
    if "key" in columns:
        try:
            check_key(key)
        except Rejected as error:
            raise _bad_line(number, f"has no usable key: {error.message}") from None
    return Entry(
        line=number,
        name=name,
        addresses=() if network is not None else known,
        network=network,
        key=key,
        note=note.strip(),
    )


def _bad_line(number: int, why: str) -> Rejected:
    return Rejected(f"Line {number} of the peers file {why.rstrip('.')}.", code="bad_peers_file")


def check_key(key: str) -> None:
    """A public key as WireGuard writes it: 32 bytes in Base64.

    Raises:
        Rejected: it is none (code ``bad_key``).
    """
    try:
        value = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    # Encoded again, because two texts for one key would be two members with one tunnel.
    if len(value) != KEY_BYTES or base64.b64encode(value).decode() != key or not any(value):
        raise Rejected(
            f"{key[:60]!r} is no public key of WireGuard: that is 44 characters, as `wg pubkey` prints them.",
            code="bad_key",
        )


def read_address(text: str) -> Address | None:
    """An address, IPv4 in IPv6 as the IPv4 that it is; None for anything else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped: Any = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text) if "/" in text else None
    except ValueError:
        return None

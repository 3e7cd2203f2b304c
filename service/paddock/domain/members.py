"""The members of the VPN: what a name may be, which address is next, and the peers file after a change."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import count

from paddock.domain.peers import HEADER, Address, Entry, Network, Peers, check_key, read_address
from paddock.errors import Conflict, NotFound, Rejected

MAX_NAME = 60
SERVER_HOST = 1
"""The server has the first address of each network."""
_WHERE_WIDTH = 32
_FORBIDDEN = re.compile(r"[#=/\\,<>\"]")
"""What means something in the peers file, in addresses of pages, or in a configuration."""


def read_networks(text: str) -> tuple[Network, ...]:
    """The VPN's networks as the setting has them, at most one of IPv4 and one of IPv6.

    Raises:
        Rejected: it cannot be understood (code ``bad_setting``).
    """
    networks = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(each))
        except ValueError:
            raise Rejected(
                f"PADDOCK_VPN_NETWORKS: {each[:60]!r} is no network; one is like 10.77.0.0/24.", code="bad_setting"
            ) from None
    if not networks or len({network.version for network in networks}) < len(networks):
        raise Rejected(
            "PADDOCK_VPN_NETWORKS: the VPN has one network of IPv4, one of IPv6, or both, joined by a comma.",
            code="bad_setting",
        )
    if any(network.num_addresses < 4 for network in networks):
        raise Rejected("PADDOCK_VPN_NETWORKS: a network needs room for a server and a member.", code="bad_setting")
    return tuple(networks)


def server_addresses(networks: Sequence[Network]) -> tuple[Address, ...]:
    """Where the server is in the VPN."""
    return tuple(network[SERVER_HOST] for network in networks)


def clean_name(name: str) -> str:
    """A new member's name, in one form.

    Raises:
        Rejected: it cannot be one (code ``bad_name``).
    """
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    # Neither what cannot be seen nor what turns the text around it may be in a name that stands in the history.
    odd = [character for character in clean if unicodedata.category(character)[0] == "C"]
    if not clean or len(clean) > MAX_NAME or odd or _FORBIDDEN.search(clean):
        raise Rejected(
            f"{name[:MAX_NAME]!r} cannot be a member's name: it has 1 to {MAX_NAME} characters, none of them "
            'invisible and none of # = / \\ , < > ".',
            code="bad_name",
        )
    return clean


def add_member(
    peers: Peers, networks: Sequence[Network], name: str, key: str, *, note: str, address: str | None = None
) -> tuple[Entry, str]:
    """A new member, and the peers file with their line.

    Args:
        peers: as they are.
        networks: of the VPN.
        name: of the member, any that ``clean_name`` takes.
        key: public.
        note: the line's comment.
        address: in one of the networks; the member gets the one of the same number in each. None for the next.

    Raises:
        Rejected: the name, the key or the address cannot be used, or all addresses are taken.
        Conflict: another member has the name, the key or the address.
    """
    name = clean_name(name)
    check_key(key)
    if there := peers.named(name):
        raise Conflict(_has_name(there[0]), code="name_taken")
    _check_free(peers, key)
    addresses = _asked(peers, networks, address) if address else _next_free(peers, networks)
    text = _with_line(peers.text or HEADER, _line(addresses, name, key, note))
    return Entry(line=text.count("\n"), name=name, addresses=addresses, key=key, note=note), text


def _has_name(entry: Entry) -> str:
    if entry.key:
        return (
            f"{entry.name} is a member already: a second device gets a name of its own, such as "
            f"'{entry.name} phone', and a new key comes by `paddock vpn rotate`."
        )
    return (
        f"Line {entry.line} of the peers file says already that {entry.name} is {entry.where}: `paddock vpn "
        "rotate` gives a key to who has an address there."
    )


def _check_free(peers: Peers, key: str) -> None:
    if owner := next((entry for entry in peers.entries if entry.key == key), None):
        raise Conflict(f"{owner.name} has that key: two members with one key are one tunnel.", code="key_taken")


def _next_free(peers: Peers, networks: Sequence[Network]) -> tuple[Address, ...]:
    """The lowest number that is free in every network, so that a member's two addresses end alike."""
    taken = peers.taken
    for number in count(SERVER_HOST + 1):
        if any(number >= _end(network) for network in networks):
            break
        addresses = tuple(network[number] for network in networks)
        if taken.isdisjoint(addresses):
            return addresses
    smallest = min(networks, key=_end)
    raise Rejected(
        f"All addresses of {smallest} are taken: remove a member, or set a larger PADDOCK_VPN_NETWORKS.",
        code="network_full",
    )


def _end(network: Network) -> int:
    """One more than the last number a member can have; the last address of IPv4 speaks to everybody."""
    return network.num_addresses - (network.version == 4)


def _asked(peers: Peers, networks: Sequence[Network], text: str) -> tuple[Address, ...]:
    address = read_address(text)
    home = next((network for network in networks if address is not None and address in network), None)
    if address is None or home is None:
        said = ", ".join(map(str, networks))
        raise Rejected(f"{text[:60]!r} is no address of the VPN, which is {said}.", code="bad_address")
    number = int(address) - int(home.network_address)
    if number <= SERVER_HOST or any(number >= _end(network) for network in networks):
        raise Rejected(
            f"{address} cannot be a member's: the server has the first address of each network, and the member's "
            "number must be in all of them.",
            code="bad_address",
        )
    addresses = tuple(network[number] for network in networks)
    if held := next((each for each in addresses if each in peers.taken), None):
        raise Conflict(f"{held} is the address of {peers.name_of(held)}: choose another one.", code="address_taken")
    return addresses


def add_missing(once: Peers, peers: Peers) -> tuple[tuple[Entry, ...], str]:
    """The lines of another peers file that contradict none of ours, and our file with them.

    Args:
        once: the other file, such as that of a backup.
        peers: ours.
    """
    networks = {entry.network for entry in peers.entries}
    keys = {entry.key for entry in peers.entries if entry.key}
    missing = tuple(
        entry
        for entry in once.entries
        if not peers.named(entry.name)
        and peers.taken.isdisjoint(entry.addresses)
        and (entry.network is None or entry.network not in networks)
        and entry.key not in keys
    )
    text, lines = peers.text or HEADER, once.text.removeprefix("\ufeff").splitlines()
    for entry in missing:
        text = _with_line(text, lines[entry.line - 1])
    return missing, text


def remove_member(peers: Peers, name: str) -> tuple[tuple[Entry, ...], str]:
    """All lines of a name, and the peers file without them.

    Raises:
        NotFound: there is no such member.
        Rejected: the name is that of a network, which is more than one member (code ``is_network``).
    """
    gone = existing(peers, name)
    for entry in gone:
        if entry.network is not None:
            raise Rejected(
                f"{entry.name} is everybody in {entry.network} (line {entry.line} of the peers file), and no "
                "single member: take the line out by hand if all of them are to go.",
                code="is_network",
            )
    numbers = {entry.line for entry in gone}
    lines = peers.text.splitlines(keepends=True)
    return gone, "".join(line for number, line in enumerate(lines, 1) if number not in numbers)


def rotate_key(peers: Peers, networks: Sequence[Network], name: str, key: str) -> tuple[Entry, str]:
    """A member with another key, or with the first one, and the peers file that says so.

    Raises:
        NotFound: there is no such member.
        Rejected: the key cannot be used, or the member is a network or has no address in the VPN.
        Conflict: another member has the key, or several lines have the name.
    """
    check_key(key)
    entries = existing(peers, name)
    keyed = [entry for entry in entries if entry.key] or list(entries)
    if len(keyed) > 1:
        numbers = ", ".join(str(entry.line) for entry in keyed)
        raise Conflict(
            f"Lines {numbers} of the peers file are all {keyed[0].name}: give each a name of its own.",
            code="several_members",
        )
    entry = keyed[0]
    if not belongs(entry, networks):
        said = ", ".join(map(str, networks))
        raise Rejected(f"{entry.name} is {entry.where}, which is outside the VPN ({said}).", code="bad_address")
    _check_free(peers, key)
    lines = peers.text.splitlines(keepends=True)
    lines[entry.line - 1] = _with_key(lines[entry.line - 1], entry, key)
    return Entry(line=entry.line, name=entry.name, addresses=entry.addresses, key=key, note=entry.note), "".join(
        lines
    )


def belongs(entry: Entry, networks: Sequence[Network]) -> bool:
    """Whether a line's addresses are a member's in the VPN; the server's own are not."""
    return bool(entry.addresses) and all(
        address not in server_addresses(networks) and any(address in network for network in networks)
        for address in entry.addresses
    )


def existing(peers: Peers, name: str) -> tuple[Entry, ...]:
    """The lines of one name, at least one.

    Raises:
        NotFound: there is none.
    """
    found = peers.named(name)
    if not found:
        raise NotFound(f"There is no member {name[:MAX_NAME]!r}.", code="no_such_member")
    return found


def _line(addresses: Iterable[Address], name: str, key: str, note: str) -> str:
    where = ",".join(map(str, addresses))
    return f"{where:<{_WHERE_WIDTH}} {name}  key={key}" + (f"  # {note}" if note else "")


def _with_line(text: str, line: str) -> str:
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n"


def _with_key(line: str, entry: Entry, key: str) -> str:
    said, mark, note = line.partition("#")
    if entry.key:
        return f"{said.replace(f'key={entry.key}', f'key={key}')}{mark}{note}"
    end = line[len(line.rstrip("\r\n")) :]
    return f"{said.rstrip()}  key={key}{f'  #{note}' if mark else end}"

"""The team's members: list them, let one in, give a new key, shut one out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.members import add_member, existing, remove_member, rotate_key
from paddock.domain.peers import Entry, Peers
from paddock.domain.principal import Principal, PrincipalKind
from paddock.domain.tunnel import Handed, configuration, read_endpoint
from paddock.errors import Conflict
from paddock.ports.vpn import Vpn


class Seen(msgspec.Struct, frozen=True):
    """A line of the peers file, and when its tunnel was last heard of."""

    entry: Entry
    handshake_ns: int | None
    """Nanoseconds since the Unix epoch; None where nobody knows."""


def list_members(vpn: Vpn) -> list[Seen]:
    """Everybody who is let in, in the order of the peers file.

    Raises:
        Rejected: the peers file cannot be understood.
    """
    handshakes = vpn.handshakes()
    return [_seen(entry, handshakes.get(entry.key)) for entry in vpn.read().entries]


def show_member(vpn: Vpn, name: str) -> list[Seen]:
    """All lines of one name.

    Raises:
        NotFound: there is none.
    """
    handshakes = vpn.handshakes()
    return [_seen(entry, handshakes.get(entry.key)) for entry in existing(vpn.read(), name)]


def _seen(entry: Entry, seconds: int | None) -> Seen:
    return Seen(entry, seconds * NS_PER_S if seconds else None)


def add(vpn: Vpn, principal: Principal, name: str, *, public_key: str = "", address: str | None = None) -> Handed:
    """Let somebody in.

    Args:
        vpn: the team's.
        principal: who does it; the member's line says so where that is somebody.
        name: any that ``domain.members.clean_name`` takes.
        public_key: of the member, who keeps the private one; empty to make both.
        address: that they are to have in the VPN; None for the next one that is free.

    Raises:
        Rejected: name, key or address cannot be used, or all addresses are taken.
        Conflict: another member has one of them.
        Unavailable: the peers file cannot be written, or the tunnels could not follow.
    """
    today = datetime.now(UTC).date().isoformat()
    note = f"added {today}" + (f" by {principal.name}" if principal.kind is not PrincipalKind.LOCAL else "")

    def edit(peers: Peers, key: str) -> tuple[Entry, str]:
        return add_member(peers, vpn.plan.networks, name, key, note=note, address=address)

    return _hand(vpn, public_key, edit)


def rotate(vpn: Vpn, name: str, *, public_key: str = "") -> Handed:
    """Give a member another key, as after a lost phone; the tunnel of the old one ends at once.

    Raises:
        NotFound: there is no such member.
        Rejected: the key cannot be used, or the member's address is outside the VPN.
        Conflict: another member has the key.
        Unavailable: the peers file cannot be written, or the tunnels could not follow.
    """
    return _hand(vpn, public_key, lambda peers, key: rotate_key(peers, vpn.plan.networks, name, key))


def _hand(vpn: Vpn, public_key: str, edit: Callable[[Peers, str], tuple[Entry, str]]) -> Handed:
    # First all that can be missing: afterwards the member is in, and the key must reach them.
    plan = msgspec.structs.replace(vpn.plan, endpoint=read_endpoint(vpn.plan.endpoint))
    server_key = vpn.server_key()
    pair = None if public_key else vpn.new_key_pair()
    key = pair.public if pair else public_key.strip()
    if key == server_key:
        raise Conflict("That is the server's own key: the member's own one is needed.", code="key_taken")
    member = vpn.change(lambda peers: edit(peers, key))
    text = configuration(plan, server_key, member, pair.private if pair else "")
    return Handed(member=member, configuration=text, has_private_key=pair is not None)


def remove(vpn: Vpn, principal: Principal, name: str) -> tuple[Entry, ...]:
    """Shut somebody out: their tunnels end, and so does what they have open on the site.

    Returns:
        the lines that are gone.

    Raises:
        NotFound: there is no such member.
        Rejected: it is the name of a whole network.
        Conflict: who does it would shut out themselves.
        Unavailable: the peers file cannot be written, or the tunnels could not follow.
    """

    def edit(peers: Peers) -> tuple[tuple[Entry, ...], str]:
        gone, text = remove_member(peers, name)
        if principal.kind is not PrincipalKind.LOCAL and gone[0].name == principal.name:
            raise Conflict("You would shut out yourself: let another member do it.", code="yourself")
        return gone, text

    return vpn.change(edit)


def configuration_of(vpn: Vpn, member: Entry) -> str:
    """What a member's program reads, but for the private key, which only they have."""
    plan = msgspec.structs.replace(vpn.plan, endpoint=read_endpoint(vpn.plan.endpoint))
    return configuration(plan, vpn.server_key(), member)

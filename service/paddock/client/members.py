"""What the client has of members of the VPN."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from paddock.client.connection import Connection
from paddock.client.member import HandedTunnel, Member


class MemberCalls:
    """A part of ``Client``."""

    _connection: Connection

    def members(self) -> tuple[Member, ...]:
        """Everybody who is let in, through the VPN and on the site.

        Raises:
            NotFound: this Paddock answers its own machine only.
        """
        return msgspec.convert(self._connection.call("GET", "/api/members")["items"], tuple[Member, ...])

    def add_member(self, name: str, *, public_key: str = "", address: str | None = None) -> HandedTunnel:
        """Let somebody in. What this answers has their private key, and nothing else ever has.

        Args:
            name: as the history is to have it.
            public_key: of the member, who keeps the private one; empty to make both.
            address: in the VPN; None for the next one that is free.

        Raises:
            Rejected: name, key or address cannot be used.
            Conflict: another member has one of them.
        """
        body = {"name": name, "public_key": public_key, "address": address or ""}
        # Sent once: a second try would find the name taken, and the key of the first one would be lost.
        return msgspec.convert(self._connection.call("POST", "/api/members", json=body, tries=1), HandedTunnel)

    def rotate_member(self, name: str, *, public_key: str = "") -> HandedTunnel:
        """Give a member another key: the old tunnel ends at once, name and address stay.

        Raises:
            NotFound: there is no such member.
        """
        body = {"public_key": public_key}
        path = f"/api/members/{quote(name, safe='')}/rotate"
        return msgspec.convert(self._connection.call("POST", path, json=body), HandedTunnel)

    def remove_member(self, name: str) -> None:
        """Shut a member out: the tunnel ends at once, and so does what they have open on the site.

        Raises:
            NotFound: there is no such member.
            Conflict: it would be yourself.
        """
        self._connection.call("DELETE", f"/api/members/{quote(name, safe='')}")

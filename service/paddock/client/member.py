"""Members of the team, as far as the VPN and the site know them."""

from __future__ import annotations

import msgspec


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Who has an address."""

    name: str
    addresses: tuple[str, ...]
    """Or the one network."""
    key: str | None = None
    """The tunnel's public key; None where there is none."""
    last_handshake: str | None = None
    """RFC 3339, UTC; None where nobody knows."""
    note: str = ""


class HandedTunnel(msgspec.Struct, frozen=True, kw_only=True):
    """What a member gets, once."""

    member: Member
    configuration: str
    """What WireGuard imports, with the private key."""
    qr_svg: str | None = None
    """The configuration as a QR code for a phone (SVG); None where the member keeps the private key."""

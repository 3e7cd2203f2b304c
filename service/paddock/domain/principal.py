"""Who is acting."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class PrincipalKind(StrEnum):
    """How a principal was recognised."""

    MEMBER = "member"
    """By the VPN address in the peers file."""
    TOKEN = "token"
    LOCAL = "local"
    """The one user of an embedded Paddock, on loopback."""


class Principal(msgspec.Struct, frozen=True):
    """Found once at the edge, and handed down."""

    kind: PrincipalKind
    name: str


LOCAL_USER = Principal(PrincipalKind.LOCAL, "local")

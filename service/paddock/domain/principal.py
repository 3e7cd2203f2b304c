"""Who is acting."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paddock.errors import Rejected


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


class Permission(StrEnum):
    """What somebody may do or not."""

    MANAGE_MEMBERS = "manage_members"
    """Let people in and shut them out."""
    SEE_TO_BACKUPS = "see_to_backups"
    """Be told when there is no good backup."""


def require(principal: Principal, permission: Permission) -> None:
    """The one place that says who may what. Until there are roles, every member may everything.

    Raises:
        Rejected: this principal may not (code ``not_allowed``).
    """
    if not may(principal, permission):
        raise Rejected(
            f"{principal.name} may not do this ({permission.value.replace('_', ' ')}): ask an admin.",
            code="not_allowed",
        )


def may(principal: Principal, permission: Permission) -> bool:
    """Whether somebody has a permission; who has which role is for the peers file to say one day."""
    return True


LOCAL_USER = Principal(PrincipalKind.LOCAL, "local")

"""Who is acting, and whether they may."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paddock.domain.roles import PERMISSIONS, Permission, TeamRole
from paddock.errors import Rejected


class PrincipalKind(StrEnum):
    """How a principal was recognised."""

    MEMBER = "member"
    """By the VPN address in the peers file."""
    LOCAL = "local"
    """The one user of an embedded Paddock, on loopback, and whoever types commands on the machine."""


class Principal(msgspec.Struct, frozen=True):
    """Found once at the edge, and handed down to what acts."""

    kind: PrincipalKind
    name: str
    role: TeamRole


def require(principal: Principal, permission: Permission) -> None:
    """Refuse who may not.

    Raises:
        Rejected: this principal may not (code ``not_allowed``).
    """
    if not may(principal, permission):
        raise Rejected(f"{principal.name} may not {permission.words}: ask an admin.", code="not_allowed")


def may(principal: Principal, permission: Permission) -> bool:
    """Whether somebody has a permission."""
    return permission in PERMISSIONS[principal.role]


LOCAL_USER = Principal(PrincipalKind.LOCAL, "local", TeamRole.ADMIN)

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
    PERSON = "person"
    """Signed in, in a browser or by ``POST /api/login``."""
    TOKEN = "token"
    """A person's API token."""
    DEVICE = "device"
    """A device by its token; its name is the device's id."""
    STRANGER = "stranger"
    """Somebody who has not signed in, where that is asked for: reaches the sign-in page."""


class Principal(msgspec.Struct, frozen=True):
    """Found once at the edge, and handed down to what acts."""

    kind: PrincipalKind
    name: str
    role: TeamRole
    person: str = ""
    """The id of the person; empty where there is none, as for a member of the VPN who is no user."""
    credential: str = ""
    """The id of the session or token that the request came with; empty without one."""


class NotSignedIn(Rejected):
    """Nobody knows who it is: they have to sign in first, or to bring a token that still counts."""

    code = "not_signed_in"


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
STRANGER = Principal(PrincipalKind.STRANGER, "somebody who has not signed in", TeamRole.STRANGER)

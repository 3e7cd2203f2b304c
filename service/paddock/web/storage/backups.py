"""What pages say of backups, to those who see to them."""

from __future__ import annotations

from paddock.domain.principal import Principal, may
from paddock.domain.roles import Permission
from paddock.usecases.backup.state import backup_state
from paddock.usecases.context import Context


async def backup_warning(context: Context, principal: Principal) -> str:
    """A sentence above the page; empty where nothing is wrong, or somebody else sees to it."""
    if not may(principal, Permission.SEE_TO_BACKUPS):
        return ""
    return (await backup_state(context)).warning

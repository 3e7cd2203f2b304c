"""Who may what: the permissions that routes name, and the table that gives them to roles."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """What somebody may do or not."""

    READ = "read"
    UPLOAD = "upload"
    EDIT = "edit"
    DELETE = "delete"
    EXPORT = "export"
    CONVERT = "convert"
    EDIT_CATALOGUE = "edit_catalogue"
    SYNC = "sync"
    """Bring in what people said on another Paddock, in their names."""
    MANAGE_DEVICES = "manage_devices"
    SEND_DATA = "send_data"
    """What a device does; people too, to try one out."""
    SEE_ACTIONS = "see_actions"
    """What was asked of devices; a device sees and answers what was asked of it."""
    SEND_ACTIONS = "send_actions"
    EDIT_ALERTS = "edit_alerts"
    """Rules, and to acknowledge what fires."""
    MANAGE_NOTICES = "manage_notices"
    """Who is told what happens, elsewhere: addresses at which one may write are secrets."""
    EDIT_CHECKLISTS = "edit_checklists"
    """And have recordings checked."""
    EDIT_DASHBOARDS = "edit_dashboards"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_PEOPLE = "manage_people"
    """Users with their roles, and what everybody changed."""
    SEE_TO_BACKUPS = "see_to_backups"
    """Be told when there is no good backup."""

    @property
    def words(self) -> str:
        """What somebody without it may not, as a sentence goes on after "may not"."""
        return _WORDS[self]


_WORDS: Mapping[Permission, str] = {
    Permission.READ: "see recordings",
    Permission.UPLOAD: "upload logs",
    Permission.EDIT: "change what is written about recordings, or the files beside them",
    Permission.DELETE: "delete or restore recordings",
    Permission.EXPORT: "have files made of recordings",
    Permission.CONVERT: "have logs converted again or jobs retried",
    Permission.EDIT_CATALOGUE: "change the signal catalogue, metadata fields or CAN databases",
    Permission.SYNC: "bring in what people said on another Paddock",
    Permission.MANAGE_DEVICES: "add or change devices, or give them tokens",
    Permission.SEND_DATA: "send what a device measures",
    Permission.SEE_ACTIONS: "see or answer what devices are asked",
    Permission.SEND_ACTIONS: "ask a device to do something",
    Permission.EDIT_ALERTS: "change alert rules or acknowledge alerts",
    Permission.MANAGE_NOTICES: "see or say who is told what happens",
    Permission.EDIT_CHECKLISTS: "change checklists or have recordings checked",
    Permission.EDIT_DASHBOARDS: "change dashboards",
    Permission.MANAGE_MEMBERS: "see, let in or shut out members",
    Permission.MANAGE_PEOPLE: "see or change users, or see what everybody changed",
    Permission.SEE_TO_BACKUPS: "see to backups",
}


class TeamRole(StrEnum):
    """What somebody is to the team."""

    VIEWER = "viewer"
    """Looks at everything and takes it away."""
    ENGINEER = "engineer"
    """Works with the team's data."""
    ADMIN = "admin"
    """Also says who belongs to the team."""
    DEVICE = "device"
    """No person: something that sends data, and reaches nothing else."""
    STRANGER = "stranger"
    """Has not signed in yet, where that is asked for."""


_VIEWER = frozenset({Permission.READ, Permission.EXPORT, Permission.SEE_ACTIONS})
_ENGINEER = _VIEWER | {
    Permission.UPLOAD,
    Permission.EDIT,
    Permission.DELETE,
    Permission.CONVERT,
    Permission.EDIT_CATALOGUE,
    Permission.MANAGE_DEVICES,
    Permission.SEND_DATA,
    Permission.SEND_ACTIONS,
    Permission.EDIT_ALERTS,
    Permission.EDIT_CHECKLISTS,
    Permission.EDIT_DASHBOARDS,
}

PERMISSIONS: dict[TeamRole, frozenset[Permission]] = {
    TeamRole.VIEWER: _VIEWER,
    TeamRole.ENGINEER: _ENGINEER,
    TeamRole.ADMIN: frozenset(Permission),
    TeamRole.DEVICE: frozenset({Permission.SEND_DATA, Permission.SEE_ACTIONS}),
    TeamRole.STRANGER: frozenset(),
}
"""The one table that says which role may what."""

PEOPLE_ROLES = (TeamRole.VIEWER, TeamRole.ENGINEER, TeamRole.ADMIN)
"""The roles a person can have, each with all that the ones before it may."""


def lesser(one: TeamRole, other: TeamRole) -> TeamRole:
    """The one of two people's roles that may less."""
    return min(one, other, key=PEOPLE_ROLES.index)

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
    MANAGE_MEMBERS = "manage_members"
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
    Permission.MANAGE_MEMBERS: "see, let in or shut out members",
    Permission.SEE_TO_BACKUPS: "see to backups",
}


class TeamRole(StrEnum):
    """What somebody is to the team."""

    ADMIN = "admin"
    """Everybody who is let in, until people are given roles."""


PERMISSIONS: dict[TeamRole, frozenset[Permission]] = {TeamRole.ADMIN: frozenset(Permission)}
"""The one table that says which role may what."""

"""A bundle: the same export of several recordings, taken away together."""

from __future__ import annotations

import hashlib

import msgspec

from paddock.domain.export import ExportRequest
from paddock.domain.recording import Failure


class Member(msgspec.Struct, frozen=True):
    """One recording of a bundle and the file that is made of it."""

    recording: str
    export: str = ""
    """The id of its artifact, also before that is there; empty where it was refused."""
    refused: Failure | None = None
    """Why nothing is made of it; the others do not wait for it."""


class Bundle(msgspec.Struct, frozen=True):
    """Several files that somebody asked for at once. The files stay artifacts of their recordings."""

    id: str
    request: ExportRequest
    members: tuple[Member, ...]
    """In the order in which they were asked for, each recording once."""
    created_at: int
    principal: str


def bundle_id(members: tuple[Member, ...]) -> str:
    """The same files are the same bundle, so that asking twice is harmless."""
    canonical = [(member.recording, member.export, member.refused) for member in members]
    return hashlib.sha256(msgspec.json.encode(canonical)).hexdigest()[:32]

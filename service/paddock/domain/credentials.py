"""What lets somebody in besides an address: sessions, API tokens and one-time links.

Its text is shown to its owner once. Stored is a hash of the secret part: as the secret is random and long, a fast
hash does, and what is stored lets nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import StrEnum
from typing import NamedTuple

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.roles import TeamRole

_ID_BYTES, _SECRET_BYTES = 8, 32
_DAY_NS = 86_400 * NS_PER_S
SEEN_EVERY_NS = 60 * NS_PER_S
"""A credential's last use is written down at most so often: a write for every request would cost too much."""


class CredentialKind(StrEnum):
    """What a credential is for."""

    SESSION = "session"
    """What a browser has, as a cookie."""
    LOGIN = "login"
    """What ``POST /api/login`` answers."""
    TOKEN = "token"
    """For a program of a person, who made it on their page."""
    LINK = "link"
    """Sets a password, once."""


_PREFIXES = {
    CredentialKind.SESSION: "pds",
    CredentialKind.LOGIN: "pda",
    CredentialKind.TOKEN: "pdk",
    CredentialKind.LINK: "pdl",
}
LIFE_NS = {
    CredentialKind.SESSION: 30 * _DAY_NS,
    CredentialKind.LOGIN: 7 * _DAY_NS,
    CredentialKind.TOKEN: 365 * _DAY_NS,
    CredentialKind.LINK: 3 * _DAY_NS,
}
"""How long each works at most; for a token unless its owner says otherwise."""
IDLE_NS = 7 * _DAY_NS
"""How long a browser's session works without being used."""
LONGEST_TOKEN_DAYS = 3_650


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, as a document."""

    id: str
    kind: CredentialKind
    person: str
    """Whose it is; empty for the link that makes the first admin."""
    secret_hash: str
    created_at: int
    expires_at: int
    name: str = ""
    """What its owner calls a token."""
    scope: TeamRole = TeamRole.ADMIN
    """Through a token its owner may at most what this role may."""
    last_used_at: int | None = None
    address: str = ""
    """From where it was used last, for its owner to recognise it by."""
    agent: str = ""
    """The browser or program, likewise."""

    def is_over(self, now: int) -> bool:
        """Whether it lets nobody in any more by its age alone."""
        if self.kind is CredentialKind.SESSION and now - (self.last_used_at or self.created_at) >= IDLE_NS:
            return True
        return now >= self.expires_at


class Issued(NamedTuple):
    """A new credential, and its text, which is kept nowhere."""

    credential: Credential
    text: str


def issue(
    kind: CredentialKind, person: str, now: int, *, life_ns: int | None = None, scope: TeamRole = TeamRole.ADMIN
) -> Issued:
    """A new credential of a person.

    Args:
        kind: what it is for.
        person: whose it is.
        now: nanoseconds since the Unix epoch.
        life_ns: how long it works; None for what is usual for its kind.
        scope: at most what its owner may through it.
    """
    credential_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    credential = Credential(
        id=credential_id,
        kind=kind,
        person=person,
        secret_hash=_hash(secret),
        created_at=now,
        expires_at=now + (LIFE_NS[kind] if life_ns is None else life_ns),
        scope=scope,
    )
    return Issued(credential, f"{_PREFIXES[kind]}_{credential_id}_{secret}")


def id_in(text: str, *kinds: CredentialKind) -> str | None:
    """The id of the credential that a text is of; None where it is of none of these kinds."""
    prefix, _, rest = text.partition("_")
    credential_id, _, secret = rest.partition("_")
    if not secret or len(credential_id) != 2 * _ID_BYTES or prefix not in {_PREFIXES[kind] for kind in kinds}:
        return None
    return credential_id


def proves(text: str, credential: Credential) -> bool:
    """Whether a text is the one that was shown for this credential."""
    prefix, _, rest = text.partition("_")
    secret = rest.partition("_")[2]
    right = hmac.compare_digest(_hash(secret), credential.secret_hash)
    return right and prefix == _PREFIXES[credential.kind]


def is_secret(text: str) -> bool:
    """Whether a text lets somebody in, and so belongs into no address; a link is made to be in one."""
    kinds = (CredentialKind.SESSION, CredentialKind.LOGIN, CredentialKind.TOKEN)
    if id_in(text, *kinds) is not None:
        return True
    return is_device_token(text)


def is_device_token(text: str) -> bool:
    """Whether a text looks like a device's token, a JWT, whose header is JSON in Base64."""
    return text.startswith("eyJ") and text.count(".") == 2


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()

"""A backup: all documents at one moment, and which objects there were; how it is named, signed and kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Failure
from paddock.errors import Rejected

FORMAT = 1
"""Version of a backup's files; raised when older code could no longer read them."""
BACKUPS = "backups/"
MANIFEST = "manifest.json"
INVENTORY = "objects.jsonl.zst"
_DOCUMENTS = "documents/{}.jsonl.zst"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{6}Z)-[0-9a-f]{6}")
_CONTEXT = b"paddock backup manifest\n"
_DAY_NS = 86_400 * NS_PER_S
_KEEP = re.compile(r"\s*(\d{1,4})\s*,\s*(\d{1,4})\s*,\s*(\d{1,4})\s*")


class BackupRun(msgspec.Struct, frozen=True):
    """One attempt to make a backup, as the site knows of it. A backup itself lies outside of the documents."""

    id: str
    place: str
    begun_at: int
    """Nanoseconds since the Unix epoch, like every time below."""
    ended_at: int | None = None
    documents: int = 0
    size_bytes: int = 0
    error: Failure | None = None


class Part(msgspec.Struct, frozen=True):
    """One file of a backup: lines of JSON, compressed with zstandard."""

    name: str
    collection: str
    """Whose documents these are; empty for the inventory of objects."""
    count: int
    size_bytes: int
    """Compressed, as it lies there."""
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup consists of. It is written last: without it there is no backup."""

    format: int
    """Stays the first that is read of any backup."""
    paddock: str
    """The version that wrote it."""
    schema: int
    id: str
    made_at: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    one_state: bool
    """Whether all documents are of one moment; else others may have written while it was made."""
    parts: tuple[Part, ...]
    original_bytes: int
    """Size of the logs in the inventory, which lie in the object store."""
    peers: str = ""
    """The peers file: who was let in."""

    @property
    def documents(self) -> int:
        """How many documents it holds."""
        return sum(part.count for part in self.parts if part.collection)

    @property
    def size_bytes(self) -> int:
        """Size of all parts."""
        return sum(part.size_bytes for part in self.parts)


class Inventoried(msgspec.Struct, frozen=True):
    """One object that there was."""

    key: str
    size_bytes: int
    sha256: str = ""
    """An original's id; empty for other files."""


class _Envelope(msgspec.Struct, frozen=True):
    manifest: msgspec.Raw
    sha256: str
    key: str
    """Which key signed it, as a short hash."""
    signature: str


class _Head(msgspec.Struct, frozen=True):
    """What every version can read of a manifest."""

    format: int
    paddock: str
    schema: int


class Opened(NamedTuple):
    """A manifest and whether our key signed it."""

    manifest: Manifest
    own: bool


def new_backup_id(now: int) -> str:
    """A name that sorts by time: ``2026-11-29T031500Z-1f09ab``."""
    return f"{datetime.fromtimestamp(now // NS_PER_S, UTC):%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(3)}"


def is_backup_id(text: str) -> bool:
    """Whether this is the name of a backup."""
    return _NAME.fullmatch(text) is not None


def key_of(backup_id: str, name: str) -> str:
    """Where a file of a backup lies; beside it there is room for a second copy of the objects."""
    return f"{BACKUPS}{backup_id}/{name}"


def documents_part(collection: str) -> str:
    """The file of a collection's documents."""
    return _DOCUMENTS.format(collection)


def seal(manifest: Manifest, key: bytes) -> bytes:
    """The file of a manifest, signed."""
    text = msgspec.json.encode(manifest)
    return msgspec.json.encode(
        _Envelope(msgspec.Raw(text), hashlib.sha256(text).hexdigest(), _key_id(key), _signature(text, key))
    )


def unseal(sealed: bytes, backup_id: str, key: bytes | None, *, paddock: str, schema: int) -> Opened:
    """The manifest of a backup.

    Args:
        sealed: the file.
        backup_id: under which it lies.
        key: ours; None where there is none.
        paddock: the version of this code.
        schema: the newest that this code knows.

    Raises:
        Rejected: it is damaged (code ``backup_damaged``), was altered after it was signed (``backup_tampered``), or
            a newer Paddock wrote it (``backup_newer``).
    """
    try:
        envelope = msgspec.json.decode(sealed, type=_Envelope)
        text = bytes(envelope.manifest)
        head = msgspec.json.decode(text, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise damaged(backup_id, "its manifest cannot be read") from None
    own = key is not None and hmac.compare_digest(envelope.key, _key_id(key))
    if own and key is not None and not hmac.compare_digest(envelope.signature, _signature(text, key)):
        raise tampered(backup_id)
    if hashlib.sha256(text).hexdigest() != envelope.sha256:
        raise damaged(backup_id, "its manifest is not as it was written")
    if head.format > FORMAT or head.schema > schema or _numbers(head.paddock) > _numbers(paddock):
        raise newer(backup_id, head.paddock, paddock)
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise damaged(backup_id, "its manifest cannot be read") from None
    if len({part.name for part in manifest.parts}) < len(manifest.parts):
        raise damaged(backup_id, "its manifest names a part twice")
    if manifest.id != backup_id:
        raise tampered(backup_id)
    return Opened(manifest, own)


def damaged(backup_id: str, what: str) -> Rejected:
    """A backup that cannot be used."""
    return Rejected(f"Backup {backup_id} is damaged: {what}. Use another one.", code="backup_damaged")


def tampered(backup_id: str) -> Rejected:
    """A backup that somebody changed."""
    return Rejected(
        f"Backup {backup_id} was altered after it was made: its signature is wrong. Use another one.",
        code="backup_tampered",
    )


def newer(backup_id: str, theirs: str, ours: str) -> Rejected:
    """A backup that only newer code understands."""
    return Rejected(
        f"Backup {backup_id} was made by a newer Paddock ({theirs:.40}, this one is {ours}): update Paddock, then "
        "restore it.",
        code="backup_newer",
    )


def _signature(text: bytes, key: bytes) -> str:
    return hmac.new(key, _CONTEXT + text, hashlib.sha256).hexdigest()


def _key_id(key: bytes) -> str:
    return hmac.new(key, b"paddock backup key", hashlib.sha256).hexdigest()[:12]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,9}", version.partition("+")[0])[:3])


class Keep(NamedTuple):
    """How many backups stay: the last of each of so many days, weeks and months."""

    daily: int
    weekly: int
    monthly: int


def parse_keep(text: str) -> Keep:
    """Three numbers, like ``7,4,12``.

    Raises:
        Rejected: other text, or nothing would be kept (code ``bad_keep``).
    """
    match = _KEEP.fullmatch(text)
    keep = Keep(*map(int, match.groups())) if match else Keep(0, 0, 0)
    if not any(keep):
        raise Rejected(
            f"{text[:40]!r} does not say how many backups are kept: give days, weeks and months, like 7,4,12.",
            code="bad_keep",
        )
    return keep


def kept(backups: Iterable[tuple[str, int]], keep: Keep) -> set[str]:
    """The ids that stay of backups with the times they were made at.

    All of the day before the newest do: what went wrong today should not be in the only one of today.
    """
    newest_first = sorted(backups, key=lambda each: (each[1], each[0]), reverse=True)
    stays = {backup_id for backup_id, made_at in newest_first if made_at > newest_first[0][1] - _DAY_NS}
    for number, shape in zip(keep, ("%Y-%m-%d", "%G-%V", "%Y-%m"), strict=True):
        periods: set[str] = set()
        for backup_id, made_at in newest_first:
            period = datetime.fromtimestamp(made_at // NS_PER_S, UTC).strftime(shape)
            if len(periods) < number and period not in periods:
                periods.add(period)
                stays.add(backup_id)
    return stays

"""An upload: bytes on their way into ``incoming/``."""

from __future__ import annotations

import re

import msgspec

from paddock.domain.recording import MetadataSource, MetadataValue
from paddock.errors import Rejected

PART_SIZE_BYTES = 16 * 1024 * 1024
LARGEST_PART_BYTES = 64 * 1024 * 1024
"""With a larger one too much is lost where a connection breaks."""
MAX_UPLOAD_BYTES = 20 * 1024**3
_SHA256 = re.compile(r"[0-9a-f]{64}")


class SaidAlong(msgspec.Struct, frozen=True):
    """What is said of a log together with its bytes."""

    metadata: dict[str, str] = {}
    """What a person says, by the team's fields, as they are stored."""
    station_metadata: dict[str, str] = {}
    """What car or base station say."""
    clock_offset_ns: int | None = None
    """To be added to the log's own times, as these say."""

    @property
    def values(self) -> dict[str, MetadataValue]:
        """The metadata as a recording has it: a person counts more."""
        stations = {
            field: MetadataValue(value, MetadataSource.BASE_STATION)
            for field, value in self.station_metadata.items()
        }
        persons = {field: MetadataValue(value, MetadataSource.PERSON) for field, value in self.metadata.items()}
        return stations | persons


NOTHING_SAID = SaidAlong()


class Upload(msgspec.Struct, frozen=True):
    """What a sender announced, and where the store collects its parts."""

    id: str
    sha256: str
    name: str
    size_bytes: int
    part_size_bytes: int
    created_at: int
    uploaded_by: str = ""
    store_upload: str = ""
    """The object store's own name of the multipart upload."""
    metadata: dict[str, str] = {}
    station_metadata: dict[str, str] = {}
    clock_offset_ns: int | None = None
    completed_at: int | None = None

    @property
    def said(self) -> SaidAlong:
        """What came with its announcements."""
        return SaidAlong(self.metadata, self.station_metadata, self.clock_offset_ns)

    @property
    def key(self) -> str:
        """Where the bytes land."""
        return f"incoming/{self.id}"

    @property
    def part_count(self) -> int:
        """How many parts the file is sent in."""
        return -(-self.size_bytes // self.part_size_bytes)


def part_size_for(size_bytes: int, asked_bytes: int = PART_SIZE_BYTES, least_bytes: int = 1) -> int:
    """Part size that keeps any accepted file under S3's 10,000 parts.

    Args:
        size_bytes: of the file.
        asked_bytes: what the sender would like.
        least_bytes: the smallest part that the store takes.
    """
    return max(least_bytes, min(asked_bytes, LARGEST_PART_BYTES), -(-size_bytes // 5_000))


def check_sha256(text: str) -> None:
    """Refuse what is no SHA-256 as we write it.

    Raises:
        Rejected: it is none (code ``bad_sha256``).
    """
    if not _SHA256.fullmatch(text):
        raise Rejected("sha256 must be the file's SHA-256 as 64 lower-case hexadecimal digits.", code="bad_sha256")


def check_announcement(sha256: str, size_bytes: int) -> None:
    """Refuse an announcement that can never become a recording.

    Raises:
        Rejected: no SHA-256, an empty file, or one over 20 GiB.
    """
    check_sha256(sha256)
    if size_bytes <= 0:
        raise Rejected("The file is empty: nothing was recorded, so there is nothing to keep.", code="empty_file")
    if size_bytes > MAX_UPLOAD_BYTES:
        raise Rejected("The file is larger than 20 GiB: split it before uploading.", code="too_large")

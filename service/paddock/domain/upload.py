"""An upload: bytes on their way into ``incoming/``."""

from __future__ import annotations

import re

import msgspec

from paddock.errors import Rejected

PART_SIZE_BYTES = 16 * 1024 * 1024
MAX_UPLOAD_BYTES = 20 * 1024**3
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
    completed_at: int | None = None

    @property
    def key(self) -> str:
        """Where the bytes land."""
        return f"incoming/{self.id}"

    @property
    def part_count(self) -> int:
        """How many parts the file is sent in."""
        return -(-self.size_bytes // self.part_size_bytes)


def part_size_for(size_bytes: int) -> int:
    """Part size that keeps any accepted file under S3's 10,000 parts."""
    return max(PART_SIZE_BYTES, -(-size_bytes // 5_000))


def check_announcement(sha256: str, size_bytes: int) -> None:
    """Refuse an announcement that can never become a recording.

    Raises:
        Rejected: no SHA-256, an empty file, or one over 20 GiB.
    """
    if not _SHA256.fullmatch(sha256):
        raise Rejected("sha256 must be the file's SHA-256 as 64 lower-case hexadecimal digits.", code="bad_sha256")
    if size_bytes <= 0:
        raise Rejected("The file is empty: nothing was recorded, so there is nothing to keep.", code="empty_file")
    if size_bytes > MAX_UPLOAD_BYTES:
        raise Rejected("The file is larger than 20 GiB: split it before uploading.", code="too_large")

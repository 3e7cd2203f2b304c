"""How S3 spells what Paddock says: keys, checksums, file names, the name of an upload."""

from __future__ import annotations

import base64
import re
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from paddock.adapters.object_paths import check_prefix
from paddock.adapters.s3_errors import no_such_upload
from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import INCOMING
from paddock.domain.sidecar import OBJECT_METADATA
from paddock.ports.objects import ObjectInfo

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef, ObjectTypeDef

_BEGUN = re.compile(r"([1-9]\d{0,15})-([1-9]\d{0,15})-(.+)", re.ASCII)


class Begun(NamedTuple):
    """A multipart upload with its plan, which S3 does not keep: the name that we give it carries it."""

    size_bytes: int
    part_size_bytes: int
    upload: str
    """S3's own name."""

    @classmethod
    def parse(cls, name: str) -> Self:
        """The opposite of ``name``.

        Raises:
            NotFound: no upload was ever called that (code ``no_such_upload``).
        """
        match = _BEGUN.fullmatch(name)
        if match is None:
            raise no_such_upload()
        return cls(int(match[1]), int(match[2]), match[3])

    @property
    def name(self) -> str:
        """What the port calls ``store_upload``."""
        return f"{self.size_bytes}-{self.part_size_bytes}-{self.upload}"

    @property
    def part_count(self) -> int:
        """How many parts make the object."""
        return -(-self.size_bytes // self.part_size_bytes)

    def part_bytes(self, number: int) -> int:
        """How long a part has to be; 0 for one that was not planned."""
        return max(0, min(self.part_size_bytes, self.size_bytes - (number - 1) * self.part_size_bytes))


def checked_key(key: str) -> str:
    """The key itself.

    Raises:
        ValueError: a segment is empty, ``.`` or ``..``, or the key has control characters or is too long.
    """
    check_prefix(key)
    if key.rpartition("/")[2] in ("", ".", ".."):
        raise ValueError(f"{key[:80]!r} is no key: a segment is empty, '.' or '..'")
    return key


def is_key(key: str) -> bool:
    """Whether an object is one of ours: other programs leave folder markers and stranger things in a bucket."""
    try:
        checked_key(key)
    except ValueError:
        return False
    return True


def crc32(data: bytes) -> str:
    """Base64 of four bytes, the highest first."""
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def info_of(key: str, head: HeadObjectOutputTypeDef) -> ObjectInfo:
    """What HEAD said."""
    sidecar = head.get("Metadata", {}).get(OBJECT_METADATA, "") if key.startswith(INCOMING) else ""
    return ObjectInfo(
        key, head["ContentLength"], head["ETag"].strip('"'), nanoseconds(head["LastModified"]), sidecar
    )


def listed(entry: ObjectTypeDef) -> ObjectInfo:
    """What a list said of one object."""
    return ObjectInfo(entry["Key"], entry["Size"], entry["ETag"].strip('"'), nanoseconds(entry["LastModified"]))


def nanoseconds(when: datetime) -> int:
    """Since the Unix epoch; S3 knows whole seconds only."""
    return int(when.timestamp()) * NS_PER_S

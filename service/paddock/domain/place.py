"""Where backups and second copies go, as people write it.

``/mnt/disk/paddock``, or ``s3://bucket/prefix`` in the store that the settings name. Another store, which is the
point of a second copy, is named by ``s3://bucket/prefix?endpoint=https://…&path_style=true&region=…&profile=…``;
an empty endpoint is AWS, and the profile is a section of ``~/.aws/credentials``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from paddock.errors import Rejected

_OPTIONS = {"endpoint", "path_style", "region", "profile"}
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+/?")


class S3Place(NamedTuple):
    """A prefix of a bucket; None where the settings decide."""

    bucket: str
    prefix: str
    """Ends in a slash, or is empty."""
    endpoint: str | None = None
    path_style: bool | None = None
    region: str = ""
    profile: str = ""


def parse_place(text: str) -> Path | S3Place:
    """The place that a text means.

    Raises:
        Rejected: none (code ``bad_place``).
    """
    if not text.startswith("s3://"):
        if not text.strip() or "://" in text:
            raise _bad(text)
        return Path(text)
    parts = urlsplit(text)
    given = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(given)
    if not _BUCKET.fullmatch(parts.netloc) or parts.fragment:
        raise _bad(text)
    if not options.keys() <= _OPTIONS or len(options) != len(given):
        raise _bad(text)
    if (endpoint := options.get("endpoint")) and not _ENDPOINT.fullmatch(endpoint):
        raise _bad(text)
    if (path_style := options.get("path_style")) not in (None, "true", "false"):
        raise _bad(text)
    prefix = unquote(parts.path).strip("/")
    if prefix and not {"", ".", ".."}.isdisjoint(prefix.split("/")):
        raise _bad(text)
    return S3Place(
        parts.netloc,
        f"{prefix}/" if prefix else "",
        endpoint,
        None if path_style is None else path_style == "true",
        options.get("region", ""),
        options.get("profile", ""),
    )


def _bad(text: str) -> Rejected:
    return Rejected(
        f"{text[:80]!r} is no place for copies: write a directory such as /mnt/disk/paddock, or "
        "s3://bucket/prefix, to which ?endpoint=…&path_style=true&region=…&profile=… may be added.",
        code="bad_place",
    )

"""What a folder shows on a plain file server: nginx's JSON, or a page of links as nginx, Apache and others make it.

A page says no size or time that programs can rely on; a log of it is asked for by itself. What stands beside a
link, its row, tells only whether it is to be asked for again.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from itertools import islice, zip_longest
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes, urljoin, urlsplit

import msgspec

from paddock.basestation.sources.source import OF_THE_FILE_SYSTEM
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected, Unavailable

# Every repetition has an end: a page may be hostile.
_LINK = re.compile(
    rb"""<a\s(?:[^<>]{0,400}\s)?href\s{0,9}=\s{0,9}(?:"([^"<>]{1,4096})"|'([^'<>]{1,4096})'|([^\s"'<>]{1,4096}))""",
    re.IGNORECASE,
)
_TAG = re.compile(rb"<[^<>]{0,400}>")
_ROW_BYTES = 600
MAX_LINKS = 50_000
"""On one page; a car never has so many logs in one folder."""


class Entry(NamedTuple):
    """A file or folder of a listing."""

    name: bytes
    is_folder: bool
    size_bytes: int | None
    modified_ns: int | None
    row: bytes
    """All that the listing says of it."""


class _Listed(msgspec.Struct):
    """An object of nginx's ``autoindex_format json``."""

    name: str
    type: str
    mtime: str = ""
    size: int | None = None


def entries_of(content_type: str, body: bytes, url: str) -> list[Entry]:
    """What a folder shows, each name once, without what is hidden.

    Args:
        url: of the folder, ending in a slash.

    Raises:
        Unavailable: it is no listing (code ``no_listing``).
        Rejected: it shows more than anybody's logs (code ``too_many_files``).
    """
    if "json" in content_type:
        found = _of_json(body, url)
    elif "html" in content_type:
        found = _of_page(body, url)
    else:
        raise _no_listing(url)
    return list({entry.name: entry for entry in found if _counts(entry.name)}.values())


def _of_json(body: bytes, url: str) -> Iterator[Entry]:
    try:
        # Not msgspec's own: nginx passes on the bytes of names, whatever they are.
        listed = msgspec.convert(json.loads(body.decode(errors="surrogateescape")), list[_Listed])
    except (ValueError, RecursionError, msgspec.ValidationError):
        raise _no_listing(url) from None
    for each in listed:
        row = f"{each.mtime} {each.size}".encode()
        yield Entry(
            each.name.encode(errors="surrogateescape"),
            each.type == "directory",
            each.size,
            http_date_ns(each.mtime),
            row,
        )


def _of_page(body: bytes, url: str) -> Iterator[Entry]:
    folder = urlsplit(url)
    links = list(islice(_LINK.finditer(body), MAX_LINKS + 1))
    if len(links) > MAX_LINKS:
        raise Rejected(
            f"{url} shows more than {MAX_LINKS:,} files: name the folder that has the logs.", code="too_many_files"
        )
    for link, following in zip_longest(links, links[1:]):
        text = html.unescape(b"".join(group or b"" for group in link.groups()).decode(errors="surrogateescape"))
        reference = quote_from_bytes(text.encode(errors="surrogateescape"), safe="%/:?#[]@!$&'()*+,;=~")
        try:
            target = urlsplit(urljoin(url, reference))
        except ValueError:
            continue
        if (target.scheme, target.netloc) != (folder.scheme, folder.netloc) or target.query:
            continue
        if not target.path.startswith(folder.path):
            continue
        name, slash, rest = target.path[len(folder.path) :].partition("/")
        if rest:
            continue
        row = body[link.end() : min(following.start() if following else len(body), link.end() + _ROW_BYTES)]
        yield Entry(unquote_to_bytes(name), bool(slash), None, None, b" ".join(_TAG.sub(b" ", row).split()))


def _counts(name: bytes) -> bool:
    if not name or name.startswith(b".") or b"/" in name or b"\0" in name:
        return False
    return name.decode(errors="replace") not in OF_THE_FILE_SYSTEM


def http_date_ns(text: str | None) -> int | None:
    """A time as HTTP writes it."""
    try:
        return round(parsedate_to_datetime(text or "").timestamp()) * NS_PER_S
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _no_listing(url: str) -> Unavailable:
    return Unavailable(
        f"{url} shows neither the logs of paddock car nor a list of files: switch the listing on "
        "(nginx: autoindex on), or name the folder that has one.",
        code="no_listing",
    )

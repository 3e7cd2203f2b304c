"""Where logs lie, as people write it: a directory, ``sftp://user@host[:port]/path`` or ``http://host:port/``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from paddock.errors import Rejected

_USER = re.compile(r"[A-Za-z0-9._-]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%25[A-Za-z0-9._-]+)?")


class SftpPlace(NamedTuple):
    """A folder that an SSH server has."""

    user: str
    """Empty for whoever we are here."""
    host: str
    port: int
    path: str
    """Absolute, or below the user's home where it begins with ``~/``."""


class SshLogin(NamedTuple):
    """How to log in at cars."""

    key: Path | None = None
    """File of the only private key that is tried; without, those of ``~/.ssh`` and of the SSH agent."""
    accept_host_key: bool = False
    """Whether a host that is not known yet is believed, and known from then on."""


class HttpPlace(NamedTuple):
    """What `paddock car` or a file server shows."""

    url: str
    """Ends in a slash."""


Place = Path | SftpPlace | HttpPlace


def parse_place(text: str) -> Place:
    """The place that a text means; a directory becomes an absolute one.

    Raises:
        Rejected: none (code ``bad_place``).
    """
    scheme, sep, _ = text.partition("://")
    if not sep:
        if not text.strip() or "\0" in text:
            raise _bad(text)
        return Path(text).expanduser().absolute()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _bad(text) from None
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or parts.query or parts.fragment:
        raise _bad(text)
    if scheme.lower() == "sftp":
        return _sftp(text, parts, 22 if port is None else port)
    if scheme.lower() in ("http", "https"):
        return HttpPlace(text if text.endswith("/") else text + "/")
    raise _bad(text)


def short_name(text: str) -> str:
    """What people call a place: its host, or the folder's name."""
    place = parse_place(text)
    if isinstance(place, SftpPlace):
        return place.host
    if isinstance(place, HttpPlace):
        return urlsplit(place.url).hostname or text
    return place.name or text


def _sftp(text: str, parts: SplitResult, port: int) -> SftpPlace:
    if parts.password is not None:
        raise Rejected(
            "A password in the name of a place would stand in the list of processes: log in with a key "
            "(ssh-copy-id puts it on the car), and write sftp://user@host/path.",
            code="bad_place",
        )
    if parts.username is not None and not _USER.fullmatch(parts.username):
        raise _bad(text)
    path = unquote(parts.path, errors="surrogateescape") or "/"
    if "\0" in path:
        raise _bad(text)
    assert parts.hostname is not None
    return SftpPlace(
        parts.username or "", parts.hostname, port, path[1:] if path.startswith("/~/") or path == "/~" else path
    )


def _bad(text: str) -> Rejected:
    return Rejected(
        f"{text[:80]!r} is no place for logs: write a directory such as /media/usb, sftp://pi@10.0.0.5/logs, or "
        "http://10.0.0.5:8090/.",
        code="bad_place",
    )

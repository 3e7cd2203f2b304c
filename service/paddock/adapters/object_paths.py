"""Where a key lies on a file system, and back.

A segment of a key becomes a file name of printable ASCII: every other byte of its UTF-8 is ``%XX``, so that no
file system normalises, refuses or folds it, and ``%`` itself is ``%25``. A leading dot is escaped too: names that
begin with a dot are ours. A segment whose name would exceed what file systems take goes on in a sub-directory:
the directory's name ends in ``%+``, which no escape does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

MAX_KEY_BYTES = 1024
"""In UTF-8, as S3 has it."""
_PIECE = 200
_GOES_ON = "%+"
_ESCAPED = re.compile(rb"[^A-Za-z0-9_.=+,@~ -]|^\.")


class Entry(NamedTuple):
    """What one directory holds: an object, or the folder of further ones."""

    order: str
    """Sorting by this, level by level, sorts by key."""
    key: str
    path: Path
    is_folder: bool


def path_of(root: Path, key: str) -> Path:
    """The file that holds an object.

    Raises:
        ValueError: a segment is empty, ``.`` or ``..``, or the key has control characters or is too long.
    """
    _check(key)
    segments = key.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise ValueError(f"{key[:80]!r} is no key: a segment is empty, '.' or '..'")
    return root.joinpath(*(name for segment in segments for name in _names(segment)))


def check_prefix(prefix: str) -> None:
    """Refuse what no key can begin with.

    Raises:
        ValueError: like ``path_of``; only the last segment may be empty or unfinished.
    """
    _check(prefix)
    if any(segment in ("", ".", "..") for segment in prefix.split("/")[:-1]):
        raise ValueError(f"{prefix[:80]!r} begins no key: a segment is empty, '.' or '..'")


def _check(key: str) -> None:
    # A lone surrogate raises UnicodeEncodeError here, which is a ValueError.
    if len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"the key {key[:80]!r}… is longer than {MAX_KEY_BYTES} bytes")
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in key):
        raise ValueError(f"{key[:80]!r} is no key: it has control characters")


def walk(root: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """Every key that begins with ``prefix``, in order, with its file."""
    yield from _walk(root, "", prefix)


def _walk(directory: Path, folder_key: str, prefix: str) -> Iterator[tuple[str, Path]]:
    for entry in sorted(_entries(directory, folder_key, "")):
        if entry.is_folder:
            if entry.key.startswith(prefix) or prefix.startswith(entry.key):
                yield from _walk(entry.path, entry.key, prefix)
        elif entry.key.startswith(prefix):
            yield entry.key, entry.path


def _entries(directory: Path, folder_key: str, begun: str) -> Iterator[Entry]:
    """The level below ``folder_key``; ``begun`` is the escaped beginning of a long segment."""
    try:
        found = list(os.scandir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return  # removed since its parent was read
    for item in found:
        if item.name.startswith(".") and not begun:
            continue
        is_folder = item.is_dir(follow_symlinks=False)
        path = Path(item.path)
        if is_folder and item.name.endswith(_GOES_ON):
            yield from _entries(path, folder_key, begun + item.name.removesuffix(_GOES_ON))
            continue
        segment = unquote_to_bytes(begun + item.name).decode("utf-8", "replace")
        segment += "/" if is_folder else ""
        yield Entry(segment, folder_key + segment, path, is_folder)


def _names(segment: str) -> Iterator[str]:
    escaped = _ESCAPED.sub(lambda match: b"%%%02X" % match[0][0], segment.encode()).decode()
    while len(escaped) > _PIECE:
        # Never cut inside an escape, so that each piece reads back by itself and ends in no stray "%".
        cut = _PIECE
        while "%" in escaped[cut - 2 : cut]:
            cut -= 1
        yield escaped[:cut] + _GOES_ON
        escaped = escaped[cut:]
    yield escaped

"""How far the readers of the log are, and what is removed once all have passed it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import msgspec

from paddock.device_log.segments import place_of, segments
from paddock.durable_files import make_directories, write_durably
from paddock.errors import Unavailable

KEPT_S = 15 * 60
"""How long what was received is kept at least: pages and dashboards show the last minutes from it."""
_READERS = "readers"


class Kept(msgspec.Struct, frozen=True):
    """What a reader has behind it.

    Args:
        position: of the last entry that it is done with.
        lost_bytes: what it could not read because it was damaged.
        lost_places: at how many places.
    """

    position: int = 0
    lost_bytes: int = 0
    lost_places: int = 0


def read_kept(directory: Path, name: str) -> Kept:
    """How far the reader of a name is; at the beginning where it never kept anything.

    Raises:
        Unavailable: what it kept cannot be read.
    """
    path = directory / _READERS / name
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return Kept()
    except (OSError, msgspec.MsgspecError) as error:
        raise Unavailable(
            f"{path} does not say how far that reader is ({error}): remove it, and it reads all of the log again.",
            code="device_log",
        ) from error


def keep(directory: Path, name: str, kept: Kept) -> None:
    """Say durably how far a reader is. From its first time on nothing is removed that it has not read.

    Raises:
        OSError: the disk is full, say.
    """
    make_directories(directory / _READERS)
    write_durably(directory / _READERS / name, msgspec.json.encode(kept), 0o600)


def kept_positions(directory: Path) -> dict[str, int]:
    """How far each reader is, by its name."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for path in (directory / _READERS).iterdir():
            if not path.name.startswith("."):
                found[path.name] = read_kept(directory, path.name).position
    return found


def remove_passed(directory: Path, *, kept_s: float = KEPT_S) -> int:
    """Remove segments that every reader has passed and nothing was written to for a while.

    Without any reader that ever kept its position nothing is removed.

    Args:
        directory: of the log.
        kept_s: how long ago the last entry must have been written.

    Returns:
        how many segments were removed.

    Raises:
        Unavailable: what a reader kept cannot be read.
    """
    positions = kept_positions(directory)
    if not positions:
        return 0
    passed, _ = place_of(min(positions.values()))
    before_s = time.time() - kept_s
    removed = 0
    for segment in segments(directory)[:-1]:
        if segment.number >= passed:
            break
        with contextlib.suppress(FileNotFoundError):  # another process removes too
            if segment.path.stat().st_mtime > before_s:
                break
            segment.path.unlink()
            removed += 1
    return removed

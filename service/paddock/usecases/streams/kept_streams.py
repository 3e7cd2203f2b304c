"""How far the recorder is with each device, on the disk beside the log."""

from __future__ import annotations

from pathlib import Path

import msgspec

from paddock.durable_files import make_directories, write_durably
from paddock.errors import Unavailable

FILE = "recorder.json"


class KeptDevice(msgspec.Struct, frozen=True):
    """One device."""

    recorded: int = 0
    """The position in the log up to which all that it sent is in recordings."""
    closing: int = 0
    """The last position of the stream that is being made a recording; 0 while none is."""
    seen: list[int] = []
    """Its last messages, which may come again; see ``Seen``."""


class KeptStreams(msgspec.Struct, frozen=True):
    """All devices."""

    devices: dict[str, KeptDevice] = {}
    counted: int = 0
    """The position up to which messages and refused input were counted."""


def read_kept_streams(directory: Path) -> KeptStreams:
    """What is kept; nothing where the recorder never was.

    Raises:
        Unavailable: it cannot be read.
    """
    path = directory / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeptStreams)
    except FileNotFoundError:
        return KeptStreams()
    except (OSError, msgspec.MsgspecError) as error:
        raise Unavailable(
            f"{path} does not say how far the recorder is ({error}): remove it, and what the log still has of "
            "before is recorded once more.",
            code="device_log",
        ) from error


def keep_streams(directory: Path, kept: KeptStreams) -> None:
    """Write it durably.

    Raises:
        OSError: the disk is full, say.
    """
    make_directories(directory)
    write_durably(directory / FILE, msgspec.json.encode(kept), 0o600)

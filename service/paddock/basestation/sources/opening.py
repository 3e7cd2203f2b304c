"""From the name of a place to the source that reads it; what a way needs is imported when somebody goes it."""

from __future__ import annotations

from pathlib import Path

from paddock.basestation.sources.directory import DirectorySource
from paddock.basestation.sources.place import SftpPlace, SshLogin, parse_place
from paddock.basestation.sources.source import Source


def open_source(text: str, ssh: SshLogin | None = None) -> Source:
    """The source of a place; nothing is connected yet.

    Args:
        text: the place.
        ssh: how to log in where it is one of SFTP; as ``ssh`` does where None.

    Raises:
        Rejected: it is no place (code ``bad_place``).
    """
    place = parse_place(text)
    if isinstance(place, Path):
        return DirectorySource(place)
    if isinstance(place, SftpPlace):
        from paddock.basestation.sources.sftp import SftpSource

        return SftpSource(text, place, ssh or SshLogin())
    from paddock.basestation.sources.http import HttpSource

    return HttpSource(text, place)

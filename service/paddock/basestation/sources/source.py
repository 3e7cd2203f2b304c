"""What the offload agent needs of a place that has logs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import msgspec

OF_THE_FILE_SYSTEM = frozenset(("lost+found", "System Volume Information", "$RECYCLE.BIN"))
"""Folders of the file system itself, in which no logs are looked for."""


class SeenFile(msgspec.Struct, frozen=True):
    """One file of a place, as it was when the agent looked.

    Its name and time say where it lies and whether it changed, never what it is: that is the SHA-256 alone.
    """

    name: str
    """Path below the place, ``/`` between folders; bytes that are no UTF-8 as ``os.fsdecode`` gives them."""
    size_bytes: int
    modified_ns: int
    """By the car's clock, which may begin in 1970: only good for seeing that it changed."""
    closed: bool | None = None
    """Whether the recorder is done with it; None where the place cannot say."""
    sha256: str | None = None
    """Where the car has hashed it."""
    metadata: Mapping[str, str] = {}
    """What the car says of the run, by the names of the team's fields."""
    clock_offset_ns: int | None = None
    """To be added to the car's times, where the car knows better than its own clock."""
    trouble: str | None = None
    """Why it cannot be read, as a sentence; a folder that cannot be listed is seen too, so that nobody thinks that
    all logs are safe."""


class Source(Protocol):
    """A car's logs over one way to reach them. All methods raise ``Unavailable`` while the car is away."""

    @property
    def place(self) -> str:
        """As the user named it: ``sftp://pi@10.0.0.5/logs``."""
        ...

    async def look(self) -> Sequence[SeenFile]:
        """Every log below the place."""
        ...

    def read(self, seen: SeenFile, offset: int) -> AsyncIterator[bytes]:
        """The bytes of a file from ``offset`` to the size that it had when it was seen, in any pieces.

        The source looks again after the last byte, by the handle or the ETag that it read through: what was changed
        meanwhile never passes for the log that was seen. It may fetch ahead, and in several streams.

        Raises:
            NotFound: it is there no more.
            Conflict: it has changed since it was seen.
        """
        ...

    async def beginning_sha256(self, seen: SeenFile, size_bytes: int) -> str | None:
        """The SHA-256 of the first ``size_bytes`` of a file, worked out at the place; None where it cannot do that.

        It proves that a log which grew begins with what is here already, so that only the rest is pulled.

        Raises:
            NotFound: it is there no more.
        """
        ...

    async def free_bytes(self) -> int | None:
        """How much room the place has; None where it cannot say."""
        ...

    async def remove(self, seen: SeenFile) -> None:
        """Take the file off the car, if it is still as it was seen.

        Raises:
            Conflict: it has changed since.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...

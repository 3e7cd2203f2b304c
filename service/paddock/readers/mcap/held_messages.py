"""Messages that came before the definition of their channel, kept on disk until it comes or their part is over."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from paddock.readers.mcap.events import Int64s
from paddock.readers.mcap.records import Data


@dataclass(frozen=True)
class HeldRun:
    """Some messages of one channel id, back from disk."""

    data: bytes
    starts: Int64s
    ends: Int64s
    ordinal: int


class HeldMessages:
    """Message records by channel id, in one temporary file that goes when it is closed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: BinaryIO | None = None
        self._runs: dict[int, list[tuple[int, Int64s, int]]] = {}

    @property
    def channel_ids(self) -> list[int]:
        """Those that messages are held for."""
        return list(self._runs)

    def hold(self, channel_id: int, data: Data, starts: Int64s, ends: Int64s, ordinal: int) -> None:
        """Keep these records."""
        if self._file is None:
            self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._directory))  # noqa: SIM115
        offset = self._file.seek(0, 2)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            self._file.write(data[start:end])
        self._runs.setdefault(channel_id, []).append((offset, ends - starts, ordinal))

    def count(self, channel_id: int) -> int:
        """How many messages of a channel are held."""
        return sum(len(sizes) for _, sizes, _ in self._runs.get(channel_id, ()))

    def release(self, channel_id: int) -> Iterator[HeldRun]:
        """Give a channel's messages back, once."""
        for offset, sizes, ordinal in self._runs.pop(channel_id, ()):
            assert self._file is not None
            self._file.seek(offset)
            ends = np.cumsum(sizes)
            yield HeldRun(self._file.read(int(ends[-1])), ends - sizes, ends, ordinal)

    def forget(self) -> None:
        """The part is over; nobody will ask for the rest."""
        self._runs.clear()

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()

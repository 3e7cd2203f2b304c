"""Decodes batches of messages into the spool."""

from __future__ import annotations

import numpy as np

from paddock.columns.limits import Limits
from paddock.columns.spool_channel import SpooledChannel
from paddock.columns.spool_file import SpoolFile
from paddock.readers.mcap.batch import MEMORY_BYTES, Batch, Contents, Sorted
from paddock.readers.mcap.decoding import DecodingChannel
from paddock.readers.mcap.definitions import Definition
from paddock.readers.mcap.spool_raw import RawChannels


class SpoolWriter:
    """Does its work when it is told; ``SpoolProcess`` is the same in a process of its own."""

    def __init__(self, file: SpoolFile, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._channels: list[DecodingChannel] = []
        self._others = RawChannels()
        self._batch: Batch | None = None
        self._sorted: Sorted | None = None

    def define(self, definition: Definition, slug: str, as_bytes: str) -> None:
        """The next channel; channels are numbered from 0. Those that are never defined are kept as bytes."""
        self._channels.append(DecodingChannel(definition, slug, self._limits, as_bytes))

    def batch(self) -> Batch:
        """An empty batch to fill, valid until it is given to ``write``."""
        if self._batch is None:
            self._batch = Batch()
        self._batch.clear()
        return self._batch

    def write(self, batch: Batch) -> None:
        """Decode its messages."""
        self.write_sorted(*self.sorted(batch), batch.oversized)

    def sorted(self, batch: Batch) -> tuple[Sorted, Contents]:
        """Its messages by their channels, copied, until others are sorted."""
        if self._sorted is None:
            self._sorted = Sorted(np.empty(MEMORY_BYTES, np.uint8))
        return self._sorted, self._sorted.sort(batch)

    def write_sorted(self, messages: Sorted, contents: Contents, oversized: bytes | memoryview | None) -> None:
        """Decode messages that were sorted by their channels."""
        defined = len(self._channels)
        for numbers, rows, payloads in messages.by_channel(contents, oversized, defined):
            if (number := int(numbers[0])) < defined:
                self._channels[number].write(payloads, self._file)
            else:
                self._others.write(numbers - defined, rows, payloads, self._file)

    def finish(self) -> tuple[list[SpooledChannel], RawChannels]:
        """What became of the channels that were defined, and the others; by number."""
        return [channel.settle(self._file) for channel in self._channels], self._others

    def close(self) -> None:
        """Nothing is left to end."""

"""Decodes batches of messages into the spool."""

from __future__ import annotations

import numpy as np

from paddock.mcap.batch import MEMORY_BYTES, Batch, by_channel
from paddock.mcap.decoders.limits import Limits
from paddock.mcap.definitions import Definition
from paddock.mcap.spool_channel import SpoolChannel, SpooledChannel
from paddock.mcap.spool_file import SpoolFile


class SpoolWriter:
    """Does its work when it is told; ``SpoolProcess`` is the same in a process of its own."""

    def __init__(self, file: SpoolFile, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._channels: list[SpoolChannel] = []
        self._batch: Batch | None = None

    def define(self, definition: Definition, slug: str, as_bytes: str) -> None:
        """The next channel; channels are numbered from 0."""
        self._channels.append(SpoolChannel(definition, slug, self._limits, as_bytes))

    def batch(self) -> Batch:
        """An empty batch to fill, valid until it is given to ``write``."""
        if self._batch is None:
            self._batch = Batch(np.empty(MEMORY_BYTES, np.uint8))
        self._batch.clear()
        return self._batch

    def write(self, batch: Batch) -> None:
        """Decode its messages."""
        for number, payloads in by_channel(batch):
            self._channels[number].write(payloads, self._file)

    def finish(self) -> list[SpooledChannel]:
        """What became of the channels, by number."""
        return [channel.settle(self._file) for channel in self._channels]

    def close(self) -> None:
        """Nothing is left to end."""

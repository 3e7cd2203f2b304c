"""Very many channels that are kept as bytes: what is done per batch is done for all of them at once.

A hostile log can have another channel for every message. Their payloads lie in the spool as one extent per batch,
by channel and time; arrays say which rows of it are whose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.columns import AS_BYTES, ColumnChannel, Int64s
from paddock.columns.spool_channel import ROW_BYTES, SpooledChannel, largest_gap
from paddock.columns.spool_file import Extent, Rows, SpoolFile, part_of
from paddock.readers.mcap.batch import Payloads

_NAMES = ("channel", "extent", "first", "rows", "size_bytes", "first_time", "last_time", "gap")
_PIECE = np.dtype([(name, np.int64) for name in _NAMES])
"""Messages of one channel, where they lie in which extent, and the longest time between two of them."""


class RawChannels:
    """Channels by number, from 0. Goes from the process that writes to the one that reads."""

    def __init__(self) -> None:
        self._extents: list[Extent] = []
        self._pieces: list[npt.NDArray[np.void]] = []

    def write(self, numbers: Int64s, rows: Int64s, waiting: Payloads, file: SpoolFile) -> None:
        """Put messages into the spool.

        Args:
            numbers: of the channels that have some, ascending, shape (C,).
            rows: how many each of these has, shape (C,).
            waiting: the messages, by channel.
            file: the spool.
        """
        payloads, times = waiting.payloads, waiting.log_time
        publish, sequence = waiting.publish_time, waiting.sequence
        firsts = np.cumsum(rows) - rows
        steps = _steps(times, firsts)
        if steps.min() < 0:
            order = np.lexsort((times, np.repeat(numbers, rows)))
            payloads = payloads.take(pa.array(order))
            times, publish, sequence = times[order], publish[order], sequence[order]
            steps = _steps(times, firsts)
        ends = np.frombuffer(payloads.buffers()[1], np.int32, len(payloads) + 1, payloads.offset * 4)
        pieces = np.empty(len(numbers), _PIECE)
        pieces["channel"], pieces["extent"] = numbers, len(self._extents)
        pieces["first"], pieces["rows"] = firsts, rows
        pieces["size_bytes"] = ends[firsts + rows] - ends[firsts] + rows * ROW_BYTES
        pieces["first_time"], pieces["last_time"] = times[firsts], times[firsts + rows - 1]
        pieces["gap"] = np.maximum.reduceat(steps, firsts)
        self._pieces.append(pieces)
        messages = pa.StructArray.from_arrays([payloads], fields=list(AS_BYTES))
        self._extents.append(file.write(Rows(times, publish, sequence, messages), waiting.ordinal))

    def spooled(self, channels: Sequence[ColumnChannel], why: str, file: SpoolFile) -> Iterator[SpooledChannel]:
        """What became of them, when all is written.

        Args:
            channels: all of them, also those without messages.
            why: they are kept as bytes.
            file: the spool.
        """
        pieces = np.concatenate([np.empty(0, _PIECE), *self._pieces])
        ordinals = np.array([extent.ordinal for extent in self._extents], np.int64)
        pieces = pieces[np.lexsort((ordinals[pieces["extent"]], pieces["channel"]))]
        bounds = np.searchsorted(pieces["channel"], np.arange(len(channels) + 1))
        firsts = bounds[:-1][np.diff(bounds) > 0]
        pauses = pieces["first_time"].copy()
        pauses[1:] -= pieces["last_time"][:-1]
        pauses[firsts] = 0
        columns = (
            [
                np.add.reduceat(pieces["rows"], firsts),
                np.add.reduceat(pieces["size_bytes"], firsts),
                np.minimum.reduceat(pieces["first_time"], firsts),
                np.maximum.reduceat(pieces["last_time"], firsts),
                np.maximum.reduceat(np.maximum(pieces["gap"], pauses), firsts),
                np.minimum.reduceat(pauses, firsts),
            ]
            if len(firsts)
            else []
        )
        found = zip(*(column.tolist() for column in columns), strict=True)
        begins, stops = bounds.tolist(), bounds[1:].tolist()
        for channel, begin, stop in zip(channels, begins, stops, strict=False):
            rows, size_bytes, first_time, last_time, gap, least = next(found) if begin < stop else _NONE
            extents = _Pieces(self._extents, pieces, begin, stop)
            if least < 0:
                gap = largest_gap(extents, file)
            yield SpooledChannel(
                channel=channel,
                rows=rows,
                undecodable=0,
                decoded_bytes=size_bytes,
                first_time=first_time,
                last_time=last_time,
                largest_gap_ns=gap if rows > 1 else None,
                extents=extents,
                signals=(),
                notices=(f"{channel.topic} is kept as bytes: {why}.",),
                over="",
            )


_NONE = 0, 0, None, None, 0, 0


@dataclass(frozen=True)
class _Pieces:
    """The extents of a channel, made when they are asked for."""

    extents: Sequence[Extent]
    pieces: npt.NDArray[np.void]
    begin: int
    stop: int

    def __iter__(self) -> Iterator[Extent]:
        for _, extent, first, rows, _, first_time, last_time, _ in self.pieces[self.begin : self.stop].tolist():
            yield part_of(self.extents[extent], first, rows, first_time, last_time)


def _steps(times: Int64s, firsts: Int64s) -> Int64s:
    """The time from each message to the one before of its channel, 0 for the ``firsts``; shape (N,)."""
    steps = np.diff(times, prepend=0)
    steps[firsts] = 0
    return steps

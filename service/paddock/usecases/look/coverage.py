"""Coverage: when each topic had messages, and when it fell silent."""

from __future__ import annotations

import asyncio
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from paddock.columns.stored_channel import Footer, StoredChannel
from paddock.domain.recording import ChannelSummary, Recording
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.look.plots import open_columns

MOST_PIECES = 500
AT_ONCE = 8


class Coverage(msgspec.Struct, frozen=True):
    """One channel's time, in pieces without a gap."""

    channel: ChannelSummary
    pieces: tuple[tuple[int, int], ...]
    """First and last ``log_time`` of each piece; none where there are no messages."""


async def coverage(context: Context, recording: Recording) -> tuple[Coverage, ...]:
    """The pieces of every channel, in the log's order. Only channels that the summary says have a gap are read."""
    reading = asyncio.Semaphore(AT_ONCE)

    async def of_channel(channel: ChannelSummary) -> Coverage:
        if channel.started_ns is None or channel.ended_ns is None:
            return Coverage(channel, ())
        gap_ns = channel.gap_ns
        if not recording.build or (channel.largest_gap_ns or 0) <= gap_ns:
            return Coverage(channel, ((channel.started_ns, channel.ended_ns),))
        async with reading:
            file = await open_columns(context, recording, channel.slug)
            return Coverage(channel, await asyncio.to_thread(_read, file, channel, gap_ns))

    channels = (await contents_of(context.documents, recording)).channels
    return tuple(await asyncio.gather(*(of_channel(channel) for channel in channels)))


def _read(file: BinaryIO, channel: ChannelSummary, gap_ns: int) -> tuple[tuple[int, int], ...]:
    assert channel.started_ns is not None and channel.ended_ns is not None, "the caller looked"
    with file, StoredChannel(file, Footer(file, channel.footer_crc32)) as stored:
        return pieces_of(stored.rows(channel.started_ns, channel.ended_ns).times, gap_ns)


def pieces_of(times: npt.NDArray[np.int64], gap_ns: int) -> tuple[tuple[int, int], ...]:
    """First and last of each run of ``times`` (shape (N,), ascending) without a gap longer than ``gap_ns``.

    Of more than ``MOST_PIECES`` the longest gaps are told.
    """
    if not len(times):
        return ()
    gaps = np.diff(times)
    breaks = np.flatnonzero(gaps > gap_ns)
    if len(breaks) >= MOST_PIECES:
        longest = np.argsort(gaps[breaks], kind="stable")[-(MOST_PIECES - 1) :]
        breaks = np.sort(breaks[longest])
    begins = times[np.concatenate([[0], breaks + 1])]
    ends = times[np.concatenate([breaks, [len(times) - 1]])]
    return tuple(zip(begins.tolist(), ends.tolist(), strict=True))

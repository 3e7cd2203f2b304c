"""The stored columns that an export is written from, instead of decoding the whole log once more."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import BinaryIO

import msgspec

from paddock.columns.columns import LogSummary
from paddock.columns.stored import StoredColumns
from paddock.columns.stored_channel import Footer
from paddock.domain.contents import Contents
from paddock.domain.export import ExportRequest
from paddock.domain.recording import ChannelSummary, LossReport, Recording, Signal
from paddock.domain.signal_names import read_element
from paddock.errors import Rejected
from paddock.formats.estimate import Taken, taken_of
from paddock.formats.registry import find_format
from paddock.usecases.catalogue.catalogue import signals_of
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.look.plots import open_columns
from paddock.usecases.take_away.artifacts import columns_number, derived_in

AT_ONCE = 8
"""Files that are asked for their footers at the same time."""


def may_serve(recording: Recording, request: ExportRequest) -> bool:
    """Whether the stored columns may do for a request.

    The file has to be written from columns: MCAP keeps the messages of the log, unless maths channels are taken.
    And the columns have to be of today's number; where the log is gone, older ones have to do.
    """
    keeps_messages = find_format(request.format).write_log is not None and not derived_in(recording, request)
    return not keeps_messages and recording.converter == columns_number(recording)


async def stored_columns(
    context: Context, recording: Recording, request: ExportRequest, log_span: tuple[int, int]
) -> StoredColumns | None:
    """What the request takes of a recording, to be read on another thread; None where only the log will do.

    Args:
        log_span: when the log itself says that it began and ended.

    Raises:
        Conflict: the columns are damaged or gone (code ``columns_damaged``); so does reading them.
    """
    if not may_serve(recording, request):
        return None
    contents = await contents_of(context.documents, recording)
    if sum(channel.message_count for channel in contents.own_channels) < (recording.message_count or 0):
        return None  # Not all channels are listed, and only these have columns.
    signals = await signals_of(context, recording)
    contents, signals = without_others(recording, request, contents, signals)
    taken = _taken(contents.channels, signals, request)
    if not taken or any(channel.footer_crc32 is None for channel in taken):
        return None
    fields = {channel.slug: names for channel, names in taken.items() if names is not None}
    return await open_channels(
        context, recording, list(taken), fields, _summary(recording, contents, signals, log_span)
    )


async def columns_with(
    context: Context,
    recording: Recording,
    names: Collection[str],
    log_span: tuple[int, int],
    *,
    topics: Collection[str] = (),
) -> StoredColumns:
    """The stored columns of some signals, to be read on another thread; of those that have none nothing.

    Args:
        names: of the signals; an element stands for its list.
        log_span: when the log itself says that it began and ended.
        topics: of which no field is wanted but the times of messages.

    Raises:
        Conflict: the columns are damaged or gone (code ``columns_damaged``); so does reading them.
    """
    contents = await contents_of(context.documents, recording)
    signals = await signals_of(context, recording)
    channels = {channel.slug: channel for channel in contents.channels}
    wanted = {*names, *(element[0] for element in map(read_element, names) if element is not None)}
    fields: dict[str, set[str]] = {channel.slug: set() for channel in contents.channels if channel.topic in topics}
    for signal in signals:
        if signal.name in wanted and signal.channel in channels:
            path = (signal.element_of or signal.name).removeprefix(f"{channels[signal.channel].topic}.")
            fields.setdefault(signal.channel, set()).add(path)
    taken = [channels[slug] for slug in fields]
    return await open_channels(context, recording, taken, fields, _summary(recording, contents, signals, log_span))


def without_others(
    recording: Recording, request: ExportRequest, contents: Contents, signals: Sequence[Signal]
) -> tuple[Contents, list[Signal]]:
    """What is in a recording for a request: less the maths channels that its file does not hold."""
    held = {recording.derived[name] for name in derived_in(recording, request)}
    left_out = {each.slug for each in contents.derived} - held
    kept = tuple(channel for channel in contents.channels if channel.slug not in left_out)
    return (
        msgspec.structs.replace(contents, channels=kept),
        [signal for signal in signals if signal.channel not in left_out],
    )


async def open_channels(
    context: Context,
    recording: Recording,
    channels: Sequence[ChannelSummary],
    fields: Mapping[str, Collection[str]],
    summary: LogSummary,
) -> StoredColumns:
    """Some stored channels of a recording, to be read on another thread.

    Args:
        channels: which ones.
        fields: by slug, the fields (dotted paths) that are wanted of a channel; all of one that is not there.
        summary: of the recording.

    Raises:
        Conflict: the columns are damaged or gone (code ``columns_damaged``); so does reading them.
    """
    reading = asyncio.Semaphore(AT_ONCE)

    async def footer_of(channel: ChannelSummary) -> Footer:
        async with reading:
            file = await open_columns(context, recording, channel.slug)
            return await asyncio.to_thread(_footer, file, channel)

    loop = asyncio.get_running_loop()

    def open_file(slug: str) -> BinaryIO:
        return asyncio.run_coroutine_threadsafe(open_columns(context, recording, slug), loop).result()

    footers = await asyncio.gather(*map(footer_of, channels))
    return StoredColumns(footers, open_file, summary, fields)


def _taken(
    channels: Sequence[ChannelSummary], signals: Sequence[Signal], request: ExportRequest
) -> dict[ChannelSummary, set[str] | None]:
    """The channels of which the request may take something, with the dotted paths of these fields; None for all."""
    try:
        taken = taken_of(channels, signals, request.signals)
    except Rejected:
        return {}  # Signals are replaced one after the other: the log knows whether there is none of that name.
    found: dict[ChannelSummary, set[str] | None] = {each.channel: _fields(each) for each in taken}
    # Of these not all fields are listed: what is asked for may be among the others.
    return found | {channel: None for channel in channels if channel.others is None}


def _fields(taken: Taken) -> set[str] | None:
    if taken.others:
        return None
    prefix = f"{taken.channel.topic}."
    return {(signal.element_of or signal.name).removeprefix(prefix) for signal in taken.signals}


def _footer(file: BinaryIO, channel: ChannelSummary) -> Footer:
    with file:
        return Footer(file, channel.footer_crc32)


def _summary(
    recording: Recording, contents: Contents, signals: Sequence[Signal], log_span: tuple[int, int]
) -> LogSummary:
    """What was known of the log when it was converted, as far as files say it."""
    return LogSummary(
        started_ns=log_span[0],
        ended_ns=log_span[1],
        message_count=recording.message_count or 0,
        channels=contents.channels,
        metadata=contents.file_metadata,
        loss=contents.loss or LossReport(),
        signals=tuple(signals),
        notices=recording.notices,
    )

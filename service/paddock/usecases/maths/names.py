"""What names mean in a recording: its own signals, the catalogue of its car, and the car's maths channels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paddock.columns.columns import LogSummary
from paddock.columns.stored import StoredColumns
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.contents import Contents
from paddock.domain.maths_binding import Bound, Names
from paddock.domain.maths_channels import MAX_CHANNELS, MathsChannel
from paddock.domain.recording import ChannelSummary, LossReport, Recording, Signal
from paddock.errors import Rejected
from paddock.usecases.context import Context
from paddock.usecases.take_away.stored_columns import open_channels


async def all_channels(context: Context) -> tuple[MathsChannel, ...]:
    """The team's maths channels, by name; for one name that for all cars first."""
    page = await context.documents.maths_channels.find(limit=MAX_CHANNELS)
    return tuple(sorted(page.items, key=lambda channel: (channel.name, channel.car)))


def names_in(
    contents: Contents, signals: Iterable[Signal], catalogue: CarCatalogue, channels: Sequence[MathsChannel]
) -> Names:
    """What names mean in a recording.

    Args:
        contents: of the recording; so are ``signals``, of which those that were derived are no names.
        catalogue: as its car sees it.
        channels: of its car.
    """
    derived = {each.slug for each in contents.derived}
    own = {signal.name: signal.dtype for signal in signals if signal.channel not in derived}
    return Names(own, catalogue, {channel.name: channel for channel in channels})


async def columns_for(context: Context, recording: Recording, contents: Contents, bound: Bound) -> StoredColumns:
    """The stored columns that an expression is computed from, to be read on another thread.

    Raises:
        Conflict: they are damaged or gone (code ``columns_damaged``).
        Rejected: the log has no such channel (code ``bad_maths``).
    """
    wanted: dict[str, set[str]] = {}
    channels: dict[str, ChannelSummary] = {}
    for name in bound.signals:
        for channel in _holding(contents.own_channels, name):
            channels[channel.slug] = channel
            field = name.removeprefix(f"{channel.topic}.")
            wanted.setdefault(channel.slug, set()).update({field, field.rpartition("[")[0]} - {""})
    if bound.signals and not channels:
        raise Rejected("None of the signals is among the stored columns of this recording.", code="bad_maths")
    summary = LogSummary(
        started_ns=None,
        ended_ns=None,
        message_count=recording.message_count or 0,
        channels=contents.channels,
        metadata=(),
        loss=LossReport(),
    )
    return await open_channels(context, recording, list(channels.values()), wanted, summary)


def _holding(channels: Iterable[ChannelSummary], name: str) -> list[ChannelSummary]:
    """The channels that may have the signal: topics may have dots as well."""
    return [channel for channel in channels if name.startswith(f"{channel.topic}.")]

"""Frames of CAN buses in the messages of another log: found by their schema, decoded as in a log of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from paddock.columns.columns import AS_BYTES, ColumnChannel
from paddock.columns.limits import Limits
from paddock.columns.losses import LossLedger
from paddock.columns.spool import Spool
from paddock.columns.spool_channel import SpooledChannel
from paddock.columns.spool_file import SpoolFile
from paddock.domain.can_database import Databases
from paddock.readers.can.frame_messages import FrameFields
from paddock.readers.can.frame_reader import FoundInLog
from paddock.readers.can.frame_schemas import bus_of, may_hold_frames
from paddock.readers.can.frames import Frames
from paddock.readers.can.routes import Routes
from paddock.readers.can.spool import SeveralBuses, Wires


@dataclass
class FoundWithin:
    """What the frames of a log became."""

    spooled: list[SpooledChannel]
    """All channels: those of frames are now those of their messages, where a database is for them."""
    said: dict[str, str] = field(default_factory=dict)
    """Facts of the file."""
    sentences: list[str] = field(default_factory=list)


def decode_within(
    spooled: list[SpooledChannel],
    file: SpoolFile,
    losses: LossLedger,
    new_limits: Callable[[], Limits],
    databases: Databases,
    topics: Callable[[str], bool] | None,
) -> FoundWithin:
    """Decode the frames among the channels of a log.

    Args:
        spooled: all channels.
        file: where their rows are; those of the messages come behind them.
        losses: told of messages that are no frames.
        new_limits: makes what all messages may take together.
        databases: by the name of their bus.
        topics: which ones are wanted; None for all.
    """
    sources = [source for each in spooled if (source := _source(each, databases)) is not None]
    found = FoundWithin(spooled)
    if not sources:
        return found
    found.said["frames"] = str(sum(source.spooled.rows for source in sources))
    decodable = [source for source in sources if source.is_decodable(databases)]
    for source in sources:
        if source not in decodable:
            if topics is not None and not topics(source.topic):
                found.spooled = [each for each in found.spooled if each is not source.spooled]
                continue
            words = "kept as they are: there is no database for this bus"
            found.sentences.append(f"{source.topic} has CAN frames, {words}.")
    if not decodable:
        return found
    others = [each for each in found.spooled if all(each is not source.spooled for source in decodable)]
    taken = {each.channel.topic for each in others}
    for has_several_buses in (len(decodable) > 1, True):
        buses = FoundInLog()
        spool = Spool.onto(file, new_limits())
        wires = Wires(spool, buses, databases, topics, has_several_buses, taken)
        undecodable: dict[str, int] = {}
        try:
            for source in decodable:
                for frames, bad in source.frames(file, databases, buses, is_alone=len(decodable) == 1):
                    if bad:
                        undecodable[source.topic] = undecodable.get(source.topic, 0) + bad
                    if len(frames):
                        wires.take(frames)
        except SeveralBuses:
            continue
        for topic, count in undecodable.items():
            losses.undecoded(topic, count)
        found.said |= wires.counts()
        found.sentences += wires.sentences()
        found.spooled = [*others, *spool.settled()]
        return found
    raise AssertionError("unreachable: the second time it is known that there are several")


@dataclass(frozen=True)
class _Source:
    """A channel whose messages are frames."""

    spooled: SpooledChannel
    fields: FrameFields

    @property
    def topic(self) -> str:
        return self.spooled.channel.topic

    def is_decodable(self, databases: Databases) -> bool:
        """Whether there is a database for any of it."""
        if self.fields.bus is not None:
            return bool(databases)
        return Routes(databases).has_database(bus_of(self.topic, databases))

    def frames(
        self, file: SpoolFile, databases: Databases, found: FoundInLog, *, is_alone: bool
    ) -> Iterator[tuple[Frames, int]]:
        """Its frames, and how many messages beside them are none."""
        name = bus_of(self.topic, databases)
        has_flag = self.fields.says_extended
        found.has_extended_flag &= has_flag
        for rows in self.spooled.read(file, None):
            yield self.fields.frames(rows, lambda inner: _bus(found, name, inner, is_alone))


def _bus(found: FoundInLog, topic_bus: str, inner: str, is_alone: bool) -> int:
    """The number of a bus: that of its channel, or that which the message names."""
    name = topic_bus if not inner else inner if is_alone else f"{topic_bus}/{inner}"
    return found.buses.setdefault(name, min(len(found.buses), 255))


def _source(spooled: SpooledChannel, databases: Databases) -> _Source | None:
    channel: ColumnChannel = spooled.channel
    if not spooled.rows or spooled.over:
        return None
    if not may_hold_frames(channel.topic, channel.schema_name, channel.message_encoding, databases):
        return None
    fields = FrameFields.of(channel.fields, is_bytes=channel.fields == AS_BYTES)
    return None if fields is None else _Source(spooled, fields)

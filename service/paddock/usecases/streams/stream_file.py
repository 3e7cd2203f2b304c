"""An open stream: its messages go into an MCAP file as they come; the log has them until that is a recording."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path

import msgspec
from mcap.writer import CompressionType, Writer

from paddock.device_log.entry import Entry
from paddock.domain.device_messages import KnownFields, Problem, Sample
from paddock.domain.devices import Device
from paddock.domain.log_kinds import MCAP
from paddock.domain.streams import MAX_GAPS, Gap, Periods, Stream

CHUNK_BYTES = 512 * 1024
MOST_KEYS = 20_000
KEPT_KEYS = 2_000
"""So many messages of a stream are known when the next one begins."""
MAX_TOPICS = 2_000
_JSON_SCHEMA = b'{"type":"object"}'
_LIBRARY = "paddock recorder"
_SEQUENCE = 1 << 32


class Seen:
    """The last messages of a device, to know those that come again.

    Args:
        keys: of those of before, the oldest first.
    """

    def __init__(self, keys: list[int]) -> None:
        self._keys: OrderedDict[int, None] = OrderedDict.fromkeys(keys)

    def is_again(self, sample: Sample, payload: bytes) -> bool:
        """Whether this message came before; else it is noted. One without a time and a number is always new."""
        if sample.sequence is None and not sample.says_time:
            return False
        time_ns = sample.time_ns if sample.says_time else None
        said = msgspec.msgpack.encode((sample.topic, sample.sequence, time_ns, payload))
        key = int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "little") >> 1
        if key in self._keys:
            return True
        self._keys[key] = None
        if len(self._keys) > MOST_KEYS:
            self._keys.popitem(last=False)
        return False

    def last(self) -> list[int]:
        """Those that the next stream has to know."""
        return list(self._keys)[-KEPT_KEYS:]


class StreamFile:
    """Writes one stream. Equal entries make equal bytes, so that doing it twice makes one recording.

    Args:
        device: who sends.
        entry: the first one.
        behind: the position of the entry before it in the log, whoever sent that.
        directory: where the file is written.
        seen: what came before, which may come again.
    """

    def __init__(self, device: Device, entry: Entry, behind: int, directory: Path, seen: Seen) -> None:
        self.stream = Stream(
            id=f"{device.id}-{entry.position:x}",
            device=device.id,
            name=device.name,
            car=device.car,
            first_position=entry.position,
            last_position=entry.position,
            began_ns=entry.received_ns,
            received_ns=entry.received_ns,
        )
        self.device = device
        self.behind = behind
        self.seen = seen
        self.path = directory / f"{self.stream.id}{MCAP.suffix}"
        self.clock_offset_ns: int | None = None
        """What is to be added to the times that it says: by the message that was on its way most shortly."""
        self._known = KnownFields()
        self._periods: dict[str, Periods] = {}
        self._gaps: list[Gap] = []
        self._file = self.path.open("wb")
        self._writer = Writer(self._file, chunk_size=CHUNK_BYTES, compression=CompressionType.ZSTD)
        self._writer.start(profile="", library=_LIBRARY)
        self._channels: dict[tuple[str, tuple[str, bytes] | None], int] = {}
        self._schemas: dict[tuple[str, bytes] | None, int] = {}
        self._counts: dict[int, int] = {}

    def add(self, entry: Entry, samples: list[Sample], schema: tuple[str, bytes] | None) -> list[Problem]:
        """Write the messages of an entry; what is wrong with those that were not written.

        Args:
            entry: of this device.
            samples: its messages.
            schema: of those that are protobuf.
        """
        stream = self.stream
        problems: list[Problem] = []
        said = [each.time_ns for each in samples if each.says_time]
        if said and (self.clock_offset_ns is None or entry.received_ns - max(said) < self.clock_offset_ns):
            self.clock_offset_ns = entry.received_ns - max(said)
        written, duplicates = 0, 0
        started_ns, ended_ns = stream.started_ns, stream.ended_ns
        gap_count, missing = stream.gap_count, stream.missing
        for sample in samples:
            payload = sample.message if isinstance(sample.message, bytes) else msgspec.json.encode(sample.message)
            if self.seen.is_again(sample, payload):
                duplicates += 1
                continue
            problem = self._known.admits(sample)
            written_by = schema if isinstance(sample.message, bytes) else None
            channel = None if problem else self._channel(sample.topic, written_by)
            if channel is None:
                problems.append(problem or Problem("too_many_topics", f"It has more than {MAX_TOPICS:,} topics."))
                continue
            gap = self._periods.setdefault(sample.topic, Periods()).gap_before(sample.time_ns, sample.sequence)
            if gap is not None:
                gap_count, missing = gap_count + 1, missing + gap.missing
                if len(self._gaps) < MAX_GAPS:
                    self._gaps.append(gap)
            number = self._counts.get(channel, 0)
            self._counts[channel] = number + 1
            sequence = (number if sample.sequence is None else sample.sequence) % _SEQUENCE
            self._writer.add_message(channel, sample.time_ns, payload, sample.time_ns, sequence)
            is_first = not stream.messages and not written
            started_ns = sample.time_ns if is_first else min(started_ns, sample.time_ns)
            ended_ns = sample.time_ns if is_first else max(ended_ns, sample.time_ns)
            written += 1
        self.stream = msgspec.structs.replace(
            stream,
            last_position=entry.position,
            received_ns=entry.received_ns,
            started_ns=started_ns,
            ended_ns=ended_ns,
            messages=stream.messages + written,
            duplicates=stream.duplicates + duplicates,
            size_bytes=stream.size_bytes + len(entry.payload),
            gap_count=gap_count,
            missing=missing,
        )
        return problems

    def _channel(self, topic: str, schema: tuple[str, bytes] | None) -> int | None:
        """The channel of a topic; None where there are too many. ``schema`` is None for JSON."""
        key = (topic, schema)
        if key not in self._channels:
            if len(self._channels) >= MAX_TOPICS:
                return None
            if schema not in self._schemas:
                name, data = schema or (self.device.id, _JSON_SCHEMA)
                encoding = "protobuf" if schema else "jsonschema"
                self._schemas[schema] = self._writer.register_schema(name, encoding, data)
            encoding = "protobuf" if schema else "json"
            self._channels[key] = self._writer.register_channel(topic, encoding, self._schemas[schema])
        return self._channels[key]

    def said(self) -> Stream:
        """The stream as it is now, with its gaps."""
        return msgspec.structs.replace(self.stream, gaps=tuple(self._gaps))

    def finish(self) -> None:
        """Write the end of the file; again, nothing happens."""
        if self._file.closed:
            return
        stream = self.stream
        self._writer.add_metadata(
            "device",
            {
                "id": self.device.id,
                "name": stream.name,
                "type": self.device.type,
                "car": stream.car,
                "first_position": str(stream.first_position),
                "last_position": str(stream.last_position),
                "duplicates": str(stream.duplicates),
                "missing": str(stream.missing),
            },
        )
        self._writer.finish()
        self._file.close()

    def drop(self) -> None:
        """Forget the file: the log still has what is in it, or it is a recording."""
        self._file.close()
        self.path.unlink(missing_ok=True)

"""An entry of the log of devices → samples. The recorder, the live page and alert rules all ask here.

::

    decoder = Decoder(await sender_of(context, device))
    decoded = decoder.decode(entry)
    for sample in decoded.samples:
        sample.topic, sample.time_ns, sample.values      # {"temps.fl": 81.5}
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable

import msgspec

from paddock.device_log.entry import Entry
from paddock.domain.bus_database import DecodedBy, chosen
from paddock.domain.can_database import CanDatabase
from paddock.domain.device_messages import Decoded, Problem, Sample, clock_shift, message_of
from paddock.domain.devices import Device, topic_of
from paddock.domain.instants import to_rfc3339
from paddock.domain.said_times import said_time
from paddock.errors import NotFound
from paddock.usecases.buses.decoding import all_databases, load_databases
from paddock.usecases.context import Context
from paddock.usecases.streams.can_frames import FrameDecoder
from paddock.usecases.streams.payloads import NotReadable, PayloadKind, kind_of, messages_of
from paddock.usecases.streams.protobuf_payloads import ProtobufPayloads

_DAY = len("2026-04-18")


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """A device, and what its messages are decoded by."""

    device: Device
    schema: bytes = b""
    """The ``FileDescriptorSet`` that ``device.schema`` is in."""
    database: CanDatabase | None = None
    """Decodes its CAN frames."""


async def sender_of(context: Context, device: Device) -> Sender:
    """A device with what its messages are decoded by now.

    Raises:
        Unavailable: the database does not answer.
    """
    file = await context.documents.device_files.get(f"{device.id}/schema") if device.schema else None
    return Sender(
        device=device,
        schema=file.content if file else b"",
        database=await _database_of(context, device),
    )


async def _database_of(context: Context, device: Device) -> CanDatabase | None:
    """The one for all buses of its car today, or for any: the frames do not say which bus they were on."""
    found = chosen(await all_databases(context), device.car, to_rfc3339(context.now())[:_DAY])
    database = found.get("") or next(iter(found.values()), None)
    if database is None:
        return None
    with contextlib.suppress(NotFound):
        return (await load_databases(context, [DecodedBy("", database.id, database.sha256)]))[""]
    return None


class Decoder:
    """Decodes what one device sent.

    Args:
        sender: the device.
    """

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self._topic = topic_of(sender.device)
        self._protobuf: ProtobufPayloads | None = None
        if sender.device.schema and sender.schema:
            self._protobuf = ProtobufPayloads(sender.device.schema, sender.schema)
        self._frames = FrameDecoder(sender.database)

    @property
    def schema(self) -> tuple[str, bytes] | None:
        """Name and ``FileDescriptorSet`` of its protobuf messages."""
        return None if self._protobuf is None else (self.sender.device.schema, self.sender.schema)

    def decode(self, entry: Entry) -> Decoded:
        """The samples of an entry, and what of it was not taken as it was. Never raises for what a device sent."""
        decoded = Decoded()
        kind = kind_of(entry.content_type, entry.payload, has_schema=self._protobuf is not None)
        try:
            decoded.samples = list(self._samples(kind, entry, decoded.problems))
        except NotReadable as error:
            decoded.problems.append(error.problem)
        if not decoded.samples and not decoded.problems:
            decoded.problems.append(Problem("no_values", "There is no message in it."))
        said = [each.time_ns for each in decoded.samples if each.says_time]
        if said:
            decoded.clock_offset_ns = entry.received_ns - max(said)
        return decoded

    def _samples(self, kind: PayloadKind, entry: Entry, problems: list[Problem]) -> Iterable[Sample]:
        if kind is PayloadKind.CAN:
            return self._frames.samples(entry.payload, entry.received_ns, problems)
        if kind is PayloadKind.PROTOBUF:
            if self._protobuf is None:
                raise NotReadable(
                    Problem("no_schema", "This device sends protobuf and has no schema: give it one on its page.")
                )
            return self._protobuf.samples(entry.payload, self._topic, entry.received_ns, problems)
        messages = list(messages_of(kind, entry.payload, problems))
        # One message alone has no distance to another: it is of when it came.
        several = len(messages) > 1
        shift_ns = clock_shift((said_time(each)[1] for each in messages), entry.received_ns) if several else 0
        found = (message_of(each, self._topic, entry.received_ns, problems, shift_ns=shift_ns) for each in messages)
        return [each for each in found if each is not None]


def counted_problems(problems: Iterable[Problem]) -> list[tuple[Problem, int]]:
    """The last problem of each kind, with how many there are: a batch may have the same one a thousand times."""
    problems = list(problems)
    counts = Counter(each.code for each in problems)
    return [(each, counts[each.code]) for each in {each.code: each for each in problems}.values()]

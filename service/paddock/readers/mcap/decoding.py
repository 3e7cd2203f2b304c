"""One channel's payloads on their way into the spool: decoded, each that cannot be left out and counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from paddock.columns.columns import ColumnChannel
from paddock.columns.containment import contained, each_alone
from paddock.columns.limits import Limits, OverLimit
from paddock.columns.spool_channel import SpoolChannel, SpooledChannel
from paddock.columns.spool_file import Rows, SpoolFile
from paddock.domain.keys import topic_name
from paddock.readers.decoders.decoded import Decoder
from paddock.readers.decoders.raw import RawDecoder
from paddock.readers.decoders.registry import find_decoder
from paddock.readers.mcap.batch import Payloads
from paddock.readers.mcap.definitions import Definition

_PAYLOAD_BYTES = 8 << 20
"""Payloads decoded in one call: what they become may be several times as large."""
_MOST_FAILURES = 2_000
"""To find one message that a decoder fails at costs some twenty calls."""


def column_channel(
    definition: Definition, slug: str, fields: pa.StructType, enums: dict[str, dict[int, str]]
) -> ColumnChannel:
    """What readers know a channel by; its metadata comes in when all the ids that it has in the file are known."""
    channel, schema = definition.channel, definition.schema
    return ColumnChannel(
        topic=topic_name(channel.topic),
        slug=slug,
        schema_name=schema.name if schema else "",
        schema_encoding=schema.encoding if schema else "",
        message_encoding=channel.message_encoding,
        fields=fields,
        enums=enums,
    )


class DecodingChannel:
    """A topic with one schema and encoding, over all its channel ids.

    Args:
        definition: what it is.
        slug: its name in the limits too.
        limits: shared with the other channels of the log.
        as_bytes: why its messages are kept as bytes; empty to decode them.
    """

    def __init__(self, definition: Definition, slug: str, limits: Limits, as_bytes: str = "") -> None:
        self._definition = definition
        self._slug = slug
        self._limits = limits
        self._spool = SpoolChannel(slug, limits)
        if as_bytes:
            self._decode_with(RawDecoder(f"is kept as bytes: {as_bytes}"))
        else:
            self._decode_with(find_decoder(definition.channel.message_encoding, definition.schema, limits))
        self._undecodable = 0
        self._failures: list[str] = []
        """What the decoder failed with, not counting messages that it knows to be undecodable."""

    def _decode_with(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._spool.as_bytes = isinstance(decoder, RawDecoder)

    def write(self, waiting: Payloads, file: SpoolFile) -> None:
        """Decode messages, take their statistics, and put them into the spool."""
        payloads, times = waiting.payloads, waiting.log_time
        publish, sequence = waiting.publish_time, waiting.sequence
        if len(times) > 1 and (times[1:] < times[:-1]).any():
            order = np.argsort(times, kind="stable")
            payloads = payloads.take(pa.array(order))
            times, publish, sequence = times[order], publish[order], sequence[order]

        def decode(first: int, stop: int) -> int:
            if self._spool.is_over:
                return stop - first
            part = slice(first, min(stop, first + self._rows_at_once(payloads)))
            self._spool.count(int(payloads[part].nbytes))
            if self._spool.is_over:
                return stop - first
            try:
                decoded = self._decoder.decode(payloads[part])
            except OverLimit as error:
                self._limits.give_up(self._slug, str(error))
                return stop - first
            except OSError as error:  # There is no disk in there: it is something about a message.
                raise ValueError(str(error)) from error
            taken = part.stop - first if decoded.taken is None else decoded.taken
            self._spool.count(-int(payloads[first + taken : part.stop].nbytes))
            part = slice(first, first + taken)
            columns = times[part], publish[part], sequence[part]
            if decoded.kept is not None:
                columns = columns[0][decoded.kept], columns[1][decoded.kept], columns[2][decoded.kept]
            if len(columns[0]) != len(decoded.messages):
                raise ValueError(f"{len(decoded.messages)} messages of {len(columns[0])}")
            if len(columns[0]):
                self._spool.write(Rows(*columns, decoded.messages), file, waiting.ordinal)
            self._undecodable += taken - len(columns[0])
            return taken

        each_alone(len(times), decode, self._failed)

    def settle(self, file: SpoolFile) -> SpooledChannel:
        """All is written: what became of it."""
        try:
            return self._settle(file)
        except OSError:
            raise
        except BaseException as error:
            self._limits.give_up(self._slug, f"its columns cannot be made ({contained(error)})")
            self._decode_with(RawDecoder())
            self._spool.forget()
            return self._settle(file)

    def _settle(self, file: SpoolFile) -> SpooledChannel:
        decoder = self._decoder
        channel = column_channel(self._definition, self._slug, decoder.fields, decoder.enums)
        settled = self._spool.settle(channel, file, decoder.conform, self._failed)
        notices = (*self._notices(channel.topic), *settled.notices)
        return replace(settled, undecodable=self._undecodable, notices=notices)

    def _failed(self, _: int, reason: str) -> None:
        self._undecodable += 1
        self._failures.append(reason)
        if len(self._failures) > _MOST_FAILURES:
            self._limits.give_up(self._slug, f"its decoder fails at most messages ({reason})")

    def _notices(self, topic: str) -> list[str]:
        found = [f"{topic} {self._decoder.notice}."] if self._decoder.notice else []
        if self._failures:
            found.append(f"{topic}: the decoder failed at {len(self._failures):,} messages ({self._failures[0]}).")
        return found

    def _rows_at_once(self, payloads: pa.BinaryArray) -> int:
        per_row = max(1, int(payloads.nbytes) // max(1, len(payloads)))
        return max(1, min(self._decoder.max_rows, _PAYLOAD_BYTES // per_row))

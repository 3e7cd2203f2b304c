"""Protobuf: ptars decodes whole batches, google.protobuf what ptars would decode in another way.

The values, and which messages are none, are google.protobuf's. ptars' columns are taken where it is proven that
they are the same, or where google.protobuf takes the payloads too; rows in which the two may still differ are
decoded again.
"""

from __future__ import annotations

from copy import copy
from functools import lru_cache

import numpy as np
import pyarrow as pa

from paddock.columns.containment import contained
from paddock.columns.limits import Limits, OverLimit
from paddock.readers.decoders.decoded import Decoded, Undecodable
from paddock.readers.decoders.protobuf_fast import fast_handler, finished, is_final
from paddock.readers.decoders.protobuf_proof import Proof, can_be_proven
from paddock.readers.decoders.protobuf_rows import arrow_rows, loses_entries
from paddock.readers.decoders.protobuf_schema import descriptor, needed
from paddock.readers.decoders.protobuf_types import Planner
from paddock.readers.decoders.protobuf_wire import (
    FEW,
    FRAMED_BYTES,
    Judge,
    Mask,
    bytes_of,
    parse,
    size_of,
    sizes_of,
)
from paddock.readers.decoders.schema import Schema

ENCODING = "protobuf"


def decoder(schema: Schema | None, limits: Limits) -> ProtobufDecoder:
    """The decoder of a channel with this schema.

    Raises:
        Undecodable: the schema is missing or broken.
        OverLimit: it has more fields than are left.
    """
    if schema is None:
        raise Undecodable("its schema is missing")
    if schema.encoding != "protobuf":
        raise Undecodable(f"its schema is {schema.encoding or 'nothing'}, not protobuf")
    count = needed(schema.name, schema.data).field_count
    if count > limits.fields_left:
        limits.take_fields(count)
    found = _shared(schema.name, schema.data, limits.batch_bytes)
    return found if limits.take_names(sum(map(len, found.enums.values()))) else found.without_names()


@lru_cache(maxsize=256)
def _shared(name: str, data: bytes, batch_bytes: int) -> ProtobufDecoder:
    """Topics of one schema, and the logs of one season, share what was worked out for it."""
    return ProtobufDecoder(name, data, batch_bytes)


class ProtobufDecoder:
    """Decodes one message type. A time outside the years 1677 to 2262 becomes the nearest inside."""

    conform = None

    def __init__(self, name: str, data: bytes, batch_bytes: int) -> None:
        wanted = needed(name, data)
        described = descriptor(name, data, wanted)
        planner = Planner()
        self._plan = planner.root(described)
        self.enums = planner.enums
        self.fields = self._plan.arrow
        self._left_out, self._unnamed = wanted.left_out, planner.unnamed
        self.notice = _notice(self._left_out, self._unnamed)
        self.max_rows = max(1, batch_bytes // max(1, self._plan.row_bytes))
        self._handler = fast_handler(self._plan)
        # As Python's objects, values take many times as much.
        self._part_bytes = batch_bytes if self._handler is None else 4 * batch_bytes
        self._is_final = is_final(self._plan)
        self._proof = Proof(self._plan) if can_be_proven(self._plan) else None
        self._judge = Judge(described)

    def without_names(self) -> ProtobufDecoder:
        """This decoder without names of enums, for a log that has too many already."""
        other = copy(self)
        other.enums = {}
        other.notice = _notice(self._left_out, [*self.enums, *self._unnamed])
        return other

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """Decode some messages; proto2 defaults are filled in, other absent fields with presence are null.

        Raises:
            OverLimit: a message would become more than a batch may be.
        """
        while (most := self._most_bytes(payloads)) > self._part_bytes:
            if len(payloads) == 1:
                raise OverLimit(f"decoded, one of its messages would be {most >> 20:,} MB")
            payloads = payloads[: len(payloads) // 2]
        part = self._part(payloads)
        return Decoded(part.messages, part.kept, len(payloads))

    def _most_bytes(self, payloads: pa.BinaryArray) -> int:
        """What payloads can become at most through what is repeated in them."""
        most = self._plan.growth * size_of(payloads)
        return self._plan.most_bytes(bytes(bytes_of(payloads))) if most > self._part_bytes else most

    def _part(self, payloads: pa.BinaryArray) -> Decoded:
        """Some messages, and which rows of the payloads they are; None for all."""
        if self._handler is None:
            return self._by_rows(payloads)
        must_ask = self._proof is None or len(payloads) <= FEW or _is_odd(payloads)
        kept = self._judge.accepts(payloads) if must_ask else None
        raw = self._read(payloads, kept)
        is_proven = raw is not None and self._is_proven(raw, _taken(payloads, kept))
        if not must_ask and not is_proven:
            kept = self._judge.accepts(payloads)
            if raw is None or kept is not None:
                raw = self._read(payloads, kept)
        if raw is None:
            return self._by_rows(payloads)
        return Decoded(self._finished(raw, _taken(payloads, kept), is_proven), kept)

    def _read(self, payloads: pa.BinaryArray, kept: Mask | None) -> pa.StructArray | None:
        """What ptars makes of those that are kept; None when it refuses one."""
        try:
            batch = self._handler.array_to_record_batch(_taken(payloads, kept))
        except BaseException as error:  # A panic of Rust is no Exception.
            contained(error)
            return None
        return batch.to_struct_array()

    def _is_proven(self, raw: pa.StructArray, payloads: pa.BinaryArray) -> bool:
        return self._proof is not None and self._proof.least_bytes(raw) == size_of(payloads)

    def _finished(self, raw: pa.StructArray, payloads: pa.BinaryArray, is_proven: bool) -> pa.StructArray:
        """What ptars made, with the rows of google.protobuf where the two differ."""
        if self._is_final:
            return raw
        messages, doubtful = finished(raw, self._plan)
        if self._plan.has_maps and not is_proven:
            doubtful |= np.array([self._loses_entries(payload) for payload in payloads.to_pylist()], bool)
        rows = np.flatnonzero(doubtful)
        if not len(rows):
            return messages
        asked = self._by_rows(payloads.take(pa.array(rows)))
        rows = rows if asked.kept is None else rows[asked.kept]
        places = np.arange(len(messages))
        places[rows] = len(messages) + np.arange(len(rows))
        return pa.concat_arrays([messages, asked.messages]).take(pa.array(places))

    def _loses_entries(self, payload: bytes) -> bool:
        message = parse(self._judge.message_class, payload)
        try:
            return message is not None and loses_entries(message, self._plan)
        except UnicodeDecodeError:
            return True

    def _by_rows(self, payloads: pa.BinaryArray) -> Decoded:
        return arrow_rows(self._judge.message_class, payloads, self._plan)


def _taken(payloads: pa.BinaryArray, kept: Mask | None) -> pa.BinaryArray:
    return payloads if kept is None else payloads.filter(pa.array(kept))


def _is_odd(payloads: pa.BinaryArray) -> bool:
    """Whether there may be what ptars does not survive: groups in groups without end, sizes beyond 2^64.

    Such a size has eight bytes 0xff in a row, and so has four that are a whole number of steps from the first byte.
    """
    if int(sizes_of(payloads).max()) > FRAMED_BYTES:
        return True
    data = bytes_of(payloads)
    words = np.frombuffer(data, np.uint32, len(data) // 4)
    return bool(len(words)) and int(words.max()) == 0xFFFFFFFF


def _notice(left_out: list[str], unnamed: list[str]) -> str:
    """What is not as the schema says."""
    parts = []
    if left_out:
        parts.append(f"is read without {_listed(left_out)}: its schema lacks the types of these extensions")
    if unnamed:
        parts.append(f"has no names for the values of {_listed(unnamed)}: there are too many")
    return ", and ".join(parts)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more

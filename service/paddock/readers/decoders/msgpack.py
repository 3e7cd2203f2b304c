"""MessagePack: what JSON can say as well is decoded as JSON is; bytes become base64."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from paddock.columns.limits import Limits
from paddock.columns.spool_channel import Conform
from paddock.readers.decoders import json
from paddock.readers.decoders.decoded import Decoded
from paddock.readers.decoders.schema import Schema

ENCODING = "msgpack"


def decoder(schema: Schema | None, limits: Limits) -> MsgpackDecoder:
    """The decoder of a channel with this schema; any other schema than a JSON Schema says nothing."""
    return MsgpackDecoder(json.decoder(schema, limits))


class MsgpackDecoder:
    """Writes each message as JSON, for the decoder of JSON."""

    def __init__(self, as_json: json.JsonDecoder) -> None:
        self._json = as_json
        self.enums: dict[str, dict[int, str]] = {}

    @property
    def fields(self) -> pa.StructType:
        """See ``Decoder``."""
        return self._json.fields

    @property
    def notice(self) -> str:
        """See ``Decoder``."""
        return self._json.notice

    @property
    def max_rows(self) -> int:
        """See ``Decoder``."""
        return self._json.max_rows

    @property
    def conform(self) -> Conform:
        """See ``Decoder``."""
        return self._json.conform

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """See ``Decoder``."""
        texts = [_as_json(each) for each in payloads.to_pylist()]
        valid = [number for number, text in enumerate(texts) if text is not None]
        if not valid:
            return Decoded(pa.array([], self.fields), np.zeros(len(texts), bool))
        decoded = self._json.decode(pa.array([texts[number] for number in valid], pa.binary()))
        count = len(valid) if decoded.taken is None else decoded.taken
        taken = len(texts) if count == len(valid) else valid[count]
        kept = np.zeros(taken, bool)
        kept[valid[:count]] = True if decoded.kept is None else decoded.kept
        return Decoded(decoded.messages, kept, taken)


def _as_json(payload: bytes) -> bytes | None:
    """The same message as JSON; None where it is none, or says what JSON cannot."""
    try:
        return msgspec.json.encode(msgspec.msgpack.decode(payload))
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError):
        return None

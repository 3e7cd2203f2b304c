"""Payloads that nobody here can read: kept as bytes in the one field ``data``."""

from __future__ import annotations

import pyarrow as pa

from paddock.columns.columns import AS_BYTES
from paddock.readers.decoders.decoded import Decoded


class RawDecoder:
    """Keeps payloads as they are."""

    fields: pa.StructType = AS_BYTES
    max_rows = 1 << 30
    conform = None

    def __init__(self, notice: str = "") -> None:
        self.notice = notice
        self.enums: dict[str, dict[int, str]] = {}

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """The payloads as they are, in the field ``data``."""
        return Decoded(pa.StructArray.from_arrays([payloads], fields=list(self.fields)))

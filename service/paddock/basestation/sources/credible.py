"""What a car says of a log, as far as it can be: the rest of it must stop neither the ledger nor a server."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from paddock.basestation.sources.source import SeenFile
from paddock.domain.sidecar import MAX_CLOCK_OFFSET_NS, MAX_FIELD_NAME, MAX_FIELDS, MAX_VALUE
from paddock.domain.words import encodable

_MOST_BYTES = 2**63 - 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


def credible(seen: SeenFile) -> SeenFile:
    """A log as a car listed it, without values that no log can have; with a trouble where its size cannot be."""
    trouble = encodable(seen.trouble) if seen.trouble is not None else None
    size_bytes = seen.size_bytes
    if not 0 <= size_bytes <= _MOST_BYTES:
        size_bytes, trouble = 0, "The car says that it has a size which no file has."
    offset_ns = seen.clock_offset_ns
    return msgspec.structs.replace(
        seen,
        size_bytes=size_bytes,
        sha256=seen.sha256 if seen.sha256 is not None and _SHA256.fullmatch(seen.sha256) else None,
        metadata=_credible_metadata(seen.metadata),
        clock_offset_ns=offset_ns if offset_ns is not None and abs(offset_ns) <= MAX_CLOCK_OFFSET_NS else None,
        trouble=trouble,
    )


def _credible_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    fitting = [
        (encodable(name), encodable(value))
        for name, value in metadata.items()
        if len(name) <= MAX_FIELD_NAME and len(value) <= MAX_VALUE
    ]
    return dict(fitting[:MAX_FIELDS])

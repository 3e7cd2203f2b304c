"""Deflated bytes of a log, unpacked as far as they are sound."""

from __future__ import annotations

import zlib

_STEP_BYTES = 1 << 20
_SMALL_STEP_BYTES = 64


def inflated(packed: bytes, most: int) -> tuple[bytes, int]:
    """Deflated bytes unpacked up to where they are damaged, and how many bytes are behind that."""
    inflater = zlib.decompressobj()
    parts: list[bytes] = []
    size = 0
    step = _STEP_BYTES
    begin = 0
    while begin < len(packed) and size < most and not inflater.eof:
        before = inflater.copy() if step > _SMALL_STEP_BYTES else None
        try:
            part = inflater.decompress(packed[begin : begin + step], most - size)
        except zlib.error:
            if before is None:
                return b"".join(parts), len(packed) - begin
            # Once more in small steps, up to the damage.
            inflater, step = before, _SMALL_STEP_BYTES
            continue
        parts.append(part)
        size += len(part)
        begin += step
    return b"".join(parts), 0 if inflater.eof or size >= most else 1

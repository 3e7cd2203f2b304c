"""What an export is, in words for people; ``ExportRequest.words`` has those for file names."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paddock.domain.export import ExportRequest
from paddock.domain.instants import to_rfc3339

NAMED = 2
"""Signals that are spelled out; of more only their number is said."""


def read_request(text: str) -> ExportRequest:
    """A request as jobs and artifacts keep it; what an older version wrote becomes one of the defaults."""
    try:
        return msgspec.json.decode(text, type=ExportRequest)
    except msgspec.DecodeError:
        return ExportRequest()


def export_words(request: ExportRequest) -> str:
    """``MAT, hytech-v2, 100 Hz, VNData, 60 s to 120 s``: the format, then all that is not as usual."""
    said = [request.format.upper(), *_shape(request)]
    if request.rate_hz is not None:
        said.append(f"{request.rate_hz:g} Hz" + (" interpolated" if request.interpolation == "linear" else ""))
    if request.signals:
        named = len(request.signals) <= NAMED
        said.append(" and ".join(request.signals) if named else f"{len(request.signals)} signals")
    start, end = _end(request.start_ns, request.start_s), _end(request.end_ns, request.end_s)
    if start or end:
        said.append(f"{start or 'start'} to {end or 'end'}")
    return ", ".join(said)


def _shape(request: ExportRequest) -> Iterator[str]:
    if request.layout:
        yield request.layout
    if request.mat_version:
        yield f"v{request.mat_version}"
    if request.native:
        yield "native"
    if request.compress:
        yield "compressed"


def _end(instant_ns: int | None, second: float | None) -> str:
    """One end of the span, empty where it is open."""
    if instant_ns is not None:
        return to_rfc3339(instant_ns)
    return "" if second is None else f"{second:.12g} s"

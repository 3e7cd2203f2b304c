"""An export: a request for one artifact. One definition, used by command line, API and site."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from paddock.domain.instants import INT64_MAX, to_rfc3339
from paddock.domain.recording import Purpose, Recording, StartedSource

Interpolation = Literal["hold", "linear"]
_Instant = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class ExportRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to take from a log, and in which shape.

    The names of formats and layouts are checked against the registry in ``formats/``.
    """

    format: Annotated[str, Meta(max_length=100)] = "mat"
    layout: Annotated[str, Meta(max_length=100)] = ""
    """Empty for the format's default."""
    signals: Annotated[tuple[Annotated[str, Meta(max_length=1_000)], ...], Meta(max_length=2_000)] = ()
    """Globs over topics (``VNData``) and signals (``VNData.vn_gps.*``); empty for everything."""
    start_ns: _Instant | None = None
    """First instant, since the Unix epoch."""
    end_ns: _Instant | None = None
    """First instant that is not taken any more."""
    start_s: float | None = None
    """First instant in seconds since the start of the recording; either this or ``start_ns`` is given."""
    end_s: float | None = None
    rate_hz: float | None = None
    """One common raster for all signals; None keeps every message at its own time."""
    interpolation: Interpolation = "hold"
    """How floats reach the raster; everything else holds."""
    native: bool = False
    """MATLAB: keep the log's number types instead of double."""
    compress: bool = False
    mat_version: Literal["", "5", "7.3"] = ""
    """Empty to choose by size."""

    def words(self) -> str:
        """What tells its file from others of the same log, for names: ``100Hz_60s-120s``; empty for all of it."""
        parts = [self.layout, _span_words(self), _signal_words(self.signals)]
        if self.rate_hz is not None:
            parts.append(f"{self.rate_hz:.15g}Hz" + ("-linear" if self.interpolation == "linear" else ""))
        parts += [
            "native" * self.native,
            "compressed" * self.compress,
            "v" * bool(self.mat_version) + self.mat_version,
        ]
        return "_".join(filter(None, parts))


def _span_words(request: ExportRequest) -> str:
    ends = [
        f"{seconds:.15g}s" if seconds is not None else "" if instant is None else _compact(instant)
        for seconds, instant in ((request.start_s, request.start_ns), (request.end_s, request.end_ns))
    ]
    if not any(ends):
        return ""
    return "-".join(ends) if all(ends) else f"from-{ends[0]}" if ends[0] else f"to-{ends[1]}"


def _compact(instant_ns: int) -> str:
    """``20260418T143200Z``."""
    return re.sub(r"[-:]", "", to_rfc3339(instant_ns)) if abs(instant_ns) <= INT64_MAX else f"{instant_ns}ns"


def _signal_words(signals: tuple[str, ...]) -> str:
    """The signal itself where a file name can say it; else a hash, so that other signals make another name."""
    if not signals:
        return ""
    wanted = sorted(set(signals))
    if len(wanted) == 1 and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,59}", wanted[0]):
        return wanted[0]
    digest = hashlib.sha256("\n".join(wanted).encode(errors="surrogatepass")).hexdigest()[:6]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", wanted[0]).strip("-")[:30]
    return f"{readable}-{digest}" if len(wanted) == 1 else f"{len(wanted)}-signals-{digest}"


DEFAULT_EXPORT = ExportRequest(format="mat")
VIEWER_COPY = ExportRequest(format="mcap")


def purpose_of(request: ExportRequest) -> Purpose:
    """What an artifact is for: the whole log in the default shape is the default file, whoever asked for it."""
    if request == DEFAULT_EXPORT:
        return Purpose.DEFAULT
    return Purpose.VIEWER if request == VIEWER_COPY else Purpose.EXPORT


def artifact_id(
    recording: Recording,
    request: ExportRequest,
    converter: str,
    units: Mapping[str, str] | None = None,
    derived: Mapping[str, str] | None = None,
) -> str:
    """The same request of the same recording by the same code is the same artifact.

    What people say about the recording and its units is written into files, so other metadata, another setup sheet
    or other ``units`` (those that the catalogue says; a guess comes from the code) make another artifact. So do
    other CAN databases, and other versions of the maths channels that it holds, ``derived``: the slug of each by
    name.
    """
    said = {name: known.value for name, known in recording.metadata.items()}
    canonical: list[object] = [
        recording.id,
        msgspec.structs.replace(request, signals=tuple(sorted(set(request.signals)))),
        converter,
        said,
        None if recording.started_source is StartedSource.LOG_TIME else {"started_ns": recording.started_ns},
    ]
    if units:
        canonical.append(units)
    if recording.setup_values:
        canonical.append({"setup": recording.setup_values})
    if recording.decoded_by:
        canonical.append({"decoded_by": recording.decoded_by})
    if derived:
        canonical.append({"derived": derived})
    return hashlib.sha256(msgspec.json.encode(canonical, order="deterministic")).hexdigest()[:32]

"""A recording as the client found it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from paddock.client.connection import Connection
from paddock.client.export import PendingExport
from paddock.client.files import Artifact, Attachment, Download
from paddock.client.signals import SignalData, Signals, read
from paddock.domain.export import ExportRequest, Interpolation


class Value(msgspec.Struct, frozen=True):
    """A metadata value and who said so: ``file``, ``base_station`` or ``person``."""

    value: str
    source: str


class Failure(msgspec.Struct, frozen=True):
    """Why a recording failed."""

    code: str
    message: str


class FoundRecording(msgspec.Struct, kw_only=True, dict=True):
    """One log file from a car, as it was when it was asked for; ``refresh`` asks again."""

    id: str
    name: str
    status: str
    size_bytes: int
    names: tuple[str, ...] = ()
    health: str | None = None
    message_count: int | None = None
    started_at: str | None = None
    """RFC 3339, UTC."""
    duration_s: float | None = None
    metadata: dict[str, Value] = {}
    highlights: dict[str, Any] = {}
    """Distance, highest speed and the like, as far as the log has them."""
    original: Download | None = None
    artifacts: tuple[Artifact, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    """The files inside the log; a search leaves them out, ``refresh`` has them."""
    error: Failure | None = None
    version: int | None = None

    def __post_init__(self) -> None:
        self._connection: Connection | None = None

    @property
    def _path(self) -> str:
        return f"/api/recordings/{self.id}"

    def _asked(self) -> Connection:
        assert self._connection is not None, "a client made it"
        return self._connection

    def __getitem__(self, field: str) -> str:
        """The value of a metadata field, empty when nobody said: ``recording["driver"]``."""
        return self.metadata[field].value if field in self.metadata else ""

    def refresh(self) -> FoundRecording:
        """The recording as it is now."""
        return found(self._asked(), self._asked().call("GET", self._path))

    def edit(self, **metadata: str) -> FoundRecording:
        """Change metadata fields; an empty text clears one.

        Raises:
            Conflict: somebody changed the same field since this recording was asked for.
            Rejected: there is no such field, or the value is too long.
        """
        body: dict[str, object] = {"metadata": metadata}
        if self.version is not None:
            body["version"] = self.version
        return found(self._asked(), self._asked().call("PATCH", self._path, json=body))

    def export(self, format: str = "mat", **request: Any) -> PendingExport:
        """Ask for one file; the fields of ``ExportRequest`` are taken by name: ``signals``, ``rate_hz`` …

        Raises:
            Conflict: the recording is not ready.
            Rejected: there is no such format, layout or option.
        """
        asked = msgspec.convert({"format": format, **request}, ExportRequest)
        return PendingExport(self._asked(), self.id, asked)

    def signals(
        self,
        names: Sequence[str],
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        rate_hz: float | None = None,
        interpolation: Interpolation = "hold",
    ) -> Signals:
        """Series by name; names may have globs (``VNData.vn_vel_m_s.*``).

        Args:
            start_s: seconds since the start of the recording.
            end_s: the first that is not taken any more.
            rate_hz: one common raster for all; without, every sample is at its own time.
            interpolation: how floats reach the raster.

        Raises:
            Rejected: the log has no such signal.
        """
        pending = self.export(
            "arrow",
            signals=tuple(names),
            start_s=start_s,
            end_s=end_s,
            rate_hz=rate_hz,
            interpolation=interpolation,
        )
        with tempfile.TemporaryDirectory(prefix="paddock-") as folder:
            return read(pending.wait().save(Path(folder)), names)

    def signal(self, name: str, **span: Any) -> SignalData:
        """One series; see ``signals``."""
        series = self.signals([name], **span)
        return series[name] if name in series else next(iter(series.values()))

    def download(self, target: Path | str = ".", file: Download | None = None) -> Path:
        """Save the original log, or another file such as one of ``attachments``, to a file or into a folder."""
        return self._asked().download(file.url if file else f"{self._path}/original", Path(target))

    def reprocess(self) -> FoundRecording:
        """Have the log converted again; the old files are served until the new ones are whole.

        Raises:
            Conflict: its bytes never arrived: upload them again.
        """
        return found(self._asked(), self._asked().call("POST", f"{self._path}/reprocess"))


def found(connection: Connection, answer: Any) -> FoundRecording:
    """A recording from the service's JSON; fields of newer services are passed over."""
    recording = msgspec.convert(answer, FoundRecording)
    recording._connection = connection
    return recording

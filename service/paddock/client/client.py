"""The client itself: find recordings, send logs, take files away; the rest of its calls are parts beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import quote

import msgspec

from paddock.client.alert import Alert
from paddock.client.bundle import PendingBundle
from paddock.client.catalogue import CatalogueCalls
from paddock.client.checklists import ChecklistCalls
from paddock.client.connection import Connection
from paddock.client.databases import DatabaseCalls
from paddock.client.devices import DeviceCalls
from paddock.client.export import PendingExport
from paddock.client.fields import FieldCalls
from paddock.client.job import Job
from paddock.client.known import KnownLog, ask_known
from paddock.client.members import MemberCalls
from paddock.client.recording import FoundRecording
from paddock.client.upload import Announcement, Progress, say_along, sha256_of, upload
from paddock.domain.export import ExportRequest
from paddock.domain.sidecar import Sidecar
from paddock.domain.words import encodable

if TYPE_CHECKING:
    import pyarrow as pa

_SQL_TIMEOUT_S = 180.0
"""The service ends a query after a minute; others may be before it."""


class Client(DeviceCalls, MemberCalls, FieldCalls, CatalogueCalls, DatabaseCalls, ChecklistCalls):
    """Talks to the service at ``url``. Use it as a context manager.

    Args:
        url: like ``http://127.0.0.1:8080``.
        timeout_s: how long one request may take to answer.
        token: of yours, where people sign in; None for what ``PADDOCK_TOKEN`` says.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8080", *, timeout_s: float = 60, token: str | None = None
    ) -> None:
        self._connection = Connection(url, timeout_s, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def search(self, text: str = "", **filters: str | Sequence[str]) -> Iterator[FoundRecording]:
        """Recordings for which everything that is given holds, the latest start first.

        Args:
            text: words to find in names, metadata and id.
            filters: those of ``GET /api/recordings``; a list means any of its values: ``car``, ``driver``,
                ``event`` and every other short metadata field (``fields`` names them), ``health``, ``topic``,
                ``signal`` (``"max(BatteryPack.cell_temp) > 55"``), ``setup`` (``"spring_front >= 35"``),
                ``since`` and ``until`` (a date or an RFC 3339 time).

        Raises:
            Rejected: a filter that is not there, or cannot be read.
        """
        names = {"since": "from", "until": "to"}
        asked = {"q": text, **{names.get(name, name): value for name, value in filters.items()}}
        for item in self._connection.items("/api/recordings", asked):
            yield FoundRecording.of(self._connection, item)

    def get(self, recording_id: str) -> FoundRecording:
        """One recording, by its id or an unambiguous beginning of it.

        Raises:
            NotFound: there is none.
            Conflict: several begin so.
        """
        return FoundRecording.of(self._connection, self._connection.call("GET", f"/api/recordings/{recording_id}"))

    def edit(
        self,
        recording_id: str,
        metadata: Mapping[str, str],
        *,
        source: Literal["person", "base_station"] = "person",
    ) -> FoundRecording:
        """Change metadata fields of a recording by its id, whatever it says by now.

        Args:
            recording_id: or an unambiguous beginning of it.
            metadata: by field; an empty text clears one.
            source: who says it. What a person said stays, whatever a base station says afterwards.

        Raises:
            NotFound: there is no such recording.
            Rejected: there is no such field, or the value is too long.
        """
        body = {"metadata": dict(metadata), "source": source}
        answer = self._connection.call("PATCH", f"/api/recordings/{recording_id}", json=body)
        return FoundRecording.of(self._connection, answer)

    def known_values(self) -> dict[str, tuple[str, ...]]:
        """By metadata field, the values that recordings have, the most frequent first."""
        return msgspec.convert(self._connection.call("GET", "/api/metadata-values"), dict[str, tuple[str, ...]])

    def export(self, recording_id: str, request: ExportRequest) -> PendingExport:
        """Ask for one file of a recording by its id; ``FoundRecording.export`` takes the request's fields by name.

        Raises:
            NotFound: there is no such recording.
            Conflict: it is not ready.
            Rejected: there is no such format, layout or option.
        """
        return PendingExport(self._connection, recording_id, request)

    def export_many(
        self, recordings: Iterable[FoundRecording | str], format: str = "mat", **request: Any
    ) -> PendingBundle:
        """Ask for the same file of several recordings, to save each or all in one zip.

        Args:
            recordings: as a search found them, or their ids.
            format: of every file.
            request: the fields of ``ExportRequest`` by name: ``signals``, ``rate_hz`` …

        Raises:
            NotFound: there is no recording with one of the ids.
            Conflict: none of them is ready.
            Rejected: none of them can have it.
        """
        ids = [each if isinstance(each, str) else each.id for each in recordings]
        asked = msgspec.convert({"format": format, **request}, ExportRequest)
        return PendingBundle(self._connection, ids, asked)

    def upload(
        self,
        path: Path | str,
        *,
        metadata: Mapping[str, str] | None = None,
        sidecar: Sidecar | None = None,
        replace: bool = False,
        hashed: Progress = lambda _: None,
        sent: Progress = lambda _: None,
        known: Callable[[FoundRecording], None] | None = None,
        left_out: Callable[[str], None] = lambda _: None,
    ) -> FoundRecording:
        """Send one log and return its recording; bytes that the service has already are not sent again.

        Args:
            path: the log; after an interruption the same call goes on where it stopped.
            metadata: the team's fields; they fill only what is empty.
            sidecar: what car or base station say of it; it fills what is empty then, and corrects its start.
            replace: they also change what the recording of a log that is there says already.
            hashed: told about bytes that were read.
            sent: told about bytes that arrived.
            known: told the recording as it was, where the service has the log already.
            left_out: told in a sentence what the sidecar says and recordings cannot have.

        Raises:
            Rejected: the service refuses the file; the message says why.
            Unavailable: the service does not answer.
        """
        metadata = dict(metadata or {})
        connection, path = self._connection, Path(path)
        was = None if known is None else lambda answer: known(FoundRecording.of(connection, answer))
        sha256, size_bytes = sha256_of(path, hashed)
        announcement = Announcement(sha256, size_bytes, encodable(path.name), metadata)
        if sidecar is not None:
            for sentence in say_along(connection, announcement, sidecar)["left_out"]:
                left_out(sentence)
        recording = FoundRecording.of(connection, upload(connection, path, announcement, sent, was))
        others = {field: value for field, value in metadata.items() if recording[field] != value}
        return recording.edit(**others) if replace and others else recording

    def known(self, hashes: Sequence[str]) -> dict[str, KnownLog]:
        """Which logs are stored there, on the way or unknown, by their SHA-256; a question for each 1,000 of them.

        Raises:
            Rejected: one of them is no SHA-256 in lower-case hexadecimal digits.
        """
        return ask_known(self._connection, hashes)

    def jobs(self, *states: str) -> Iterator[Job]:
        """What is queued, running, done or dead, those that changed last first.

        Args:
            states: only jobs in these: ``jobs("queued", "running")``.
        """
        for item in self._connection.items("/api/jobs", {"state": states}):
            yield Job.of(self._connection, item)

    def sql(self, query: str) -> pa.Table:
        """Ask the whole season: one SELECT over ``recordings``, ``signals`` and ``samples('a signal')``.

        Returns:
            An Arrow table of up to a million rows; ``.to_pandas()`` where pandas is installed.

        Raises:
            Rejected: it is no such query, or asks for too much.
        """
        import pyarrow as pa

        asked = {"sql": query, "format": "arrow"}
        answer: bytes = self._connection.call("POST", "/api/sql", json=asked, timeout=_SQL_TIMEOUT_S, tries=1)
        return pa.ipc.open_stream(answer).read_all()

    def alerts(self, *states: str, car: str = "", device: str = "", recording: str = "") -> Iterator[Alert]:
        """What is wrong, the firing ones first.

        Args:
            states: only in these: ``alerts("firing", "acknowledged")``.
            car: only of this car.
            device: only of this device, by its id.
            recording: only in this recording, by its whole id.
        """
        filters = {"car": car, "device": device, "recording": recording}
        asked = {name: value for name, value in filters.items() if value}
        for item in self._connection.items("/api/alerts", {"state": states, **asked}):
            yield Alert.of(self._connection, item)

    def alert(self, alert_id: str) -> Alert:
        """One alert.

        Raises:
            NotFound: there is none with this id.
        """
        answer = self._connection.call("GET", f"/api/alerts/{quote(alert_id, safe='')}")
        return Alert.of(self._connection, answer)

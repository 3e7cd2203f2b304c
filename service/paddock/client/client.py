"""The client itself: find recordings, send logs, keep the signal catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import quote

import msgspec

from paddock.client.alert import Alert
from paddock.client.bundle import PendingBundle
from paddock.client.checklists import ChecklistCalls
from paddock.client.connection import Connection
from paddock.client.contents import SignalName
from paddock.client.database import AddedDatabase, Database, DatabaseChange
from paddock.client.devices import DeviceCalls
from paddock.client.export import PendingExport
from paddock.client.field import MetadataField
from paddock.client.job import Job
from paddock.client.known import KnownLog, ask_known
from paddock.client.maths import MathsChannel
from paddock.client.member import HandedTunnel, Member
from paddock.client.recording import FoundRecording
from paddock.client.setup import SetupComparison, SetupField
from paddock.client.upload import Announcement, Progress, say_along, sha256_of, upload
from paddock.domain.export import ExportRequest
from paddock.domain.sidecar import Sidecar
from paddock.domain.words import encodable

if TYPE_CHECKING:
    import pyarrow as pa

_SQL_TIMEOUT_S = 180.0
"""The service ends a query after a minute; others may be before it."""


class Client(DeviceCalls, ChecklistCalls):
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

    def find_signals(self, text: str = "", *, limit: int = 20) -> tuple[SignalName, ...]:
        """Names that signals have over all recordings; ``FoundRecording.find_signals`` has those of one.

        Args:
            text: the beginning of a name, or words from inside: ``"cell temp"``.
            limit: how many at most.
        """
        answer = self._connection.call("GET", "/api/signal-names", params={"q": text, "limit": limit})
        return msgspec.convert(answer, tuple[SignalName, ...])

    def jobs(self, *states: str) -> Iterator[Job]:
        """What is queued, running, done or dead, those that changed last first.

        Args:
            states: only jobs in these: ``jobs("queued", "running")``.
        """
        for item in self._connection.items("/api/jobs", {"state": states}):
            yield Job.of(self._connection, item)

    def members(self) -> tuple[Member, ...]:
        """Everybody who is let in, through the VPN and on the site.

        Raises:
            NotFound: this Paddock answers its own machine only.
        """
        return msgspec.convert(self._connection.call("GET", "/api/members")["items"], tuple[Member, ...])

    def add_member(self, name: str, *, public_key: str = "", address: str | None = None) -> HandedTunnel:
        """Let somebody in. What this answers has their private key, and nothing else ever has.

        Args:
            name: as the history is to have it.
            public_key: of the member, who keeps the private one; empty to make both.
            address: in the VPN; None for the next one that is free.

        Raises:
            Rejected: name, key or address cannot be used.
            Conflict: another member has one of them.
        """
        body = {"name": name, "public_key": public_key, "address": address or ""}
        # Sent once: a second try would find the name taken, and the key of the first one would be lost.
        return msgspec.convert(self._connection.call("POST", "/api/members", json=body, tries=1), HandedTunnel)

    def rotate_member(self, name: str, *, public_key: str = "") -> HandedTunnel:
        """Give a member another key: the old tunnel ends at once, name and address stay.

        Raises:
            NotFound: there is no such member.
        """
        body = {"public_key": public_key}
        path = f"/api/members/{quote(name, safe='')}/rotate"
        return msgspec.convert(self._connection.call("POST", path, json=body), HandedTunnel)

    def remove_member(self, name: str) -> None:
        """Shut a member out: the tunnel ends at once, and so does what they have open on the site.

        Raises:
            NotFound: there is no such member.
            Conflict: it would be yourself.
        """
        self._connection.call("DELETE", f"/api/members/{quote(name, safe='')}")

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

    def databases(self) -> tuple[Database, ...]:
        """The CAN databases of the team, the last added first."""
        return msgspec.convert(self._connection.call("GET", "/api/databases")["items"], tuple[Database, ...])

    def database_changes(self, database_id: str) -> tuple[DatabaseChange, ...]:
        """What a CAN database changes beside the version before it.

        Raises:
            NotFound: there is none of that id.
        """
        answer = self._connection.call("GET", f"/api/databases/{quote(database_id, safe='')}/changes")
        return msgspec.convert(answer["changes"], tuple[DatabaseChange, ...])

    def add_database(
        self,
        path: Path | str,
        *,
        car: str = "",
        bus: str = "",
        valid_from: str = "",
        valid_until: str = "",
        note: str = "",
    ) -> AddedDatabase:
        """Add a DBC file; recordings whose frames were only bytes are converted by it.

        Args:
            path: the file.
            car: only for logs of this car.
            bus: only for this bus of logs, such as ``"can0"``.
            valid_from: first day of recordings that it decodes, ``"2026-03-01"``.
            valid_until: last such day.
            note: why it is there.

        Raises:
            Rejected: it is no database, or a day is none.
        """
        path = Path(path)
        content = path.read_bytes()
        use = {"car": car, "bus": bus, "valid_from": valid_from, "valid_until": valid_until, "note": note}
        answer = self._connection.call(
            "POST", "/api/databases", params={"name": encodable(path.name), **use}, content=lambda: iter([content])
        )
        return msgspec.convert(answer, AddedDatabase)

    def retire_database(self, database_id: str) -> None:
        """Have a database decode nothing new; what it decoded stays.

        Raises:
            NotFound: there is none.
        """
        self._connection.call("DELETE", f"/api/databases/{quote(database_id, safe='')}")

    def decode_anew(self) -> int:
        """Convert all recordings again whose frames other databases would decode today; how many."""
        return int(self._connection.call("POST", "/api/databases/decode")["converted"])

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

    def maths(self) -> tuple[MathsChannel, ...]:
        """The maths channels of the team, by name."""
        return msgspec.convert(self._connection.call("GET", "/api/maths")["items"], tuple[MathsChannel, ...])

    def set_maths(
        self,
        name: str,
        text: str,
        *,
        unit: str = "",
        car: str = "",
        constants: Mapping[str, float] | None = None,
        note: str = "",
        in_mat: bool = False,
    ) -> MathsChannel:
        """Have ``name`` computed of every recording, in the place of what was computed under it before.

        Args:
            name: of the signal it is from then on: ``run.signal("wheel_slip")``.
            text: the expression.
            unit: by default derived from those of the signals.
            car: only for this car.
            constants: numbers by name, for the expression.
            note: what it is for.
            in_mat: whether the MATLAB file of every recording holds it.

        Raises:
            Rejected: it means nothing, or its units do not go together.
        """
        said = {"name": name, "text": text, "unit": unit, "car": car, "note": note, "in_mat": in_mat}
        body = {**said, "constants": dict(constants or {})}
        known = [each for each in self.maths() if each.name == name and each.car.casefold() == car.casefold()]
        method, path = ("PUT", f"/api/maths/{known[0].id}") if known else ("POST", "/api/maths")
        return msgspec.convert(self._connection.call(method, path, json=body, tries=1), MathsChannel)

    def remove_maths(self, name: str, car: str = "") -> None:
        """Remove a maths channel, and its signal from all recordings.

        Raises:
            NotFound: there is none of this name for this car.
        """
        known = [each for each in self.maths() if each.name == name and each.car.casefold() == car.casefold()]
        self._connection.call("DELETE", f"/api/maths/{quote(known[0].id if known else name, safe='')}")

    def compare_setups(
        self, recordings: Sequence[FoundRecording | str], *, everything: bool = False
    ) -> SetupComparison:
        """What differs between the setups of two to ten runs, what their logs say themselves included.

        Args:
            recordings: the runs, or their ids.
            everything: also what is the same in all of them.
        """
        ids = [each if isinstance(each, str) else each.id for each in recordings]
        params = {"recordings": ",".join(ids), "only": not everything}
        return msgspec.convert(self._connection.call("GET", "/api/setups/compare", params=params), SetupComparison)

    def setup_fields(self) -> tuple[SetupField, ...]:
        """The fields of setup sheets in the order of the form."""
        return msgspec.convert(self._connection.call("GET", "/api/setup-fields")["items"], tuple[SetupField, ...])

    def add_setup_field(self, label: str, *, name: str = "", **said: Any) -> SetupField:
        """Give all setup sheets a further field.

        Args:
            label: what the site calls it: ``"Front damper"``.
            name: in programs; by default made from the label: ``front_damper``.
            said: ``unit``, ``kind`` (``"number"``, ``"text"`` or ``"choice"``), ``choices``, ``group``, ``column``.

        Raises:
            Rejected: it cannot be so.
            Conflict: there is a field of this name.
        """
        body = {"label": label, "name": name, **said}
        return msgspec.convert(self._connection.call("POST", "/api/setup-fields", json=body, tries=1), SetupField)

    def fields(self) -> tuple[MetadataField, ...]:
        """The metadata fields that recordings have, those that the team added last."""
        return msgspec.convert(self._connection.call("GET", "/api/fields")["items"], tuple[MetadataField, ...])

    def add_field(
        self, label: str, *, name: str = "", choices: Sequence[str] = (), column: bool = False
    ) -> MetadataField:
        """Give all recordings a further metadata field.

        Args:
            label: what the site calls it: ``"Tyre set"``.
            name: in searches, edits and MATLAB; by default made from the label: ``tyre_set``.
            choices: the only values that it may have; none for any text.
            column: whether it is a column of the list.

        Raises:
            Rejected: it cannot be called so, or there are too many.
            Conflict: there is a field of this name.
        """
        body = {"label": label, "name": name, "choices": list(choices), "column": column}
        return msgspec.convert(self._connection.call("POST", "/api/fields", json=body, tries=1), MetadataField)

    def change_field(
        self,
        name: str,
        *,
        label: str | None = None,
        choices: Sequence[str] | None = None,
        column: bool | None = None,
    ) -> MetadataField:
        """Change a field that the team added; what is not given stays, and so do values that recordings have.

        Raises:
            NotFound: the team has no such field of its own.
            Rejected: it cannot be called so.
        """
        known = next((field for field in self.fields() if field.name == name and field.own), None)
        body = {
            "label": label if label is not None else known.label if known else name,
            "choices": list(choices if choices is not None else known.choices if known else ()),
            "column": column if column is not None else known is not None and known.column,
        }
        path = f"/api/fields/{quote(name, safe='')}"
        return msgspec.convert(self._connection.call("PUT", path, json=body), MetadataField)

    def remove_field(self, name: str) -> None:
        """Take a field of the team out of forms and filters; what recordings say stays, and comes back with it.

        Raises:
            NotFound: the team has no such field of its own.
        """
        self._connection.call("DELETE", f"/api/fields/{quote(name, safe='')}")

    def signal_catalogue(self) -> str:
        """The team's signal catalogue, as the text of a ``signals.toml``."""
        return str(self._connection.call("GET", "/api/catalogue/signals.toml"))

    def replace_signal_catalogue(self, toml: str) -> int:
        """Replace it by that of a file; how many entries it has then.

        Raises:
            Rejected: it is no such file; the message has the line.
            Conflict: somebody changed the catalogue at the same moment.
        """
        version = self._connection.call("GET", "/api/catalogue")["version"]
        body = {"version": version, "toml": toml}
        return len(self._connection.call("POST", "/api/catalogue/import", json=body)["signals"])

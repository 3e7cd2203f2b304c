"""A recording as the client found it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from paddock.client.answer import Answer
from paddock.client.checks import Checked
from paddock.client.connection import PIECE_BYTES
from paddock.client.contents import Change, Channel, Loss, SignalSummary, Value
from paddock.client.export import PendingExport
from paddock.client.files import Artifact, Attachment, Download, MiscFile
from paddock.client.job import WAIT_S, Failure, Job, Patience
from paddock.client.laps import Laps
from paddock.client.setup import SetupSheet, SetupValue
from paddock.client.signals import SignalData, Signals, read
from paddock.domain.export import ExportRequest, Interpolation
from paddock.domain.recording import SHORT_ID_LENGTH
from paddock.domain.words import encodable
from paddock.errors import NotFound


class FoundRecording(Answer, kw_only=True, dict=True):
    """One log file from a car, as it was when it was asked for; ``refresh`` asks again.

    A search leaves out what is inside the log and beside it: ``channels``, ``attachments``, ``files``, ``loss`` and
    ``notices`` are empty there, and ``refresh`` has them.
    """

    id: str
    name: str
    status: str
    """``verifying``, ``stored``, ``converting``, ``ready``, or ``failed`` with an ``error``."""
    size_bytes: int
    names: tuple[str, ...] = ()
    health: str | None = None
    checks: str | None = None
    """What came of the team's checklists, ``passed`` or ``failed``; None until it was checked. See ``checked``."""
    failed_checks: int = 0
    message_count: int | None = None
    started_at: str | None = None
    """RFC 3339, UTC."""
    duration_s: float | None = None
    metadata: dict[str, Value] = msgspec.field(default_factory=dict)
    setup: dict[str, SetupValue] = msgspec.field(default_factory=dict)
    """Its setup sheet by field: ``recording.setup.get("spring_front")``."""
    highlights: dict[str, Any] = msgspec.field(default_factory=dict)
    """Distance, highest speed and the like, as far as the log has them."""
    original: Download | None = None
    """None until its bytes are verified, and when they are gone."""
    artifacts: tuple[Artifact, ...] = ()
    channels: tuple[Channel, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    """The files inside the log."""
    files: tuple[MiscFile, ...] = ()
    """What people put beside it."""
    loss: Loss | None = None
    """None until the log was read."""
    notices: tuple[str, ...] = ()
    """What is odd in the log but lost nothing, such as clock jumps."""
    outdated: tuple[str, ...] = ()
    """What of it older code made: ``reprocess`` makes it again."""
    original_fault: Failure | None = None
    """What is wrong with the stored original, and what to do."""
    error: Failure | None = None
    uploaded_at: str = ""
    """RFC 3339, UTC."""
    uploaded_by: str = ""
    deleted_at: str | None = None
    """RFC 3339, UTC; None while it is not deleted."""
    version: int | None = None

    def __repr__(self) -> str:
        said = [self.id[:SHORT_ID_LENGTH], self.name, self.status]
        said += [self.started_at] if self.started_at else []
        said += [f"{field}={each.value!r}" for field, each in self.metadata.items()]
        return f"<recording {' '.join(said)}>"

    @property
    def url(self) -> str:
        """Its page."""
        return f"{self._asked().url}/recordings/{self.id[:SHORT_ID_LENGTH]}"

    @property
    def _path(self) -> str:
        return f"/api/recordings/{self.id}"

    def __getitem__(self, field: str) -> str:
        """The value of a metadata field, empty when nobody said: ``recording["driver"]``."""
        return self.metadata[field].value if field in self.metadata else ""

    def refresh(self) -> FoundRecording:
        """The recording as it is now."""
        return self._answered("GET", self._path)

    def wait(self, *, timeout_s: float = WAIT_S) -> FoundRecording:
        """The recording once its log was converted: ``paddock.upload("run.mcap").wait().signal(…)``.

        Raises:
            Rejected: the log cannot be converted; the message says why.
            Unavailable: it is not converted after ``timeout_s`` (code ``not_done``).
        """
        recording = self.refresh()
        patience = Patience(timeout_s, f"The conversion of {self.name}")
        while recording.status != "ready":
            if recording.error is not None:
                raise recording.error.rejection()
            patience.pause()
            recording = recording.refresh()
        return recording

    def edit(self, *, started_at: str | None = None, **metadata: str) -> FoundRecording:
        """Change metadata fields; an empty text clears one.

        Args:
            started_at: when the car really began to record, where its clock lied; RFC 3339.
            metadata: the fields by name: ``driver="Adam"``.

        Raises:
            Conflict: somebody changed the same field since this recording was asked for.
            Rejected: there is no such field, or the value is too long.
        """
        body: dict[str, object] = {"metadata": metadata, "started_at": started_at}
        if self.version is not None:
            body["version"] = self.version
        return self._answered("PATCH", self._path, json=body)

    def history(self) -> Iterator[Change]:
        """What people changed, the last change first."""
        for change in self._asked().items(f"{self._path}/history"):
            yield msgspec.convert(change, Change)

    def undo(self, change: Change) -> FoundRecording:
        """Give a field its value from before a change back; this is a change as well.

        Raises:
            Conflict: the field was changed again since, or this change cannot be undone.
            NotFound: it is no change of this recording.
        """
        return self._answered("POST", f"{self._path}/history/{change.id}/undo")

    def delete(self) -> None:
        """Hide it. ``restore`` shows it again, and so does uploading the same bytes."""
        self._asked().call("DELETE", self._path)

    def restore(self) -> FoundRecording:
        """Show it again after it was deleted."""
        return self._answered("POST", f"{self._path}/restore")

    def add_file(self, path: Path | str, *, name: str | None = None) -> MiscFile:
        """Put a file beside the recording: a setup sheet, a photo of the tyres.

        Args:
            path: the file, of any kind, up to 100 MB.
            name: what it is called there; by default as here.

        Raises:
            Rejected: it is too large, or there are too many.
            Unavailable: the service did not answer: ``refresh`` tells whether the file arrived all the same.
        """
        path = Path(path)

        def pieces() -> Iterator[bytes]:
            with path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    yield piece

        answer = self._asked().call(
            "POST", f"{self._path}/files", params={"name": encodable(name or path.name)}, content=pieces, tries=1
        )
        return msgspec.convert(answer, MiscFile)

    def remove_file(self, file: MiscFile) -> FoundRecording:
        """Remove a file for good; the recording without it.

        Raises:
            NotFound: it is not there any more.
        """
        self._asked().call("DELETE", f"{self._path}/files/{file.id}")
        return self.refresh()

    def find_signals(self, text: str = "") -> tuple[SignalSummary, ...]:
        """Its signals with unit and statistics, by name; none until the log was converted.

        Args:
            text: words that name, label or role have: ``"cell temp"``.
        """
        answer = self._asked().call("GET", f"{self._path}/signals", params={"q": text})
        return msgspec.convert(answer["items"], tuple[SignalSummary, ...])

    def laps(self) -> Laps:
        """Its laps with sectors, out and in laps among them; none until the log was converted."""
        return msgspec.convert(self._asked().call("GET", f"{self._path}/laps"), Laps)

    def setup_sheet(self) -> SetupSheet:
        """Its setup sheet beside the car's run before, and what is otherwise."""
        return msgspec.convert(self._asked().call("GET", f"{self._path}/setup"), SetupSheet)

    def set_setup(self, *, copy_from: str = "last", **values: SetupValue | None) -> SetupSheet:
        """Enter values on its setup sheet; all else stays, and None takes a value away.

        Args:
            copy_from: what a run without a sheet begins with: ``"last"`` for the run of the car before, ``""`` for
                nothing, or the id of a recording, whose sheet is then copied also over one that is there.
            values: by field: ``spring_front=37.5``.

        Raises:
            Conflict: somebody changed the same value since this recording was asked for.
            Rejected: there is no such field, or it cannot have the value.
        """
        body: dict[str, object] = {"values": values, "copy_from": copy_from, "version": self.version}
        return msgspec.convert(self._asked().call("PUT", f"{self._path}/setup", json=body), SetupSheet)

    def checked(self) -> Checked:
        """What came of the team's checklists in it, rule by rule."""
        return msgspec.convert(self._asked().call("GET", f"{self._path}/checks"), Checked)

    def check(self) -> None:
        """Have it checked by today's checklists, in the background; ``checked().waiting`` tells until when."""
        self._asked().call("POST", f"{self._path}/checks")

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
            layout="messages",
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

    def download(
        self, target: Path | str = ".", file: Download | Attachment | None = None, *, overwrite: bool = False
    ) -> Path:
        """Save the original, or one of ``attachments``, ``files``, ``artifacts``; where it is.

        Args:
            target: a file or a folder: ``"notes/"``. Another file of the same name makes this one ``name (2)``;
                one with the same bytes is left as it is.
            file: which one; the original without.
            overwrite: whether a file that is there may go.

        Raises:
            Rejected: its name says another format (code ``bad_suffix``).
            NotFound: it is not there any more.
        """
        url = file.url if file else f"{self._path}/original"
        if url is None:
            why = self.original_fault.message if self.original_fault else "It is not there yet: wait for the log."
            raise NotFound(f"The attachment is in the log. {why}", code="not_stored")
        typed = not isinstance(file, Attachment | MiscFile)
        return self._asked().download(url, target, overwrite=overwrite, typed=typed)

    def reprocess(self, *, accept: bool = False) -> Job:
        """Have the log converted again: ``run.reprocess().wait()``; the old files are served until then.

        Args:
            accept: take what is found also where it is less than before, which fails otherwise (``found_less``).

        Raises:
            Conflict: its bytes never arrived, or are damaged: upload them again.
            NotFound: it was not converted yet; ``wait`` for that.
        """
        connection = self._asked()
        answer = connection.call("POST", f"{self._path}/reprocess", params={"accept": accept} if accept else None)
        return Job.of(connection, connection.call("GET", f"/api/jobs/convert-{answer['id']}"))

    def _answered(self, method: str, path: str, **options: Any) -> FoundRecording:
        return FoundRecording.of(self._asked(), self._asked().call(method, path, **options))

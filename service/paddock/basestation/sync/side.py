"""One of the two Paddocks of a sync, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from paddock.client.connection import Connection
from paddock.client.field import MetadataField
from paddock.client.setup import SetupField
from paddock.domain.catalogue import Entry
from paddock.domain.checklists import ChecklistText, read_checklists
from paddock.domain.questions import Agreement, Question
from paddock.domain.sync import BroughtIn, RecordingState, SaidChange, SaidFile
from paddock.errors import NotFound, Rejected

PAGE = 500
STATES_AT_ONCE = 100
Pieces = Callable[[], Iterator[bytes]]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A recording as the service lists it for a sync."""

    id: str
    digest: str
    name: str
    size_bytes: int
    started_ns: int | None = None
    deleted: bool = False
    has_original: bool = False


class Catalogue(msgspec.Struct, frozen=True):
    """The signal catalogue with the version that a change has to name."""

    version: int
    signals: tuple[Entry, ...] = ()


class Side:
    """A running Paddock.

    Args:
        connection: to it.
        name: what the other one calls it, in its history and its questions.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self.connection = connection
        self.name = name

    def compared(self) -> Iterator[Sequence[Compared]]:
        """All recordings, a page at a time."""
        after: dict[str, str] = {}
        while True:
            page = self.connection.call("GET", "/api/sync/recordings", params={"limit": PAGE, **after})
            yield msgspec.convert(page["items"], tuple[Compared, ...])
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def compare(self, recording_ids: Sequence[str]) -> dict[str, Compared]:
        """Those of at most ``PAGE`` recordings that it has."""
        answer = self.connection.call("POST", "/api/sync/compare", json={"ids": list(recording_ids)})
        return {each.id: each for each in msgspec.convert(answer["items"], tuple[Compared, ...])}

    def states(self, recording_ids: Sequence[str]) -> dict[str, RecordingState]:
        """What it says of those of at most ``STATES_AT_ONCE`` recordings that it has."""
        answer = self.connection.call("POST", "/api/sync/states", json={"ids": list(recording_ids)})
        states = msgspec.convert(answer["items"], tuple[RecordingState, ...])
        return {each.id: msgspec.structs.replace(each, changes=self._named(each.changes)) for each in states}

    def _named(self, changes: Sequence[SaidChange]) -> tuple[SaidChange, ...]:
        """What was made there says so from now on."""
        return tuple(each if each.origin else msgspec.structs.replace(each, origin=self.name) for each in changes)

    def bring_in(self, recording_id: str, brought: BroughtIn) -> None:
        """Tell it what it lacks.

        Raises:
            Conflict: it changed meanwhile (code ``changed_meanwhile``).
        """
        if not brought.empty:
            body = msgspec.to_builtins(brought)
            self.connection.call("POST", f"/api/sync/recordings/{recording_id}", json=body)

    def bring_in_file(self, recording_id: str, file: SaidFile, pieces: Pieces) -> None:
        """Give it a file beside a recording."""
        query: dict[str, Any] = {
            name: getattr(file, name) for name in ("name", "size_bytes", "added_at", "added_by")
        }
        self.connection.call(
            "PUT",
            f"/api/sync/recordings/{recording_id}/files/{file.id}",
            params=query,
            content=pieces,
            headers={"Content-Length": str(file.size_bytes)},
        )

    def file_pieces(self, recording_id: str, file: SaidFile) -> Pieces:
        """The bytes of a file beside a recording."""
        return lambda: self.connection.pieces(f"/api/recordings/{recording_id}/files/{file.id}", 0, file.size_bytes)

    def original_pieces(self, recording_id: str, offset: int, size_bytes: int) -> Iterator[bytes]:
        """A part of an original."""
        return self.connection.pieces(f"/api/recordings/{recording_id}/original", offset, size_bytes)

    def questions(self, peer: str) -> dict[str, Question]:
        """What it asks people about another Paddock.

        Raises:
            Rejected: it is of a version that knows no sync.
        """
        try:
            answer = self.connection.call("GET", "/api/sync/questions/all")
        except NotFound as error:
            raise Rejected(
                f"{self.connection.url} knows no sync: bring that Paddock to this version first.", code="no_sync"
            ) from error
        found = msgspec.convert(answer["items"], tuple[Question, ...])
        return {each.id: each for each in found if each.peer == peer}

    def ask(self, question: Question) -> None:
        """Have it ask people."""
        self.connection.call("PUT", "/api/sync/questions", json=msgspec.to_builtins(question))

    def withdraw(self, question_id: str) -> None:
        """It need not ask any more."""
        self.connection.call("DELETE", f"/api/sync/questions/{question_id}")

    def agreements(self) -> tuple[Agreement, ...]:
        """What it had alike with others, the newest first."""
        answer = self.connection.call("GET", "/api/sync/agreements")
        return msgspec.convert(answer["items"], tuple[Agreement, ...])

    def agree(self, agreement: Agreement) -> None:
        """Have it keep what both have alike."""
        self.connection.call("PUT", "/api/sync/agreements", json=msgspec.to_builtins(agreement))

    def catalogue(self) -> Catalogue:
        """The signal catalogue."""
        return msgspec.convert(self.connection.call("GET", "/api/catalogue"), Catalogue)

    def replace_catalogue(self, entries: Sequence[Entry], *, version: int) -> None:
        """All entries anew.

        Raises:
            Conflict: somebody changed it since ``version``.
            Rejected: the entries contradict each other.
        """
        body = {"version": version, "signals": msgspec.to_builtins(list(entries))}
        self.connection.call("PUT", "/api/catalogue", json=body)

    def checklists(self) -> tuple[tuple[str, ChecklistText], ...] | None:
        """The team's checklists, each with its id; None of a Paddock of a version that knows none."""
        try:
            answer = self.connection.call("GET", "/api/checklists")
        except NotFound:
            return None
        said = read_checklists(msgspec.json.encode(answer)) if answer["items"] else ()
        return tuple((item["id"], each) for item, each in zip(answer["items"], said, strict=True))

    def set_checklist(self, said: ChecklistText, checklist_id: str) -> None:
        """Change a checklist; without an id, add it."""
        body = msgspec.to_builtins(said)
        if checklist_id:
            self.connection.call("PUT", f"/api/checklists/{checklist_id}", json=body)
        else:
            self.connection.call("POST", "/api/checklists", json=body, tries=1)

    def remove_checklist(self, checklist_id: str) -> None:
        """Take a checklist out."""
        self.connection.call("DELETE", f"/api/checklists/{checklist_id}")

    def own_fields(self) -> tuple[MetadataField, ...]:
        """The metadata fields that the team added."""
        answer = self.connection.call("GET", "/api/fields")
        return tuple(each for each in msgspec.convert(answer["items"], tuple[MetadataField, ...]) if each.own)

    def set_field(self, field: MetadataField, *, new: bool) -> None:
        """Add a field, or change what is said of it."""
        said: Mapping[str, Any] = {"label": field.label, "choices": list(field.choices), "column": field.column}
        if new:
            self.connection.call("POST", "/api/fields", json={**said, "name": field.name}, tries=1)
        else:
            self.connection.call("PUT", f"/api/fields/{quote(field.name, safe='')}", json=said)

    def remove_field(self, name: str) -> None:
        """Take a field out."""
        self.connection.call("DELETE", f"/api/fields/{quote(name, safe='')}")

    def setup_fields(self) -> tuple[SetupField, ...] | None:
        """The fields of setup sheets; None from a Paddock of a version that has none."""
        try:
            answer = self.connection.call("GET", "/api/setup-fields")
        except NotFound:
            return None
        return msgspec.convert(answer["items"], tuple[SetupField, ...])

    def set_setup_field(self, field: SetupField, *, new: bool) -> None:
        """Add a field to setup sheets, or change what is said of it."""
        said = {name: value for name, value in msgspec.to_builtins(field).items() if name not in ("name", "own")}
        if new:
            self.connection.call("POST", "/api/setup-fields", json={**said, "name": field.name}, tries=1)
        else:
            self.connection.call("PUT", f"/api/setup-fields/{quote(field.name, safe='')}", json=said)

    def remove_setup_field(self, name: str) -> None:
        """Take a field out of setup sheets."""
        self.connection.call("DELETE", f"/api/setup-fields/{quote(name, safe='')}")

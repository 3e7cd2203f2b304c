"""What the client has of the team's CAN databases."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import msgspec

from paddock.client.connection import Connection
from paddock.client.database import AddedDatabase, Database, DatabaseChange
from paddock.domain.words import encodable


class DatabaseCalls:
    """A part of ``Client``."""

    _connection: Connection

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

"""What the station knows of every log, in SQLite: committed durably before anything depends on it.

Three things have rows. A *file* is what lies on a car under a name: it is seen, pulled, hashed, and removed in the
end. A *log* is bytes, known by their SHA-256 alone: it is here, and may have been found in many files. A *delivery*
is a log on its way to one server: waiting, uploaded, confirmed, or refused. Name, size and time of a file say only
whether it has to be pulled again, never which log it is.

What the parts of the station call, all of it blocking (a write waits for the disk: ``asyncio.to_thread``):

- to look and to pull: ``looked``, ``files``, ``pulled``, ``start_over``, ``hashed``, ``arrived``, ``note_trouble``
- to send: ``to_send``, ``to_confirm``, ``to_check``, ``sent``, ``waiting``, ``uploaded``, ``confirmed``,
  ``refused``, ``said``
- to make room: ``removable``, ``removed``, ``droppable``, ``dropped``, ``path_of``
- to show: ``files``, ``files_of``, ``logs``, ``deliveries``, ``counts``
- for tables of one's own in the same database: ``transaction``
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from paddock.basestation.ledger_database import LedgerDatabase, held
from paddock.basestation.ledger_rows import CarFile, Delivery, DeliveryState, Log
from paddock.basestation.sources.source import SeenFile
from paddock.domain.log_kinds import LOG_KINDS

_FILE_COLUMNS = (
    "id, place, name, size_bytes, modified_ns, closed, car_sha256, metadata, clock_offset_ns, first_seen_ns, "
    "on_car, pulled_bytes, sha256, begins_with, removed_ns, trouble, unreadable"
)
_LOG_COLUMNS = "sha256, size_bytes, name, first_seen_ns, modified_ns, here, metadata, clock_offset_ns"


@contextlib.contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger of a data directory, which is made when it is missing; one process has it at a time.

    Raises:
        Conflict: another process has it (code ``ledger_in_use``).
        Unavailable: the directory or what is in it cannot be used.
    """
    with held(folder):
        ledger = Ledger(folder)
        try:
            yield ledger
        finally:
            ledger.close()


class Ledger(LedgerDatabase):
    """Use ``open_ledger``. Methods may be called from any thread."""

    # ---- looking and pulling

    def looked(self, place: str, seen: Iterable[SeenFile], now_ns: int) -> None:
        """Note what a place has now.

        Files that it has no more, or with other bytes, are no longer on the car.

        Args:
            place: as ``Source.place``.
            seen: all of its logs.
            now_ns: by the station's clock.
        """
        known = {file.seen.name: file for file in self.files(place, on_car=True)}
        now = {each.name: each for each in seen}
        gone = [file.id for name, file in known.items() if name not in now]
        fresh = [each for name, each in now.items() if name not in known or known[name].seen != each]
        if not gone and not fresh:
            return
        with self.transaction() as database:
            database.executemany("UPDATE files SET on_car = 0 WHERE id = ?", [(each,) for each in gone])
            for each in fresh:
                self._note(database, place, each, known.get(each.name), now_ns)

    def _note(
        self, database: sqlite3.Connection, place: str, seen: SeenFile, before: CarFile | None, now_ns: int
    ) -> None:
        """A file that is new or otherwise than before."""
        begins_with = None
        if before is not None and not _is_as_before(before, seen):
            if before.sha256 is None and seen.size_bytes >= before.seen.size_bytes:
                # It is being written: what was pulled may be its beginning, which the pull proves.
                self._tell(database, before.id, seen)
                return
            database.execute("UPDATE files SET on_car = 0 WHERE id = ?", (before.id,))
            begins_with = before.sha256 if seen.size_bytes > before.seen.size_bytes else None
            before = None
        row = before.id if before is not None else self._back_again(database, place, seen)
        if row is None:
            row = database.execute(
                "INSERT INTO files (place, name, size_bytes, modified_ns, first_seen_ns, on_car, begins_with) "
                "VALUES (?, ?, ?, ?, ?, 1, ?) RETURNING id",
                (place, _bytes(seen.name), seen.size_bytes, str(seen.modified_ns), now_ns, begins_with),
            ).fetchone()[0]
        self._tell(database, row, seen)

    def _back_again(self, database: sqlite3.Connection, place: str, seen: SeenFile) -> int | None:
        """The row of a file that was away for a while."""
        found = database.execute(
            "UPDATE files SET on_car = 1, removed_ns = NULL WHERE id = (SELECT max(id) FROM files WHERE place = ? "
            "AND name = ? AND size_bytes = ? AND modified_ns = ? AND coalesce(sha256 = ?, 1)) RETURNING id",
            (place, _bytes(seen.name), seen.size_bytes, str(seen.modified_ns), seen.sha256),
        ).fetchone()
        return None if found is None else int(found[0])

    def _tell(self, database: sqlite3.Connection, file_id: int, seen: SeenFile) -> None:
        told = (None if seen.closed is None else int(seen.closed), seen.sha256, _json(seen.metadata))
        database.execute(
            "UPDATE files SET size_bytes = ?, modified_ns = ?, closed = ?, car_sha256 = ?, metadata = ?, "
            "clock_offset_ns = ?, unreadable = ? WHERE id = ?",
            (seen.size_bytes, str(seen.modified_ns), *told, seen.clock_offset_ns, seen.trouble, file_id),
        )
        if seen.metadata or seen.clock_offset_ns is not None:
            # A sidecar that came after its log.
            database.execute(
                "UPDATE logs SET metadata = ?, clock_offset_ns = ? WHERE sha256 = "
                "(SELECT sha256 FROM files WHERE id = ?)",
                (told[2], seen.clock_offset_ns, file_id),
            )

    def pulled(self, file_id: int, pulled_bytes: int, *, received_bytes: int = 0) -> None:
        """So many bytes from a file's beginning are on this disk, synced.

        Args:
            file_id: of the file.
            pulled_bytes: how many.
            received_bytes: how many came over the link since this was said last.
        """
        with self.transaction() as database:
            database.execute("UPDATE files SET pulled_bytes = ? WHERE id = ?", (pulled_bytes, file_id))
            _count(database, "pulled_bytes", received_bytes)

    def replaced(self) -> set[int]:
        """Files, by their ids, that are not here and in whose place another one lies."""
        rows = self._rows(
            "SELECT id FROM files AS old WHERE NOT on_car AND sha256 IS NULL AND EXISTS "
            "(SELECT 1 FROM files WHERE place = old.place AND name = old.name AND on_car)",
            (),
        )
        return {row[0] for row in rows}

    def start_over(self, file_id: int) -> None:
        """What was pulled of a file is of no use."""
        with self.transaction() as database:
            database.execute("UPDATE files SET pulled_bytes = 0, begins_with = NULL WHERE id = ?", (file_id,))

    def hashed(self, found: Sequence[tuple[CarFile, str]], *, kept_bytes: int = 0, received_bytes: int = 0) -> None:
        """Files whose bytes are known now, and synced; where they end up is said by ``arrived``.

        Args:
            found: each file as it was pulled, with the SHA-256 of its bytes.
            kept_bytes: how many that came over the link are in these files.
            received_bytes: how many came over the link since this was said last.
        """
        with self.transaction() as database:
            for file, sha256 in found:
                database.execute(
                    "INSERT INTO logs (sha256, size_bytes, name, first_seen_ns, modified_ns, here, metadata, "
                    "clock_offset_ns) VALUES (?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT (sha256) DO NOTHING",
                    (
                        sha256,
                        file.seen.size_bytes,
                        _bytes(file.seen.name),
                        file.first_seen_ns,
                        str(file.seen.modified_ns),
                        _json(file.seen.metadata),
                        file.seen.clock_offset_ns,
                    ),
                )
                database.execute(
                    "UPDATE files SET sha256 = ?1, pulled_bytes = size_bytes, trouble = NULL "
                    "WHERE id = ?2 AND size_bytes = ?3 AND modified_ns = ?4",
                    (sha256, file.id, file.seen.size_bytes, str(file.seen.modified_ns)),
                )
                # It was written on while it was pulled: what is here may be its beginning.
                database.execute(
                    "UPDATE files SET begins_with = ?, pulled_bytes = 0 WHERE id = ? AND sha256 IS NULL",
                    (sha256, file.id),
                )
            _count(database, "kept_bytes", kept_bytes)
            _count(database, "pulled_bytes", received_bytes)

    def arrived(self, logs: Iterable[str]) -> None:
        """Logs, by their hashes, whose bytes are at ``path_of`` now."""
        with self.transaction() as database:
            database.executemany("UPDATE logs SET here = 1 WHERE sha256 = ?", [(each,) for each in logs])

    def note_trouble(self, file_id: int, why: str | None) -> None:
        """Why a file is not here; None when nothing is wrong any more."""
        with self.transaction() as database:
            database.execute("UPDATE files SET trouble = ? WHERE id = ? AND trouble IS NOT ?", (why, file_id, why))

    # ---- sending

    def to_send(self, server: str) -> list[Log]:
        """Logs that are here and wait for a server, the newest first."""
        return self._logs(
            "WHERE here AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.sha256 = logs.sha256 AND server = ? "
            "AND state <> 'waiting')",
            (server,),
        )

    def to_confirm(self, server: str) -> list[Log]:
        """Logs that a server was sent and has not confirmed yet, the newest first."""
        return self._logs(
            "WHERE sha256 IN (SELECT sha256 FROM deliveries WHERE server = ? AND state = 'uploaded')", (server,)
        )

    def to_check(self, server: str) -> list[str]:
        """Hashes of logs that a server has confirmed, and that could be sent again: they are here or on a car."""
        rows = self._rows(
            "SELECT sha256 FROM deliveries d WHERE server = ? AND state = 'confirmed' AND ("
            "EXISTS (SELECT 1 FROM logs WHERE sha256 = d.sha256 AND here) OR "
            "EXISTS (SELECT 1 FROM files WHERE sha256 = d.sha256 AND on_car))",
            (server,),
        )
        return [row[0] for row in rows]

    def sent(self, sha256: str, server: str, size_bytes: int, *, kept: bool = True) -> None:
        """So many more bytes of a log went to a server.

        Args:
            sha256: of the log.
            server: as the user named it.
            size_bytes: how many.
            kept: whether they arrived for good; those of a part that has to be sent again did not.
        """
        with self.transaction() as database:
            _deliver(database, sha256, server, None)
            database.execute(
                "UPDATE deliveries SET sent_bytes = sent_bytes + ?, wasted_bytes = wasted_bytes + ? "
                "WHERE sha256 = ? AND server = ?",
                (size_bytes if kept else 0, 0 if kept else size_bytes, sha256, server),
            )

    def waiting(self, sha256: str, server: str, why: str | None) -> None:
        """A log is to be sent to a server (again); why it is not there yet."""
        self._deliver(sha256, server, DeliveryState.WAITING, why)

    def uploaded(self, sha256: str, server: str, why: str | None = None) -> None:
        """A server has all bytes of a log, and has not said yet that it stored them; why that takes long."""
        self._deliver(sha256, server, DeliveryState.UPLOADED, why)

    def confirmed(self, sha256: str, server: str) -> None:
        """A server said that it has a log stored with this hash."""
        self._deliver(sha256, server, DeliveryState.CONFIRMED)

    def refused(self, sha256: str, server: str, why: str) -> None:
        """A server does not want a log, however often it is sent."""
        self._deliver(sha256, server, DeliveryState.REFUSED, why)

    def _deliver(self, sha256: str, server: str, state: DeliveryState, why: str | None = None) -> None:
        with self.transaction() as database:
            _deliver(database, sha256, server, state, why)

    def said(self, sha256: str, server: str, metadata: Mapping[str, str]) -> None:
        """What a server was told of a log."""
        with self.transaction() as database:
            _deliver(database, sha256, server, None)
            database.execute(
                "UPDATE deliveries SET said = ? WHERE sha256 = ? AND server = ?", (_json(metadata), sha256, server)
            )

    # ---- making room

    def removable(self, place: str, server: str) -> list[CarFile]:
        """Files on a car whose log a server has confirmed, the oldest first."""
        return self._files(
            "WHERE place = ? AND on_car AND sha256 IN "
            "(SELECT sha256 FROM deliveries WHERE server = ? AND state = 'confirmed')",
            (place, server),
        )[::-1]

    def removed(self, file_id: int, now_ns: int) -> None:
        """A file was taken off the car, by us."""
        with self.transaction() as database:
            database.execute("UPDATE files SET on_car = 0, removed_ns = ? WHERE id = ?", (now_ns, file_id))

    def confirmed_by(self, servers: Sequence[str]) -> set[str]:
        """The hashes of logs that every one of the servers has confirmed."""
        marks = ", ".join("?" * len(servers))
        rows = self._rows(
            f"SELECT sha256 FROM deliveries WHERE state = 'confirmed' AND server IN ({marks}) "
            "GROUP BY sha256 HAVING count(*) = ?",
            (*servers, len(set(servers))),
        )
        return {row[0] for row in rows}

    def droppable(self, servers: Sequence[str]) -> list[Log]:
        """Logs that are here and that every one of the servers has confirmed, the oldest first."""
        confirmed = self.confirmed_by(servers)
        return [log for log in reversed(self._logs("WHERE here", ())) if log.sha256 in confirmed]

    def dropped(self, sha256: str) -> None:
        """A log's bytes are about to be removed from this disk."""
        with self.transaction() as database:
            database.execute("UPDATE logs SET here = 0 WHERE sha256 = ?", (sha256,))

    def path_of(self, log: Log) -> Path:
        """Where its bytes are while it is here."""
        return self.path_for(log.sha256, log.name)

    def path_for(self, sha256: str, name: str) -> Path:
        """Where the bytes of a log with this name are, or will be."""
        lowered = name.lower()
        suffix = next((kind.suffix for kind in LOG_KINDS.values() if lowered.endswith(kind.suffix)), "")
        return self.folder / "files" / f"{sha256}{suffix}"

    # ---- showing

    def files(self, place: str | None = None, *, on_car: bool | None = None) -> list[CarFile]:
        """Files of one place or of all, the newest first.

        Args:
            place: as ``Source.place``.
            on_car: only those that were there at the last look, or only those that were not.
        """
        return self._files(
            "WHERE (?1 IS NULL OR place = ?1) AND (?2 IS NULL OR on_car = ?2)",
            (place, None if on_car is None else int(on_car)),
        )

    def files_of(self, sha256: str) -> list[CarFile]:
        """Files in which a log was found, the newest first."""
        return self._files("WHERE sha256 = ?", (sha256,))

    def file(self, file_id: int) -> CarFile:
        """One file."""
        return self._files("WHERE id = ?", (file_id,))[0]

    def logs(self) -> list[Log]:
        """All logs, the newest first."""
        return self._logs("", ())

    def log(self, sha256: str) -> Log | None:
        """One log; None where there is none."""
        return next(iter(self._logs("WHERE sha256 = ?", (sha256,))), None)

    def deliveries(self, server: str | None = None) -> list[Delivery]:
        """How far logs are on their way to one server or to all; one that was never tried has none."""
        rows = self._rows(
            "SELECT sha256, server, state, sent_bytes, wasted_bytes, said, trouble, changed_ns FROM deliveries "
            "WHERE ?1 IS NULL OR server = ?1",
            (server,),
        )
        return [
            Delivery(row[0], row[1], DeliveryState(row[2]), row[3], row[4], json.loads(row[5]), row[6], row[7])
            for row in rows
        ]

    def counts(self) -> dict[str, int]:
        """Over the life of the ledger: ``pulled_bytes`` that came over links, of them ``kept_bytes`` in logs."""
        return {"pulled_bytes": 0, "kept_bytes": 0} | dict(self._rows("SELECT name, value FROM counts", ()))

    def _files(self, where: str, values: Sequence[Any]) -> list[CarFile]:
        rows = self._rows(f"SELECT {_FILE_COLUMNS} FROM files {where}", values)
        return sorted(map(CarFile.of_row, rows), key=lambda file: file.age, reverse=True)

    def _logs(self, where: str, values: Sequence[Any]) -> list[Log]:
        rows = self._rows(f"SELECT {_LOG_COLUMNS} FROM logs {where}", values)
        return sorted(map(Log.of_row, rows), key=lambda log: log.age, reverse=True)

    def lost(self, logs: Sequence[str], servers: Sequence[str]) -> None:
        """Logs, by their hashes, whose bytes somebody took from this disk: cars that have them are asked again.

        Those that every server has confirmed are nobody's loss.
        """
        missed = set(logs) - self.confirmed_by(servers)
        with self.transaction() as database:
            database.executemany("UPDATE logs SET here = 0 WHERE sha256 = ?", [(each,) for each in logs])
            database.executemany(
                "UPDATE files SET sha256 = NULL, pulled_bytes = 0 WHERE sha256 = ? AND on_car",
                [(each,) for each in missed],
            )


def _is_as_before(before: CarFile, seen: SeenFile) -> bool:
    """Whether a name has the bytes that it had, as far as size, time and the car's own hash tell."""
    if before.sha256 is not None and seen.sha256 is not None and before.sha256 != seen.sha256:
        return False
    return (before.seen.size_bytes, before.seen.modified_ns) == (seen.size_bytes, seen.modified_ns)


def _deliver(
    database: sqlite3.Connection, sha256: str, server: str, state: DeliveryState | None, why: str | None = None
) -> None:
    database.execute(
        "INSERT INTO deliveries (sha256, server) VALUES (?, ?) ON CONFLICT (sha256, server) DO NOTHING",
        (sha256, server),
    )
    if state is not None:
        database.execute(
            "UPDATE deliveries SET state = ?, trouble = ?, "
            "changed_ns = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000000 "
            "WHERE sha256 = ? AND server = ?",
            (state.value, why, sha256, server),
        )


def _count(database: sqlite3.Connection, name: str, more: int) -> None:
    database.execute(
        "INSERT INTO counts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        (name, more),
    )


def _bytes(name: str) -> bytes:
    """A file name as the database takes it: SQLite's text has to be UTF-8."""
    return name.encode("utf-8", "surrogatepass")


def _json(metadata: Mapping[str, str]) -> str:
    return json.dumps(dict(metadata), sort_keys=True)

"""Stints: who drives which car where, set once and kept until changed, for the logs that are recorded meanwhile.

A change holds from an instant on, which may lie in the past: logs that were recorded since then have it, whether
they are here already or come later, and servers that were told otherwise are told again (``told.py``). A single log
can be corrected by itself.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import CarFile, Log
from paddock.domain.fields import FIELDS, Field
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected

FIRST_CREDIBLE_NS = 1_577_836_800 * NS_PER_S
"""The year 2020: a clock that says less was never set."""
LONGEST_LOG_NS = 2 * 3600 * NS_PER_S
"""A log that is seen while it is written ends so much later at most."""

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS stints (
        place TEXT NOT NULL,
        from_ns INTEGER NOT NULL,
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        said_ns INTEGER NOT NULL,
        PRIMARY KEY (place, from_ns, field)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS log_corrections (
        file_id INTEGER NOT NULL,
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (file_id, field)
    ) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS offered (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
)


class Stint(msgspec.Struct, frozen=True):
    """What was changed at an instant for one car."""

    from_ns: int
    values: dict[str, str]
    """The fields that were changed; an empty text says that nobody knows any more."""


class StintField(msgspec.Struct, frozen=True):
    """A metadata field as the screen asks for it."""

    name: str
    label: str
    choices: tuple[str, ...] = ()
    """The only values that it may have; empty for any text."""
    known: tuple[str, ...] = ()
    """Values to offer."""
    long: bool = False


class _Change(msgspec.Struct, frozen=True):
    from_ns: int
    value: str
    said_ns: int


OF_EACH_LOG = frozenset(field.name for field in FIELDS if field.of_each_log)
"""Fields that every log has its own value of, so that no stint sets them."""


def recorded_ns(modified_ns: int, clock_offset_ns: int | None, seen_ns: int) -> int:
    """When a log was recorded, to its end: by the car's time as corrected, or when it appeared if that clock lies.

    Args:
        modified_ns: by the car's clock.
        clock_offset_ns: to be added to it; None where nobody knows.
        seen_ns: when it appeared here.
    """
    said_ns = modified_ns + (clock_offset_ns or 0)
    return said_ns if FIRST_CREDIBLE_NS <= said_ns <= seen_ns + LONGEST_LOG_NS else seen_ns


class Stints:
    """The stints of all cars, in the ledger's database. Any thread may call; what writes waits for the disk."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._changes: dict[str, dict[str, list[_Change]]] = {}
        self._corrections: dict[int, dict[str, str]] = {}
        with ledger.transaction() as database:
            for statement in _SCHEMA:
                database.execute(statement)
            stints = database.execute("SELECT place, from_ns, field, value, said_ns FROM stints").fetchall()
            corrections = database.execute("SELECT file_id, field, value FROM log_corrections").fetchall()
            offered = dict(database.execute("SELECT name, json FROM offered").fetchall())
        for place, from_ns, field, value, said_ns in stints:
            self._insert(place, field, _Change(from_ns, value, said_ns))
        for file_id, field, value in corrections:
            self._corrections.setdefault(file_id, {})[field] = value
        self._fields = _FIELDS
        if "fields" in offered:
            self._fields = msgspec.json.decode(offered["fields"], type=tuple[StintField, ...])

    # ---- what is offered

    @property
    def fields(self) -> tuple[StintField, ...]:
        """The fields that a log has, with values to offer: those of the team, as a server said them last."""
        with self._lock:
            used: dict[str, dict[str, None]] = {}
            for fields in self._changes.values():
                for field, changes in fields.items():
                    used.setdefault(field, {}).update(dict.fromkeys(each.value for each in reversed(changes)))
        return tuple(
            msgspec.structs.replace(
                field, known=() if field.long else tuple(dict.fromkeys([*used.get(field.name, ()), *field.known]))
            )
            for field in self._fields
        )

    def offer(self, fields: Sequence[StintField]) -> None:
        """Remember which fields there are, and values for them, for the time when no server can be asked."""
        with self._ledger.transaction() as database:
            database.execute(
                "INSERT INTO offered VALUES ('fields', ?) ON CONFLICT (name) DO UPDATE SET json = excluded.json",
                (msgspec.json.encode(fields).decode(),),
            )
        self._fields = tuple(fields)

    # ---- setting

    def change(self, place: str, values: Mapping[str, str], *, from_ns: int, now_ns: int) -> None:
        """From an instant on, a car's fields have these values, each until that field's next change.

        Args:
            place: of the car, as ``Source.place``.
            values: by field. What holds already is no change.
            from_ns: since when, also in the past.
            now_ns: by the station's clock.

        Raises:
            Rejected: there is no such field, or the value cannot be one (code ``bad_metadata``).
        """
        before = self.at(place, from_ns)
        changed = {name: value for name, value in self.check(values).items() if value != before.get(name, "")}
        with self._ledger.transaction() as database:
            database.executemany(
                "INSERT INTO stints VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET value = excluded.value, said_ns = excluded.said_ns",
                [(place, from_ns, name, value, now_ns) for name, value in changed.items()],
            )
        with self._lock:
            for name, value in changed.items():
                self._insert(place, name, _Change(from_ns, value, now_ns))

    def take_back(self, place: str, from_ns: int) -> None:
        """What was changed at an instant is as before."""
        with self._ledger.transaction() as database:
            database.execute("DELETE FROM stints WHERE place = ? AND from_ns = ?", (place, from_ns))
        with self._lock:
            for changes in self._changes.get(place, {}).values():
                changes[:] = [each for each in changes if each.from_ns != from_ns]

    def correct(self, file_id: int, values: Mapping[str, str]) -> None:
        """Say of one log what its stint does not; it has this whatever becomes of the stint.

        Args:
            file_id: of the log's file in the ledger.
            values: by field; an empty text says that nobody knows.

        Raises:
            Rejected: there is no such field, or the value cannot be one (code ``bad_metadata``).
        """
        checked = self.check(values)
        with self._ledger.transaction() as database:
            database.executemany(
                "INSERT INTO log_corrections VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                [(file_id, name, value) for name, value in checked.items()],
            )
        with self._lock:
            self._corrections[file_id] = self._corrections.get(file_id, {}) | checked

    def check(self, values: Mapping[str, str]) -> dict[str, str]:
        """Values as they are stored, with the empty ones.

        Raises:
            Rejected: there is no such field, or the value cannot be one (code ``bad_metadata``).
        """
        rows = {field.name: field for field in FIELDS}
        known = {each.name: each for each in self._fields}
        checked = {}
        for name, value in values.items():
            if name not in known:
                raise Rejected(f"{name[:40]!r} is no metadata field: reload the page.", code="bad_metadata")
            row = rows.get(name) or Field(name, known[name].label, choices=known[name].choices)
            checked[name] = row.check(value)
        return checked

    # ---- asking

    def at(self, place: str, instant_ns: int) -> dict[str, str]:
        """What holds for a car at an instant, without the empty ones."""
        with self._lock:
            found = {field: _last(each, instant_ns) for field, each in self._changes.get(place, {}).items()}
        return {field: change.value for field, change in found.items() if change is not None and change.value}

    def stints(self, place: str) -> list[Stint]:
        """What was changed for a car, the latest instant first."""
        found: dict[int, dict[str, str]] = {}
        with self._lock:
            for field, changes in self._changes.get(place, {}).items():
                for change in changes:
                    found.setdefault(change.from_ns, {})[field] = change.value
        return [Stint(from_ns, values) for from_ns, values in sorted(found.items(), reverse=True)]

    def metadata_of(self, file: CarFile) -> dict[str, str]:
        """What servers are told of a log in a file.

        A correction of the log counts before everything. What the car says of it counts before its stint, unless
        the stint was changed after the log appeared, which somebody did in order to change it.
        """
        instant_ns = recorded_ns(file.seen.modified_ns, file.seen.clock_offset_ns, file.first_seen_ns)
        values = {name: value for name, value in file.seen.metadata.items() if value}
        with self._lock:
            for field, changes in self._changes.get(file.place, {}).items():
                change = _last(changes, instant_ns)
                if change is not None and (field not in values or change.said_ns > file.first_seen_ns):
                    values[field] = change.value
            values |= self._corrections.get(file.id, {})
        return {name: value for name, value in values.items() if value}

    def metadata_by_log(self, files: Iterable[CarFile]) -> dict[str, dict[str, str]]:
        """Metadata by the SHA-256 of the log, for files that are here; of two files of one log what both say."""
        found: dict[str, dict[str, str]] = {}
        for file in sorted(files, key=lambda each: each.first_seen_ns):
            if file.sha256 is not None:
                found[file.sha256] = self.metadata_of(file) | found.get(file.sha256, {})
        return found

    def metadata_of_log(self, log: Log) -> dict[str, str]:
        """Metadata of one log."""
        return self.metadata_by_log(self._ledger.files_of(log.sha256)).get(log.sha256, {})

    def _insert(self, place: str, field: str, change: _Change) -> None:
        changes = self._changes.setdefault(place, {}).setdefault(field, [])
        changes[:] = [each for each in changes if each.from_ns != change.from_ns]
        changes.insert(bisect_right(changes, change.from_ns, key=lambda each: each.from_ns), change)


def _last(changes: list[_Change], instant_ns: int) -> _Change | None:
    index = bisect_right(changes, instant_ns, key=lambda each: each.from_ns)
    return changes[index - 1] if index else None


_FIELDS = tuple(StintField(field.name, field.label, field.choices, long=not field.is_short) for field in FIELDS)
"""The metadata fields that every team has."""

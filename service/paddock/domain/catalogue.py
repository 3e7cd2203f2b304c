"""The team's signal catalogue: what each signal is, so that it stays one signal across cars, renames and seasons.

An entry says what a team knows of one signal; what it leaves out is guessed from the name
(``catalogue_defaults.py``), so an empty catalogue works as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from paddock.domain.catalogue_defaults import MANY, Guess, Role, guess, guess_unit
from paddock.domain.recording import Signal
from paddock.domain.signal_names import element_name, item_dtype, read_element
from paddock.errors import Rejected

CATALOGUE_ID = "signals"
"""The id of the one catalogue a team has."""
NO_UNITS: Mapping[str, str] = {}
MAX_ENTRIES = 5_000
MAX_NAMES = 100_000
"""For all entries together, each name counted once per car that it is for."""
_MAX_TEXT = 300
# Some more than ``_MAX_TEXT``, so that what is a bit too long is refused in the words of ``check_entry``.
_Text = Annotated[str, Meta(max_length=2_000)]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=1_000)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the team says of one signal. An entry for some cars goes before the one for all cars."""

    name: _Text
    """The signal's name by which the team knows it: topic and field path, ``VNData.vn_vel_m_s.x``."""
    aliases: _Texts = ()
    """Names it had or has in other logs, best first."""
    cars: _Texts = ()
    """Cars that this holds for; empty for all."""
    label: _Text | None = None
    unit: _Text | None = None
    """``""`` says that it has none; left out, it is guessed. So are label and role."""
    role: Role | None = None
    low: float | None = None
    """Below it something is wrong, in the signal's unit."""
    high: float | None = None
    faults: _Texts | None = None
    """The values of a state that are faults, as the log names or numbers them, ``on`` or ``off``. Empty says that
    none is; left out, it is guessed."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and aliases, best first."""
        return (self.name, *self.aliases)


class Catalogue(msgspec.Struct, frozen=True):
    """All entries in the order in which they are preferred for a role, as one document."""

    id: str = CATALOGUE_ID
    signals: tuple[Entry, ...] = ()
    derived: tuple[Entry, ...] = ()
    """The team's maths channels as entries, for who looks names up; not stored here. The others go before them."""
    version: int = 0
    """Raised by every change; 0 was never stored."""
    changed_at: int = 0
    """Nanoseconds since the Unix epoch."""
    changed_by: str = ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that names are looked up in."""
        return (*self.signals, *self.derived)


class Described(msgspec.Struct, frozen=True):
    """A signal of one recording, with what catalogue and guess say of it."""

    name: str
    """In this recording."""
    signal: str
    """The team's name of it, the same in every recording."""
    dtype: str
    label: str
    unit: str
    role: Role
    low: float | None = None
    high: float | None = None
    why: str = ""
    """Where role and unit come from: ``catalogue``, or the guess's reason."""
    faults: _Texts | None = None
    """Values that are faults; None to guess them."""

    def element(self, index: int) -> Described:
        """An element of this list: what is said of a list holds for each."""
        return msgspec.structs.replace(
            self,
            name=element_name(self.name, index),
            signal=element_name(self.signal, index),
            dtype=item_dtype(self.dtype),
            label=f"{self.label} [{index}]",
        )


class Unknown(msgspec.Struct, frozen=True):
    """A signal that the catalogue does not know, and what it looks like."""

    name: str
    dtype: str
    guess: Guess


Signals = Iterable[tuple[str, str]]
"""Name and Arrow's word for the type of each signal of a recording."""


class _Place(NamedTuple):
    """Where an entry stands for one name: smaller is better."""

    position: int
    alias: int


def log_units(signals: Iterable[Signal]) -> dict[str, str]:
    """Units by name as their log says."""
    return {signal.name: signal.log_unit for signal in signals if signal.log_unit}


class CarCatalogue:
    """The catalogue as one car sees it, ready to look names up.

    Args:
        car: as in the recording's metadata; empty when nobody knows, then only entries for all cars hold.
        log_units: units by signal name that a log says itself. What the catalogue says goes before, guesses after.
    """

    def __init__(self, catalogue: Catalogue, car: str = "", log_units: Mapping[str, str] = NO_UNITS) -> None:
        self._log_units = log_units
        self._known: dict[str, tuple[_Place, Entry]] = {}
        folded = car.strip().casefold()
        self._own = len(catalogue.signals)
        of_car = [e for e in enumerate(catalogue.entries) if folded in {c.casefold() for c in e[1].cars}]
        of_all = [e for e in enumerate(catalogue.entries) if not e[1].cars]
        for position, entry in (*of_car, *of_all):
            for alias, name in enumerate(entry.names):
                self._known.setdefault(name, (_Place(position, alias), entry))

    def describe(self, name: str, dtype: str = "") -> Described:
        """What is known or guessed of one signal."""
        return self._describe(name, dtype)[0]

    def _describe(self, name: str, dtype: str) -> tuple[Described, tuple[int, ...]]:
        """With it how well it fits its role; smaller is better, and what the catalogue says is best."""
        if name not in self._known and (element := read_element(name)):
            return self._describe_element(*element, dtype)
        guessed = guess(name, dtype)
        if name not in self._known:
            described = Described(
                name,
                name,
                dtype,
                guessed.label,
                self._log_units.get(name, guessed.unit),
                guessed.role,
                why=f"guessed: {guessed.why}",
            )
            return described, (1, -guessed.rank)
        place, entry = self._known[name]
        described = Described(
            name,
            entry.name,
            dtype,
            guessed.label if entry.label is None else entry.label,
            self._log_units.get(name, guessed.unit) if entry.unit is None else entry.unit,
            guessed.role if entry.role is None else entry.role,
            entry.low,
            entry.high,
            "catalogue" if entry.role is not None else f"guessed: {guessed.why}",
            entry.faults,
        )
        return described, (1, -guessed.rank) if entry.role is None else (0, *place)

    def _describe_element(self, list_name: str, index: int, dtype: str) -> tuple[Described, tuple[int, ...]]:
        """What is said of a list holds for its elements."""
        whole, fit = self._describe(list_name, dtype)
        return whole.element(index), fit

    def resolve(self, signals: Signals) -> dict[Role, tuple[Described, ...]]:
        """For each role that a recording has signals for: the best one, or all that play it together.

        The catalogue's word goes before guesses, its order before names; equal sets give equal answers.
        """
        players: dict[Role, list[tuple[tuple[int, ...], Described]]] = {}
        # Most signals of a car play no role: only those that do are described and sorted.
        for name, dtype in sorted(signal for signal in set(signals) if self._role(*signal) is not Role.NONE):
            described, fit = self._describe(name, dtype)
            players.setdefault(described.role, []).append((fit, described))
        found = {}
        for role in Role:
            if role in players:
                ordered = sorted(players[role], key=lambda player: (player[0], player[1].name))
                found[role] = _together(role, ordered) if role in MANY else (ordered[0][1],)
        return _one_receiver(found, players)

    def with_units(self, log_units: Mapping[str, str]) -> CarCatalogue:
        """This catalogue for a log that names units itself: they count where the team says none."""
        other = copy(self)
        other._log_units = log_units
        return other

    def units(self, signals: Signals) -> dict[str, str]:
        """Unit by name of the signals whose unit is known or guessed: for plots and files."""
        units = ((name, self.unit_of(name, dtype)) for name, dtype in signals)
        return {name: unit for name, unit in units if unit}

    def names_of(self, name: str) -> tuple[str, ...]:
        """All names of the signal that an entry knows by this one, best first; none where no entry does."""
        return self._known[name][1].names if name in self._known else ()

    def unit_of(self, name: str, dtype: str) -> str:
        """The unit of one signal, known or guessed; empty when nobody knows it."""
        if name not in self._known and (element := read_element(name)):
            return self.unit_of(element[0], dtype)
        said = self._known[name][1].unit if name in self._known else None
        if said is None:
            said = self._log_units.get(name)
        return guess_unit(name, dtype) if said is None else said

    def _role(self, name: str, dtype: str) -> Role:
        """As ``describe`` says, without all else that it says."""
        if name not in self._known and (element := read_element(name)):
            return self._role(element[0], dtype)
        said = self._known[name][1].role if name in self._known else None
        return guess(name, dtype).role if said is None else said

    def said_units(self) -> dict[str, str]:
        """Unit by name where an entry says one: what makes a file differ from one with guesses alone."""
        known = self._known.items()
        return {
            name: entry.unit
            for name, (place, entry) in known
            if entry.unit is not None and place.position < self._own
        }

    def unknown(self, signals: Signals) -> tuple[Unknown, ...]:
        """The signals without an entry, by name."""
        names = sorted({(name, dtype) for name, dtype in signals if name not in self._known})
        return tuple(Unknown(name, dtype, guess(name, dtype)) for name, dtype in names)


def _together(role: Role, ordered: list[tuple[tuple[int, ...], Described]]) -> tuple[Described, ...]:
    """All that the catalogue names, else the best guesses: every wheel of one message, every cell."""
    best, first = ordered[0]
    if best[0] == 0:
        # Of an entry's names the best one that the recording has.
        chosen: dict[str, Described] = {}
        for fit, described in ordered:
            if fit[0] == 0:
                chosen.setdefault(described.signal, described)
        return tuple(chosen.values())
    guesses = tuple(described for fit, described in ordered if fit == best)
    if role is Role.WHEEL_SPEED:
        return tuple(wheel for wheel in guesses if _message(wheel) == _message(first))
    return guesses


def _one_receiver(
    found: dict[Role, tuple[Described, ...]], players: Mapping[Role, list[tuple[tuple[int, ...], Described]]]
) -> dict[Role, tuple[Described, ...]]:
    """Latitude and longitude of the same message: a place made of two receivers would be no place."""
    if Role.LATITUDE in found and Role.LONGITUDE in found:
        message = _message(found[Role.LATITUDE][0])
        beside = [player for player in players[Role.LONGITUDE] if _message(player[1]) == message]
        if beside and found[Role.LONGITUDE][0].why != "catalogue":
            best = min(beside, key=lambda player: (player[0], player[1].name))
            found = {**found, Role.LONGITUDE: (best[1],)}
    return found


def _message(described: Described) -> str:
    return described.name.rpartition(".")[0]


def check_entry(entry: Entry) -> None:
    """Refuse what could not mean anything.

    Raises:
        Rejected: with what to do (code ``bad_catalogue``).
    """
    for name in entry.names:
        if not name.strip() or len(name) > _MAX_TEXT or not name.isprintable():
            raise _bad(f"{name[:40]!r} is no signal's name: write topic and field path, like VNData.vn_gps.lat.")
    if len(set(entry.names)) < len(entry.names):
        raise _bad(f"{entry.name} has the same name twice among its aliases: remove one.")
    for text in (entry.label or "", entry.unit or "", *entry.cars, *(entry.faults or ())):
        if len(text) > _MAX_TEXT or not text.isprintable():
            raise _bad(f"A text of {entry.name} is too long or has control characters: {text[:40]!r}.")
    if any(not car.strip() for car in entry.cars):
        raise _bad(f"{entry.name} names a car without a name: leave cars out to mean all of them.")
    limits = [limit for limit in (entry.low, entry.high) if limit is not None]
    if not all(map(math.isfinite, limits)) or (len(limits) == 2 and limits[0] >= limits[1]):
        raise _bad(f"The limits of {entry.name} are no range: low must be a number below high.")


def clash(entries: Iterable[Entry]) -> tuple[int, str] | None:
    """The first entry (by index) with a name that another one has for the same car already, and why."""
    owners: dict[tuple[str, str], str] = {}
    for index, entry in enumerate(entries):
        for car in {car.strip().casefold() for car in entry.cars} or {""}:
            for name in entry.names:
                if (car, name) in owners:
                    cars = f"for car {car}" if car else "for all cars"
                    why = f"{name} is in two entries {cars}, {owners[car, name]} and {entry.name}: keep it in one."
                    return index, why
                owners[car, name] = entry.name
    return None


def check_size(entries: Sequence[Entry]) -> None:
    """Refuse more than anybody has signals, before entries are compared with each other.

    Raises:
        Rejected: with what is too much (code ``bad_catalogue``).
    """
    if len(entries) > MAX_ENTRIES:
        raise _bad(f"A catalogue has at most {MAX_ENTRIES:,} entries.")
    if sum(len(entry.names) * max(1, len(entry.cars)) for entry in entries) > MAX_NAMES:
        raise _bad(f"A catalogue has at most {MAX_NAMES:,} names, aliases included and each once per car.")


def check_catalogue(catalogue: Catalogue) -> None:
    """Refuse a catalogue in which a name could mean two signals.

    Raises:
        Rejected: with what to do (code ``bad_catalogue``).
    """
    check_size(catalogue.signals)
    for entry in catalogue.signals:
        check_entry(entry)
    if found := clash(catalogue.signals):
        raise _bad(found[1])


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_catalogue")

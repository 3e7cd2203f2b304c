"""Rules of the team: when a signal is so for so long, there is an alert. The same rule for live and for logs.

What of a signal's values is too much is said here, and evaluated in ``rule_evaluation.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.alerts import Severity
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.catalogue_defaults import Role
from paddock.domain.instants import NS_PER_S
from paddock.domain.quiet_hours import QuietHours, checked_hours
from paddock.domain.signal_names import read_element
from paddock.errors import Rejected

MAX_RULES = 200
MAX_NAME, MAX_SIGNAL = 120, 300
MAX_SECONDS = 86_400.0
MAX_SIGNALS = 300
"""Signals of one recording or device that one rule looks at, as all cells of a pack."""
DEFAULT_CLEAR_S = 5.0


class Comparison(StrEnum):
    """How a value compares with the limits."""

    ABOVE = "above"
    BELOW = "below"
    OUTSIDE = "outside"
    INSIDE = "inside"
    IS = "is"
    IS_NOT = "is_not"


RANGES = (Comparison.OUTSIDE, Comparison.INSIDE)
STATES = (Comparison.IS, Comparison.IS_NOT)


class RuleText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people say of a rule."""

    name: Annotated[str, Meta(max_length=2_000, description="What it is called.", examples=["Tires too hot"])]
    signal: Annotated[
        str,
        Meta(
            max_length=2_000,
            description="A signal's name, the catalogue's name of it, or a role such as `cell_temperature`.",
            examples=["TireTemps.fl"],
        ),
    ]
    comparison: Annotated[Comparison, Meta(description="How its value compares with the limits.")]
    limit: Annotated[
        float | None,
        Meta(description="For `above` and `below`, and a number for `is` and `is_not`.", examples=[110.0]),
    ] = None
    low: Annotated[float | None, Meta(description="For `outside` and `inside`.", examples=[3.0])] = None
    high: Annotated[float | None, Meta(description="Likewise.", examples=[4.2])] = None
    text: Annotated[
        str,
        Meta(max_length=2_000, description="For `is` and `is_not`: a text, or the name of a state.", examples=[""]),
    ] = ""
    hysteresis: Annotated[
        float, Meta(description="It is over once the value is inside the limit by so much.", examples=[2.0])
    ] = 0.0
    for_s: Annotated[
        float, Meta(description="It fires once this has lasted so long, in seconds.", examples=[1.0])
    ] = 0.0
    clear_s: Annotated[
        float, Meta(description="It is over once the value was good for so long, in seconds.", examples=[5.0])
    ] = DEFAULT_CLEAR_S
    severity: Annotated[Severity, Meta(description="Of its alerts.")] = Severity.WARNING
    cars: Annotated[
        tuple[Annotated[str, Meta(max_length=2_000)], ...],
        Meta(max_length=200, description="Only for these cars; empty for all.", examples=[["HT09"]]),
    ] = ()
    quiet: Annotated[
        QuietHours | None, Meta(description="When nobody is told; the alert is on the site all the same.")
    ] = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as a document."""

    id: str
    said: RuleText
    on: bool = False
    """Whether it looks at what comes; a new one does once somebody switched it on."""
    on_since: int = 0
    """Since when it looks for this: of logs, at those that come later."""
    revision: int = 1
    """Raised when what it looks for changes: what it remembers of signals is of one revision."""
    added_at: int = 0
    added_by: str = ""
    changed_at: int = 0
    changed_by: str = ""
    removed_at: int | None = None
    """Kept, because alerts name it."""
    version: int = 1

    @property
    def name(self) -> str:
        """What it is called."""
        return self.said.name


def checked_text(said: RuleText) -> RuleText:
    """A rule as it is stored: without spaces around what was typed, and limits that its comparison does not use.

    Raises:
        Rejected: nothing or too much is said, or a limit is missing (code ``bad_rule``).
    """
    name, signal, text = said.name.strip(), said.signal.strip(), said.text.strip()
    cars = tuple(dict.fromkeys(car.strip() for car in said.cars if car.strip()))
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise _bad(f"A rule has a name of at most {MAX_NAME} characters.")
    if not signal or len(signal) > MAX_SIGNAL:
        raise _bad("A rule looks at a signal: say its name, or a role such as cell_temperature.")
    if len(text) > MAX_SIGNAL or any(len(car) > MAX_NAME for car in cars):
        raise _bad("A car or a text is too long.")
    for what, seconds in (("for_s", said.for_s), ("clear_s", said.clear_s)):
        if not 0 <= seconds <= MAX_SECONDS:
            raise _bad(f"{what} is 0 to {MAX_SECONDS:,.0f} seconds.")
    if not (math.isfinite(said.hysteresis) and said.hysteresis >= 0):
        raise _bad("The hysteresis is a number that is not below 0.")
    if said.quiet is not None:
        checked_hours(said.quiet)
    return msgspec.structs.replace(said, name=name, signal=signal, text=text, cars=cars, **_limits(said, text))


def _limits(said: RuleText, text: str) -> dict[str, float | None]:
    limit, low, high = said.limit, said.low, said.high
    if said.comparison in RANGES:
        if not (_finite(low) and _finite(high) and low < high):  # type: ignore[operator]
            raise _bad("Outside and inside need two limits: low below high.")
        return {"limit": None, "low": low, "high": high}
    if said.comparison in STATES:
        if text:
            return {"limit": None, "low": None, "high": None, "hysteresis": 0.0}
        if not _finite(limit):
            raise _bad("Say which value it is: a number as limit, or a text.")
        return {"limit": limit, "low": None, "high": None, "hysteresis": 0.0}
    if not _finite(limit):
        raise _bad(f"Say the limit: {said.comparison.value} which number?")
    return {"limit": limit, "low": None, "high": None}


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def applies_to(rule: Rule, car: str) -> bool:
    """Whether it is for a car; a rule for some cars is not for one that nobody knows."""
    cars = {each.casefold() for each in rule.said.cars}
    return not cars or car.strip().casefold() in cars


def signals_of_rule(signal: str, signals: Iterable[tuple[str, str]], catalogue: CarCatalogue) -> tuple[str, ...]:
    """The names of the signals that a rule looks at: by its own name, by the catalogue's, or by a role.

    Args:
        signal: what the rule says.
        signals: name and Arrow's word for the type of each signal there is.
        catalogue: as the car sees it.
    """
    known = dict(signals)
    element = read_element(signal)
    if signal in known or (element is not None and element[0] in known):
        return (signal,)
    if named := sorted(name for name, dtype in known.items() if catalogue.describe(name, dtype).signal == signal):
        return tuple(named[:MAX_SIGNALS])
    if signal in set(Role) - {Role.NONE}:
        players = catalogue.resolve(known.items()).get(Role(signal), ())
        return tuple(player.name for player in players[:MAX_SIGNALS])
    return ()


def words_of(said: RuleText) -> str:
    """What it fires at, for people: ``TireTemps.fl above 110 for 1 s``."""
    value = said.text or _number(said.limit)
    how = {
        Comparison.ABOVE: f"above {value}",
        Comparison.BELOW: f"below {value}",
        Comparison.OUTSIDE: f"outside {_number(said.low)} to {_number(said.high)}",
        Comparison.INSIDE: f"between {_number(said.low)} and {_number(said.high)}",
        Comparison.IS: f"is {value}",
        Comparison.IS_NOT: f"is not {value}",
    }[said.comparison]
    lasts = f" for {said.for_s:g} s" if said.for_s else ""
    return f"{said.signal} {how}{lasts}"


def for_ns(said: RuleText) -> int:
    """How long it lasts before it fires, in nanoseconds."""
    return round(said.for_s * NS_PER_S)


def clear_ns(said: RuleText) -> int:
    """How long the value is good before it is over, in nanoseconds."""
    return round(said.clear_s * NS_PER_S)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_rule")

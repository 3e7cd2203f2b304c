"""What a signal's name tells when the team's catalogue says nothing: unit, label and role.

Names are cut into words (``VNData.vn_vel_m_s.x`` is *vn data · vn vel m s · x*), units are read from the words at
the end of a part, roles by the rules of ``ROLE_RULES``. The names are those of HyTech's cars, of the simulated car,
and of what other Formula Student teams commonly write; a wrong guess is mended by an entry in the catalogue.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple

import msgspec

from paddock.domain.catalogue_units import UnitGuess, unit_of
from paddock.domain.catalogue_words import POSITIONS, Words, words_of
from paddock.domain.signal_names import item_dtype


class Role(StrEnum):
    """What overviews, columns and figures look a signal up by."""

    SPEED = "speed"
    WHEEL_SPEED = "wheel_speed"
    YAW_RATE = "yaw_rate"
    """How fast the car turns around its upright axis."""
    THROTTLE = "throttle"
    BRAKE = "brake"
    STEERING = "steering"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    PACK_VOLTAGE = "pack_voltage"
    PACK_CURRENT = "pack_current"
    STATE_OF_CHARGE = "state_of_charge"
    CELL_VOLTAGE = "cell_voltage"
    CELL_TEMPERATURE = "cell_temperature"
    MOTOR_TEMPERATURE = "motor_temperature"
    FAULT = "fault"
    SHUTDOWN = "shutdown"
    """A loop of the shutdown circuit."""
    STATE = "state"
    LAP = "lap"
    """A counter of laps."""
    BEACON = "beacon"
    """Says when the car passes a beacon beside the track."""
    NONE = "none"
    """Said in the catalogue: no role, whatever the name looks like."""


MANY = frozenset(
    {
        Role.WHEEL_SPEED,
        Role.CELL_VOLTAGE,
        Role.CELL_TEMPERATURE,
        Role.MOTOR_TEMPERATURE,
        Role.FAULT,
        Role.SHUTDOWN,
        Role.STATE,
    }
)
"""Roles that several signals of one recording play together; of the others the best one does."""


class Guess(msgspec.Struct, frozen=True):
    """What a name and a type tell of a signal."""

    unit: str
    """Empty when nothing tells."""
    label: str
    role: Role
    why: str
    """One sentence for people."""
    rank: int = 0
    """How well the name fits the role, 0 to 100."""


class _Rule(NamedTuple):
    """A name that matches ``pattern`` and not ``never`` plays the role, if unit and kind fit as well."""

    role: Role
    rank: int
    pattern: str
    never: str = ""
    units: frozenset[str] = frozenset()
    """Units that fit; an unknown one always does."""
    kinds: frozenset[str] = frozenset({"float", "int"})


_TOLD = (
    r"set ?points?|target|desired|command(ed)?|cmd|request(ed)?|limits?|lim|threshold|offset|calibration|raw|adc"
    r"|counts?|std|uncertainty"
)
"""Words of numbers that were asked for, or that are about a number, and not measured."""
_VELOCITY = frozenset({"m/s", "km/h", "mph", "kn"})
_NO_SPEED = r"wheels?|motor|rotor|engine|inverter|mc|wind|fan|pump|angular|tires?|tyres?"
_PACK = r"pack|accumulator|accu|hv|ts|tractive system"
_NO_PACK = r"cells?|low voltage|lv|glv|gps|ttpms|tpms|modules?|insulation|sense|min|max|phase|charger"
_VOLTS = frozenset({"V", "mV", "kV"})
_AMPS = frozenset({"A", "mA"})
_DEGREES = frozenset({"deg", "rad"})
_CELSIUS = frozenset({"°C", "°F", "K"})
_TURN = r"angular (rate|velocity|vel)|gyro|gyroscope|omega"
_TURN_UNIT = r"(rad s|rads|rps|deg s|degs|dps)"
_NO_YAW = rf"{_NO_SPEED.replace('|angular', '')}|steer(ing)?|bias"
_TURNING = frozenset({"rad/s", "deg/s"})
_FLOAT = frozenset({"float"})
_DISCRETE = frozenset({"bool", "int"})
_UNITLESS = frozenset({"-"})
"""Fits a signal without a unit only."""

ROLE_RULES = (
    _Rule(Role.SPEED, 95, r"\b(ground|vehicle|veh|car|gps|gnss) (speed|spd)\b", _NO_SPEED, _VELOCITY),
    _Rule(Role.SPEED, 92, r"\b(vn|ins|imu|gnss|gps)\b.*\b(vel|velocity)\b.* x$", _NO_SPEED, _VELOCITY),
    _Rule(Role.SPEED, 85, r"\b(vel|velocity)\b.* x$|\btwist\b.* linear · x$", _NO_SPEED, _VELOCITY),
    _Rule(
        Role.SPEED, 70, r"\b(speed|spd|velocity|vel) (m s|ms|mps|km h|kmh|kph|mph|kn|knots)$", _NO_SPEED, _VELOCITY
    ),
    _Rule(Role.SPEED, 50, r"\b(speed|velocity)$", _NO_SPEED, _VELOCITY),
    _Rule(
        Role.WHEEL_SPEED,
        90,
        r"\bwheel( ·)? ?(speeds?|spd|rpms?)\b|\bwspd\b|\bwss\b",
        "",
        _VELOCITY | {"rpm", "rad/s"},
    ),
    _Rule(Role.WHEEL_SPEED, 70, rf"\brpms?\b.*\b({POSITIONS})$|\b({POSITIONS}) rpms?$", "", frozenset({"rpm"})),
    _Rule(Role.YAW_RATE, 92, rf"\b(vn|ins|imu)\b.*\b({_TURN})\b.* z( {_TURN_UNIT})?$", _NO_YAW, _TURNING),
    _Rule(Role.YAW_RATE, 90, r"\byaw ?rate\b", _NO_YAW, _TURNING),
    _Rule(Role.YAW_RATE, 85, rf"\b({_TURN})\b.* z( {_TURN_UNIT})?$|\btwist\b.* angular · z$", _NO_YAW, _TURNING),
    _Rule(
        Role.THROTTLE,
        90,
        r"\b(throttle|accelerator|apps|tps)\b|\baccel (pedal|percent|pct|pos|position)\b"
        r"|\bpedal (pos|position|travel)\b",
        r"brake|voltage|torque|implausib\w*|faults?|errors?|state|map|min|max|temps?",
        frozenset({"%", "deg", "mm"}),
    ),
    _Rule(
        Role.BRAKE, 90, r"\bbrakes? (pedal|percent|pct|pos|position|travel)\b", r"voltage", frozenset({"%", "mm"})
    ),
    _Rule(
        Role.BRAKE,
        70,
        r"\bbrakes?\b.*\bpress(ure)?\b",
        r"voltage",
        frozenset({"kPa", "bar", "psi", "MPa", "Pa"}),
    ),
    _Rule(Role.BRAKE, 60, r"\bbrake$", "", frozenset({"%"})),
    _Rule(Role.STEERING, 90, r"\bsteer(ing)?( wheel)? (angle|ang|pos|position)\b", r"torque", _DEGREES),
    _Rule(Role.STEERING, 70, r"\bsteer(ing)?( deg| rad)?$|\bswa\b", r"torque", _DEGREES),
    _Rule(Role.LATITUDE, 90, r"\b(lat|latitude)( deg| rad)?$", r"acc|accel|force", _DEGREES, _FLOAT),
    _Rule(Role.LONGITUDE, 90, r"\b(lon|long|lng|longitude)( deg| rad)?$", r"acc|accel|force", _DEGREES, _FLOAT),
    _Rule(Role.PACK_VOLTAGE, 90, rf"\b({_PACK})\b.*\b(voltage|volts?|v)$", _NO_PACK, _VOLTS),
    _Rule(Role.PACK_VOLTAGE, 80, r"\b(bus|dc|dc link)\b.*\b(voltage|volts?|v)$", _NO_PACK, _VOLTS),
    _Rule(Role.PACK_VOLTAGE, 60, r"\bbattery\b.*\b(voltage|volts?|v)$", _NO_PACK, _VOLTS),
    _Rule(Role.PACK_CURRENT, 90, rf"\b({_PACK})\b.*\b(current|amps?|a)$", _NO_PACK, _AMPS),
    _Rule(Role.PACK_CURRENT, 80, r"\b(bus|dc|dc link)\b.*\b(current|amps?|a)$", _NO_PACK, _AMPS),
    _Rule(Role.PACK_CURRENT, 60, r"\bbattery\b.*\b(current|amps?|a)$", _NO_PACK, _AMPS),
    _Rule(Role.STATE_OF_CHARGE, 90, r"\b(soc|state of charge)\b", "", frozenset({"%"})),
    _Rule(
        Role.CELL_VOLTAGE,
        90,
        r"\bcells?\b.*\b(voltages?|volts?|v|mv)\b|\bv ?cells?\b",
        r"load|temps?|resistances?|index|id|balanc\w*|delta|diff|difference|imbalance|spread|low voltage",
        _VOLTS,
    ),
    _Rule(
        Role.CELL_TEMPERATURE,
        90,
        r"\bcells?\b.*\b(temps?|temperatures?|therm\w*)\b|\bt ?cells?\b",
        r"load|index|id|delta|diff|difference",
        _CELSIUS,
    ),
    _Rule(
        Role.CELL_TEMPERATURE,
        60,
        r"\b(battery|pack|accumulator|modules?|bms|acu|segments?)\b.*\b(temps?|temperatures?|therm\w*)\b",
        r"board|mcu|ic|die|coolant|ambient|index|id",
        _CELSIUS,
    ),
    _Rule(
        Role.MOTOR_TEMPERATURE,
        90,
        r"\bmotors?( (?!inverter|igbt|controller)\S+){0,3} (temps?|temperatures?)\b",
        "",
        _CELSIUS,
    ),
    _Rule(
        Role.FAULT,
        90,
        r"\b(faults?|faulted|errors?|implausib\w*|warnings?|dtcs?|tripped)\b",
        r"remove|clear|cleared|reset|index|id",
        _UNITLESS,
        _DISCRETE,
    ),
    _Rule(
        Role.SHUTDOWN,
        70,
        r"\b(shutdown|sdc|imd|bspd|ams|bots|inertia|e ?stop|tsms|hvd)\b",
        "",
        _UNITLESS,
        _DISCRETE,
    ),
    _Rule(
        Role.STATE,
        90,
        r"\b(vehicle|car|vcu|ecu|drive|fsm|system) (state|mode)$|\bstate machine\b",
        "",
        _UNITLESS,
        frozenset({"int", "text"}),
    ),
    _Rule(Role.STATE, 60, r"\b(state|mode)$", "", _UNITLESS, frozenset({"int", "text"})),
    _Rule(Role.LAP, 90, r"\blaps?( (number|no|nr|index|count|counter))?$", r"last|best|total|time", _UNITLESS),
    _Rule(
        Role.BEACON,
        90,
        r"\b(lap|track|timing) (beacon|trigger|marker)\b|\bbeacon$",
        r"lap time|time|temps?",
        _UNITLESS,
        _DISCRETE | _FLOAT,
    ),
)
"""The rule with the highest rank wins, the first of several. Words stand apart by blanks, parts by ``·``."""


@cache
def _compiled() -> list[tuple[_Rule, re.Pattern[str], re.Pattern[str]]]:
    """Made when first asked for: most commands ask for no role, and all would wait for it."""
    return [
        (rule, re.compile(rule.pattern), re.compile(rf"\b({rule.never or _TOLD}|{_TOLD})\b")) for rule in ROLE_RULES
    ]


@lru_cache(maxsize=20_000)
def guess(name: str, dtype: str = "") -> Guess:
    """What name and type tell of a signal.

    Args:
        name: topic and field path.
        dtype: Arrow's word for the type, as ``Signal.dtype`` has it; empty when it is not known.
    """
    parts, kind = words_of(name), kind_of(dtype)
    unit = _unit_guess(parts, kind)
    rule = _role_rule(" · ".join(" ".join(part) for part in parts), kind, unit.unit)
    why = "; ".join(filter(None, (unit.why, f"it is named like {_spoken(rule.role)}" if rule else "")))
    rank = rule.rank if rule else 0
    # A position in single precision is good to half a metre only.
    if rule and rule.role in (Role.LATITUDE, Role.LONGITUDE) and dtype == "double":
        rank += 5
    role = rule.role if rule else Role.NONE
    return Guess(unit.unit, _label(parts, unit), role, why or "nothing in the name tells", rank)


@lru_cache(maxsize=20_000)
def guess_unit(name: str, dtype: str = "") -> str:
    """The unit of ``guess`` alone, which takes a small part of the time; empty when nothing tells."""
    return _unit_guess(words_of(name), kind_of(dtype)).unit


def _unit_guess(parts: Words, kind: str) -> UnitGuess:
    return unit_of(parts) if kind in ("float", "int", "") else UnitGuess()


def kind_of(dtype: str) -> str:
    """``float``, ``int``, ``bool``, ``text`` or ``other``; of a list what its items are; empty when not known."""
    dtype = item_dtype(dtype)
    if dtype in ("float", "double", "halffloat"):
        return "float"
    if re.fullmatch(r"u?int\d+", dtype):
        return "int"
    if dtype in ("string", "large_string"):
        return "text"
    return dtype if dtype in ("bool", "") else "other"


def _role_rule(text: str, kind: str, unit: str) -> _Rule | None:
    best = None
    for rule, pattern, never in _compiled():
        fits = (not kind or kind in rule.kinds) and (not unit or unit in rule.units)
        if fits and (best is None or rule.rank > best.rank) and pattern.search(text) and not never.search(text):
            best = rule
    return best


def _label(parts: Words, unit: UnitGuess) -> str:
    """The field's words without topic and unit, unless these are all there is to tell."""
    spoken = [list(part) for part in parts]
    # "rpm" says what it is, and not only in which unit.
    if unit.end and unit.unit != "rpm" and unit.start:
        del spoken[unit.part][unit.start : unit.end]
    words = [word for part in spoken[1:] or spoken for word in part]
    text = " ".join(word.upper() if re.fullmatch(POSITIONS, word) else word for word in words)
    return text[:1].upper() + text[1:]


def _spoken(role: Role) -> str:
    return role.value.replace("_", " ")

"""Units from the words at the end of a signal's name: ``_m_s``, ``_degC``, ``_rpm``."""

from __future__ import annotations

import re
from typing import NamedTuple

from paddock.domain.catalogue_words import Words

# By the words as ``words_of`` cuts them: kPa is "k pa", degC is "deg c", m_s2 is "m s2".
_SUFFIXES = {
    "m/s²": "m s2|m ss|mss|ms2|mps2|m per s2",
    "m/s": "m s|mps|m per s",
    "km/h": "kmh|km h|kph|k mh",
    "mph": "mph",
    "kn": "knots|kts",
    "rad/s": "rad s|rads|rps|rad per s",
    "deg/s": "deg s|dps|degs|deg per s",
    "rpm": "rpm|rpms",
    "deg": "deg|degree|degrees",
    "rad": "rad|radian|radians",
    "°C": "c|degc|deg c|celsius|centigrade",
    "°F": "degf|deg f|fahrenheit",
    "K": "kelvin",
    "kPa": "kpa|k pa",
    "MPa": "mpa",
    "hPa": "hpa|h pa",
    "Pa": "pa|pascal",
    "bar": "bar|bars",
    "mbar": "mbar|m bar",
    "psi": "psi",
    "%": "pct|percent|perc|percentage|prct",
    "mV": "mv|m v|millivolt|millivolts",
    "kV": "kv|k v",
    "V": "v|volt|volts|vdc",
    "mA": "ma|m a|milliamp|milliamps",
    "A": "a|amp|amps|ampere|amperes|arms",
    "kW": "kw|k w",
    "W": "w|watt|watts",
    "kWh": "kwh|k wh",
    "Wh": "wh",
    "mAh": "mah|m ah",
    "Ah": "ah",
    "kJ": "kj|k j",
    "J": "joule|joules",
    "Nm": "nm|n m|newton meters|newtonmeters",
    "kN": "kn|k n",
    "N": "n|newton|newtons",
    "kHz": "khz|k hz",
    "Hz": "hz",
    "mm": "mm",
    "cm": "cm",
    "km": "km",
    "m": "m|meter|meters|metre|metres",
    "kg": "kg",
    "l/min": "lpm|l min",
    "s": "s|sec|secs|second|seconds",
    "ms": "ms|millis|msec|milliseconds",
    "µs": "us|usec|micros|microseconds",
    "ns": "ns|nsec|nanos",
    "Ω": "ohm|ohms",
    "kΩ": "kohm|k ohm|kohms",
}
_UNIT_OF = {tuple(words.split()): unit for unit, all_words in _SUFFIXES.items() for words in all_words.split("|")}

_TEMPERATURE = r"temps?|temperatures?|therm\w*"
_VELOCITY = r"vel|velocity|speed|spd"
_ACCELERATION = r"accel|acc|acceleration"
# Suffixes that mean something else beside these words than by themselves (or nothing without them).
_BESIDE = {
    "ms": (_VELOCITY, "m/s"),
    "f": (_TEMPERATURE, "°F"),
    "k": (_TEMPERATURE, "K"),
    "g": (_ACCELERATION, "g"),
}

# What is nearly always logged in one unit, when no suffix says so.
_USUALLY = {
    "V": "voltage|voltages",
    "A": "current|currents",
    "°C": _TEMPERATURE,
    "deg": "lat|latitude|lon|lng|longitude",
    "Nm": "torque|torques",
}

# Words behind the unit: disc_temp_c.FL, voltage_v_1, temp_c_max.
_BEHIND = re.compile(
    r"\d+|[xyz]|fl|fr|rl|rr|lf|rf|lr|front|rear|left|right|min|max|avg|mean|filt|filtered|yaw|pitch|roll"
)
# One letter behind these counts them (phase_a); behind others it is a unit (bus_a).
_COUNTED = re.compile(r"phase|sensor|channel|chan|ch|side|bank|port|group|point|part|variant|class")
_RAW = {"raw", "adc", "count", "counts", "ticks"}


class UnitGuess(NamedTuple):
    """A unit, and how a name tells it."""

    unit: str = ""
    why: str = ""
    part: int = 0
    """Which part of the name has the suffix, and which words of it."""
    start: int = 0
    end: int = 0


def unit_of(parts: Words) -> UnitGuess:
    """The unit, empty when nothing in the name tells.

    The field at the end of the path is asked first. Parts before it are about more than this signal, so they are
    asked only where what follows is just an axis or a wheel.
    """
    if any(word in _RAW for part in parts[1:] or parts for word in part):
        return UnitGuess(why="it is a raw count")
    everything = " ".join(word for part in parts for word in part)
    for depth in range(len(parts) - 1, -1, -1):
        end = len(parts[depth])
        while end:
            words = parts[depth][:end]
            if found := _suffix(words, everything):
                unit, length = found
                why = f"it ends in _{'_'.join(words[-length:])}"
                return UnitGuess(unit, why, depth, end - length, end)
            if not _BEHIND.fullmatch(words[-1]):
                return _usual(words[-1])
            end -= 1
    return UnitGuess()


def _usual(word: str) -> UnitGuess:
    for unit, pattern in _USUALLY.items():
        if re.fullmatch(pattern, word):
            return UnitGuess(unit, f"{word} is usually in {unit}")
    return UnitGuess()


def _suffix(words: tuple[str, ...], everything: str) -> tuple[str, int] | None:
    """The unit that the last words spell, and how many of them do."""
    last = words[-1]
    if last in _BESIDE and len(words) > 1:
        beside, unit = _BESIDE[last]
        if re.search(rf"\b({beside})\b", everything):
            return unit, 1
    for length in (3, 2, 1):
        unit = _UNIT_OF.get(words[-length:], "")
        if not unit or len(words) < length:
            continue
        if len(last) == 1 and length == 1 and (len(words) == 1 or _counts(words[-2], last)):
            continue
        return unit, length
    return None


def _counts(before: str, letter: str) -> bool:
    """Whether a letter tells one of several: ``phase_a``, and ``temp_a``, which are no amperes."""
    return bool(_COUNTED.fullmatch(before)) or (letter == "a" and bool(re.fullmatch(_TEMPERATURE, before)))

"""Units: products of powers of symbols, each known by what it is in SI.

A table of the units that race cars log (those of ``catalogue_units.py`` among them) instead of a library: ``pint``
takes 0.7 s to be ready, in every worker process, and its definitions of a thousand units are asked for none of
what is here. A symbol that is not in the table, such as ``px``, is a unit of its own kind: it multiplies and
cancels like any other, and goes with itself alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

Dimension = tuple[tuple[str, Fraction], ...]
"""Powers of the base units, by name."""

_BASE = {
    "m": "m", "kg": "kg", "s": "s", "A": "A", "K": "K",
    "N": "kg m s-2", "Pa": "kg m-1 s-2", "J": "kg m2 s-2", "W": "kg m2 s-3", "V": "kg m2 s-3 A-1",
    "Ω": "kg m2 s-3 A-2", "C": "A s", "F": "kg-1 m-2 s4 A2", "Hz": "s-1", "rad": "", "T": "kg s-2 A-1",
    "H": "kg m2 s-2 A-2",
}  # fmt: skip
_SCALED = {
    "mm": (1e-3, "m"), "cm": (1e-2, "m"), "km": (1e3, "m"), "µm": (1e-6, "m"), "in": (0.0254, "m"),
    "ft": (0.3048, "m"), "mi": (1609.344, "m"),
    "ms": (1e-3, "s"), "µs": (1e-6, "s"), "ns": (1e-9, "s"), "min": (60.0, "s"), "h": (3600.0, "s"),
    "mA": (1e-3, "A"), "kA": (1e3, "A"), "mV": (1e-3, "V"), "kV": (1e3, "V"), "mW": (1e-3, "W"), "kW": (1e3, "W"),
    "kJ": (1e3, "J"), "MJ": (1e6, "J"), "Wh": (3600.0, "J"), "kWh": (3.6e6, "J"), "Ah": (3600.0, "C"),
    "mAh": (3.6, "C"), "kN": (1e3, "N"), "Nm": (1.0, "J"), "hPa": (1e2, "Pa"), "kPa": (1e3, "Pa"),
    "MPa": (1e6, "Pa"), "bar": (1e5, "Pa"), "mbar": (1e2, "Pa"), "psi": (6894.757293168361, "Pa"),
    "kHz": (1e3, "Hz"), "MHz": (1e6, "Hz"), "kΩ": (1e3, "Ω"), "mΩ": (1e-3, "Ω"),
    "deg": (math.pi / 180, "rad"), "rev": (2 * math.pi, "rad"), "rpm": (2 * math.pi / 60, "Hz"),
    "%": (1e-2, "rad"), "mph": (0.44704, "m s-1"), "kn": (1852 / 3600, "m s-1"), "l": (1e-3, "m3"),
    "ml": (1e-6, "m3"), "g": (9.80665, "m s-2"), "t": (1e3, "kg"), "°C": (1.0, "K"), "°F": (5 / 9, "K"),
}  # fmt: skip
"""``g`` is what accelerometers mean by it; an angle is a ratio, as in SI."""
_OFFSETS = {"°C": 273.15, "°F": 459.67 * 5 / 9}
_ALSO = {"us": "µs", "μs": "µs", "ohm": "Ω", "°": "deg", "degC": "°C", "degF": "°F", "kmh": "km/h", "kph": "km/h",
         "mps": "m/s", "L": "l", "RPM": "rpm", "sec": "s", "N·m": "Nm"}  # fmt: skip

_POWERS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_RAISED = {digit: raised for raised, digit in _POWERS.items()}
_FACTOR = re.compile(r"([^\W\d_⁰¹²³⁴⁵⁶⁷⁸⁹]+|%|°[CF]?|1)(?:\^?(-?\d{1,2})|([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))?")
_AROUND = re.compile(r"\s*([/·*.])\s*")
_MAX_TEXT = 40


@dataclass(frozen=True)
class Unit:
    """A unit. ``NO_UNIT`` is that of a ratio."""

    powers: tuple[tuple[str, Fraction], ...] = ()
    """The power of each symbol, in the order in which they are written."""

    def __str__(self) -> str:
        """``m/s²``; empty for a ratio."""
        above = [_raised(symbol, power) for symbol, power in self.powers if power > 0]
        below = [_raised(symbol, -power) for symbol, power in self.powers if power < 0]
        if not below:
            return "·".join(above)
        return "/".join(["·".join(above) or "1", *below])

    def times(self, other: Unit, power: Fraction = Fraction(1)) -> Unit:
        """The product with a power of another unit; what cancels is gone."""
        powers = dict(self.powers)
        for symbol, exponent in other.powers:
            powers[symbol] = powers.get(symbol, Fraction(0)) + exponent * power
        return Unit(tuple((symbol, exponent) for symbol, exponent in powers.items() if exponent))

    def to_the(self, power: Fraction) -> Unit:
        """A power of it."""
        return NO_UNIT.times(self, power)

    @property
    def dimension(self) -> Dimension:
        """What kind of quantity it measures."""
        return _si(self)[1]

    @property
    def factor(self) -> float:
        """How much of its SI unit it is."""
        return _si(self)[0]

    @property
    def offset(self) -> float:
        """Where its zero lies, in its SI unit: 273.15 for °C; 0 of a product."""
        if len(self.powers) == 1 and self.powers[0][1] == 1:
            return _OFFSETS.get(self.powers[0][0], 0.0)
        return 0.0

    def same(self, other: Unit) -> bool:
        """Whether a number means the same in both: ``V·A`` and ``W``."""
        return (
            self.dimension == other.dimension
            and math.isclose(self.factor, other.factor, rel_tol=1e-9)
            and self.offset == other.offset
        )

    def conversion(self, other: Unit) -> tuple[float, float] | None:
        """Factor and offset that make values of this unit ones of the other; None where it is of another kind."""
        if self.dimension != other.dimension:
            return None
        return self.factor / other.factor, (self.offset - other.offset) / other.factor


NO_UNIT = Unit()


def read_unit(text: str) -> Unit:
    """The unit that a text says, like ``m/s``, ``N·m``, ``kg*m^2``, ``1/s``.

    Raises:
        ValueError: it says none.
    """
    said = _AROUND.sub(r"\1", text.strip())
    said = _ALSO.get(said, said)
    unit, sign, at = NO_UNIT, 1, 0
    if len(said) > _MAX_TEXT:
        raise ValueError("too long")
    while at < len(said):
        found = _FACTOR.match(said, at)
        if found is None:
            raise ValueError(f"{said[at]!r} is no symbol of a unit")
        power = int(found[2] or "".join(map(_POWERS.__getitem__, found[3] or "")) or 1)
        symbol = found[1]
        if symbol == "1" and found[0] != "1":
            raise ValueError("a number is no symbol of a unit")
        if symbol != "1":
            unit = unit.times(_symbol(symbol), Fraction(power * sign))
        at = found.end()
        if at == len(said):
            break
        if said[at] not in "/·*. ":
            raise ValueError(f"{said[at]!r} follows a symbol")
        sign = -1 if said[at] == "/" else 1
        at += 1
    return unit


def signal_unit(text: str) -> Unit | None:
    """The unit of a signal as catalogue or name say it, whatever that is; None where nobody says one."""
    if not text.strip():
        return None
    try:
        return read_unit(text)
    except ValueError:
        return Unit(((text.strip(), Fraction(1)),))


def _symbol(text: str) -> Unit:
    also = _ALSO.get(text, text)
    return read_unit(also) if also != text else Unit(((text, Fraction(1)),))


def _raised(symbol: str, power: Fraction) -> str:
    if power == 1:
        return symbol
    if power.denominator == 1:
        return symbol + "".join(_RAISED[digit] for digit in str(power.numerator))
    return f"{symbol}^({power})"


@lru_cache(1024)
def _si(unit: Unit) -> tuple[float, Dimension]:
    factor, powers = 1.0, dict[str, Fraction]()
    for symbol, power in unit.powers:
        scale, parts = _meaning(symbol)
        factor *= scale ** float(power)
        for base, exponent in parts.items():
            powers[base] = powers.get(base, Fraction(0)) + exponent * power
    return factor, tuple(sorted((base, exponent) for base, exponent in powers.items() if exponent))


@lru_cache(1024)
def _meaning(symbol: str) -> tuple[float, Mapping[str, Fraction]]:
    """What one symbol is in base units; an unknown one is a base unit."""
    factor, si = _SCALED.get(symbol, (1.0, symbol))
    said = _BASE.get(si, si if symbol in _SCALED else symbol)
    powers = {}
    for part in said.split():
        found = re.fullmatch(r"(.*?)(-?\d+)?", part)
        assert found is not None
        powers[found[1]] = Fraction(int(found[2] or 1))
    return factor, MappingProxyType(powers)

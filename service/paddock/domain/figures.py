"""The figures of a run that lists show: what they are called, where they are stored, and comparing them."""

from __future__ import annotations

import math
import re
from typing import Literal

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected

Operator = Literal["<", "<=", ">", ">=", "="]


class Figure(msgspec.Struct, frozen=True):
    """One number of a recording. Programs say it in SI units, pages in those of the track."""

    name: str
    """As the API has it, with its unit."""
    label: str
    field: str
    """Where it is in the recording's document."""
    unit: str
    """On pages."""
    factor: float = 1.0
    """How many of ours one of the page's is."""
    stored: float = 1.0
    """How many of the document's one of ours is."""


FIGURES = (
    Figure("duration_s", "Duration", "duration_ns", "min", 60.0, float(NS_PER_S)),
    Figure("distance_m", "Distance", "highlights.distance_m", "km", 1000.0),
    Figure("max_speed_m_s", "Top speed", "highlights.max_speed_m_s", "km/h", 1 / 3.6),
    Figure("min_cell_voltage_v", "Cell min", "highlights.min_cell_voltage_v", "V"),
    Figure("max_cell_temperature_c", "Cell max", "highlights.max_cell_temperature_c", "°C"),
)
BY_NAME = {figure.name: figure for figure in FIGURES}
_COMPARISON = re.compile(
    r"\s*([a-z_]+)\s*(<=|>=|<|>|=)\s*([-+]?[0-9.]+(?:e[-+]?[0-9]+)?)\s*", re.IGNORECASE | re.ASCII
)


class FigureIs(msgspec.Struct, frozen=True):
    """A figure that compares so."""

    figure: Figure
    operator: Operator
    value: float
    """In our unit."""

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The bounds of ``at_least <= stored < below``; None where an end is open."""
        value = self.value * self.figure.stored
        above = math.nextafter(value, math.inf)
        match self.operator:
            case "<":
                return None, value
            case "<=":
                return None, above
            case ">":
                return above, None
            case ">=":
                return value, None
            case "=":
                return value, above

    def words(self) -> str:
        """``Top speed >= 30 km/h``."""
        return f"{self.figure.label} {self.operator} {self.value / self.figure.factor:.6g} {self.figure.unit}"


def read_figure(text: str) -> FigureIs:
    """``max_speed_m_s >= 25``.

    Raises:
        Rejected: it is written otherwise, or there is no such figure (code ``bad_figure``).
    """
    match = _COMPARISON.fullmatch(text[:200])
    try:
        if match is None or not math.isfinite(float(match[3])):
            raise ValueError("of another form")
        return FigureIs(BY_NAME[match[1].lower()], match[2], float(match[3]))  # type: ignore[arg-type]
    except (ValueError, KeyError):
        raise Rejected(
            f"{text[:80]!r} is no comparison: write it like max_speed_m_s >= 25, with one of {', '.join(BY_NAME)}.",
            code="bad_figure",
        ) from None

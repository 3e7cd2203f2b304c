"""The functions of the language, one row each: name, arguments, words for people."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Takes(Enum):
    """What an argument may be."""

    VALUE = "a value"
    CONDITION = "a condition"
    SECONDS = "a number of seconds"
    """Known before any sample is: a number or a constant."""
    HERTZ = "a number of Hz"
    UNIT = "a unit in quotes"


class Function(NamedTuple):
    """One function."""

    name: str
    takes: tuple[Takes, ...]
    does: str
    """What it is, as a sentence for people."""
    example: str
    more: bool = False
    """Whether further arguments like the last one may follow."""
    in_time: bool = False
    """Whether it looks at more than the sample of its instant."""
    not_live: str = ""
    """Why nobody knows it while a device sends; empty where it is known."""


_BEGINS = "it counts from where a recording begins, and what a device sends has no beginning"
_LAPS = "laps are timed once a log is there"
_V, _C, _S, _H = Takes.VALUE, Takes.CONDITION, Takes.SECONDS, Takes.HERTZ

_TABLE = (
    Function("abs", (_V,), "The value without its sign.", "abs(steering)"),
    Function("sign", (_V,), "−1, 0 or 1.", "sign(current)"),
    Function("sqrt", (_V,), "Square root; missing below 0.", "sqrt(ax^2 + ay^2)"),
    Function("exp", (_V,), "e to the power of the value.", "exp(-x)"),
    Function("log", (_V,), "Natural logarithm; missing at 0 and below.", "log(x)"),
    Function("log10", (_V,), "Logarithm to base 10.", "log10(x)"),
    Function("sin", (_V,), "Sine of an angle in radians.", "sin(radians(steering))"),
    Function("cos", (_V,), "Cosine of an angle in radians.", "cos(heading)"),
    Function("tan", (_V,), "Tangent of an angle in radians.", "tan(slip)"),
    Function("asin", (_V,), "Arcsine, in radians; missing outside −1 to 1.", "asin(x)"),
    Function("acos", (_V,), "Arccosine, in radians.", "acos(x)"),
    Function("atan", (_V,), "Arctangent, in radians.", "atan(vy / vx)"),
    Function("atan2", (_V, _V), "Angle of y and x, in radians.", "atan2(vy, vx)"),
    Function("radians", (_V,), "Degrees as radians.", "radians(steering)"),
    Function("degrees", (_V,), "Radians as degrees.", "degrees(slip_angle)"),
    Function("round", (_V,), "The nearest whole number.", "round(gear)"),
    Function("floor", (_V,), "The whole number at or below.", "floor(t)"),
    Function("ceil", (_V,), "The whole number at or above.", "ceil(t)"),
    Function("min", (_V, _V), "The least of several values.", "min(FL, FR, RL, RR)", more=True),
    Function("max", (_V, _V), "The largest of several values.", "max(FL, FR)", more=True),
    Function("clip", (_V, _V, _V), "The value, not below and not above two others.", "clip(x, 0, 100)"),
    Function("where", (_C, _V, _V), "The first value where a condition holds, else the second.",
             "where(speed > 1, slip, missing)"),
    Function("to", (_V, Takes.UNIT), "The value in another unit of the same kind.", 'to(speed, "km/h")'),
    Function("unit", (_V, Takes.UNIT), "The value as it is, said to be in a unit.", 'unit(rpm * 0.0106, "m/s")'),
    Function("derivative", (_V,), "Change per second since the sample before; missing across a gap.",
             "derivative(speed)", in_time=True),
    Function("integral", (_V,), "What has added up since the start, value times seconds; nothing in a gap.",
             "integral(power)", in_time=True, not_live=_BEGINS),
    Function("delay", (_V, _S), "The value some seconds before.", "delay(brake, 0.2)", in_time=True),
    Function("moving_average", (_V, _S), "Mean of the last seconds.", "moving_average(current, 0.5)",
             in_time=True),
    Function("low_pass", (_V, _H), "First-order low pass with this cut-off.", "low_pass(accel, 5)", in_time=True),
    Function("median", (_V, _S), "Median of the last seconds.", "median(pressure, 0.1)", in_time=True),
    Function("cumulative_max", (_V,), "The largest value so far.", "cumulative_max(temp)", in_time=True,
             not_live=_BEGINS),
    Function("rising_edge", (_C,), "True at the sample where a condition begins to hold.",
             "rising_edge(brake > 50)", in_time=True),
    Function("count", (_C,), "How many samples so far had a condition true.", "count(rising_edge(brake > 50))",
             in_time=True, not_live=_BEGINS),
    Function("lap", (), "The number of the lap; missing outside laps.", "lap()", not_live=_LAPS),
    Function("distance", (), "Metres since the lap began.", "distance()", not_live=_LAPS),
)  # fmt: skip

FUNCTIONS = {function.name: function for function in _TABLE}
"""By name."""

"""The operators and functions of the language that look at one instant alone, in NumPy; NaN is missing.

A condition is 1 or 0; any other number than 0 is true as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from paddock.columns.joined import Floats

Value = Floats | float
Operate = Callable[..., Value]


def _missing(*values: Value) -> npt.NDArray[np.bool_]:
    found: Any = np.isnan(values[0])
    for value in values[1:]:
        found = found | np.isnan(value)
    return np.asarray(found)


def _as_condition(found: Any, *values: Value) -> Value:
    """What a comparison found, missing where a side is."""
    condition = np.asarray(found, np.float64)
    missing = _missing(*values)
    if missing.any():
        condition = np.where(missing, np.nan, condition)
    return condition


def _compared(compare: Callable[[Any, Any], Any]) -> Operate:
    return lambda left, right: _as_condition(compare(left, right), left, right)


def _divided(left: Value, right: Value) -> Value:
    """Missing where the divisor is 0."""
    divisor = np.asarray(right)
    zero = divisor == 0
    return np.divide(left, np.where(zero, np.nan, divisor) if zero.any() else divisor)


def _where(condition: Value, then: Value, other: Value) -> Value:
    chosen = np.where(np.asarray(condition) != 0, then, other)
    return np.where(np.isnan(condition), np.nan, chosen)


def _of_all(operate: Callable[[Any, Any], Any]) -> Operate:
    def folded(first: Value, *more: Value) -> Value:
        for each in more:
            first = operate(first, each)
        return first

    return folded


def _rounded(value: Value) -> Value:
    """Halves away from 0, as people round."""
    return np.trunc(value + np.copysign(0.5, value))


_BINARY: Mapping[str, Operate] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divided,
    "^": lambda left, right: np.power(np.asarray(left, np.float64), right),
    "<": _compared(np.less),
    "<=": _compared(np.less_equal),
    ">": _compared(np.greater),
    ">=": _compared(np.greater_equal),
    "==": _compared(np.equal),
    "!=": _compared(np.not_equal),
    "and": lambda left, right: _as_condition((left != 0) & (right != 0), left, right),
    "or": lambda left, right: _as_condition((left != 0) | (right != 0), left, right),
}

ELEMENTWISE: Mapping[str, Operate] = {
    "not": lambda value: _as_condition(value == 0, value),
    "abs": np.abs,
    "sign": np.sign,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "radians": np.radians,
    "degrees": np.degrees,
    "round": _rounded,
    "floor": np.floor,
    "ceil": np.ceil,
    "min": _of_all(np.minimum),
    "max": _of_all(np.maximum),
    "clip": lambda value, low, high: np.minimum(np.maximum(value, low), high),
    "where": _where,
}
"""By name."""


def binary(sign: str) -> Operate:
    """What an operator between two values does."""
    return _BINARY[sign]

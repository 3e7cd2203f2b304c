"""An expression as something that computes: fed with the instants of its result and the signals there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from paddock.columns.columns import Int64s
from paddock.columns.joined import Floats
from paddock.columns.maths_operators import ELEMENTWISE, binary
from paddock.columns.time_functions import (
    Count,
    CumulativeMax,
    Delay,
    Derivative,
    Integral,
    LowPass,
    Median,
    MovingAverage,
    RisingEdge,
    TimeFunction,
)
from paddock.domain.maths_binding import Bound
from paddock.domain.maths_language.checking import Quantity, Shape, check, constant_of
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.tree import Binary, Call, Name, Node, Number, Text, Unary
from paddock.domain.maths_language.units import Unit

Value = Floats | float
_Compute = Callable[["_Instants"], Value]


class Laps(Protocol):
    """The laps of a recording, as ``lap()`` and ``distance()`` ask for them."""

    def numbers_at(self, instants: Int64s) -> Floats:
        """The number of the lap at each instant, NaN outside laps; shapes (N,)."""
        ...

    def distances_at(self, instants: Int64s) -> Floats:
        """Metres since that lap began, NaN outside laps; shapes (N,)."""
        ...


class _Instants(NamedTuple):
    """Some instants of the result, and the signals there."""

    times: Int64s
    signals: Mapping[str, Floats]


class Compiled:
    """Computes an expression. Functions that look at more than one sample remember what came before.

    Args:
        bound: the expression.
        gap_ns: the longest time between two of its instants that is no gap.
        laps: of the recording; None where nobody knows them.

    Raises:
        Fault: ``lap()`` without laps, or what cannot be computed.
    """

    def __init__(self, bound: Bound, gap_ns: int, laps: Laps | None = None) -> None:
        self._bound, self._gap_ns, self._laps = bound, gap_ns, laps
        self._compute = self._compiled(bound.tree)

    def at(self, times: Int64s, signals: Mapping[str, Floats]) -> Floats:
        """What it is at the next instants, shape (N,); NaN is missing.

        Args:
            times: in order, none before those of the last call; shape (N,), N > 0.
            signals: the values of each there, shape (N,), NaN where one is missing and never infinite.
        """
        with np.errstate(all="ignore"):
            found = self._compute(_Instants(times, signals))
        return finite(_full(found, len(times)))

    def _compiled(self, node: Node) -> _Compute:
        if (value := constant_of(node, {})) is not None:
            return lambda _: value
        match node:
            case Name():
                name = node.text
                return lambda instants: instants.signals[name]
            case Unary(sign="not"):
                negated = self._compiled(node.of)
                return lambda instants: ELEMENTWISE["not"](negated(instants))
            case Unary():
                of = self._compiled(node.of)
                return lambda instants: -of(instants)
            case Binary():
                operate, left, right = binary(node.sign), self._compiled(node.left), self._compiled(node.right)
                return lambda instants: operate(left(instants), right(instants))
            case Call():
                return self._called(node)
            case Number() | Text():
                raise Fault("This cannot be computed.", node.span)

    def _called(self, node: Call) -> _Compute:
        name = node.function.name
        if name in ("lap", "distance"):
            return self._of_laps(name, node)
        if name in ("to", "unit"):
            return self._converted(node)
        if node.function.in_time:
            of, function = self._compiled(node.arguments[0]), self._time_function(node)
            return lambda instants: function.feed(instants.times, finite(_full(of(instants), len(instants.times))))
        operate, given = ELEMENTWISE[name], [self._compiled(each) for each in node.arguments]
        return lambda instants: operate(*(each(instants) for each in given))

    def _of_laps(self, name: str, node: Call) -> _Compute:
        laps = self._laps
        if laps is None:
            raise Fault(f"{name}() needs laps, and none are known of this recording.", node.span)
        of = laps.numbers_at if name == "lap" else laps.distances_at
        return lambda instants: of(instants.times)

    def _converted(self, node: Call) -> _Compute:
        value = node.arguments[0]
        of = self._compiled(value)
        if node.function.name == "unit":
            return of
        before, after = self._quantity(value).unit, self._quantity(node).unit
        factor, offset = (before or Unit()).conversion(after or Unit()) or (1.0, 0.0)
        return lambda instants: of(instants) * factor + offset

    def _quantity(self, node: Node) -> Quantity:
        return check(node, self._bound.resolve)

    def _time_function(self, node: Call) -> TimeFunction:
        gap_ns = self._gap_ns
        amount = constant_of(node.arguments[1], {}) if len(node.arguments) > 1 else None
        amount = 0.0 if amount is None else amount
        match node.function.name:
            case "derivative":
                return Derivative(gap_ns)
            case "integral":
                return Integral(gap_ns)
            case "delay":
                return Delay(amount, gap_ns, on_lines=self._quantity(node.arguments[0]).shape is Shape.LINE)
            case "moving_average":
                return MovingAverage(amount)
            case "low_pass":
                return LowPass(amount, gap_ns)
            case "median":
                return Median(amount)
            case "cumulative_max":
                return CumulativeMax()
            case "rising_edge":
                return RisingEdge()
            case _:
                return Count()


def _full(value: Value, rows: int) -> Floats:
    return value if isinstance(value, np.ndarray) and value.shape == (rows,) else np.full(rows, value)


def finite(values: Floats) -> Floats:
    """Values with NaN in place of what is infinite."""
    infinite = np.isinf(values)
    return np.where(infinite, np.nan, values) if infinite.any() else values

"""What an expression is: whether its names are known, its kind, and its unit.

A plain number goes with every unit, because teams write ``x - 1`` and ``rpm / 11.86``; a signal without a unit
likewise, and what is computed from it has none that is known. Else both sides of ``+``, ``-`` and of a comparison
are in the same unit: nothing is converted that nobody asked for, because a factor in the text may be that very
conversion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from paddock.domain.maths_language.fault import Fault, Span
from paddock.domain.maths_language.functions import Takes
from paddock.domain.maths_language.tree import Binary, Call, Name, Node, Number, Text, Unary, walk
from paddock.domain.maths_language.units import NO_UNIT, Unit, read_unit

MAX_SECONDS = 600.0
"""The longest window or delay."""
MAX_HERTZ = 100_000.0
_MAX_EXPONENT = 12
_SECOND = Unit((("s", Fraction(1)),))
_METRE = Unit((("m", Fraction(1)),))
_RADIAN = Unit((("rad", Fraction(1)),))
_DEGREE = Unit((("deg", Fraction(1)),))


class Shape(Enum):
    """How values lie between samples."""

    LINE = "line"
    """On the line between both."""
    STEPS = "steps"
    """Each holds until the next: integers and enums."""
    CONDITION = "condition"
    """Each holds until the next; true or false."""


@dataclass(frozen=True)
class Quantity:
    """What is known of a value before it is computed."""

    shape: Shape
    unit: Unit | None = None
    """None where it goes with every unit."""
    is_number: bool = False
    """Whether it is a plain number or computed from some: a factor that leaves the unit as it is."""


Resolve = Callable[[Name], Quantity]
"""What a name stands for; raises ``Fault`` where nothing is called so."""

BUILT_IN: Mapping[str, float] = {
    "pi": math.pi, "e": math.e, "true": 1.0, "false": 0.0, "missing": math.nan,
}  # fmt: skip
_PLAIN = Quantity(Shape.LINE, None, is_number=True)
_KEEPING = frozenset(
    ("abs", "round", "floor", "ceil", "delay", "moving_average", "low_pass", "median", "cumulative_max")
)
_RATIOS = frozenset(("exp", "log", "log10", "asin", "acos", "atan"))
_ANGLES = frozenset(("sin", "cos", "tan"))
_STEPPING = frozenset(("abs", "delay", "cumulative_max", "min", "max", "clip", "where", "sign"))
"""What these make of steps is steps."""


def check(tree: Node, resolve: Resolve, constants: Mapping[str, float] | None = None) -> Quantity:
    """Kind and unit of what the tree computes.

    Args:
        resolve: what a name stands for.
        constants: the values of those names that are constants.

    Raises:
        Fault: a name that nothing has, units that do not go together, an argument that cannot be.
    """
    return _Checking(resolve, constants or {}).of(tree)


def constant_of(node: Node, values: Mapping[str, float]) -> float | None:
    """The number that a tree without signals is; None of another one.

    Args:
        values: the constants that are known, by name.
    """
    match node:
        case Number():
            return node.value
        case Name() if not node.quoted:
            return values.get(node.text, BUILT_IN.get(node.text))
        case Unary(sign="-"):
            of = constant_of(node.of, values)
            return None if of is None else -of
        case Binary(sign="+" | "-" | "*" | "/" | "^"):
            left, right = constant_of(node.left, values), constant_of(node.right, values)
            return None if left is None or right is None else _computed(node.sign, left, right)
    return None


def _computed(sign: str, left: float, right: float) -> float | None:
    try:
        match sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
        powered = left**right
        return powered if isinstance(powered, float) else None
    except (ArithmeticError, ValueError):
        return None


class _Checking:
    def __init__(self, resolve: Resolve, constants: Mapping[str, float]) -> None:
        self._resolve = resolve
        self._constants = constants

    def of(self, node: Node) -> Quantity:
        match node:
            case Number():
                return self._number(node)
            case Name():
                return self._resolve(node)
            case Unary(sign="not"):
                self.of(node.of)
                return Quantity(Shape.CONDITION)
            case Unary():
                of = self.of(node.of)
                return Quantity(_arithmetic(of.shape), of.unit, of.is_number)
            case Binary():
                return self._binary(node)
            case Call():
                return self._call(node)
            case Text():
                raise Fault('A text is a unit alone, as in to(x, "km/h").', node.span)

    def _number(self, node: Number) -> Quantity:
        shape = Shape.STEPS if node.value.is_integer() or math.isnan(node.value) else Shape.LINE
        if not node.unit:
            return Quantity(shape, None, is_number=True)
        return Quantity(shape, _unit(node.unit, node.span))

    def _binary(self, node: Binary) -> Quantity:
        left, right = self.of(node.left), self.of(node.right)
        match node.sign:
            case "and" | "or":
                return Quantity(Shape.CONDITION)
            case "<" | "<=" | ">" | ">=" | "==" | "!=":
                _together(left, right, "be compared", node.left, node.right)
                return Quantity(Shape.CONDITION)
            case "+":
                unit = _together(left, right, "be added", node.left, node.right)
            case "-":
                unit = _together(left, right, "be subtracted", node.left, node.right)
            case "*":
                return _product(left, right, Fraction(1))
            case "/":
                return _product(left, right, Fraction(-1))
            case _:
                return self._power(node, left, right)
        return Quantity(Shape.LINE, unit, left.is_number and right.is_number)

    def _power(self, node: Binary, left: Quantity, right: Quantity) -> Quantity:
        if left.is_number and right.is_number:
            return _PLAIN
        if right.unit is not None and right.unit.dimension:
            raise Fault(f"An exponent has no unit, and this one is in {right.unit}.", node.right.span)
        if left.unit is None or not left.unit.powers:
            return Quantity(Shape.LINE, left.unit)
        exponent = constant_of(node.right, self._constants)
        if exponent is None:
            raise Fault(
                f"The unit of {_said(node.left)} to a power that changes is none: the exponent has to be a number.",
                node.right.span,
            )
        power = Fraction(exponent).limit_denominator(12) if abs(exponent) <= _MAX_EXPONENT else None
        if power is None or not math.isclose(float(power), exponent, abs_tol=1e-9):
            raise Fault(f"{left.unit} to the power of {exponent:g} is no unit.", node.right.span)
        return Quantity(Shape.LINE, left.unit.to_the(power))

    def _call(self, node: Call) -> Quantity:
        function = node.function
        if function.name in ("to", "unit"):
            return self._in_unit(node)
        given = [self.of(each) for each in node.arguments]
        self._check_constants(node)
        name = function.name
        shape = _shape(name, given)
        if name in _KEEPING:
            return Quantity(shape, given[0].unit, given[0].is_number)
        if name in _RATIOS or name in _ANGLES:
            return self._angle(node, given[0])
        if name in ("min", "max", "clip"):
            return Quantity(shape, self._alike(node.arguments, given))
        if name == "where":
            return Quantity(shape, self._alike(node.arguments[1:], given[1:]))
        unit = given[0].unit if given else None
        match name:
            case "sqrt":
                return Quantity(Shape.LINE, None if unit is None else unit.to_the(Fraction(1, 2)))
            case "derivative":
                return Quantity(Shape.LINE, None if unit is None else unit.times(_SECOND, Fraction(-1)))
            case "integral":
                return Quantity(Shape.LINE, None if unit is None else unit.times(_SECOND))
            case "atan2":
                _together(given[0], given[1], "make an angle", *node.arguments)
                return Quantity(Shape.LINE, _RADIAN)
            case "radians" | "degrees":
                return self._turned(node, unit)
            case "rising_edge":
                return Quantity(Shape.CONDITION)
            case "count" | "lap" | "sign":
                return Quantity(Shape.STEPS, NO_UNIT if name == "sign" else None)
            case _:
                return Quantity(Shape.LINE, _METRE)

    def _check_constants(self, node: Call) -> None:
        """Refuse a window, a delay or a cut-off that depends on a sample, or that is none."""
        for argument, takes in zip(node.arguments, node.function.takes, strict=False):
            if takes not in (Takes.SECONDS, Takes.HERTZ):
                continue
            most = MAX_SECONDS if takes is Takes.SECONDS else MAX_HERTZ
            names = [each for each in walk(argument) if isinstance(each, Name)]
            if any(not self._resolve(each).is_number for each in names) or not _is_arithmetic(argument):
                raise Fault(
                    f"{node.function.name} takes {takes.value} here, which no signal can change.", argument.span
                )
            value = constant_of(argument, self._constants)
            if value is not None and not 0 < value <= most:
                raise Fault(
                    f"{node.function.name} takes {takes.value} above 0 and at most {most:g}, not {value:g}.",
                    argument.span,
                )

    def _in_unit(self, node: Call) -> Quantity:
        value, text = node.arguments
        assert isinstance(text, Text)
        of, wanted = self.of(value), _unit(text.text, text.span)
        if node.function.name == "to" and of.unit is None:
            raise Fault(
                f'Nobody knows the unit of {_said(value)}: say it, like to(unit(x, "m/s"), "{wanted}").', value.span
            )
        if node.function.name == "to" and of.unit is not None and of.unit.conversion(wanted) is None:
            raise Fault(f"{_said(value)} is in {_named(of.unit)}, which is nothing in {_named(wanted)}.", text.span)
        return Quantity(of.shape if node.function.name == "unit" else Shape.LINE, wanted)

    def _angle(self, node: Call, given: Quantity) -> Quantity:
        name, unit = node.function.name, given.unit
        result = Quantity(Shape.LINE, _RADIAN if name in ("asin", "acos", "atan") else NO_UNIT)
        if unit is None or unit.same(NO_UNIT):
            return result
        if name in _ANGLES and unit.same(_DEGREE):
            raise Fault(
                f"{name} takes radians, and {_said(node.arguments[0])} is in deg: write {name}(radians(…)).",
                node.arguments[0].span,
            )
        wanted = "an angle" if name in _ANGLES else "a number without a unit"
        raise Fault(f"{name} takes {wanted}, and this is in {unit}.", node.arguments[0].span)

    def _turned(self, node: Call, unit: Unit | None) -> Quantity:
        wanted, result = (_DEGREE, _RADIAN) if node.function.name == "radians" else (_RADIAN, _DEGREE)
        if unit is not None and not unit.same(wanted):
            raise Fault(f"{node.function.name} takes {wanted}, and this is in {_named(unit)}.", node.span)
        return Quantity(Shape.LINE, result)

    def _alike(self, nodes: tuple[Node, ...], given: list[Quantity]) -> Unit | None:
        """The one unit of several values."""
        known, at = given[0], nodes[0]
        for quantity, node in zip(given[1:], nodes[1:], strict=True):
            unit = _together(known, quantity, "be put beside each other", at, node)
            if known.unit is None:
                known, at = Quantity(known.shape, unit), node
        return known.unit


def _arithmetic(shape: Shape) -> Shape:
    return Shape.STEPS if shape is Shape.STEPS else Shape.LINE


def _shape(name: str, given: list[Quantity]) -> Shape:
    """Steps of steps, and conditions of conditions, where a function makes no values of its own."""
    values = given[1:] if name == "where" else given[:1] if name in ("delay", "sign", "cumulative_max") else given
    shapes = {each.shape for each in values}
    if name not in _STEPPING or not shapes or Shape.LINE in shapes:
        return Shape.LINE
    return Shape.CONDITION if shapes == {Shape.CONDITION} and name in ("delay", "where") else Shape.STEPS


def _product(left: Quantity, right: Quantity, power: Fraction) -> Quantity:
    if left.is_number and right.is_number:
        return _PLAIN
    if right.is_number:
        return Quantity(Shape.LINE, left.unit)
    if right.unit is None or (left.unit is None and not left.is_number):
        return Quantity(Shape.LINE, None)
    return Quantity(Shape.LINE, (left.unit or NO_UNIT).times(right.unit, power))


def _together(left: Quantity, right: Quantity, what: str, at: Node, other: Node) -> Unit | None:
    """The unit that both have.

    Raises:
        Fault: they have different ones; at the right side, because the left one may be long.
    """
    if left.unit is None or right.unit is None:
        return right.unit if left.unit is None else left.unit
    if left.unit.same(right.unit):
        return left.unit
    said = f"{_said(at)} is in {_named(left.unit)} and {_said(other)} in {_named(right.unit)}, which cannot {what}"
    if left.unit.conversion(right.unit):
        hint = f': convert one, like to({_said(other)}, "{left.unit}").'
    else:
        hint = f'. Where a factor converts it, say so: unit({_said(other)}, "{left.unit}").'
    raise Fault(said + hint, other.span)


def _named(unit: Unit) -> str:
    return str(unit) or "no unit"


def _said(node: Node) -> str:
    """A part of the expression in few words."""
    match node:
        case Name():
            return node.text if len(node.text) <= 60 else f"…{node.text[-60:]}"
        case Call():
            return f"{node.function.name}(…)"
    names = [each for each in walk(node) if isinstance(each, Name)]
    return f"what is computed from {_said(names[0])}" if names else "this"


def _is_arithmetic(node: Node) -> bool:
    """Whether it is made of numbers, constants and + - * / ^ alone."""
    for each in walk(node):
        if isinstance(each, Call | Text) or (isinstance(each, Binary) and each.sign not in "+-*/^"):
            return False
        if isinstance(each, Unary) and each.sign != "-":
            return False
    return True


def _unit(text: str, span: Span) -> Unit:
    try:
        return read_unit(text)
    except ValueError:
        raise Fault(f"{text[:40]} is no unit: write it like m/s, N·m, 1/s or °C.", span) from None

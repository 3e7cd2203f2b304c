from __future__ import annotations

import pytest

from paddock.domain.maths_language.checking import Quantity, Shape, check
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.parser import parse
from paddock.domain.maths_language.tree import Name
from paddock.domain.maths_language.units import read_unit

SIGNALS = {
    "speed": Quantity(Shape.LINE, read_unit("m/s")),
    "kmh": Quantity(Shape.LINE, read_unit("km/h")),
    "rpm": Quantity(Shape.LINE, read_unit("rpm")),
    "volt": Quantity(Shape.LINE, read_unit("V")),
    "amp": Quantity(Shape.LINE, read_unit("A")),
    "watt": Quantity(Shape.LINE, read_unit("W")),
    "temp": Quantity(Shape.LINE, read_unit("°C")),
    "angle": Quantity(Shape.LINE, read_unit("deg")),
    "yaw": Quantity(Shape.LINE, read_unit("rad")),
    "raw": Quantity(Shape.LINE),
    "gear": Quantity(Shape.STEPS),
    "on": Quantity(Shape.CONDITION),
    "ratio": Quantity(Shape.LINE, None, is_number=True),
    "missing": Quantity(Shape.STEPS, None, is_number=True),
}


def checked(text: str) -> Quantity:
    def resolve(name: Name) -> Quantity:
        return SIGNALS[name.text]

    return check(parse(text).tree, resolve, {"ratio": 11.86})


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("speed", "m/s"),
        ("speed * 3.6", "m/s"),
        ("speed + 1", "m/s"),
        ("1 + speed", "m/s"),
        ("speed * speed", "m²/s²"),
        ("speed ^ 2", "m²/s²"),
        ("sqrt(speed ^ 2)", "m/s"),
        ("speed ^ 0.5", "m^(1/2)/s^(1/2)"),
        ("speed / speed", ""),
        ("speed / speed - 1", ""),
        ("volt * amp", "V·A"),
        ("volt * amp + watt", "V·A"),
        ("1 / speed", "s/m"),
        ("derivative(speed)", "m/s²"),
        ("integral(speed)", "m"),
        ("integral(amp)", "A·s"),
        ("derivative(temp)", "°C/s"),
        ("max(temp, temp) - 3", "°C"),
        ("where(on, speed, missing)", "m/s"),
        ("clip(speed, 0, 30)", "m/s"),
        ('to(speed, "km/h") + kmh', "km/h"),
        ('unit(rpm * 0.01, "m/s") - speed', "m/s"),
        ("atan2(speed, speed)", "rad"),
        ("sin(radians(angle))", ""),
        ("sin(yaw)", ""),
        ("degrees(yaw)", "deg"),
        ("low_pass(speed, 5)", "m/s"),
        ("moving_average(speed, 0.5)", "m/s"),
        ("-speed", "m/s"),
        ("abs(speed) - 0.2 [m/s]", "m/s"),
        ("distance()", "m"),
        ("rpm / ratio", "rpm"),
        ("rpm * 0.2032 [m]", "rpm·m"),
        ("sign(speed)", ""),
    ],
)
def test_units_are_derived(text: str, unit: str) -> None:
    found = checked(text).unit
    assert found is not None and str(found) == unit


@pytest.mark.parametrize(
    "text", ["raw", "raw * speed", "1 + 2", "speed > 1", "raw + 1", "count(on)", "lap()", "gear"]
)
def test_nobody_knows_a_unit_where_none_is_said(text: str) -> None:
    assert checked(text).unit is None


def test_the_example_of_the_issue_is_a_channel() -> None:
    assert str(checked("rpm / 11.86 * 2*pi/60 * 0.2032 / speed - 1".replace("pi", "3.14")).unit) == "rpm·s/m"


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("speed + rpm", 8, "speed is in m/s and rpm in rpm, which cannot be added"),
        ("2 * speed + rpm", 12, "which cannot be added"),
        ("speed - kmh", 8, 'convert one, like to(kmh, "m/s")'),
        ("speed < temp", 8, "cannot be compared"),
        ("speed * speed - speed", 16, "cannot be subtracted"),
        ("max(1, speed, rpm)", 14, "beside each other"),
        ("where(on, speed, temp)", 17, "beside each other"),
        ("sin(angle)", 4, "sin(radians(…))"),
        ("cos(speed)", 4, "takes an angle"),
        ("log(speed)", 4, "a number without a unit"),
        ("radians(speed)", 0, "takes deg"),
        ("2 ^ speed", 4, "An exponent has no unit"),
        ("speed ^ raw", 8, "has to be a number"),
        ("speed ^ 100", 8, "is no unit"),
        ('to(raw, "m/s")', 3, "Nobody knows the unit of raw"),
        ('to(speed, "rpm")', 10, "is nothing in rpm"),
        ('to(speed, "m//s")', 10, "is no unit"),
        ("delay(speed, raw)", 13, "no signal can change"),
        ("delay(speed, 0)", 13, "above 0"),
        ("low_pass(speed, -5)", 16, "above 0"),
        ("moving_average(speed, 1e9)", 22, "at most 600"),
        ("median(speed, abs(2))", 14, "no signal can change"),
        ("speed + 5 [3]", 8, "is no unit"),
    ],
)
def test_what_does_not_go_together_is_refused_at_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(Fault) as caught:
        checked(text)
    assert words in caught.value.message
    assert caught.value.span.start == position


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("gear", Shape.STEPS),
        ("gear + 1", Shape.LINE),
        ("max(gear, 2)", Shape.STEPS),
        ("max(gear, 2.5)", Shape.LINE),
        ("on", Shape.CONDITION),
        ("not on", Shape.CONDITION),
        ("speed > 1 and on", Shape.CONDITION),
        ("count(on)", Shape.STEPS),
        ("rising_edge(on)", Shape.CONDITION),
        ("where(on, gear, 0)", Shape.STEPS),
        ("where(on, gear, missing)", Shape.STEPS),
        ("where(on, speed, gear)", Shape.LINE),
        ("delay(on, 1)", Shape.CONDITION),
        ("delay(gear, 1)", Shape.STEPS),
        ("low_pass(gear, 1)", Shape.LINE),
        ("lap()", Shape.STEPS),
        ("on * 2", Shape.LINE),
        ("-gear", Shape.STEPS),
        ("abs(on)", Shape.STEPS),
    ],
)
def test_what_holds_and_what_lies_on_lines(text: str, shape: Shape) -> None:
    assert checked(text).shape is shape


def test_constants_may_say_windows() -> None:
    assert checked("low_pass(speed, ratio * 2)").unit == read_unit("m/s")

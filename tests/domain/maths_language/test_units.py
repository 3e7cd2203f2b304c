from __future__ import annotations

import pytest

from paddock.domain.catalogue_units import _SUFFIXES
from paddock.domain.maths_language.units import NO_UNIT, read_unit, signal_unit


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("m/s", "m/s"),
        ("m/s2", "m/s²"),
        ("m/s^2", "m/s²"),
        ("m/s²", "m/s²"),
        ("m / s", "m/s"),
        ("kg·m²", "kg·m²"),
        ("kg*m^2", "kg·m²"),
        ("1/s", "1/s"),
        ("s⁻¹", "1/s"),
        ("Nm", "Nm"),
        ("N·m", "Nm"),
        ("%", "%"),
        ("°C", "°C"),
        ("degC", "°C"),
        ("kmh", "km/h"),
        ("us", "µs"),
        ("", ""),
        ("px", "px"),
        ("rpm", "rpm"),
        ("m/m", ""),
    ],
)
def test_units_are_read_and_written(text: str, written: str) -> None:
    assert str(read_unit(text)) == written


@pytest.mark.parametrize("text", ["m//s", "3", "10 km", "m^", "m-s", "a" * 41, "m/s!", "^2", "(m)"])
def test_what_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_unit(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("V·A", "W"), ("N·m", "J"), ("rad/s·m", "m/s"), ("1/s", "Hz"), ("A·s", "C"), ("km/h", "km/h"), ("bar", "bar")],
)
def test_products_are_known_by_what_they_are(one: str, other: str) -> None:
    assert read_unit(one).same(read_unit(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("m/s", "km/h"), ("m/s", "rpm"), ("deg", "rad"), ("°C", "K"), ("%", ""), ("bar", "psi"), ("px", "m")],
)
def test_what_differs_by_a_factor_is_another_unit(one: str, other: str) -> None:
    assert not read_unit(one).same(read_unit(other))


@pytest.mark.parametrize(
    ("one", "other", "given", "becomes"),
    [
        ("m/s", "km/h", 10, 36),
        ("km/h", "m/s", 36, 10),
        ("°C", "K", 20, 293.15),
        ("°F", "°C", 212, 100),
        ("K", "°F", 273.15, 32),
        ("bar", "kPa", 1, 100),
        ("rpm", "rad/s", 60, 6.283185307179586),
        ("deg", "rad", 180, 3.141592653589793),
        ("kWh", "J", 1, 3.6e6),
        ("mph", "km/h", 100, 160.9344),
        ("g", "m/s²", 1, 9.80665),
    ],
)
def test_conversions(one: str, other: str, given: float, becomes: float) -> None:
    factor, offset = read_unit(one).conversion(read_unit(other)) or (0, 0)
    assert given * factor + offset == pytest.approx(becomes)


def test_other_kinds_have_no_conversion() -> None:
    assert read_unit("m/s").conversion(read_unit("rpm")) is None
    assert NO_UNIT.conversion(read_unit("%")) is not None


def test_every_unit_that_names_tell_is_known() -> None:
    for unit in _SUFFIXES:
        symbols = [symbol for symbol, _ in read_unit(unit).powers]
        assert all((base := dict(read_unit(unit).dimension)) is not None for _ in symbols)
        assert set(base) <= {"m", "kg", "s", "A", "K"}, unit


def test_what_a_signal_says_is_a_unit_of_its_own_kind_where_it_is_none_other() -> None:
    odd = signal_unit("counts (raw)")
    assert odd is not None and str(odd) == "counts (raw)" and odd.same(odd)
    assert signal_unit(" ") is None

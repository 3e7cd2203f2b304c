"""Channels that are made of themselves are refused where they name who does it; all others are taken."""

from __future__ import annotations

import pytest

from paddock.domain.maths_channels import MathsText
from paddock.domain.maths_cycles import check_no_cycle
from paddock.domain.maths_language.fault import Fault


def channel(name: str, text: str, car: str = "", **constants: float) -> MathsText:
    return MathsText(name=name, text=text, car=car, constants=constants)


def test_a_channel_that_leads_back_to_itself_is_refused_at_its_place() -> None:
    others = [channel("b", "c.value + 1"), channel("c", "2 * a"), channel("d", "Car.speed")]
    with pytest.raises(Fault, match="a would be made of itself: a → b → c → a") as refused:
        check_no_cycle(channel("a", "d + b * 2"), others)
    assert (refused.value.span.start, refused.value.span.end) == (4, 5)
    with pytest.raises(Fault, match="a → a"):
        check_no_cycle(channel("a", "1 + a"), [])
    with pytest.raises(Fault, match="new → b → c → a"):
        check_no_cycle(channel("new", "b"), others, name_before="a")


def test_what_only_looks_like_it_is_taken() -> None:
    check_no_cycle(channel("a", "b + b"), [channel("b", "c"), channel("c", "Car.a"), channel("d", "a")])
    check_no_cycle(channel("a", 'gear * "a"', gear=2), [])
    check_no_cycle(channel("a", "b", b=2), [channel("b", "a")])
    check_no_cycle(
        channel("a", "b"), [channel("b", "a", "HT08"), channel("a", "1 * Car.x", "HT08"), channel("b", "2")]
    )


def test_each_car_has_its_own_channels() -> None:
    with pytest.raises(Fault, match="a → b → a"):
        check_no_cycle(channel("a", "b"), [channel("b", "a", "HT08"), channel("b", "Car.x")])
    with pytest.raises(Fault, match="a → b → a"):
        check_no_cycle(channel("a", "b", "ht08"), [channel("b", "a", "HT08")])


def test_many_that_are_made_of_each_other_are_looked_through_once() -> None:
    layers = [channel(f"c{row}_{n}", f"c{row + 1}_0 + c{row + 1}_1") for row in range(40) for n in range(2)]
    check_no_cycle(channel("top", "c0_0 + c0_1"), layers)

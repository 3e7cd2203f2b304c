from __future__ import annotations

import random
import re

import pytest

from paddock.domain.maths_language.checking import Quantity, Shape, check
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.functions import FUNCTIONS
from paddock.domain.maths_language.parser import MAX_DEPTH, MAX_NODES, parse
from paddock.domain.maths_language.tokens import MAX_LENGTH
from paddock.domain.maths_language.tree import Binary, Call, Name, Node, Number, Text, Unary, walk
from tests.conftest import REPOSITORY
from tests.domain.maths_language.texts import by_chance


def said(node: Node) -> str:
    """The tree with all its brackets."""
    match node:
        case Number():
            return f"{node.value:g}" + (f"[{node.unit}]" if node.unit else "")
        case Name() | Text():
            return node.text
        case Unary():
            return f"({node.sign} {said(node.of)})"
        case Binary():
            return f"({said(node.left)} {node.sign} {said(node.right)})"
        case Call():
            return f"{node.function.name}({', '.join(map(said, node.arguments))})"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("8 / 4 / 2", "((8 / 4) / 2)"),
        ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
        ("-2 ^ 2", "(- (2 ^ 2))"),
        ("2 ^ -1", "(2 ^ (- 1))"),
        ("-a * b", "((- a) * b)"),
        ("+a - -b", "(a - (- b))"),
        ("a + b < c * d", "((a + b) < (c * d))"),
        ("not a < b and c or d", "(((not (a < b)) and c) or d)"),
        ("a or b and c", "(a or (b and c))"),
        ("(a + b) * c", "((a + b) * c)"),
        ("where(a > 1, b, missing)", "where((a > 1), b, missing)"),
        ("min(a, b, c, d)", "min(a, b, c, d)"),
        ("lap()", "lap()"),
        ('to(VNData.vn_vel_m_s.x, "km/h")', "to(VNData.vn_vel_m_s.x, km/h)"),
        ("0.2032 [m] * .5e1", "(0.2032[m] * 5)"),
        ("ACUAllData.cell_voltages[3] / 2", "(ACUAllData.cell_voltages[3] / 2)"),
        ('"/vehicle/speed.data" / `a b`', "(/vehicle/speed.data / a b)"),
        ("Größe.x - Engine.1st", "(Größe.x - Engine.1st)"),
        ("a\n  + b", "(a + b)"),
    ],
)
def test_expressions_mean_what_mathematics_does(text: str, meant: str) -> None:
    assert said(parse(text).tree) == meant


def test_a_text_may_say_what_the_channel_is_called() -> None:
    text = "wheel_slip = (VehicleData.current_rpms.RL / 11.86 * 2*pi/60 * 0.2032) / VNData.vn_vel_m_s.x - 1"
    parsed = parse(text)
    assert parsed.name == "wheel_slip"
    assert said(parsed.tree).endswith("/ VNData.vn_vel_m_s.x) - 1)")
    assert parse("a == b").name == ""


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "nothing to compute"),
        ("   ", 3, "nothing to compute"),
        ("a +", 3, "Something is missing at the end"),
        ("a + * b", 4, "* stands where"),
        ("(a + b", 0, "not closed"),
        ("a + b)", 5, ") stands where"),
        ("a b", 2, "b follows something"),
        ("2pi", 1, "2 * pi"),
        ("a²", 1, "write ^2 instead"),
        ("a ** b", 2, "write ^ instead"),
        ("a && b", 2, "write and instead"),
        ("a < b < c", 6, "do not chain"),
        ("a = b = c", 6, "two, ==, compare"),
        ("x.y = 1", 0, "cannot be a channel's name"),
        ("sqr(a)", 0, "Did you mean sqrt"),
        ("sqrt()", 0, "sqrt takes 1 value"),
        ("sqrt(a, b)", 0, "here are 2"),
        ("min(a)", 0, "at least 2 values"),
        ("lap(a)", 0, "takes nothing"),
        ("min(a,, b)", 6, ", stands where"),
        ("to(a, km)", 6, "a unit in quotes"),
        ("low_pass(a 5)", 11, "5 follows"),
        ('"abc', 0, "does not end"),
        ('"" + 1', 0, "nothing between the quotes"),
        ("a # b", 2, "means nothing here"),
        ("1e999", 0, "larger than any number"),
        ("[3]", 0, "write ( instead"),
        ("not", 3, "missing at the end"),
        ("and a", 0, "and stands where"),
    ],
)
def test_a_fault_says_where_and_what_to_do(text: str, position: int, words: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(text)
    assert caught.value.span.start == position
    assert words in caught.value.message
    assert caught.value.code == "bad_maths"


def test_length_depth_and_size_are_bounded() -> None:
    for text in (
        "a" * (MAX_LENGTH + 1),
        "(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1),
        "-" * 300 + "a",
        "2^" * 300 + "a",
        "+".join(["a"] * MAX_NODES),
        f"min({','.join(['a'] * (MAX_NODES + 1))})",
    ):
        with pytest.raises(Fault, match="two channels"):
            parse(text)
    longest = parse("+".join(["a"] * (MAX_NODES // 2))).tree
    assert sum(1 for _ in walk(longest)) == MAX_NODES - 1
    check(longest, lambda _: Quantity(Shape.LINE))


@pytest.mark.slow("goes through very many cases")
def test_random_texts_are_parsed_or_refused_with_a_place() -> None:
    """In the full size a script: ``python -m tests.scripts.fuzz_maths``."""
    chance = random.Random(16)
    parsed = 0
    for _ in range(3_000):
        text = by_chance(chance)
        try:
            check(parse(text).tree, lambda _: Quantity(Shape.LINE))
            parsed += 1
        except Fault as fault:
            assert 0 <= fault.span.start <= fault.span.end <= len(text)
    assert parsed > 100


def test_every_function_says_what_it_does_with_an_example_that_is_one() -> None:
    for function in FUNCTIONS.values():
        assert function.does.endswith(".")
        calls = [node for node in walk(parse(function.example).tree) if isinstance(node, Call)]
        assert calls[0].function is function


def test_the_expressions_of_readme_are_ones() -> None:
    (block,) = re.findall(r"^```text\n(wheel_slip = .*?)^```$", (REPOSITORY / "README.md").read_text(), re.M | re.S)
    assert [parse(line).name for line in block.splitlines()] == ["wheel_slip", "braking", "stops"]

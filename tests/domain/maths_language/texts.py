"""Texts by chance: pieces of the language, damaged ones, and anything at all."""

from __future__ import annotations

import random

from paddock.domain.maths_language.functions import FUNCTIONS

_PIECES = [
    *FUNCTIONS,
    "VNData.vn_vel_m_s.x",
    "a",
    "speed",
    "ACUAllData.cell_voltages[3]",
    '"odd name"',
    "`/topic/x.y`",
    "pi",
    "1",
    "0.2032 [m]",
    "1e-3",
    ".5",
    "1e999",
    "and",
    "or",
    "not",
    "+",
    "-",
    "*",
    "/",
    "^",
    "(",
    ")",
    ",",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "=",
    "x =",
    '"m/s"',
    "[",
    "]",
    "**",
    "&&",
    "'",
    '"',
    "\n",
    "\x00",
    "é",
    "🏁",
    "−",
    "2pi",
    "a.b.c.",
    "..",
]


def by_chance(chance: random.Random) -> str:
    """One text."""
    length = chance.choice((1, 3, 8, 20, 60, 400, 2_000))
    way = chance.random()
    if way < 0.6:
        return chance.choice(("", " ")).join(chance.choice(_PIECES) for _ in range(length))
    if way < 0.75:
        return chance.choice(("(", "-", "not ", "abs(", "2^", "a+", "a<", "min(a,")) * length + "a"
    if way < 0.9:
        whole = list(
            " + ".join(f"{chance.choice(list(FUNCTIONS))}(a, {chance.random():.3f})" for _ in range(length % 50))
        )
        for _ in range(chance.randrange(4)):
            if whole:
                whole[chance.randrange(len(whole))] = chr(chance.randrange(32, 400))
        return "".join(whole)
    return "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0xD800)))) for _ in range(length))

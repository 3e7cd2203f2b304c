"""Random JSON messages, whole and damaged."""

from __future__ import annotations

import random
import re
from typing import Any

_KEYS = (
    "a",
    "b",
    "speed",
    "",
    "x.y",
    "n\\u0000l",
    "\\u00e9",
    "\u6f22",
    "value",
    "_others",
    "s\\ud83d",
    "\\ud83d\\ude00",
)
_NUMBERS = (
    *(
        "0",
        "-0",
        "7",
        "-1",
        "1.5",
        "-0.0",
        "1e3",
        "1E-7",
        "12.0",
        "0.1",
        "123456789.25",
        "1e400",
        "-1e400",
        "1e-400",
    ),
    *("9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807", "9223372036854775808"),
    *("18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "9" * 400),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "-nan",
        "inf",
        "-inf",
        "INF",
        "Inf",
        "nan(0x1)",
        "1e17",
        "4e15",
        "1" * 16,
    ),
)
_NO_NUMBERS = ("01", "1.", ".5", "+1", "0x10", "1e", "--1", "nano", "infinit", "None", "True", "1_000", "'a'", "")
_STRINGS = (
    *(
        '"on"',
        '""',
        '"\\u00b0C"',
        '"\u00b0C"',
        '"\\n\\t\\"\\\\\\/"',
        '"cut \\ud83d"',
        '"\\ude00 low"',
        '"\\ud83d\\ude00"',
    ),
    *(
        '"2026-04-18T14:32:00Z"',
        '"1.5"',
        '"nan"',
        '"\\u0000"',
        '"}{"',
        '"} {"',
        '"a\\ud800x"',
        '"null"',
        '"\U0001f600"',
    ),
)
_INSIDE = (
    b"\xb0",
    b"\xff",
    b"\\ud83d",
    b"\\udc00x",
    b"\n",
    b"\\n",
    b"}{",
    b"}\n{",
    b'"',
    b"\\",
    b"\\u00b0",
    "\u00b0".encode(),
    b"\0",
)
_RANGES = ((-9, 9), (0, 10**6), (-(2**62), 2**62), (0, 2**63 - 1), (2**63, 2**64 - 1), (0, 2**64 - 1))
_BYTES = (
    b"\xff",
    b"\xb0",
    b"\xed\xa0\x80",
    b"\xc3",
    b"\xf0\x9f",
    b"\0",
    b"\n",
    b"\x1f",
    b"{",
    b"}",
    b"[",
    b'"',
    b"\\",
)
_ENDS = (b"\0", b"\0\0\0", b" \n", b"\0 ", b"//c", b"{}", b'{"a":1}', b",", b"}", b"\xff", b"1")


class Writer:
    """Writes the messages of one topic: of one template, of which some of them are not quite.

    Most topics are plain: what is odd in them is rare and small, so that others are decoded along with it.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._plain = chance.random() < 0.7
        self._odd = 0.0 if self._plain else chance.choice((0.002, 0.05, 0.3))
        """How often a value is not of its template, and how often a message is damaged."""
        self._rare = chance.choice((0.001, 0.003, 0.01))
        """How often a plain topic has something odd."""
        self._end = chance.choice((b"",) * 6 + (b"\0", b"\n", b" "))
        self._ascii = chance.random() < 0.5
        self._template = self._object(0)

    def messages(self, count: int) -> list[bytes]:
        """So many messages."""
        found = [self._message() for _ in range(count)]
        for at in range(count) if self._plain else ():
            if self._chance.random() < self._rare:
                self._accident(found, at)
        return found

    def _message(self) -> bytes:
        chance = self._chance
        text = self._written(self._template)
        if chance.random() < self._odd / 4:
            text = self._written(self._any(0))
        data = text.encode("utf-8", "surrogatepass") + self._end
        if chance.random() < self._odd:
            data = self._damaged(data)
        return data

    def _accident(self, messages: list[bytes], at: int) -> None:
        """Something small that is wrong with a message, or with two that follow each other."""
        chance = self._chance
        kind = chance.choice((0, 1, 2, 3, 4, 4, 4, 5, 5, 5, 6))
        one, other = messages[at], messages[at - 1]
        if kind == 0:
            messages[at - 1], messages[at] = b"", other + one
        elif kind == 1:
            messages[at - 1], messages[at] = other + b" " + one, b" "
        elif kind == 2:
            cut = chance.randrange(len(other) + 1)
            messages[at - 1], messages[at] = other[:cut], other[cut:] + one
        elif kind == 3:
            messages[at] = one.replace(b",", b",\n").replace(b"{", b"{ \r\n")
        elif kind == 4:
            strings = [found.start() + 1 for found in re.finditer(rb'"text"', one)] or [
                chance.randrange(len(one) + 1)
            ]
            place = chance.choice(strings)
            messages[at] = one[:place] + chance.choice(_INSIDE) + one[place:]
        elif kind == 5:
            numbers = list(re.finditer(rb"-?\d[\d.]*", one))
            if numbers:
                found = chance.choice(numbers)
                new = chance.choice(_NUMBERS).encode()
                messages[at] = one[: found.start()] + new + one[found.end() :]
        else:
            messages[at] = self._damaged(one)

    def _object(self, depth: int) -> Any:
        known = _KEYS[:5] if self._plain else _KEYS
        keys = self._chance.sample(known, self._chance.randint(0 if depth else 1, 4))
        return {key: self._any(depth + 1) for key in keys}

    def _any(self, depth: int) -> Any:
        kind = self._chance.random()
        if self._plain and 0.75 <= kind < 0.83:
            kind = 0.0
        if kind < 0.3:
            return ("int", *self._chance.choice(_RANGES))
        if kind < 0.5:
            return ("float",)
        if kind < 0.57:
            return ("bool",)
        if kind < 0.75:
            return ("string",)
        if kind < 0.8:
            return ("odd",)
        if kind < 0.83:
            return ("null",)
        if depth > 3:
            return ("int", -5, 5)
        return self._object(depth) if kind < 0.93 else [self._any(depth + 1)]

    def _written(self, template: Any) -> str:
        chance = self._chance
        if chance.random() < self._odd / 3:
            return chance.choice(
                (*_NUMBERS, *_STRINGS, "null", "true", "[]", "{}", '{"k":[1,"x",null]}', *_NO_NUMBERS)
            )
        space = " " * (chance.random() < 0.2)
        if isinstance(template, dict):
            members = [f'"{key}":{space}{self._written(each)}' for key, each in template.items()]
            members = [each for each in members if chance.random() >= self._odd / 3]
            if chance.random() < self._odd / 5:
                members += members[:1]
            if chance.random() < self._odd / 5:
                chance.shuffle(members)
            return "{" + f",{space}".join(members) + "}"
        if isinstance(template, list):
            return "[" + ",".join(self._written(template[0]) for _ in range(chance.randint(0, 3))) + "]"
        if template[0] == "int":
            return str(chance.randint(template[1], template[2]))
        if template[0] == "float":
            return repr(round(chance.uniform(-1e3, 1e3), 3))
        if template[0] == "bool":
            return chance.choice(("true", "false"))
        if template[0] == "string":
            return '"text"' if self._ascii else chance.choice(_STRINGS[:5])
        return "null" if template[0] == "null" else chance.choice((*_NUMBERS, *_STRINGS))

    def _damaged(self, data: bytes) -> bytes:
        chance = self._chance
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(8)
        if kind == 0:
            return data[:at] + chance.choice(_BYTES) + data[at:]
        if kind == 1:
            return data[:at]
        if kind == 2:
            return data + chance.choice(_ENDS)
        if kind == 3:
            return data[:at] + data[at + chance.randint(1, 5) :]
        if kind == 4:
            return data[:at] + chance.choice(_BYTES) + data[at + 1 :]
        if kind == 5:
            return chance.choice((b"\xef\xbb\xbf", b" ", b"\n", b"\xfe\xff", b"\0")) + data
        return chance.choice((b"", b"{}{}", b" ", b"\0", b"[" * 3000, b'{"a":' * 3000, b"7\0\0\0\0", data + data))

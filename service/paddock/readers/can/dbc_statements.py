"""The statements of a DBC file, one by one: a damaged one costs itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_KEYWORD = re.compile(
    r"\s*(BO_TX_BU_|BO_|SG_MUL_VAL_|SG_|BU_SG_REL_|BU_EV_REL_|BU_BO_REL_|BU_|BA_DEF_DEF_REL_|BA_DEF_DEF_|BA_DEF_SGTYPE_"
    r"|BA_DEF_REL_|BA_DEF_|BA_SGTYPE_|BA_REL_|BA_|CM_|VAL_TABLE_|VAL_|SIG_VALTYPE_|SIG_GROUP_|SIG_TYPE_REF_"
    r"|SIGTYPE_VALTYPE_|SGTYPE_VAL_|SGTYPE_|SIG_GROUP_|CAT_DEF_|CAT_|FILTER|EV_DATA_|EV_|ENVVAR_DATA_|NS_DESC_|NS_|BS_"
    r"|VERSION)(?![A-Za-z0-9_])"
)
_ON_ONE_LINE = frozenset(("BO_", "SG_", "BU_", "BS_", "VERSION", "NS_"))
"""These end with their line, unless a text of theirs goes on."""
_QUOTE = re.compile(r'\\.|"', re.DOTALL)
MAX_LINES = 500
"""A statement with more lines lost its end."""


class Statement(NamedTuple):
    """A keyword with all that belongs to it."""

    line: int
    """Where it begins, from 1."""
    keyword: str
    text: str
    """After the keyword, without the ``;`` at its end."""


def statements(text: str) -> Iterator[Statement]:
    """All statements of a file; lines that begin with no keyword, and keywords alone (under ``NS_``), are none."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        begins = _KEYWORD.match(lines[at])
        if begins is None or not lines[at][begins.end() :].strip():
            at += 1
            continue
        end = _end(lines, at, begins[1])
        whole = "\n".join(lines[at:end])[begins.end() :].strip()
        yield Statement(at + 1, begins[1], whole.removesuffix(";").rstrip())
        at = end


def _end(lines: list[str], first: int, keyword: str) -> int:
    """The line after those of the statement that begins in line ``first``.

    It ends where a ``;`` stands outside of texts. Where none comes, because it or a quote was forgotten, it is only
    the lines before the next keyword.
    """
    inside = False
    without_end = None
    for at in range(first, min(len(lines), first + MAX_LINES)):
        if at > first and _KEYWORD.match(lines[at]):
            if not inside:
                return at
            without_end = without_end or at
        quotes = sum(found[0] == '"' for found in _QUOTE.finditer(lines[at]))
        inside ^= quotes % 2 == 1
        if inside:
            continue
        if keyword in _ON_ONE_LINE or lines[at].rstrip().endswith(";"):
            return at + 1
    return without_end or first + 1

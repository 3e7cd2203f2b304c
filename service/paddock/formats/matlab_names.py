"""Names that MATLAB accepts for variables and struct fields, made from topics and field names."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

MAX_NAME_LENGTH = 63
"""MATLAB's ``namelengthmax``."""

KEYWORDS = frozenset(
    (
        *("break", "case", "catch", "classdef", "continue", "else", "elseif", "end", "for", "function", "global"),
        *("if", "otherwise", "parfor", "persistent", "return", "spmd", "switch", "try", "while"),
    )
)
"""What MATLAB's ``iskeyword`` lists."""

RESERVED = frozenset({"meta", "t", "time_ns"})
"""Names that the default layout gives a meaning."""

_FOREIGN = re.compile(r"[^A-Za-z0-9_]")


def matlab_name(original: str, reserved: Collection[str] = RESERVED) -> str:
    """One name by the rules, before collisions are looked at.

    A leading ``/`` goes; every character that MATLAB does not take becomes ``_``; a leading digit or ``_`` (and
    an empty name) gets ``x`` in front; keywords and ``reserved`` get ``_`` behind; 63 characters at most.
    """
    name = _FOREIGN.sub("_", original.removeprefix("/"))
    if not name or name[0] in "0123456789_":
        name = "x" + name
    name = name[:MAX_NAME_LENGTH]
    return f"{name}_" if name in KEYWORDS or name in reserved else name


def matlab_names(originals: Sequence[str], reserved: Collection[str] = RESERVED) -> list[str]:
    """A different name for each of ``originals``, in their order; equal originals are allowed.

    Of those that would share a name the first keeps it, the others get ``_2``, ``_3`` …, skipping numbers that
    would take the name another one has by itself. Which name a thing gets depends on the list alone.
    """
    wanted = [matlab_name(original, reserved) for original in originals]
    natural = frozenset(wanted)
    taken: set[str] = set()
    last: dict[str, int] = {}
    names = []
    for name in wanted:
        unique, number = name, last.get(name, 1)
        while unique in taken or (unique != name and unique in natural):
            number += 1
            suffix = f"_{number}"
            unique = name[: MAX_NAME_LENGTH - len(suffix)] + suffix
        last[name] = number
        taken.add(unique)
        names.append(unique)
    return names

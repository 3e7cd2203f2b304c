"""The names of signals: those that any recording has, for completion, and those of elements of lists."""

from __future__ import annotations

import re

import msgspec

_ELEMENT = re.compile(r"(.*)\[(\d{1,9})\]", re.DOTALL)


def element_name(name: str, index: int) -> str:
    """``ACUAllData.cell_voltages[3]``."""
    return f"{name}[{index}]"


def read_element(name: str) -> tuple[str, int] | None:
    """The list and the index of a name like ``ACUAllData.cell_voltages[3]``; None of another one."""
    match = _ELEMENT.fullmatch(name) if name.endswith("]") else None
    return (match[1], int(match[2])) if match else None


def item_dtype(dtype: str) -> str:
    """Arrow's word for the items of a list; for another type its own."""
    if not dtype.startswith(("list<", "large_list<")):
        return dtype
    return dtype.removesuffix(">").rsplit(": ", 1)[-1].removesuffix(" not null")


def spoken_dtype(dtype: str) -> str:
    """``list of float`` of what Arrow calls ``list<item: float not null>``; another type is its own word."""
    item = item_dtype(dtype)
    return dtype if item == dtype else f"list of {item}"


class SignalName(msgspec.Struct, frozen=True):
    """One name. It stays when the last recording with it is gone, which costs nothing."""

    id: str
    """The name itself: topic and field path."""
    topic: str
    dtype: str
    search: str
    """Case-folded, for the contains filter."""
    elements: int = 0
    """How many elements of a list are signals, ``name[0]`` and on."""

"""Counts work instead of measuring time, so that a test of what grows how is right on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls_made(what: Callable[[], object]) -> int:
    """How many functions are called, Python's and those in C."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        what()
    finally:
        sys.setprofile(before)
    return count


def assert_linear(of_size: Callable[[int], Callable[[], object]], small: int, *, times: int = 4) -> None:
    """What ``of_size(n)`` returns makes about ``times`` as many calls for ``times`` as large an ``n``."""
    few, many = calls_made(of_size(small)), calls_made(of_size(small * times))
    assert many < few * times * 1.5, f"{few} calls for {small}, {many} for {small * times}"

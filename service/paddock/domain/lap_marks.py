"""When the car passed the line, as a person marked it: part of what people say of a recording, with its history."""

from __future__ import annotations

from collections.abc import Iterable

from paddock.domain.instants import NS_PER_S

FIELD = "laps.marked"
"""In the history, and between two Paddocks."""
MOST_MARKS = 1_000
_DIGITS = 9


def text_of_marks(marks_ns: Iterable[int]) -> str:
    """Seconds since the log's first message as people read them: ``12.4, 75.1``."""
    return ", ".join(f"{mark // NS_PER_S}.{mark % NS_PER_S:09d}".rstrip("0").rstrip(".") for mark in marks_ns)


def marks_of_text(text: str) -> tuple[int, ...]:
    """The same in nanoseconds, ascending.

    Raises:
        ValueError: it says none.
    """
    marks = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        whole, _, rest = part.partition(".")
        if (
            not part.isascii()
            or not whole.isdecimal()
            or len(whole) > _DIGITS
            or not (rest or "0").isdecimal()
            or len(rest) > _DIGITS
        ):
            raise ValueError(part[:40])
        marks.add(int(whole) * NS_PER_S + int(rest.ljust(_DIGITS, "0")))
    if len(marks) > MOST_MARKS:
        raise ValueError(f"more than {MOST_MARKS} marks")
    return tuple(sorted(marks))

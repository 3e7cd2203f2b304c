"""Intervals: spans of a recording with a name, marked by a person or found by a condition."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.errors import Rejected

MAX_NAME = 120
MAX_NOTES = 2_000
MAX_INTERVALS = 1_000
"""In one recording."""
MAX_CONDITION = 2_000


_FOR = re.compile(r"\s+for\s+(?P<amount>\d{1,9}(\.\d{1,9})?)\s*(?P<unit>ms|min|s)\s*$", re.ASCII | re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a recording."""

    id: str
    recording: str
    name: str
    start_ns: int
    """By the log's own clock, like the end."""
    end_ns: int
    notes: str = ""
    condition: str = ""
    """The expression that found it; empty where a person marked it."""
    name_of: str = ""
    """The name that the condition was given, without the number."""
    ends_before: bool = False
    """Whether the sample at its end is no part of it: there the condition did not hold any more."""
    made_at: int = 0
    made_by: str = ""
    removed_at: int = 0
    """When it was taken away, which other Paddocks are told; 0 while it is there."""

    @property
    def changed_at(self) -> int:
        """When it was made or taken away: of two Paddocks the later one is right."""
        return max(self.made_at, self.removed_at)


def found_id(recording: str, name_of: str, condition: str, start_ns: int, end_ns: int) -> str:
    """The id of a span that a condition found: the same wherever and whenever it is found."""
    said = msgspec.json.encode((recording, name_of, condition, start_ns, end_ns))
    return hashlib.sha256(said).hexdigest()[:16]


class IntervalText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An interval as a person marks it."""

    name: Annotated[str, Meta(max_length=1_000, examples=["Brake test 3"])]
    start_s: Annotated[
        float, Meta(ge=-1e9, le=1e9, description="Seconds since the log's first message.", examples=[61.5])
    ]
    end_s: Annotated[float, Meta(ge=-1e9, le=1e9, description="Its end.", examples=[64.0])]
    notes: Annotated[str, Meta(max_length=10_000, examples=["New pads"])] = ""


class ConditionText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition by which intervals are found; those that it found before are replaced."""

    name: Annotated[str, Meta(max_length=1_000, description="Of each, with a number.", examples=["Straight"])]
    condition: Annotated[
        str,
        Meta(
            max_length=10_000,
            description="An expression as maths channels have them, which holds where it is not 0; at its end it "
            "may say for how long.",
            examples=["VNData.vn_vel_m_s.x > 15 for 2 s"],
        ),
    ]
    at_least_s: Annotated[
        float,
        Meta(
            ge=0,
            le=1e6,
            description="How long it has to hold, where the condition does not say it.",
            examples=[2.0],
        ),
    ] = 0.0


def read_condition(text: str) -> tuple[str, float]:
    """The expression of a condition, and for how many seconds it has to hold at least: ``speed > 60 for 2 s``.

    Without such an end it is 0. The expression is where it was in the text.
    """
    found = _FOR.search(text)
    if found is None:
        return text, 0.0
    return text[: found.start()], float(found["amount"]) * _SECONDS[found["unit"].casefold()]


def check_name(name: str, notes: str = "") -> str:
    """The name without spaces around.

    Raises:
        Rejected: there is none, or a text is too long (code ``bad_interval``).
    """
    stripped = " ".join(name.split())
    if not stripped or len(stripped) > MAX_NAME:
        raise Rejected(f"Give the interval a name of at most {MAX_NAME} characters.", code="bad_interval")
    if len(notes) > MAX_NOTES:
        raise Rejected(f"Its notes are longer than {MAX_NOTES:,} characters.", code="bad_interval")
    return stripped

"""Signal names as words: what every rule about names looks at."""

from __future__ import annotations

import re

Words = tuple[tuple[str, ...], ...]
"""Lower-case words, part by part: the topic's, then those of each field on the path."""

POSITIONS = r"fl|fr|rl|rr|lf|rf|lr"
"""The wheels."""

# A run of capitals ends before the word that its last one begins (VNData: VN, Data). Numbers are words of their
# own, except in units (m_s2).
_WORD = re.compile(r"(?:mps|ms|s)2(?!\d)|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_ELEMENT = re.compile(r"\[\d+\]$")
_NO_WORD = {("data",), ("value",), ("val",), ("reading",)}
"""Fields that say nothing, of messages with one field: ``/vehicle/speed_kph.data``."""


def words_of(name: str) -> Words:
    """``VNData.vn_vel_m_s.x`` → ``(("vn", "data"), ("vn", "vel", "m", "s"), ("x",))``."""
    cut = (_WORD.findall(part) for part in re.split(r"[./]", _ELEMENT.sub("", name)))
    parts = tuple(tuple(word.lower() for word in words) for words in cut if words)
    return parts[:-1] if len(parts) > 1 and parts[-1] in _NO_WORD else parts

"""Which values of a state say that something is wrong: by the team's word, else by its names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from paddock.domain.catalogue import Described
from paddock.domain.catalogue_defaults import Role
from paddock.domain.catalogue_words import words_of

Value = bool | int | str

_BAD = (
    r"faults?|faulted|err|errors?|fail|failed|failure|tripped|emergency|estop|implausib\w*|critical|fatal|lost|timeout"
    r"|invalid|unsafe|(over|under)(current|voltage|temperature)"
)
_OPEN = r"open|opened"
"""Bad of a loop of the shutdown circuit; of a valve or a switch it is nothing."""
_GOOD = r"ok|okay|good|valid|healthy|closed|normal"
_BENIGN = rf"{_GOOD}|no|not|non|none|clear|cleared|inactive|unknown|unspecified"
_SPOKEN = {True: ("on", "true", "1"), False: ("off", "false", "0")}


def faults(described: Described, values: Iterable[Value], names: Mapping[int, str]) -> list[Value]:
    """Those of a signal's values that are faults.

    Args:
        values: numbers of an enum, booleans or texts.
        names: of an enum, by number.
    """
    return [value for value in values if _is_fault(described, value, _spoken(value, names))]


def _spoken(value: Value, names: Mapping[int, str]) -> tuple[str, ...]:
    if isinstance(value, bool):
        return _SPOKEN[value]
    return (names[value], str(value)) if isinstance(value, int) and value in names else (str(value),)


def _is_fault(described: Described, value: Value, spoken: tuple[str, ...]) -> bool:
    if described.faults is not None:
        said = {text.strip().casefold() for text in described.faults}
        return any(text.casefold() in said for text in spoken)
    bad = f"{_BAD}|{_OPEN}" if described.role is Role.SHUTDOWN else _BAD
    own = described.name.partition(".")[2] or described.name
    tells_faults = described.role is Role.FAULT or _says(own, bad)
    if isinstance(value, bool):
        if _says(own, _GOOD):
            return not value
        return value if tells_faults else described.role is Role.SHUTDOWN and not value
    if _says(spoken[0], bad):
        return not _says(spoken[0], rf"({_BENIGN}) ({bad})|({bad}) ({_BENIGN})")
    return tells_faults and value not in (0, "") and not _says(spoken[0], _BENIGN)


def _says(text: str, words: str) -> bool:
    spoken = " ".join(word for part in words_of(text[:200]) for word in part)
    return re.search(rf"\b({words})\b", spoken) is not None

"""Near misses: the names that somebody may have meant with one that nothing has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MOST_NAMES = 5_000
_LONGEST = 200
_CUTOFF = 0.6


def near_misses(text: str, names: Iterable[str], *, most: int = 3) -> list[str]:
    """The names closest to ``text``, the closest first, in any case; a name may be meant by its last parts alone.

    Looks at the first 5,000 names, and at 200 characters of each, so that it ends soon whatever a log has.
    """
    spoken: dict[str, str] = {}
    for _, name in zip(range(_MOST_NAMES), names, strict=False):
        folded = name[:_LONGEST].casefold()
        spoken[folded] = name
        for short in (folded.partition(".")[2], folded.rpartition(".")[2]):
            spoken.setdefault(short, name)
    wanted = text[:_LONGEST].casefold()
    close = difflib.get_close_matches(wanted, spoken, n=2 * most, cutoff=_CUTOFF)
    return list(dict.fromkeys(spoken[folded] for folded in close))[:most]


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """``near_misses`` as a sentence with a blank before it; empty when nothing is close."""
    close = near_misses(text, names)
    return f" Did you mean {' or '.join(close)}?" if close else ""

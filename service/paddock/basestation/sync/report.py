"""What a sync did, for people and programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from paddock.domain.sync_merge import Merged
from paddock.errors import PaddockError, Unavailable


class Watch(Protocol):
    """Is told how far a sync is, to show it."""

    def begin(self, what: str, total: int, *, size_bytes: bool = False) -> Callable[[int], None]:
        """Something begins; what is answered is told how much more of it is done."""
        ...


@dataclass
class Report:
    """Counts of what went over, and what did not."""

    sent: int = 0
    """Originals that went up."""
    taken: int = 0
    """Originals that came down."""
    compared: int = 0
    """Recordings that were looked at."""
    told_there: int = 0
    """Recordings of which the other Paddock was told something."""
    told_here: int = 0
    files: int = 0
    setup: int = 0
    """Entries of the signal catalogue, fields and checklists that went over."""
    questions: int = 0
    """What waits for people."""
    problems: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    """Ids of recordings that were not compared to the end."""

    def told(self, merged: Merged) -> None:
        """One recording was brought to say the same."""
        self.told_there += not merged.there.empty
        self.told_here += not merged.here.empty

    def tries(self, what: str, step: Callable[[], None]) -> None:
        """Change a part of the setup; what is refused costs it alone.

        Args:
            what: that is changed, and where, as a sentence begins.

        Raises:
            Unavailable: a Paddock does not answer.
        """
        try:
            step()
            self.setup += 1
        except Unavailable:
            raise
        except PaddockError as error:
            self.fail(f"{what}: {error.message}")

    def fail(self, sentence: str, recording_id: str = "") -> None:
        """Something did not go over."""
        if recording_id:
            self.failed.add(recording_id)
        if sentence not in self.problems:
            self.problems.append(sentence)

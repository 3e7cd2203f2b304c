"""What every use case is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from paddock.device_log.appender import Appender
from paddock.ports.documents import Documents
from paddock.ports.notices import Notifier
from paddock.ports.objects import Objects
from paddock.ports.vpn import Vpn
from paddock.ports.work import Work
from paddock.usecases.find.topic_sets import TopicSets
from paddock.usecases.live.watching import Watching
from paddock.usecases.people.attempts import SignInDesk
from paddock.usecases.season.turns import QueryTurns

if TYPE_CHECKING:
    from paddock.usecases.streams.intake import Intake


def _no_notifier() -> Notifier:
    raise AssertionError("bootstrap, or a test, says how somebody is told something")


def _no_device_key() -> bytes:
    raise AssertionError("bootstrap, or a test, says the key that signs the tokens of devices")


def _no_appender() -> Appender:
    raise AssertionError("bootstrap, or a test, says where the log of devices is")


@dataclass(frozen=True)
class Context:
    """The ports as ``bootstrap`` joined them, or as a test did."""

    documents: Documents
    objects: Objects
    work: Work
    scratch: Path
    """Directory for files that may vanish with the process."""
    link_expires_s: int = 3600
    upload_expires_s: int = 7 * 86_400
    export_expires_s: int = 30 * 86_400
    backup_to: str = ""
    """Where backups go; empty where nobody set any up."""
    backup_max_age_days: int = 2
    """The site warns when the last good backup is older."""
    memory_bytes: int | None = None
    """What one conversion may take; None for what suits the machine."""
    vpn: Vpn | None = None
    """None where this machine alone is let in."""
    device_key: Callable[[], bytes] = _no_device_key
    """Signs the tokens of devices; made when it is first needed."""
    device_log: Path | None = None
    """The directory of the log of what devices send."""
    appender: Callable[[], Appender] = _no_appender
    """Appends to it; begun when it is first needed."""
    notifier: Callable[[], Notifier] = _no_notifier
    """Tells somebody something elsewhere; made when it is first needed."""
    now: Callable[[], int] = time.time_ns
    """Nanoseconds since the Unix epoch."""
    topic_sets: TopicSets = field(default_factory=TopicSets)
    """What is known of them already; it never gets old."""
    watching: Watching = field(default_factory=Watching)
    """What devices sent in the last minutes; empty where nothing follows them (``usecases/live/tail.py``)."""
    desk: SignInDesk = field(default_factory=SignInDesk)
    """Who tried to sign in how often, in this process."""
    queries: QueryTurns = field(default_factory=QueryTurns)
    """Whose SQL runs, in this process."""

    @cached_property
    def intake(self) -> Intake:
        """Takes in what devices send to this process."""
        # Imported here, because it knows the context.
        from paddock.usecases.streams.intake import Intake

        return Intake(self)

    async def close(self) -> None:
        """Write down what this process has in memory alone; the ports are still open."""
        if "intake" in vars(self):
            await self.intake.close()

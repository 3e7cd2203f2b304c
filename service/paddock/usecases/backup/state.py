"""Whether the documents are backed up, as the site says it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from paddock.domain.backup import BackupRun
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.ports.documents import Condition, Equals, Exists, Sort
from paddock.usecases.context import Context

UNFINISHED_NS = 6 * 3600 * NS_PER_S
"""A backup that began so long ago and did not end was killed."""
_LAST_FIRST = Sort("begun_at", descending=True)
_DAY_NS = 86_400 * NS_PER_S


class BackupHealth(StrEnum):
    """In one word."""

    UNUSED = "unused"
    """Nobody ever asked for backups, or there is nothing to back up."""
    GOOD = "good"
    NONE = "none"
    """They are set up, and there is none yet."""
    OLD = "old"
    FAILED = "failed"


class BackupState(msgspec.Struct, frozen=True):
    """The last backup, the last good one, and what that means."""

    health: BackupHealth
    last_good: BackupRun | None = None
    last: BackupRun | None = None

    @property
    def warning(self) -> str:
        """What somebody has to see to; empty where all is well."""
        match self.health:
            case BackupHealth.NONE:
                return "There is no backup yet: `paddock backup create` makes one."
            case BackupHealth.FAILED if self.last is not None:
                why = self.last.error.message if self.last.error else "It did not end."
                return f"The last backup failed ({_minute(self.last.begun_at)}): {why}"
            case BackupHealth.OLD if self.last_good is not None:
                return (
                    f"The last good backup is of {_minute(self.last_good.begun_at)}: see why none was "
                    "made since, or make one with `paddock backup create`."
                )
        return ""


def _minute(instant_ns: int) -> str:
    return f"{to_rfc3339(instant_ns)[:16].replace('T', ' ')} UTC"


async def backup_state(context: Context) -> BackupState:
    """One look by index, two where the last backup is not good."""
    runs = context.documents.backups
    last = next(iter((await runs.find(sort=_LAST_FIRST, limit=1)).items), None)
    if last is None:
        missed = context.backup_to and not await context.documents.is_empty()
        return BackupState(BackupHealth.NONE if missed else BackupHealth.UNUSED)
    last_good: BackupRun | None = last
    if last.error is not None or last.ended_at is None:
        good: list[Condition] = [Exists("ended_at"), Equals("error", None)]
        last_good = next(iter((await runs.find(good, sort=_LAST_FIRST, limit=1)).items), None)
    return BackupState(_health(context, last, last_good), last_good, last)


def _health(context: Context, last: BackupRun, last_good: BackupRun | None) -> BackupHealth:
    if last.error is not None or (last.ended_at is None and context.now() - last.begun_at > UNFINISHED_NS):
        return BackupHealth.FAILED
    if last_good is None:
        return BackupHealth.NONE
    old = context.now() - last_good.begun_at > context.backup_max_age_days * _DAY_NS
    return BackupHealth.OLD if old else BackupHealth.GOOD

"""Whether what devices send becomes recordings, as the site and ``paddock health`` say it."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path

import msgspec

from paddock.device_log.reader import Reader
from paddock.device_log.running import RECORDER, said_by
from paddock.domain.instants import NS_PER_S
from paddock.domain.words import counted
from paddock.usecases.context import Context
from paddock.usecases.streams.kept_streams import read_kept_streams

BEHIND_S = 60
"""It says how far it is every two seconds; whoever is further behind does not keep up."""


class RecorderHealth(StrEnum):
    """In one word."""

    UNUSED = "unused"
    """There is no device, or their log is not on this machine."""
    GOOD = "good"
    BEHIND = "behind"
    STOPPED = "stopped"


class RecorderState(msgspec.Struct, frozen=True):
    """How the recorder is, and how old the oldest message is that it has not taken."""

    health: RecorderHealth
    behind_s: float = 0.0

    @property
    def warning(self) -> str:
        """What somebody has to see to; empty where all is well."""
        waits = "nothing waits for it yet"
        if self.behind_s > BEHIND_S:
            waits = f"it is {counted(round(self.behind_s / 60), 'minute')} behind"
        match self.health:
            case RecorderHealth.STOPPED:
                return (
                    f"The recorder of what devices send does not run, and {waits}: start `paddock up` or `paddock "
                    "recorder`. What devices send meanwhile is kept and becomes recordings then."
                )
            case RecorderHealth.BEHIND:
                return (
                    f"The recorder of what devices send runs, and {waits}: its log says why. Nothing is lost, "
                    "recordings come later."
                )
        return ""

    @property
    def notice(self) -> str:
        """What is wrong, for pages: empty also for a recorder that was only just started."""
        return self.warning if self.behind_s > BEHIND_S else ""


async def recorder_state(context: Context) -> RecorderState:
    """One look at its lock, and at the oldest message behind what it said to have taken.

    Raises:
        Unavailable: the database does not answer, or what the recorder keeps cannot be read.
    """
    directory = context.device_log
    if directory is None or not await context.documents.devices.count():
        return RecorderState(RecorderHealth.UNUSED)
    runs, oldest_ns = await asyncio.to_thread(_look, directory)
    behind_s = max(0.0, (context.now() - oldest_ns) / NS_PER_S) if oldest_ns is not None else 0.0
    if not runs:
        return RecorderState(RecorderHealth.STOPPED, behind_s)
    return RecorderState(RecorderHealth.BEHIND if behind_s > BEHIND_S else RecorderHealth.GOOD, behind_s)


def _look(directory: Path) -> tuple[bool, int | None]:
    """Whether it runs, and when the oldest message came that it has not taken."""
    with Reader(directory, read_kept_streams(directory).counted) as reader:
        oldest = reader.read(1)
    return said_by(directory, RECORDER) is not None, oldest[0].received_ns if oldest else None

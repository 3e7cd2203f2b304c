"""Health: what is wrong with a running Paddock that nobody would see by looking at its pages."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Sequence

from paddock.domain.instants import NS_PER_S
from paddock.domain.job import JobState
from paddock.domain.words import counted, size
from paddock.errors import Unavailable
from paddock.ports.documents import Between, Equals
from paddock.usecases.backup.state import backup_state
from paddock.usecases.context import Context
from paddock.usecases.conversion.write_export import RESERVE_BYTES
from paddock.usecases.streams.recorder_state import RecorderHealth, recorder_state

PATIENCE_NS = 10 * 60 * NS_PER_S
"""So long may work be due without anybody at any work: a worker that restarts takes it up far sooner."""
STARTS_S = 5.0
"""So long a process may take to start."""
_NO_OBJECT = "raw/health"


async def faults(context: Context, *, overdue_ns: int = 0) -> Sequence[str]:
    """A sentence for each thing that somebody should look at; none when all is well.

    Args:
        overdue_ns: beside Lambda functions, how long a job is left to them first.
    """
    found: list[str] = []
    for ask in (
        _documents_and_work(context, overdue_ns),
        _objects(context),
        _room(context),
        _backups(context),
        _recorder(context),
    ):
        try:
            found += await ask
        except Unavailable as error:
            found.append(error.message)
    return found


async def _documents_and_work(context: Context, overdue_ns: int) -> Sequence[str]:
    jobs = context.documents.jobs
    due = Between("due_at", below=context.now() - overdue_ns - PATIENCE_NS)
    waiting = await jobs.count([Equals("state", JobState.QUEUED), due])
    if waiting and not await jobs.count([Equals("state", JobState.RUNNING)]):
        return [f"{counted(waiting, 'job')} waited for more than 10 minutes, and nobody works: look at the worker."]
    return []


async def _objects(context: Context) -> Sequence[str]:
    await context.objects.stat(_NO_OBJECT)
    return []


async def _backups(context: Context) -> Sequence[str]:
    warning = (await backup_state(context)).warning
    return [warning] if warning else []


async def _recorder(context: Context) -> Sequence[str]:
    until = time.monotonic() + STARTS_S
    # One that was started a moment ago, or is started anew, is no fault.
    while (state := await recorder_state(context)).health is RecorderHealth.STOPPED and time.monotonic() < until:
        await asyncio.sleep(0.2)
    return [state.warning] if state.warning else []


async def _room(context: Context) -> Sequence[str]:
    free = (await asyncio.to_thread(shutil.disk_usage, context.scratch)).free
    if free < RESERVE_BYTES:
        return [f"The disk of {context.scratch.parent} has {size(free)} left: nothing more is taken in."]
    return []

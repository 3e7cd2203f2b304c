"""The process that does jobs for a worker: one after the other, until it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import threading
from dataclasses import replace
from multiprocessing import connection as multiprocessing_connection
from multiprocessing import parent_process
from multiprocessing.connection import Connection

from paddock.allocator import keep_freed_memory
from paddock.bootstrap import configure_logging, open_context
from paddock.cli.job_processes import Outcome, memory_of, scratch_of
from paddock.domain.job import Job
from paddock.errors import PaddockError
from paddock.processes import do_without_pandas, end_with_parent
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.jobs.handlers import handle

PROGRESS_S = 0.5
NICENESS = 5
"""Added to the niceness of a job's process: the site answers people meanwhile."""
_RESERVED_BYTES = 2 << 30
_RETIRE_SHARE = 4
"""A process that holds this part of its memory is not used again."""


def main(commands: Connection, settings: Settings) -> None:
    """Do what comes through ``commands``: a ``Job`` at a time; answer progress and an ``Outcome``."""
    # Whoever ends it ends what it has started too.
    os.setpgid(0, 0)
    end_with_parent()
    threading.Thread(target=_end_with_worker, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    do_without_pandas()
    keep_freed_memory()
    memory_bytes = memory_of(settings)
    if sys.platform == "linux":
        # Against one that asks for everything at once; the worker looks at what is really used. Allocators reserve
        # far more than that.
        reserved = memory_bytes + _RESERVED_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (reserved, reserved))
    configure_logging(settings)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        asyncio.run(_serve(commands, settings, memory_bytes))


def _end_with_worker() -> None:
    """Wherever the kernel does not see to it."""
    worker = parent_process()
    assert worker is not None, "a worker started it"
    multiprocessing_connection.wait([worker.sentinel])
    os.killpg(0, signal.SIGKILL)


async def _serve(commands: Connection, settings: Settings, memory_bytes: int) -> None:
    async with open_context(settings, migrate=False) as opened:
        context = replace(opened, scratch=scratch_of(settings, os.getpid()))
        context.scratch.mkdir(parents=True, exist_ok=True)
        while True:
            job: Job = await asyncio.to_thread(commands.recv)
            error = await _do(context, job, commands)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > memory_bytes // _RETIRE_SHARE
            commands.send(Outcome(error, again=not grown))


async def _do(context: Context, job: Job, commands: Connection) -> PaddockError | None:
    done = 0.0

    def progress(share: float) -> None:
        nonlocal done
        done = share

    async def tell() -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            commands.send(done)

    telling = asyncio.create_task(tell())
    try:
        await handle(context, job, progress)
    except PaddockError as error:
        return error.with_traceback(None)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    return None

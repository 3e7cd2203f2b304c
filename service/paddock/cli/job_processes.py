"""Processes that do a worker's jobs, each of which can be ended whatever it does.

They are forked from a process that has imported everything and does nothing else, so that one is there at once and
shares that memory with the others. All of them end with the worker, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess

from paddock.domain.job import Job
from paddock.errors import PaddockError
from paddock.settings import Settings
from paddock.usecases.attempt import Progress
from paddock.usecases.services import Services

_IMPORTED_AHEAD = ["paddock.cli.job_server", "paddock.cli.job_process"]
_CLOSE_S = 5.0


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    error: PaddockError | None
    again: bool
    """Whether the process may do another one."""


class JobProcesses:
    """``run`` does a job in such a process.

    Args:
        settings: what the processes open their services with.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context: ForkServerContext | SpawnContext = (
            get_context("forkserver") if sys.platform == "linux" else get_context("spawn")
        )
        self._context.set_forkserver_preload(_IMPORTED_AHEAD)
        self._idle: list[_JobProcess] = []

    async def run(self, services: Services, job: Job, progress: Progress) -> None:
        """Do the job; cancelled, the process is ended at once.

        Raises:
            PaddockError: what the job met, or how its process died (code ``worker_died``).
        """
        process = self._idle.pop() if self._idle else await asyncio.to_thread(self._start)
        try:
            outcome = await process.do(job, progress)
        except BaseException:
            process.end()
            raise
        if outcome.again:
            self._idle.append(process)
        else:
            process.end()
        if outcome.error is not None:
            raise outcome.error

    async def start_ahead(self) -> None:
        """Have the first one before there is a job: importing everything takes a second."""
        self._idle.append(await asyncio.to_thread(self._start))

    def close(self) -> None:
        """End those that do nothing."""
        while self._idle:
            self._idle.pop().end()

    def _start(self) -> _JobProcess:
        ours, theirs = self._context.Pipe()
        with theirs:
            process = self._context.Process(target=_main, args=(theirs, self._settings), daemon=True)
            process.start()
        return _JobProcess(process, ours)


def _main(commands: Connection, settings: Settings) -> None:
    from paddock.cli.job_process import main

    main(commands, settings)


class _JobProcess:
    def __init__(self, process: BaseProcess, commands: Connection) -> None:
        self._process = process
        self._commands = commands

    async def do(self, job: Job, progress: Progress) -> Outcome:
        try:
            self._commands.send(job)
            while not isinstance(said := await self._receive(), Outcome):
                progress(said)
        except (EOFError, OSError):
            raise self._death() from None
        return said

    async def _receive(self) -> Outcome | float:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._commands.fileno(), readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._commands.fileno())
        received: Outcome | float = self._commands.recv()
        return received

    def _death(self) -> PaddockError:
        self._process.join(_CLOSE_S)
        code = self._process.exitcode
        how = f"was ended by {signal.Signals(-code).name}" if code is not None and code < 0 else "ended by itself"
        return PaddockError(
            f"The process that did this {how}: perhaps the log needs more memory than there is.",
            code="worker_died",
            permanent=False,
        )

    def end(self) -> None:
        """End it and all that it started, whatever they do."""
        with contextlib.suppress(ProcessLookupError):
            assert self._process.pid is not None, "it was started"
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join(_CLOSE_S)
        self._commands.close()

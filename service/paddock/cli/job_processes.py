"""Processes that do a worker's jobs, each of which can be ended whatever it does.

They are forked from a process that has imported everything and does nothing else, so that one is there at once and
shares that memory with the others. All of them end with the worker, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from paddock.allocator import default_memory_bytes
from paddock.data_directory import remove_leftovers
from paddock.domain.job import OUT_OF_MEMORY, Job
from paddock.errors import PaddockError, Unavailable
from paddock.settings import Settings
from paddock.usecases.backup.files import BACKUP_SCRATCH
from paddock.usecases.context import Context
from paddock.usecases.jobs.attempt import Gauge

_IMPORTED_AHEAD = ["paddock.cli.job_server", "paddock.cli.job_process"]
_SCRATCH = "process-"
_BESIDE_BYTES = 1 << 30
"""What a job takes beside its messages: libraries, files in the making."""
_LOOK_S = 0.2
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
        settings: what the processes open their context with.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context: ForkServerContext | SpawnContext = (
            get_context("forkserver") if sys.platform == "linux" else get_context("spawn")
        )
        self._context.set_forkserver_preload(_IMPORTED_AHEAD)
        if sys.platform == "linux":
            # Here and not by the first process: it ends with the thread that starts it.
            forkserver.ensure_running()
        self._idle: list[_JobProcess] = []

    async def run(self, context: Context, job: Job, gauge: Gauge) -> None:
        """Do the job; cancelled, the process is ended at once.

        Raises:
            PaddockError: what the job met, or how its process died (code ``worker_died``).
            Unavailable: no process could be started.
        """
        process = self._idle.pop() if self._idle else await self._begin()
        try:
            outcome = await process.do(job, gauge)
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
        await asyncio.to_thread(_remove_leftovers, self._settings)
        self._idle.append(await self._begin())

    def close(self) -> None:
        """End those that do nothing."""
        while self._idle:
            self._idle.pop().end()

    async def _begin(self) -> _JobProcess:
        try:
            return await asyncio.to_thread(self._start)
        except (EOFError, OSError) as error:
            raise Unavailable(f"No process could be started ({error}): the machine may lack memory.") from error

    def _start(self) -> _JobProcess:
        ours, theirs = self._context.Pipe()
        with theirs:
            process = self._context.Process(target=_main, args=(theirs, self._settings), daemon=True)
            process.start()
        return _JobProcess(process, ours, self._settings)


def memory_of(settings: Settings) -> int:
    """What a job may take. What a conversion counts by itself should keep it far below."""
    return (settings.memory_bytes or default_memory_bytes()) + _BESIDE_BYTES


def _family_of(pid: int) -> list[int]:
    """A process and all that it has started, where the system says so."""
    family = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            family += [one for child in children.read_text().split() for one in _family_of(int(child))]
    return family


class _Used(NamedTuple):
    resident_bytes: int
    processor_s: float


def _used_by(pid: int) -> _Used:
    """What a process has in memory, and what it has had of the processor; nothing where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return _Used(0, 0.0)
    ticks = int(fields[11]) + int(fields[12])
    return _Used(int(fields[21]) * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"))


def scratch_of(settings: Settings, pid: int) -> Path:
    """Where a process has its files; whoever ends it removes them."""
    return settings.data / "scratch" / f"{_SCRATCH}{pid}"


def _remove_leftovers(settings: Settings) -> None:
    """What processes left here whose worker was ended as well, and killed backups: nobody else would remove it."""
    scratch = settings.data / "scratch"
    remove_leftovers(scratch, f"{BACKUP_SCRATCH}*")
    for folder in scratch.glob(f"{_SCRATCH}*"):
        try:
            os.kill(int(folder.name.removeprefix(_SCRATCH)), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (PermissionError, ValueError):
            continue


def _main(commands: Connection, settings: Settings) -> None:
    from paddock.cli.job_process import main

    main(commands, settings)


class _JobProcess:
    def __init__(self, process: BaseProcess, commands: Connection, settings: Settings) -> None:
        self._process = process
        self._commands = commands
        self._settings = settings

    async def do(self, job: Job, gauge: Gauge) -> Outcome:
        working = asyncio.create_task(self._do(job, gauge))
        watching = asyncio.create_task(self._watch(memory_of(self._settings), gauge))
        try:
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise PaddockError(OUT_OF_MEMORY.message, code=OUT_OF_MEMORY.code)
            return working.result()
        finally:
            for task in (working, watching):
                task.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)

    async def _do(self, job: Job, gauge: Gauge) -> Outcome:
        try:
            self._commands.send(job)
            while not isinstance(said := await self._receive(), Outcome):
                gauge.progress(said)
        except (EOFError, OSError):
            raise self._death() from None
        return said

    async def _watch(self, limit_bytes: int, gauge: Gauge) -> None:
        """Return once it and what it has started take more memory."""
        begun_s = None
        while True:
            used = [_used_by(pid) for pid in _family_of(self._process.pid or 0)]
            if sum(each.resident_bytes for each in used) > limit_bytes:
                return
            if sys.platform == "linux":
                worked_s = sum(each.processor_s for each in used)
                begun_s = worked_s if begun_s is None else begun_s
                gauge.processor_s = max(gauge.processor_s or 0.0, worked_s - begun_s)
            await asyncio.sleep(_LOOK_S)

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
        pid = self._process.pid
        assert pid is not None, "it was started"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self._process.kill()
        self._process.join(_CLOSE_S)
        self._commands.close()
        shutil.rmtree(scratch_of(self._settings, pid), ignore_errors=True)

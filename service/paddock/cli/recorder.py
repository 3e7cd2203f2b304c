"""``paddock recorder``: makes recordings of what devices send."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TextIO

import click
import structlog

from paddock.bootstrap import configure_logging, open_context
from paddock.cli.kept_process import end_with_standard_input
from paddock.data_directory import remove_leftovers
from paddock.device_log.running import RECORDER, say, take_lock
from paddock.service_manager import Watchdog, tell
from paddock.settings import Settings, read_settings
from paddock.usecases.streams.recorder import Recorder

_LOOK_S = 0.2
_SCRATCH = "recorder-"

log = structlog.get_logger()


@click.command("recorder")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="End with the process that started it.")
def command(data: Path | None, until_stdin_closes: bool) -> None:
    """Make recordings of what devices send, beside ``paddock up --no-worker``, say; ``paddock up`` has its own."""
    settings = read_settings(data=data)
    configure_logging(settings)
    if until_stdin_closes:
        end_with_standard_input()
    asyncio.run(_record(settings))


async def _record(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        tell("STOPPING=1")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    async with open_context(settings) as context, _alone(settings.data / "device-log", stop) as lock:
        if lock is None:
            return

        def written(position: int) -> None:
            say(lock, str(position))

        remove_leftovers(context.scratch, f"{_SCRATCH}*")
        with tempfile.TemporaryDirectory(dir=context.scratch, prefix=_SCRATCH) as scratch:
            tell("READY=1")
            watching = asyncio.create_task(_say_that_it_works())
            try:
                await Recorder(context, Path(scratch), written).run(stop)
            finally:
                watching.cancel()


@contextlib.asynccontextmanager
async def _alone(directory: Path, stop: asyncio.Event) -> AsyncIterator[TextIO | None]:
    """Wait until no other recorder reads this log: the lock, which ends with the process; None after ``stop``."""
    lock, waits = take_lock(directory, RECORDER), False
    while lock is None and not stop.is_set():
        if not waits:
            log.warning("another_recorder_runs", directory=str(directory))
        waits = True
        await asyncio.sleep(_LOOK_S)
        lock = take_lock(directory, RECORDER)
    with lock or contextlib.nullcontext():
        yield lock


async def _say_that_it_works() -> None:
    watchdog = Watchdog()
    while watchdog.every_s is not None:
        watchdog.works()
        await asyncio.sleep(watchdog.every_s)

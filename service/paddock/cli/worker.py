"""``paddock worker``: hash, store, convert."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path

import click

from paddock.bootstrap import configure_logging, open_context
from paddock.cli.job_processes import JobProcesses
from paddock.cli.kept_process import end_with_standard_input
from paddock.errors import Unavailable
from paddock.service_manager import Watchdog, tell
from paddock.settings import Settings, read_settings
from paddock.usecases.jobs import leases
from paddock.usecases.jobs.work import LANES, work


@click.command("worker")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option(
    "--owner",
    help="Name that its leases carry, of one worker at a time: what it held when it died is free again when it "
    "starts.  [default: host and process]",
)
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="End with the process that started it.")
def command(data: Path | None, owner: str | None, until_stdin_closes: bool) -> None:
    """Run a worker alone, beside ``paddock up --no-worker``, say. ``paddock up`` starts one by itself."""
    settings = read_settings(data=data)
    configure_logging(settings)
    if until_stdin_closes:
        end_with_standard_input()
    asyncio.run(_work(settings, owner or f"{socket.gethostname()}-{os.getpid()}"))


async def _work(settings: Settings, owner: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        tell("STOPPING=1")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    watchdog = Watchdog()
    processes = JobProcesses(settings)
    async with open_context(settings) as context:
        try:
            await leases.release(context, owner)
            with contextlib.suppress(Unavailable):
                await processes.start_ahead()
            tell("READY=1")
            await work(
                context,
                owner,
                stop,
                processes.run,
                lanes=LANES,
                overdue_ns=settings.overdue_ns,
                turned=watchdog.works,
            )
        finally:
            processes.close()

"""The main of a job process whose jobs do what no job should; each is named by its subject."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from multiprocessing.connection import Connection

from paddock.cli import job_process
from paddock.domain.job import Job
from paddock.errors import Rejected
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.jobs.handlers import HANDLERS, Progress


async def _be_strange(context: Context, job: Job, progress: Progress) -> None:
    match job.subject:
        case "refuse":
            raise Rejected("it is no log", code="not_mcap")
        case "crash":
            raise KeyError("a bug")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "spin":
            (context.scratch / "half a file").write_bytes(b"half")
            # Inside of a C function that never gives up Python's lock.
            re.match(r"(a+)+b", "a" * 64)
        case "sleep":
            time.sleep(3600)
        case "eat":
            held = []
            while True:
                held.append(bytearray(16 << 20))
        case "fill":
            filled = []
            while True:
                filled.append(bytearray(b"x" * (16 << 20)))
        case "half":
            progress(0.5)
            await asyncio.sleep(4 * job_process.PROGRESS_S)


def main(commands: Connection, settings: Settings) -> None:
    HANDLERS["strange"] = _be_strange
    job_process.PROGRESS_S = 0.05
    job_process.main(commands, settings)

"""Processes that ``paddock up`` starts, and starts anew whenever they die."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from paddock.settings import environment_with

RESTART_AFTER_S = 1.0
STOP_S = 5.0

log = structlog.get_logger()


async def keep_process(
    name: str,
    arguments: Callable[[], Sequence[str]],
    environment: Mapping[str, str],
    *,
    died: Callable[[], Awaitable[None]] | None = None,
    descriptors: Sequence[int] = (),
) -> None:
    """Run ``paddock NAME …``, and a new one whenever it dies, until this is cancelled.

    The command takes ``--until-stdin-closes``, and calls ``end_with_standard_input`` then.

    Args:
        name: of the command.
        arguments: of each start.
        environment: what is different for it, such as a setting that an option said.
        died: called after each death, before the next start.
        descriptors: files that it inherits.
    """
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "paddock",
            name,
            *arguments(),
            "--until-stdin-closes",
            stdin=asyncio.subprocess.PIPE,
            pass_fds=descriptors,
            env=environment_with(environment),
            # Ctrl-C is for us; we then end it.
            start_new_session=True,
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
            raise
        log.error(f"{name}_died", exit_code=code)
        if died is not None:
            await died()
        await asyncio.sleep(RESTART_AFTER_S)


def end_with_standard_input() -> None:
    """End this process when the one that started it does, however that dies: the other end of the pipe closes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # Not sys.stdin, whose lock this thread would hold when the process ends first: Python calls that a fatal error.
    while os.read(sys.stdin.fileno(), 1):
        pass
    # Not sys.exit: what runs on other threads is not to be waited for. It leaves nothing behind.
    os._exit(0)

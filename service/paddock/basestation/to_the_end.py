"""Work on a thread that is never left alone: also who is cancelled waits until it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


async def to_the_end(work: Callable[[], R]) -> R:
    """Run on a thread. What the work uses, such as an open file, may be given back when this returns or raises."""
    # A future and no task: asyncio.run cancels all tasks when it ends.
    running = asyncio.get_running_loop().run_in_executor(None, work)
    cancelled = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        running.exception()  # matters to nobody who was cancelled
        raise cancelled
    return running.result()

"""Whoever sent something and asks what there is finds it, although another process writes it down."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from paddock.device_log.reader import Reader, end_of
from paddock.device_log.running import RECORDER, said_by
from paddock.usecases.context import Context

MOST_S = 1.0
"""A recorder that is further behind is not waited for."""
_LOOK_S = 0.03


async def until_written(context: Context) -> None:
    """Wait until the recorder has written down what was acknowledged to devices before now.

    That is a moment, and ``MOST_S`` at most; it is not waited for where none runs.
    """
    directory = context.device_log
    if directory is None:
        return
    end = await asyncio.to_thread(end_of, directory)
    until = time.monotonic() + MOST_S
    while not await asyncio.to_thread(_is_written, directory, end) and time.monotonic() < until:
        await asyncio.sleep(_LOOK_S)


def _is_written(directory: Path, end: int) -> bool:
    said = said_by(directory, RECORDER)
    if said is None:
        return True
    if not said.isdigit():
        return False
    if int(said) >= end:
        return True
    # What a process that was killed left half written counts for nothing.
    with Reader(directory, int(said)) as reader:
        following = reader.read(1)
    return not following or following[0].position > end

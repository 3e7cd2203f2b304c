"""How this process gets its memory."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from collections.abc import Iterator
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_REUSED_BYTES = 6 << 20
_KEPT_BYTES = 64 << 20
_MAX_DEFAULT_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """Use freed blocks of up to some megabytes again, instead of giving them back and asking for new ones.

    A log is a long row of such blocks; having the kernel empty every page of each costs a tenth of a conversion.
    Larger blocks do go back: cut up among smaller ones they would make a process grow with its log. Only the C
    library of Linux can be told.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _REUSED_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        # Arrow, which is imported later, would ask the kernel by itself for every large block, and give it back.
        os.putenv("ARROW_DEFAULT_MEMORY_POOL", "system")


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """Have Python look for cycles of objects a hundred times less often meanwhile.

    A log with very many channels makes very many objects that stay; to look through all of them again and again
    took a quarter of the time that it takes to read.
    """
    before = gc.get_threshold()
    gc.set_threshold(100 * before[0], *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def machine_memory_bytes() -> int:
    """What this machine has, or less where a container limits it."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return memory


def default_memory_bytes() -> int:
    """What a conversion may take where nobody says: a quarter of that, and at most 1 GiB."""
    return min(machine_memory_bytes() // 4, _MAX_DEFAULT_BYTES)

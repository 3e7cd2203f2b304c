"""A thread that gives way to the recorder: the least of the processor, and the disk only while it is idle."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys
import threading

_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "armv7l": 314, "armv6l": 314, "i686": 289}
"""The number of the system call, which C libraries have no function for."""
_THIS_THREAD, _IDLE_CLASS = (1, 0), 3 << 13
_NICE = 19


def give_way() -> None:
    """Lower the priority of the calling thread, as far as the system lets it."""
    if sys.platform != "linux":
        return
    # Linux gives each thread a priority of its own.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(number, *_THIS_THREAD, _IDLE_CLASS)

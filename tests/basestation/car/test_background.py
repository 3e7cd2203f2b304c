"""The thread that hashes gives way; the others do not."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import threading

import pytest

from paddock.basestation.car.background import give_way

IOPRIO_GET_X86_64, IDLE = 252, 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_one_thread_gives_way() -> None:
    found: list[tuple[int, int]] = []

    def work() -> None:
        give_way()
        nice = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        io = ctypes.CDLL(None).syscall(IOPRIO_GET_X86_64, 1, 0) >> 13 if platform.machine() == "x86_64" else IDLE
        found.append((nice, io))

    before = os.getpriority(os.PRIO_PROCESS, os.getpid())
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(19, IDLE)]
    assert os.getpriority(os.PRIO_PROCESS, os.getpid()) == before

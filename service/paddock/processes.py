"""Processes that never outlive who started them."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends, whatever it does at that moment.

    Only Linux can be told. Elsewhere a process notices by its pipes, unless it is inside of a long call.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

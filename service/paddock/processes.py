"""What the processes of Paddock have in common: they never outlive who started them, and do without pandas."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


class _NoPandas:
    """A finder for ``sys.meta_path``: an import of pandas fails as if it were not installed."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("Paddock's own processes do without pandas.", name=name)


def do_without_pandas() -> None:
    """Save this process the second that importing pandas takes.

    Where it is installed, pyarrow imports it for its first array, whatever that is made from or becomes. Only for
    processes that are Paddock's own: in a notebook beside ``paddock.Client`` it is the user's.
    """
    if _NoPandas not in sys.meta_path:
        sys.meta_path.insert(0, _NoPandas)


def end_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends, whatever it does at that moment.

    Only Linux can be told. Elsewhere a process notices by its pipes, unless it is inside of a long call.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def fork_is_safe() -> bool:
    """Whether this process has one thread: another may hold a lock, for which a copy of it would wait forever."""
    return sys.platform == "linux" and (os.cpu_count() or 1) > 1 and threading.active_count() == 1


def end_after(work: Callable[..., None], *given: object) -> NoReturn:
    """Do something, and end this process without what its parent does at its end."""
    try:
        work(*given)
    finally:
        os._exit(0)

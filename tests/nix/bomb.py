"""Imported by every Python of the container: on a file's word the worker takes all the memory there is."""

import sys
import threading
import time
from pathlib import Path

FUSE = Path("/var/lib/paddock/site/fuse")


def _explode() -> None:
    while not FUSE.exists():
        time.sleep(0.1)
    FUSE.unlink()
    taken = []
    while True:
        taken.append(b"x" * 50_000_000)


if b"\0worker\0" in Path("/proc/self/cmdline").read_bytes() and "multiprocessing" not in sys.modules:
    threading.Thread(target=_explode, daemon=True).start()

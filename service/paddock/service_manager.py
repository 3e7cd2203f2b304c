"""What a service tells systemd: that it is ready, that it still works, that it stops (sd_notify(3)).

Where nobody listens, on a laptop say, nothing is told.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time

from paddock.settings import systemd_variables

_BEATS = 3
"""So often within the time that systemd waits: one that comes late is no reason to be killed."""
_TAKE_S = 1.0
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}


def tell(state: str) -> None:
    """Say ``READY=1``, ``STOPPING=1`` or another word of sd_notify(3)."""
    address = systemd_variables()["NOTIFY_SOCKET"]
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    # Whoever does not take it is no reason to stop working, or to wait for long.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(_TAKE_S)
        manager.connect(address)
        manager.sendall(state.encode())


class Watchdog:
    """Kills and restarts a service that has not said for a while that it works; the unit says how long."""

    def __init__(self) -> None:
        told = systemd_variables()
        waits_us = told["WATCHDOG_USEC"]
        ours = told["WATCHDOG_PID"] in ("", str(os.getpid()))
        self.every_s = int(waits_us) / 1e6 / _BEATS if ours and waits_us.isdecimal() else None
        """How often to say it; None where nobody waits for it."""
        self._told_at = float("-inf")

    def works(self) -> None:
        """The service works; may be called as often as one likes."""
        now = time.monotonic()
        if self.every_s is not None and now - self._told_at >= self.every_s:
            tell("WATCHDOG=1")
            self._told_at = now


def writes_to_journal() -> bool:
    """Whether stderr goes to the journal, which takes a priority in front of each line."""
    device, _, inode = systemd_variables()["JOURNAL_STREAM"].partition(":")
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(stream.st_dev), str(stream.st_ino))


def with_priority(line: str, level: str) -> str:
    """The line as the journal takes it, so that ``journalctl -p err`` finds it (sd-daemon(3))."""
    return f"<{_PRIORITIES.get(level, 6)}>{line}"

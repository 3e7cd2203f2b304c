"""How much the endpoint takes, of everybody and of each."""

from __future__ import annotations

import contextlib
import resource
import time
from collections import OrderedDict

MOST_PACKET_BYTES = 1024 * 1024
MOST_CONNECTIONS = 4_000
MOST_PENDING = 500
"""Connections that have not said CONNECT yet, or whose device is being looked up."""
MOST_OF_A_DEVICE = 8
"""Connections and sessions that one device may have."""
CONNECT_S = 10.0
"""From the connection, TLS included, to its CONNECT."""
STUCK_S = 30.0
"""How long a client may take nothing of what it is sent before it is closed."""
CONNECTS_AT_ONCE, CONNECTS_PER_S = 2_500, 50.0
"""For one address: the devices of a team may all come from one, and all at once after a break."""
MOST_UNACKNOWLEDGED_BYTES = 1024 * 1024
MOST_UNACKNOWLEDGED = 4_096
"""For one connection, waiting for the disk; until then nothing more is read from it."""
MOST_EXPIRY_S = 7 * 86_400
"""How long a session outlasts its connection."""
MOST_ALIASES = 16
_MOST_ADDRESSES = 10_000
_KEPT_FILES = 100


class Rate:
    """So many at once, and so many per second, of each address.

    Args:
        at_once: how many may come at once after a break.
        per_s: how many per second in the long run.
    """

    def __init__(self, at_once: int, per_s: float) -> None:
        self._at_once = at_once
        self._per_s = per_s
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> bool:
        """Count one; False where it is one too many."""
        spent = self._spent_by(address)
        if spent + 1 > self._at_once:
            return False
        self._spent[address] = spent + 1, time.monotonic()
        self._spent.move_to_end(address)
        if len(self._spent) > _MOST_ADDRESSES:
            self._spent.popitem(last=False)
        return True

    def _spent_by(self, address: str) -> float:
        spent, at = self._spent.get(address, (0.0, 0.0))
        return max(0.0, spent - (time.monotonic() - at) * self._per_s)


def most_connections() -> int:
    """How many connections fit beside the files that this process opens itself; it has as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _KEPT_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):  # a system may have a limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(16, min(MOST_CONNECTIONS, soft - _KEPT_FILES))
    )

"""What a server has of the logs here: asked before anything is sent, and again until it says that it is stored."""

from __future__ import annotations

import time
from collections.abc import Callable

from paddock.basestation.bucket import Bucket
from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import Log
from paddock.basestation.still_stored import still_stored
from paddock.client.connection import Connection
from paddock.client.known import KnownLog, ask_known
from paddock.client.upload import sha256_of

FORGOTTEN_S = 600.0
"""A log that a server has been proving for so long is announced again, which wakes the server's worker."""
_ASK_AGAIN_S = 3600.0
"""How long the answer "not here" of a server counts before it is asked about a log again."""
CHECK_AGAIN_S = 3600.0
"""How long the confirmation of a server counts before it is asked about a log again."""
_ADOPTED_S = 3600.0
"""How long a server that answers may take to know of a log that was left in the bucket."""


class Asking:
    """Asks one server. Blocks: for threads.

    Args:
        ledger: has the logs, and is told what the server has.
        server: as the user named it.
        bucket: where logs may have been left for it.
        confirm: called with a log that it has stored with this hash.
        check: called while a log is hashed; what it raises ends that.
    """

    def __init__(
        self,
        ledger: Ledger,
        server: str,
        bucket: Bucket | None,
        confirm: Callable[[Log], None],
        check: Callable[[], None],
    ) -> None:
        self._ledger, self._server, self._bucket = ledger, server, bucket
        self._confirm, self._check = confirm, check
        self._checked_at: float | None = None
        """When it was asked last for all that it has confirmed."""
        self._lacks: dict[str, float] = {}
        """Logs that the server said it does not have, and when."""
        self._not_adopted_since: dict[str, float] = {}
        """Logs that lie in the bucket although the server does not know them, and when it said so first."""

    def forget(self) -> None:
        """Nothing is certain any more of what the server lacks."""
        self._lacks.clear()

    def may_prove(self, log: Log) -> bool:
        """Whether the server is at a log that was sent, as far as it says."""
        return log.sha256 not in self._not_adopted_since

    def ask(self, connection: Connection, tries: int) -> tuple[bool, bool]:
        """Ask of all that is to go there or was sent, one question for a thousand logs.

        Returns:
            Whether there was anything to ask, and whether any log got further.

        Raises:
            PaddockError: the server does not say.
        """
        now = time.monotonic()
        proving = self._ledger.to_confirm(self._server)
        waiting = [log for log in self._ledger.to_send(self._server) if not self._surely_lacks(log, now)]
        hashes = list(dict.fromkeys(log.sha256 for log in (*waiting, *proving)))
        asked, moved = self._check_confirmed(connection, now)
        if not hashes:
            return asked, moved
        known = ask_known(connection, hashes, tries)
        for log in waiting:
            moved |= self._is_there(log, known[log.sha256])
        for log in proving:
            moved |= self._is_proved(log, known[log.sha256])
        return True, moved

    def _check_confirmed(self, connection: Connection, now: float) -> tuple[bool, bool]:
        """Whether it was asked for what it has confirmed, and whether it has lost any."""
        if self._checked_at is not None and now - self._checked_at < CHECK_AGAIN_S:
            return False, False
        confirmed = self._ledger.to_check(self._server)
        stored = still_stored(self._ledger, connection, self._server, confirmed) if confirmed else ()
        self._checked_at = now
        return bool(confirmed), len(stored) < len(confirmed)

    def _surely_lacks(self, log: Log, now: float) -> bool:
        return now - self._lacks.get(log.sha256, -_ASK_AGAIN_S) < _ASK_AGAIN_S

    def _is_there(self, log: Log, known: KnownLog) -> bool:
        """Whether a log that would be sent need not be."""
        if known.is_stored:
            self._confirm(log)
        elif known.standing == "on_the_way":
            self._ledger.uploaded(log.sha256, self._server)
        else:
            self._lacks[log.sha256] = time.monotonic()
            return False
        return True

    def _is_proved(self, log: Log, known: KnownLog) -> bool:
        """Whether a log that was sent got further, or is to be sent again."""
        if known.is_stored:
            self._confirm(log)
            return True
        if known.standing == "on_the_way" and self._since_uploaded_s(log) < FORGOTTEN_S:
            self._not_adopted_since.pop(log.sha256, None)
            return False
        if self._bucket is not None and self._bucket.left_ns(log) is not None:
            # The bucket's events may be late; after that it is sent past it.
            since = self._not_adopted_since.setdefault(log.sha256, time.monotonic())
            if time.monotonic() - since < _ADOPTED_S:
                return False
            self._bucket.forget(log)
        if known.standing == "unknown" and not self._is_whole_here(log):
            return False
        # Announcing it again costs nothing where the server has it after all.
        self._ledger.waiting(log.sha256, self._server, "the server does not have what was sent: it is sent again")
        self._lacks[log.sha256] = time.monotonic()
        return True

    def _since_uploaded_s(self, log: Log) -> float:
        rows = {each.sha256: each.changed_ns for each in self._ledger.deliveries(self._server)}
        return (time.time_ns() - rows.get(log.sha256, 0)) / 1e9

    def _is_whole_here(self, log: Log) -> bool:
        """Whether the copy here still is the log: what a server found to be other bytes may be no fault of its."""
        path = self._ledger.path_of(log)
        try:
            if not log.here or sha256_of(path, lambda _: self._check())[0] == log.sha256:
                return True
        except OSError:
            pass
        self._ledger.refused(
            log.sha256,
            self._server,
            f"The copy here is damaged: remove {path} and start again, and the log is pulled again.",
        )
        return False

"""Logs to one Paddock: it is asked what it has, sent what it lacks, and asked again until all is stored there."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import PurePosixPath

from paddock.basestation.asking import CHECK_AGAIN_S, FORGOTTEN_S, Asking
from paddock.basestation.bucket import Bucket
from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import Log
from paddock.basestation.limit import Limit
from paddock.basestation.observed import Observed, Speed
from paddock.basestation.outgoing import Outgoing, Stopped, in_order
from paddock.basestation.stints import Stints
from paddock.basestation.to_the_end import to_the_end
from paddock.client.connection import TRIES, Connection
from paddock.client.streams import Streams
from paddock.client.upload import Announcement, send
from paddock.domain.recording_names import printable_name
from paddock.domain.sidecar import Sidecar
from paddock.domain.words import isolated
from paddock.errors import PaddockError, Unavailable

PART_BYTES = 5 * 1024 * 1024
"""What a bucket takes at least: of a part that is cut off, a bucket keeps nothing."""
_LEAST_PART_BYTES = 256 * 1024
_PARTS = 16
"""So many parts a log has at least, where the store takes such small ones: a bad line takes many side by side."""
TIMEOUT_S = 30.0
"""A line on which nothing moves for so long is dead, though nobody said so."""
_LOGS_AT_ONCE = 8
_BATCH = 64
_ASK_EVERY_S = 2.0
_IN_BUCKET_AT_ONCE_S = 60.0
_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 30.0
_TRIES_AT_ONCE = 3
"""Tries in a row in which no log got further, after which a run with ``--once`` ends."""
_NO_LOG = frozenset(("not_mcap", "empty_file", "too_large", "bad_sha256"))
"""Codes of refusals that no second try changes, such as a file that is no log."""


class Sender:
    """Sends what is here to one server for as long as ``run`` runs: the newest driven run first.

    Args:
        ledger: has the logs, and is told how far they are.
        observed: is told whether the server answers.
        stints: say what it is told of a log.
        url: of the server.
        say: told lines for people.
        limit: what may go to it; None for as fast as it goes.
        bucket: where logs are left while the server cannot be reached; None for nowhere.
        bucket_after_s: for so long it has to be away first. A sender that is to end does not wait.
    """

    def __init__(
        self,
        ledger: Ledger,
        observed: Observed,
        stints: Stints,
        url: str,
        say: Callable[[str], None],
        limit: Limit | None = None,
        bucket: Bucket | None = None,
        bucket_after_s: float = 60.0,
    ) -> None:
        self.url = url
        self.problem = ""
        """Why nothing can be sent."""
        self.is_busy = False
        """Whether it sends, or waits only for an answer: it may get further by itself."""
        self._ledger, self._observed, self._stints, self._say, self._limit = ledger, observed, stints, say, limit
        self._bucket, self._bucket_after_s = bucket, bucket_after_s
        self._away_since: float | None = None
        self._news = asyncio.Event()
        self._came = threading.Event()
        """Set together with ``_news``, for the thread that sends: a log may have come that is more urgent."""
        self._ends = False
        self._stop = threading.Event()
        self._speed = Speed()
        self._streams = Streams()
        self._going: dict[str, bool] = {}
        """Logs that are being sent, by their hashes, and whether all parts of each are on their way."""
        self._asking = Asking(ledger, url, bucket, self._confirm, self._check)
        self._asked_at = 0.0
        self._failed: dict[str, tuple[int, float]] = {}
        """By log: how often in a row it failed by itself, and when it is tried again."""

    def wake(self) -> None:
        """There are new logs."""
        self._came.set()
        self._news.set()

    def end_when_done(self) -> None:
        """No more logs come: ``run`` returns when there is nothing that it could do."""
        self._ends = True
        self._news.set()

    async def run(self) -> None:
        """Send, until it is cancelled or done."""
        fruitless, moved_at = 0, time.monotonic()
        with contextlib.closing(Connection(self.url, TIMEOUT_S)) as connection:
            while True:
                self._news.clear()
                self.is_busy = True
                try:
                    moved = await self._on_a_thread(lambda: self._round(connection))
                finally:
                    self.is_busy = False
                waiting = await asyncio.to_thread(self._ledger.to_send, self.url)
                proving = await asyncio.to_thread(self._ledger.to_confirm, self.url)
                fruitless = 0 if moved else fruitless + 1
                if moved:
                    moved_at = time.monotonic()
                # While the server proves what it has, it is waited for; not for what it does not know of yet.
                proves = not self.problem and any(self._asking.may_prove(log) for log in proving)
                proves = proves and time.monotonic() - moved_at < FORGOTTEN_S
                if self._ends and not (waiting or proving):
                    return
                if self._ends and fruitless >= _TRIES_AT_ONCE and not proves:
                    return
                if moved and waiting:
                    continue
                pause_s = CHECK_AGAIN_S
                if waiting or proving:
                    pause_s = _ASK_EVERY_S if proves else min(_FIRST_RETRY_S * 2**fruitless, _LAST_RETRY_S)
                    self.is_busy = proves
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._news.wait()

    async def _on_a_thread(self, work: Callable[[], bool]) -> bool:
        """Stops the work when this is cancelled, and waits until it has ended."""
        working = asyncio.ensure_future(to_the_end(work))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            self._stop.set()
            with contextlib.suppress(Stopped):
                await working
            raise

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped

    # ---- one round, on a thread

    def _round(self, connection: Connection) -> bool:
        """Ask, and send what is next; whether anything got further."""
        try:
            moved = self._ask(connection)
            moved |= self._send_all(connection)
        except (PaddockError, OSError) as error:
            self._server_fails(error)
            return self._leave_in_bucket()
        return moved

    def _ask(self, connection: Connection) -> bool:
        """Ask what the server has; whether any log got further.

        Raises:
            PaddockError: it does not say.
        """
        self._asked_at = time.monotonic()
        asked, moved = self._asking.ask(connection, tries=1 if self.problem else TRIES)
        if asked:
            self._answers()
        return moved

    def _confirm(self, log: Log) -> None:
        self._ledger.confirmed(log.sha256, self.url)
        self._failed.pop(log.sha256, None)
        self._say(f"{isolated(log.name)} is stored at {self.url}")

    def _answers(self) -> None:
        self.problem = ""
        self._away_since = None
        self._observed.server(
            self.url,
            reachable=True,
            answered_ns=time.time_ns(),
            problem="",
            bytes_per_s=self._speed.bytes_per_s,
        )

    # ---- sending

    def _waiting(self) -> list[Log]:
        now = time.monotonic()
        logs = [log for log in self._ledger.to_send(self.url) if self._failed.get(log.sha256, (0, 0.0))[1] <= now]
        return in_order(logs, self._ledger.logs())

    def _send_all(self, connection: Connection) -> bool:
        """Send what waits, the most urgent first, another beside it once all parts of it are on their way.

        Small logs so have less to wait for, and a line that loses packets is full. Whether any got further.

        Raises:
            PaddockError: what concerns the server and no log by itself.
        """
        self._came.clear()
        self._going.clear()
        waiting = self._waiting()[:_BATCH]
        moved = False
        running: set[Future[bool]] = set()
        if waiting:
            self._speed.add(0)
        with ThreadPoolExecutor(_LOGS_AT_ONCE, thread_name_prefix="logs") as pool:
            while True:
                may_begin = waiting and len(running) < _LOGS_AT_ONCE and all(list(self._going.values()))
                if may_begin and not self._came.is_set():
                    log = waiting.pop(0)
                    self._going[log.sha256] = False
                    running.add(pool.submit(self._send_or_note, connection, log))
                elif running:
                    ended, running = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
                    for each in ended:
                        moved |= each.result()
                else:
                    return moved

    def _send_or_note(self, connection: Connection, log: Log) -> bool:
        self._check()
        try:
            return self._send(connection, log)
        except (PaddockError, OSError) as error:
            why = _sentence(error)
            if isinstance(error, PaddockError) and error.code in _NO_LOG:
                self._ledger.refused(log.sha256, self.url, why)
                return True
            self._ledger.waiting(log.sha256, self.url, why)
            if isinstance(error, Unavailable) or _concerns_us(error):
                raise
            # It may be this log alone: others are not kept waiting.
            tries = self._failed.get(log.sha256, (0, 0.0))[0] + 1
            pause_s = min(_FIRST_RETRY_S * 2**tries, _LAST_RETRY_S)
            self._failed[log.sha256] = tries, time.monotonic() + pause_s
            self.problem = why
            return False
        finally:
            self._going.pop(log.sha256, None)

    def sidecar_of(self, log: Log) -> Sidecar:
        """What servers are told of a log together with its bytes."""
        return Sidecar(self._stints.metadata_of_log(log), log.clock_offset_ns)

    def _send(self, connection: Connection, log: Log) -> bool:
        said = self.sidecar_of(log)
        announcement = Announcement(
            sha256=log.sha256,
            size_bytes=log.size_bytes,
            name=printable_name(PurePosixPath(log.name).name),
            metadata=said.metadata,
            metadata_source="base_station",
            clock_offset_ns=said.clock_offset_ns,
            part_size_bytes=max(_LEAST_PART_BYTES, min(PART_BYTES, log.size_bytes // _PARTS)),
        )
        going = Outgoing(log, self.url, self._ledger, self._observed, self._speed, self._limit, self._check)
        line = going.line(
            self._streams,
            lambda: self._goes_on(connection),
            lambda sentence: self._observed.problem(
                f"{self.url} {log.sha256}", f"{isolated(log.name)}: {sentence}"
            ),
            lambda: self._going.update({log.sha256: True}),
        )
        try:
            recording = send(connection, self._ledger.path_of(log), announcement, line)
        finally:
            going.note()
        self._answers()
        if recording is None:
            return True
        self._ledger.said(log.sha256, self.url, said.metadata)
        self._ledger.uploaded(log.sha256, self.url)
        self._asked_at = 0.0
        return True

    def _goes_on(self, connection: Connection) -> bool:
        """Whether to send the next piece; asks the server now and then, so that confirmations come meanwhile."""
        if time.monotonic() - self._asked_at > _ASK_EVERY_S:
            self._answers()
            with contextlib.suppress(PaddockError):
                self._ask(connection)
        return self._is_most_urgent()

    def _is_most_urgent(self) -> bool:
        """Between two parts: whether no log that came meanwhile is more urgent than those that go."""
        self._check()
        if self._came.is_set():
            waiting = self._waiting()
            if waiting and waiting[0].sha256 not in self._going:
                return False
            self._came.clear()
        return True

    def _server_fails(self, error: PaddockError | OSError) -> None:
        self.problem = _sentence(error)
        self._asking.forget()  # somebody else may bring it there meanwhile
        self._observed.server(self.url, reachable=False, problem=self.problem)
        if isinstance(error, PaddockError) and error.code == "no_service":
            self._away_since = time.monotonic() if self._away_since is None else self._away_since

    # ---- past a server that cannot be reached

    def _leave_in_bucket(self) -> bool:
        """Whether any log got into the bucket; for a while, before the server is asked again."""
        if self._bucket is None or self._away_since is None:
            return False
        began = time.monotonic()
        if began - self._away_since < self._bucket_after_s and not self._ends:
            return False
        moved = False
        self._came.clear()
        for log in self._waiting():
            if time.monotonic() - began > _IN_BUCKET_AT_ONCE_S:
                break
            self._going[log.sha256] = False
            try:
                moved |= self._leave(self._bucket, log)
            except (PaddockError, OSError) as error:
                self.problem = f"{self.problem} {_sentence(error)}"
                self._observed.server(self.url, problem=self.problem)
                break
            finally:
                self._going.pop(log.sha256, None)
        return moved

    def _leave(self, bucket: Bucket, log: Log) -> bool:
        name = printable_name(PurePosixPath(log.name).name)
        going = Outgoing(log, self.url, self._ledger, self._observed, self._speed, self._limit, self._check)
        line = going.line(self._streams, self._is_most_urgent)
        try:
            whole = bucket.leave(log, name, self.sidecar_of(log), line)
        finally:
            going.note()
        if whole:
            why = f"in the bucket {bucket.name}; confirmed once {self.url} answers"
            self._ledger.uploaded(log.sha256, self.url, why)
        return True


def _concerns_us(error: Exception) -> bool:
    """Whether a refusal is about who sends (a token, a permission) and not about the log."""
    return isinstance(error, PaddockError) and error.code in (
        "not_a_member",
        "not_allowed",
        "wrong_host",
        "cross_site",
    )


def _sentence(error: PaddockError | OSError) -> str:
    return error.message if isinstance(error, PaddockError) else f"{error.strerror or error}"

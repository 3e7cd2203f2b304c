"""Logs to one Paddock: sent whole, then asked for until it says that they are stored."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import Log
from paddock.basestation.live import Live
from paddock.basestation.stints import Stints
from paddock.client import Client, FoundRecording
from paddock.domain.words import encodable
from paddock.errors import PaddockError, Rejected

_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 30.0
_TRIES_AT_ONCE = 3
"""Without a log getting further: then a sender that is to end does."""


class Sender:
    """Sends what is here to one server, the newest first, for as long as ``run`` runs.

    Args:
        ledger: has the logs, and is told how far they are.
        live: is told whether the server answers.
        stints: say what it is told of a log.
        url: of the server.
        say: told lines for people.
    """

    def __init__(self, ledger: Ledger, live: Live, stints: Stints, url: str, say: Callable[[str], None]) -> None:
        self.url = url
        self.problem = ""
        """Why nothing can be sent."""
        self.is_busy = False
        """Whether it sends, or waits only for an answer: it may get further by itself."""
        self._ledger = ledger
        self._live = live
        self._stints = stints
        self._say = say
        self._news = asyncio.Event()
        self._ends = False

    def wake(self) -> None:
        """There are new logs."""
        self._news.set()

    def end_when_done(self) -> None:
        """No more logs come: ``run`` returns when there is nothing that it could do."""
        self._ends = True
        self._news.set()

    async def run(self) -> None:
        """Send, until it is cancelled or done."""
        failed = 0
        with Client(self.url) as client:
            while True:
                self._news.clear()
                self.is_busy = True
                try:
                    moved = await asyncio.to_thread(self._round, client)
                    failed = 0 if moved or not self.problem else failed + 1
                finally:
                    self.is_busy = False
                waits = self._ledger.to_send(self.url) or self._ledger.to_confirm(self.url)
                if self._ends and (not waits or failed >= _TRIES_AT_ONCE):
                    return
                if moved and waits:
                    continue
                pause_s = None if not waits else min(_FIRST_RETRY_S * 2**failed, _LAST_RETRY_S)
                try:
                    async with asyncio.timeout(pause_s):
                        await self._news.wait()
                except TimeoutError:
                    pass

    def _round(self, client: Client) -> bool:
        """Whether anything got further."""
        moved = False
        for log in self._ledger.to_confirm(self.url):
            try:
                moved |= self._confirm(log, client.get(log.sha256))
            except PaddockError as error:
                self._fails(log, error)
                break
        for log in self._ledger.to_send(self.url):
            try:
                recording = self._send(client, log)
            except (PaddockError, OSError) as error:
                self._fails(log, error)
                break
            self._ledger.uploaded(log.sha256, self.url)
            self._confirm(log, recording)
            moved = True
        return moved

    def _send(self, client: Client, log: Log) -> FoundRecording:
        """A link gives it the name that it had on the car."""
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder) / encodable(Path(log.name).name)
            link.symlink_to(self._ledger.path_of(log).absolute())
            metadata = self._stints.metadata_of_log(log)
            recording = client.upload(
                link, metadata=metadata, sent=lambda count: self._ledger.sent(log.sha256, self.url, count)
            )
            self._ledger.said(log.sha256, self.url, metadata)
            return recording

    def _confirm(self, log: Log, recording: FoundRecording) -> bool:
        self.problem = ""
        self._live.server(self.url, reachable=True, answered_ns=time.time_ns(), problem="")
        if recording.original is None or recording.id != log.sha256:
            return False
        self._ledger.confirmed(log.sha256, self.url)
        self._say(f"{log.name} is stored at {self.url}")
        return True

    def _fails(self, log: Log, error: PaddockError | OSError) -> None:
        self.problem = error.message if isinstance(error, PaddockError) else str(error)
        self._live.server(self.url, reachable=False, problem=self.problem)
        if isinstance(error, Rejected):
            self._ledger.refused(log.sha256, self.url, self.problem)
        else:
            self._ledger.waiting(log.sha256, self.url, self.problem)

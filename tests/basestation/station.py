"""A base station's ledger with logs that are here, for tests of what is sent."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paddock.basestation import send
from paddock.basestation.ledger import Ledger, open_ledger
from paddock.basestation.ledger_rows import CarFile, Delivery, Log
from paddock.basestation.observed import Observed
from paddock.basestation.send import Sender
from paddock.basestation.sources.source import SeenFile
from paddock.basestation.status import ServerStatus
from paddock.basestation.stints import Stints
from paddock.client import connection

PLACE = "the car"


class Station:
    """One ledger, and senders from it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.observed = Observed()
        self.stints = Stints(ledger)
        self.said: list[str] = []
        self._seen: list[SeenFile] = []

    def pulled(self, name: str, data: bytes, **seen: Any) -> Log:
        """A log that was pulled and hashed."""
        number = len(self._seen) + 1
        self._seen.append(SeenFile(name, len(data), number * 10**9, closed=True, **seen))
        self.ledger.looked(PLACE, self._seen, number)
        (file,) = (file for file in self.ledger.files(PLACE) if file.seen.name == name)
        return self.pulled_from(file, data)

    def pulled_from(self, file: CarFile, data: bytes) -> Log:
        """A log that is pulled and hashed, of a file that was seen on a car."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.ledger.path_for(sha256, file.seen.name).write_bytes(data)
        self.ledger.hashed([(file, sha256)])
        self.ledger.arrived([sha256])
        log = self.ledger.log(sha256)
        assert log is not None
        return log

    def sender(self, url: str, **more: Any) -> Sender:
        self.observed.servers[url] = ServerStatus(url=url, name=url, last=True)
        return Sender(self.ledger, self.observed, self.stints, url, self.said.append, **more)

    def send_once(self, url: str, **more: Any) -> Sender:
        """All that can be done now."""
        sender = self.sender(url, **more)
        sender.end_when_done()
        asyncio.run(sender.run())
        return sender

    def delivery(self, log: Log, url: str) -> Delivery | None:
        return next((each for each in self.ledger.deliveries(url) if each.sha256 == log.sha256), None)

    def states(self, url: str) -> dict[str, str]:
        """By the log's name."""
        names = {log.sha256: log.name for log in self.ledger.logs()}
        return {names[each.sha256]: each.state.value for each in self.ledger.deliveries(url)}


@contextlib.contextmanager
def station(folder: Path) -> Iterator[Station]:
    """One with nothing in it."""
    with open_ledger(folder) as ledger:
        yield Station(ledger)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    """One with nothing in it, which asks and tries again after short pauses."""
    monkeypatch.setattr(send, "_FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(send, "_ASK_EVERY_S", 0.1)
    monkeypatch.setattr(connection, "FIRST_PAUSE_S", 0.05)
    with station(tmp_path / "ledger") as opened:
        yield opened

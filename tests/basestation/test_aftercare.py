"""Servers that have a log are told what was changed about its stint, and asked what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from paddock.basestation.aftercare import Aftercare
from paddock.basestation.ledger import Ledger, open_ledger
from paddock.basestation.observed import Observed
from paddock.basestation.sources.source import SeenFile
from paddock.basestation.status import ServerStatus
from paddock.basestation.stints import Stints
from paddock.errors import Rejected, Unavailable

NOW = 1_791_115_200 * 10**9
CAR, SERVER = "sftp://pi@car/logs", "127.0.0.1:8080"
LOG = "a3" * 32


@dataclass
class Service:
    """Answers as a client of it does."""

    edits: list[tuple[dict[str, str], str]] = field(default_factory=list)
    refuses: str = ""
    away: bool = False
    status: str = "converting"

    def edit(self, sha256: str, metadata: dict[str, str], *, source: str) -> None:
        assert sha256 == LOG
        if self.away:
            raise Unavailable("It does not answer.")
        if self.refuses in metadata:
            raise Rejected("There is no such field.", code="bad_metadata")
        self.edits.append((metadata, source))

    def get(self, sha256: str) -> Any:
        mats = (SimpleNamespace(format="mat", url=f"/api/recordings/{sha256}/artifacts/1"),)
        return SimpleNamespace(
            id=sha256,
            url=f"http://{SERVER}/recordings/{sha256[:10]}",
            status=self.status,
            artifacts=mats if self.status == "ready" else (),
            error=None,
        )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        opened.looked(CAR, [SeenFile("1.mcap", 5, NOW)], NOW)
        opened.hashed([(file, LOG) for file in opened.files()])
        yield opened


def follow(ledger: Ledger) -> tuple[Aftercare, Stints, Observed, Any]:
    stints, observed = Stints(ledger), Observed()
    observed.servers[SERVER] = ServerStatus(url=SERVER, name="Paddock here")
    return Aftercare(ledger, stints, observed), stints, observed, Service()


def test_a_change_is_told_once(ledger: Ledger) -> None:
    aftercare, stints, _, service = follow(ledger)
    stints.change(CAR, {"driver": "Adam", "venue": "Lincoln"}, from_ns=NOW, now_ns=NOW)
    ledger.said(LOG, SERVER, {"driver": "Adam", "venue": "Lincoln"})
    aftercare.look(service, SERVER)
    ledger.confirmed(LOG, SERVER)
    aftercare.look(service, SERVER)
    assert service.edits == [], "it was told so when the log was sent"
    stints.change(CAR, {"driver": "Eve", "venue": ""}, from_ns=NOW - 1, now_ns=NOW + 1)
    stints.take_back(CAR, NOW)
    for _ in range(2):
        aftercare.look(service, SERVER)
    assert service.edits == [({"driver": "Eve", "venue": ""}, "base_station")]


def test_a_server_that_is_away_is_told_later(ledger: Ledger) -> None:
    aftercare, stints, _, service = follow(ledger)
    ledger.confirmed(LOG, SERVER)
    stints.change(CAR, {"driver": "Eve"}, from_ns=NOW, now_ns=NOW)
    service.away = True
    with pytest.raises(Unavailable):
        aftercare.look(service, SERVER)
    service.away = False
    aftercare.look(service, SERVER)
    assert service.edits == [({"driver": "Eve"}, "base_station")]


def test_one_field_that_a_server_does_not_have_stops_no_other(ledger: Ledger) -> None:
    aftercare, stints, observed, service = follow(ledger)
    ledger.confirmed(LOG, SERVER)
    stints.change(CAR, {"driver": "Eve", "session": "am"}, from_ns=NOW, now_ns=NOW)
    service.refuses = "session"
    for _ in range(3):
        aftercare.look(service, SERVER)
    assert service.edits == [({"driver": "Eve"}, "base_station")]
    assert list(observed.problems.values()) == ["Paddock here does not take session: There is no such field."]


def test_what_became_of_a_log(ledger: Ledger) -> None:
    aftercare, _, _, service = follow(ledger)
    ledger.confirmed(LOG, SERVER)
    aftercare.look(service, SERVER)
    assert not aftercare.outcomes[LOG, SERVER].settled
    service.status = "ready"
    aftercare.look(service, SERVER)
    outcome = aftercare.outcomes[LOG, SERVER]
    assert outcome.settled
    assert outcome.mat_url == f"http://{SERVER}/api/recordings/{LOG}/artifacts/1"
    assert outcome.recording_url == f"http://{SERVER}/recordings/{LOG[:10]}"

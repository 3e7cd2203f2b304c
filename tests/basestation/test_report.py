"""The status, from ledger, stints and what the agent knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock.basestation import report
from paddock.basestation.aftercare import Outcome
from paddock.basestation.ledger import Ledger, open_ledger
from paddock.basestation.observed import Observed, Speed
from paddock.basestation.report import status_of
from paddock.basestation.sources.source import SeenFile
from paddock.basestation.status import CarStatus, LogState, LogStatus, ServerStatus, Status
from paddock.basestation.stints import Stints
from paddock.basestation.verdict import Kind, verdicts

NOW = 1_791_115_200 * 10**9
PLACE, HERE, CLOUD = "sftp://pi@car/logs", "http://127.0.0.1:8080", "https://paddock.example"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


@pytest.fixture
def observed() -> Observed:
    observed = Observed()
    observed.cars[PLACE] = CarStatus(place=PLACE, name="car", reachable=True, looked_ns=NOW)
    observed.servers[HERE] = ServerStatus(url=HERE, name="here")
    observed.servers[CLOUD] = ServerStatus(url=CLOUD, name="cloud", last=True)
    return observed


def look(ledger: Ledger, *names: str, **more: object) -> None:
    seen = [SeenFile(name, 5, NOW, **more) for name in names]  # type: ignore[arg-type]
    ledger.looked(PLACE, seen, NOW)


def ids(ledger: Ledger) -> dict[str, int]:
    return {file.seen.name: file.id for file in ledger.files()}


def log_of(status: Status, name: str) -> LogStatus:
    return next(log for log in status.logs if log.name == name)


def hashed(ledger: Ledger, name: str) -> str:
    sha256 = name.ljust(64, "0")
    ledger.hashed([(file, sha256) for file in ledger.files() if file.seen.name == name])
    return sha256


def test_a_log_on_its_way(ledger: Ledger, observed: Observed) -> None:
    stints = Stints(ledger)
    stints.change(PLACE, {"car": "HT09", "driver": "Eve"}, from_ns=NOW, now_ns=NOW)

    def status() -> Status:
        return status_of(ledger, stints, observed, {}, now_ns=NOW, keep_free_bytes=7)

    assert verdicts(status())[0].kind is Kind.NONE
    look(ledger, "1.mcap", "2.mcap")
    first, second = (ids(ledger)[name] for name in ("1.mcap", "2.mcap"))
    observed.open_files = frozenset((second,))
    assert [log_of(status(), name).state for name in ("1.mcap", "2.mcap")] == [LogState.WAITING, LogState.OPEN]
    observed.pulled[first] = 3
    assert (log_of(status(), "1.mcap").state, log_of(status(), "1.mcap").pulled_bytes) == (LogState.PULLING, 3)
    observed.pulled[first] = 5
    assert log_of(status(), "1.mcap").state is LogState.HASHING
    del observed.pulled[first]
    ledger.note_trouble(first, "The disk here is full.")
    assert verdicts(status())[0].sentences[-1] == "1.mcap: The disk here is full."
    ledger.note_trouble(first, None)
    hashed(ledger, "1.mcap")
    log = log_of(status(), "1.mcap")
    assert (log.state, log.pulled_bytes, log.metadata) == (LogState.HERE, 5, {"car": "HT09", "driver": "Eve"})
    found = status()
    assert found.cars[0].name == "HT09"
    assert found.disk is not None and found.disk.keep_free_bytes == 7
    assert verdicts(found)[0].kind is Kind.RECORDING
    observed.open_files = frozenset()
    hashed(ledger, "2.mcap")
    assert verdicts(status())[0].kind is Kind.SAFE


def test_what_the_recorder_has_open_is_said(ledger: Ledger, observed: Observed) -> None:
    look(ledger, "1.mcap", closed=False)
    (found,) = verdicts(status_of(ledger, Stints(ledger), observed, {}, now_ns=NOW))
    assert (found.kind, found.sentences) == (Kind.RECORDING, ("1.mcap is being recorded.",))


def test_an_empty_file_is_a_log_that_begins_or_nothing(ledger: Ledger, observed: Observed) -> None:
    ledger.looked(PLACE, [SeenFile("1.mcap", 0, NOW)], NOW)
    stints = Stints(ledger)
    assert verdicts(status_of(ledger, stints, observed, {}, now_ns=NOW + 1))[0].kind is Kind.RECORDING
    assert status_of(ledger, stints, observed, {}, now_ns=NOW + 61 * 10**9).logs == ()


def test_deliveries(ledger: Ledger, observed: Observed) -> None:
    look(ledger, "1.mcap")
    sha256 = hashed(ledger, "1.mcap")
    stints = Stints(ledger)
    outcomes: dict[tuple[str, str], Outcome] = {}

    def delivery(server: int) -> object:
        status = status_of(ledger, stints, observed, outcomes, now_ns=NOW)
        return status.logs[0].deliveries[server]

    assert [each.server for each in status_of(ledger, stints, observed, {}, now_ns=NOW).logs[0].deliveries] == [
        HERE,
        CLOUD,
    ]
    ledger.sent(sha256, HERE, 2)
    assert (delivery(0).sent_bytes, delivery(1).sent_bytes) == (2, 0)
    observed.sent[sha256, HERE] = 4
    assert delivery(0).sent_bytes == 4
    ledger.uploaded(sha256, HERE)
    assert delivery(0).uploaded
    ledger.confirmed(sha256, HERE)
    assert delivery(0).converting and delivery(0).confirmed_ns and delivery(0).sent_bytes == 5
    outcomes[sha256, HERE] = Outcome("http://x/recordings/1", settled=True, mat_url="http://x/mat")
    assert (delivery(0).converting, delivery(0).mat_url) == (False, "http://x/mat")
    ledger.waiting(sha256, CLOUD, "The cloud does not answer.")
    assert delivery(1).why == "The cloud does not answer."
    ledger.refused(sha256, CLOUD, "It is no log.")
    assert delivery(1).refused


def test_what_went_before_it_was_here_is_said_for_a_day(ledger: Ledger, observed: Observed) -> None:
    stints = Stints(ledger)
    look(ledger, "1.mcap", "2.mcap")
    look(ledger, "2.mcap")
    status = status_of(ledger, stints, observed, {}, now_ns=NOW + 1)
    assert log_of(status, "1.mcap").state is LogState.GONE
    later = status_of(ledger, stints, observed, {}, now_ns=NOW + 2 * 86_400 * 10**9)
    assert [log.name for log in later.logs] == ["2.mcap"]


def test_of_many_logs_that_are_everywhere_the_newest_are_listed(
    ledger: Ledger, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "SHOWN_DONE", 3)
    names = [f"{number}.mcap" for number in range(9)]
    look(ledger, *names)
    for name in names[1:]:
        for server in (HERE, CLOUD):
            ledger.confirmed(hashed(ledger, name), server)
    status = status_of(ledger, Stints(ledger), observed, {}, now_ns=NOW)
    assert [log.name for log in status.logs] == ["8.mcap", "7.mcap", "6.mcap", "0.mcap"]
    assert (status.left_out, status.cars[0].more_here, status.cars[0].brought) == (5, 5, 8)
    hashed(ledger, "0.mcap")
    status = status_of(ledger, Stints(ledger), observed, {}, now_ns=NOW)
    assert verdicts(status)[0].sentences == ("All 9 logs on car are here.",)


def test_speed_is_that_of_the_last_seconds_in_which_anything_came() -> None:
    now = 100.0
    speed = Speed(lambda: now)
    assert speed.bytes_per_s is None
    speed.add(0)
    for _ in range(40):
        now += 0.5
        speed.add(500)
    assert speed.bytes_per_s == pytest.approx(1000)
    now += 3600
    assert speed.bytes_per_s == pytest.approx(1000)
    speed.add(0)
    for _ in range(2):
        now += 0.5
        speed.add(50)
    assert speed.bytes_per_s == pytest.approx(100)

"""Which log is being recorded, what is written beside it, and what is remembered."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from paddock.basestation.car import sidecars, store
from paddock.basestation.car.recorders.recorder import Doing, RecorderState
from paddock.basestation.car.service import Car
from paddock.basestation.car.watch import SETTLED_NS, LogOnCar, LogState
from paddock.domain.sidecar import read_sidecar, sidecar_name
from tests.basestation.car.cars import TRUE_NS, Garage, S
from tests.logs import small_log

ADAM = {"driver": "Adam", "event": "endurance"}
SETTLED_S = SETTLED_NS / S + 1


def state_of(car: Car, name: str) -> LogState:
    return log_of(car, name).state


def log_of(car: Car, name: str) -> LogOnCar:
    (found,) = [log for log in car.watch.logs() if log.name == name]
    return found


def hash_all(car: Car) -> None:
    while wanted := car.watch.to_hash():
        sha256 = car._hasher.sha256(*wanted)
        assert sha256 is not None
        car.watch.hashed(*wanted, sha256)


def written(path: Path, content: bytes, at_ns: int) -> None:
    path.write_bytes(content)
    os.utime(path, ns=(at_ns, at_ns))


class Recording:
    """A recorder that writes a log, by the clock of the machine."""

    def __init__(self, garage: Garage, name: str) -> None:
        self.garage, self.path = garage, garage.logs / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("wb", buffering=0)
        self.write(b"")

    def write(self, content: bytes) -> None:
        self.file.write(content)
        os.utime(self.path, ns=(self.garage.machine.wall_ns,) * 2)

    def close(self) -> None:
        self.file.close()


def test_recorded_then_closed(garage: Garage) -> None:
    car = garage.car()
    car.look()
    recording = Recording(garage, "run.mcap")
    car.look()
    assert (state_of(car, "run.mcap"), car.watch.recording) == (LogState.RECORDING, "run.mcap")
    recording.write(small_log())
    garage.machine.passes(3600)
    car.look()
    assert state_of(car, "run.mcap") is LogState.RECORDING, "the recorder has it open, however long it says nothing"
    recording.close()
    car.look()
    assert (state_of(car, "run.mcap"), car.watch.recording) == (LogState.CLOSED, None)
    assert car.watch.to_hash() is not None


def test_cut_by_a_power_loss(garage: Garage) -> None:
    garage.logs.mkdir()
    (garage.logs / "cut.mcap").write_bytes(small_log()[:-100])
    car = garage.car()
    car.look()
    assert (state_of(car, "cut.mcap"), log_of(car, "cut.mcap").closed) == (LogState.CUT, True)


def nobody_knows(garage: Garage, car: Car, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the recorder is another user's, or the disk has no leases."""
    monkeypatch.setattr(car.folder, "is_being_written", lambda name: None)


def test_growth_counts_where_nobody_can_say_who_has_it_open(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    garage.logs.mkdir()
    (garage.logs / "old.mcap").write_bytes(small_log())
    car = garage.car()
    nobody_knows(garage, car, monkeypatch)
    car.look()
    assert (state_of(car, "old.mcap"), log_of(car, "old.mcap").closed) == (LogState.SETTLING, None)
    garage.machine.passes(SETTLED_S)
    car.look()
    assert state_of(car, "old.mcap") is LogState.CLOSED
    recording = Recording(garage, "new.mcap")
    for _ in range(4):
        recording.write(small_log())
        garage.machine.passes(SETTLED_S / 2)
        car.look()
        assert state_of(car, "new.mcap") is LogState.RECORDING
    garage.machine.passes(SETTLED_S)
    car.look()
    assert state_of(car, "new.mcap") is LogState.CLOSED


def test_what_the_recorder_says_counts_most(garage: Garage, monkeypatch: pytest.MonkeyPatch) -> None:
    garage.logs.mkdir()
    for number in (1, 2):
        written(garage.logs / f"{number}.mcap", small_log(), TRUE_NS + number)
    car = garage.car()
    nobody_knows(garage, car, monkeypatch)
    for file in ("1.mcap", str(garage.logs / "1.mcap")):
        car.watch.look(RecorderState(Doing.RECORDING, file=file))
        garage.machine.passes(SETTLED_S)
        car.watch.look(RecorderState(Doing.RECORDING, file=file))
        assert car.watch.recording == "1.mcap"
        assert state_of(car, "2.mcap") is LogState.CLOSED
    # A recorder that records and names no file: the newest, however seldom it writes.
    again = garage.car()
    nobody_knows(garage, again, monkeypatch)
    again.watch.look(RecorderState(Doing.RECORDING))
    garage.machine.passes(SETTLED_S)
    again.watch.look(RecorderState(Doing.RECORDING))
    assert again.watch.recording == "2.mcap"


def test_metadata_go_beside_the_log_that_begins_next(garage: Garage) -> None:
    garage.logs.mkdir()
    written(garage.logs / "old.mcap", small_log(), TRUE_NS - 3600 * S)
    car = garage.car()
    car.look()
    car.describe(ADAM)
    first = Recording(garage, "1.mcap")
    car.look()
    first.close()
    car.describe({"driver": " Maya "})
    second = Recording(garage, "2.mcap")
    car.look()
    third = Recording(garage, "3.mcap")
    car.look()
    told = {log.name: log.metadata for log in car.watch.logs()}
    assert told == {"old.mcap": {}, "1.mcap": ADAM, "2.mcap": {"driver": "Maya"}, "3.mcap": {"driver": "Maya"}}
    beside = read_sidecar(garage.logs / "1.mcap")
    assert beside is not None
    assert (beside.metadata, beside.recorded_by, beside.clock_offset_ns) == (ADAM, car.name, None)
    assert not (garage.logs / sidecar_name("old.mcap")).exists()
    for each in (second, third):
        each.close()


def test_metadata_are_kept_when_the_program_is_killed_and_the_machine_started_anew(garage: Garage) -> None:
    garage.car().describe(ADAM)
    garage.machine.starts_anew(37 * S)
    recording = Recording(garage, "1.mcap")
    car = garage.car()
    car.look()
    recording.close()
    assert log_of(car, "1.mcap").metadata == ADAM


def test_a_log_that_is_closed_before_anybody_looks(garage: Garage) -> None:
    car = garage.car()
    car.describe(ADAM)
    car.look()
    written(garage.logs / "short.mcap", small_log(), garage.machine.wall_ns)
    written(garage.logs / "brought.mcap", small_log(2), garage.machine.wall_ns - 7200 * S)
    car.look()
    assert {log.name: log.metadata for log in car.watch.logs()} == {"short.mcap": ADAM, "brought.mcap": {}}


@pytest.mark.parametrize("reopened", [True, False])
def test_the_same_name_again(garage: Garage, reopened: bool) -> None:
    """Recorders begin to count at 1 again; what was said of the first log is not said of the second."""
    car = garage.car()
    car.look()
    car.describe(ADAM)
    first = Recording(garage, "1.mcap")
    first.write(small_log(200))
    car.look()
    first.close()
    car.look()
    hash_all(car)
    if not reopened:
        (garage.logs / "1.mcap").unlink()
    car.describe({"driver": "Maya"})
    second = Recording(garage, "1.mcap")
    car.look()
    assert log_of(car, "1.mcap").metadata == {"driver": "Maya"}
    assert log_of(car, "1.mcap").sha256 is None
    second.close()


def test_the_same_name_again_after_the_machine_was_started_anew(garage: Garage) -> None:
    """Already larger than the log before it when somebody looks first."""
    car = garage.car()
    car.describe(ADAM)
    first = Recording(garage, "1.mcap")
    car.look()
    first.close()
    garage.machine.starts_anew(37 * S)
    second = Recording(garage, "1.mcap")
    second.write(small_log(300))
    car = garage.car()
    car.describe({"driver": "Maya"})
    car.look()
    assert log_of(car, "1.mcap").metadata == {"driver": "Maya"}
    second.close()


def test_a_recorder_that_writes_a_sidecar_itself_knows_better(garage: Garage) -> None:
    car = garage.car()
    car.look()
    car.describe(ADAM)
    (garage.logs / "1.mcap.json").write_text('{"metadata": {"driver": "Luis"}, "recorded_by": "ecu"}')
    recording = Recording(garage, "1.mcap")
    car.look()
    beside = read_sidecar(garage.logs / "1.mcap")
    assert beside is not None
    assert (beside.metadata, beside.recorded_by) == ({"driver": "Luis", "event": "endurance"}, "ecu")
    recording.close()


def test_a_sidecar_that_a_removed_log_left_behind_says_nothing_of_the_next(garage: Garage) -> None:
    garage.logs.mkdir()
    (garage.logs / "1.mcap.json").write_text('{"metadata": {"driver": "Luis", "notes": "wet"}}')
    car = garage.car()
    car.look()
    car.describe(ADAM)
    recording = Recording(garage, "1.mcap")
    car.look()
    assert log_of(car, "1.mcap").metadata == ADAM
    recording.close()


def test_also_of_the_log_that_is_being_recorded(garage: Garage) -> None:
    car = garage.car()
    car.look()
    recording = Recording(garage, "1.mcap")
    car.look()
    car.describe(ADAM, also_recording=True)
    beside = read_sidecar(garage.logs / "1.mcap")
    assert beside is not None
    assert beside.metadata == ADAM
    recording.close()


def test_the_clock_is_noted_beside_each_log_of_this_start(garage: Garage) -> None:
    garage.machine.wall_ns = 37 * S
    car = garage.car()
    car.describe(ADAM)
    car.look()
    first = Recording(garage, "1.mcap")
    car.look()
    first.close()
    garage.machine.passes(100)
    car.tell_time(TRUE_NS, "base_station", 0)
    car.look()
    second = Recording(garage, "2.mcap")
    car.look()
    second.close()
    for name in ("1.mcap", "2.mcap"):
        beside = read_sidecar(garage.logs / name)
        assert beside is not None
        assert (beside.clock_offset_ns, beside.metadata) == (TRUE_NS - 137 * S, ADAM)
    # Told again, a little otherwise: nothing is written anew.
    before = (garage.logs / "1.mcap.json").stat().st_mtime_ns
    garage.machine.passes(3600)
    car.tell_time(TRUE_NS + 3600 * S + S // 2, "base_station", 0)
    car.look()
    assert (garage.logs / "1.mcap.json").stat().st_mtime_ns == before


def test_nothing_is_noted_beside_logs_of_earlier_days(garage: Garage) -> None:
    garage.machine.wall_ns = 37 * S
    car = garage.car()
    car.look()
    recording = Recording(garage, "1.mcap")
    car.look()
    recording.close()
    garage.machine.starts_anew(37 * S)
    car = garage.car()
    car.tell_time(TRUE_NS, "base_station", 0)
    car.look()
    assert log_of(car, "1.mcap").clock_offset_ns is None


def test_hashes_are_remembered_and_what_changed_is_hashed_anew(garage: Garage) -> None:
    garage.logs.mkdir()
    for number in (1, 2):
        (garage.logs / f"{number}.mcap").write_bytes(small_log(number))
    car = garage.car()
    car.look()
    hash_all(car)
    again = garage.car()
    again.look()
    assert again.watch.to_hash() is None
    with (garage.logs / "2.mcap").open("ab") as file:
        file.write(b"more")
    again.look()
    assert log_of(again, "2.mcap").sha256 is None
    hash_all(again)
    wanted = hashlib.sha256(small_log(2) + b"more").hexdigest()
    assert log_of(again, "2.mcap").sha256 == wanted
    assert log_of(again, "1.mcap").sha256 == hashlib.sha256(small_log(1)).hexdigest()


def test_a_log_that_changes_while_it_is_hashed_gets_no_hash(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    garage.logs.mkdir()
    (garage.logs / "1.mcap").write_bytes(small_log())
    car = garage.car()
    car.look()
    wanted = car.watch.to_hash()
    assert wanted is not None

    def grows(_: float) -> bool:
        with (garage.logs / "1.mcap").open("ab") as file:
            file.write(b"x")
        return True

    monkeypatch.setattr(car._hasher, "_rest", grows)
    assert car._hasher.sha256(*wanted) is None
    car.watch.hashed("1.mcap", wanted[1]._replace(size_bytes=1), "00")
    assert log_of(car, "1.mcap").sha256 is None


def test_a_log_that_is_removed_is_forgotten(garage: Garage) -> None:
    garage.logs.mkdir()
    (garage.logs / "1.mcap").write_bytes(small_log())
    car = garage.car()
    car.look()
    (garage.logs / "1.mcap").unlink()
    car.look()
    assert car.logs() == []
    assert garage.car().watch._logs == {}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_sidecar_that_cannot_be_written_now_is_written_later(
    garage: Garage, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    car = garage.car()
    car.look()
    car.describe(ADAM)
    with monkeypatch.context() as patched:
        patched.setattr(sidecars, "write_durably", full)
        recording = Recording(garage, "1.mcap")
        car.look()
        assert os.strerror(number) in car.state().complaints[0]
        assert car.watch.recording == "1.mcap", "recording goes on"
    car.look()
    recording.close()
    assert car.state().complaints == []
    assert log_of(car, "1.mcap").metadata == ADAM


def test_a_sidecar_that_says_nothing_sensible_is_named_and_stops_nobody(garage: Garage) -> None:
    garage.logs.mkdir()
    (garage.logs / "1.mcap").write_bytes(small_log())
    (garage.logs / "1.mcap.json").write_text('{"metadata": 7}')
    car = garage.car()
    car.look()
    assert "1.mcap.json" in car.state().complaints[0]
    assert log_of(car, "1.mcap").state is LogState.CLOSED
    (garage.logs / "1.mcap.json").unlink()
    car.look()
    assert car.state().complaints == []


def test_a_database_that_a_memory_card_destroyed(garage: Garage) -> None:
    garage.car().describe(ADAM)
    garage.close()
    garage.made.clear()
    (garage.state / "car.sqlite").write_bytes(b"\0garbage" * 1000)
    (garage.state / "car.sqlite-wal").unlink(missing_ok=True)
    (garage.logs / "1.mcap").write_bytes(small_log())
    car = garage.car()
    car.look()
    assert state_of(car, "1.mcap") is LogState.CLOSED
    assert (garage.state / "damaged-car.sqlite").exists()


@pytest.mark.parametrize("known", [True, False])
def test_a_disk_that_is_full_before_the_start_serves_its_logs(
    garage: Garage, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Otherwise nobody could take logs off to make room."""
    garage.logs.mkdir()
    (garage.logs / "1.mcap").write_bytes(small_log())
    if known:
        car = garage.car()
        car.look()
        hash_all(car)
        car.describe(ADAM)
        garage.close()
        garage.made.clear()

    def full(_: Path) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    monkeypatch.setattr(store, "_open", full)
    car = garage.car()
    car.look()
    assert "database or disk is full" in car.state().complaints[0]
    assert (log_of(car, "1.mcap").sha256 is not None, car.state().metadata) == (known, ADAM if known else {})
    hash_all(car)
    assert log_of(car, "1.mcap").sha256 == hashlib.sha256(small_log()).hexdigest()


def test_a_folder_that_goes_away_and_comes_back(garage: Garage) -> None:
    car = garage.car()
    car.look()
    garage.logs.rename(garage.root / "elsewhere")
    car.look()
    assert "cannot be read" in car.state().complaints[0]
    (garage.root / "elsewhere").rename(garage.logs)
    car.look()
    assert car.state().complaints == []


def test_a_log_that_may_not_be_read_is_named(garage: Garage, monkeypatch: pytest.MonkeyPatch) -> None:
    garage.logs.mkdir()
    (garage.logs / "1.mcap").write_bytes(small_log())

    def refused(*_: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    car = garage.car()
    car.look()
    assert "Permission denied" in str(log_of(car, "1.mcap").trouble)


@pytest.mark.slow("five thousand logs")
def test_five_thousand_logs(garage: Garage) -> None:
    garage.logs.mkdir()
    for number in range(5_000):
        (garage.logs / f"{number}.mcap").write_bytes(b"")
    car = garage.car()
    car.look()
    assert len(car.logs()) == 5_000
    car.look()
    assert car.watch.recording is None

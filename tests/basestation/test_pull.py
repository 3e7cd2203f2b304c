"""Pulling: from every byte and every step at which something ends it, and with nothing pulled twice."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock.basestation import look, pull, pulling
from paddock.basestation.ledger import open_ledger
from paddock.errors import Unavailable
from tests.basestation.offloading import Crash, FaultyDisk, MemorySource, Station, some_bytes

LARGE = some_bytes(1, 110_000)
MEDIUM = some_bytes(2, 40_000)
SMALL = some_bytes(3, 10)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """In memory where that is to be had: many of these tests sync a lot."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Station(Path(folder) / "ledger")


@pytest.fixture
def disk(station: Station, monkeypatch: pytest.MonkeyPatch) -> FaultyDisk:
    return FaultyDisk(monkeypatch)


@pytest.fixture(autouse=True)
def fast_and_often_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_PIECE_BYTES", 32 * 1024)
    monkeypatch.setattr(pull, "_SYNC_BYTES", 64 * 1024)
    monkeypatch.setattr(look, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(look, "_FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(pulling, "_FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(pulling, "_ROOM_RETRY_S", 0.001)


def test_every_log_is_here_and_in_the_cloud_once(station: Station) -> None:
    car = MemorySource({"1.mcap": LARGE, "2.mcap": MEDIUM, "again/2.mcap": MEDIUM, "3.mcap": SMALL})
    station.offload(car)
    station.must_have(LARGE, MEDIUM, SMALL)
    assert station.excess_bytes == 0


def test_nothing_is_pulled_twice(station: Station) -> None:
    car = MemorySource({"1.mcap": LARGE})
    station.offload(car)
    station.offload(car)
    assert car.given_bytes == len(LARGE)


def test_what_the_car_has_hashed_and_is_here_under_another_name_is_not_pulled(station: Station) -> None:
    station.offload(MemorySource({"1.mcap": LARGE}))
    renamed = MemorySource({"run 7.mcap": LARGE}, hashes=True)
    station.offload(renamed)
    assert renamed.given_bytes == 0
    station.must_have(LARGE)


@pytest.mark.slow("killed at every step")
@pytest.mark.parametrize("power", ["on", "cut"])
def test_killed_at_every_step(station: Station, disk: FaultyDisk, power: str) -> None:
    """Each step of the first run is the last one once; the second run is left to end."""
    excess, step = [], 0
    while True:
        step += 1
        station.__init__(station.folder.with_name(f"{power}-{step}"))  # type: ignore[misc]
        car = MemorySource({"1.mcap": LARGE, "2.mcap": MEDIUM, "again.mcap": MEDIUM, "3.mcap": SMALL})
        disk.start_again()
        disk.crash_at = step
        try:
            station.offload(car)
        except Crash:
            pass
        else:
            break
        finally:
            disk.start_again()
        if power == "cut":
            disk.cut_power(station.folder)
            station.boot = "second"
        station.offload(car)
        # The cloud takes a log again that it was sent and nobody noted.
        assert set(station.stored.values()) <= {1, 2}
        station.stored.update({sha256: 1 - count for sha256, count in station.stored.items()})
        station.must_have(LARGE, MEDIUM, SMALL)
        excess.append(car.given_bytes - len(LARGE) - 2 * len(MEDIUM) - len(SMALL))
    assert len(excess) > 60
    if power == "on":
        # What is in no buffer is not pulled again: one is 32 KiB here, and there are three logs on their way.
        assert max(excess) <= 3 * (32 * 1024 + pull.OVERLAP_BYTES)
    else:
        assert max(excess) <= 64 * 1024 + 2 * len(MEDIUM) + 3 * (32 * 1024 + pull.OVERLAP_BYTES)


def test_a_link_that_is_lost_at_random_bytes(station: Station) -> None:
    car = MemorySource({f"{number}.mcap": some_bytes(number, 70_000) for number in range(3)})
    choose = random.Random(5)
    car.cuts = [choose.randrange(25_000) for _ in range(20)]
    while car.cuts:
        station.offload(car)
    station.offload(car)
    station.must_have(*car.files.values())
    assert station.excess_bytes == car.given_bytes - 210_000
    assert station.excess_bytes <= 20 * pull.OVERLAP_BYTES
    with station.agent(car) as agent:
        carried = agent.status().carried
    assert (carried.pulled_bytes, carried.pulled_beyond_bytes) == (car.given_bytes, station.excess_bytes)


def test_a_link_that_is_lost_before_the_first_byte_each_time(station: Station) -> None:
    car = MemorySource({"1.mcap": LARGE})
    car.cuts = [0, 0, 0]
    station.offload(car)
    station.must_have(LARGE)
    assert station.excess_bytes == 0


@pytest.mark.slow("fails at every write")
def test_a_disk_that_is_full_at_every_write(station: Station, disk: FaultyDisk) -> None:
    step = said = 0
    while True:
        step += 1
        station.__init__(station.folder.with_name(f"full-{step}"))  # type: ignore[misc]
        car = MemorySource({"1.mcap": LARGE, "2.mcap": MEDIUM})
        disk.start_again()
        disk.full_at, disk.full_for = step, 3
        with contextlib.suppress(Unavailable):  # so early that there is no ledger yet
            station.offload(car)
        if disk.full_for == 3:
            break
        disk.start_again()
        station.offload(car)
        station.must_have(LARGE, MEDIUM)
        said += any("full" in line for line in station.lines)
    assert said > step / 2 > 10


def test_a_full_disk_stops_pulling_with_a_sentence_and_keeps_a_reserve(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 1_000_000
    monkeypatch.setattr("paddock.basestation.room.Room.free_bytes", lambda room: free)
    station.keep_free_bytes = 900_000
    car = MemorySource({"1.mcap": LARGE, "2.mcap": MEDIUM})
    station.offload(car)
    station.must_have(MEDIUM)
    assert any(
        "The disk here is full: 1.0 MB are free, 900 kB of them stay so, and 110 kB" in line
        for line in station.lines
    )
    free = 2_000_000
    station.offload(car)
    station.must_have(LARGE, MEDIUM)


def test_logs_that_every_server_has_make_room(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    def free_bytes(room: object) -> int:
        used = sum(path.stat().st_size for path in (station.folder / "files").iterdir())
        return 350_000 - used

    station.offload(MemorySource({"1.mcap": LARGE}))
    monkeypatch.setattr("paddock.basestation.room.Room.free_bytes", free_bytes)
    second = some_bytes(9, 300_000)
    car = MemorySource({"1.mcap": LARGE, "2.mcap": second})
    station.offload(car)
    assert [path.stat().st_size for path in (station.folder / "files").iterdir()] == [len(second)]
    assert car.given_bytes == len(second)
    station.must_have(LARGE, second)


@pytest.mark.parametrize("proves", [True, False])
@pytest.mark.parametrize("hashes", [True, False])
def test_a_log_that_grew_is_taken_again_and_only_the_rest_where_its_beginning_is_proven(
    station: Station, proves: bool, hashes: bool
) -> None:
    car = MemorySource({"1.mcap": LARGE[:70_000]}, proves=proves, hashes=hashes)
    station.offload(car)
    car.files["1.mcap"] = LARGE
    station.offload(car)
    station.must_have(LARGE[:70_000], LARGE)
    again = 0 if proves or hashes else 70_000
    assert car.given_bytes == len(LARGE) + again + (0 if proves or not hashes else pull.OVERLAP_BYTES)


@pytest.mark.parametrize("proves", [True, False])
@pytest.mark.parametrize("hashes", [True, False])
def test_the_same_name_with_other_and_more_bytes_is_another_log(
    station: Station, proves: bool, hashes: bool
) -> None:
    car = MemorySource({"1.mcap": MEDIUM}, proves=proves, hashes=hashes)
    station.offload(car)
    # Only one byte in the middle differs.
    other = MEDIUM[:20_000] + bytes([MEDIUM[20_000] ^ 1]) + MEDIUM[20_001:] + b"more"
    car.files["1.mcap"] = other
    station.offload(car)
    station.must_have(MEDIUM, other)


def test_the_same_name_with_other_bytes_of_the_same_size(station: Station) -> None:
    car = MemorySource({"1.mcap": MEDIUM})
    station.offload(car)
    car.files["1.mcap"], car.modified["1.mcap"] = some_bytes(8, len(MEDIUM)), 8
    station.offload(car)
    station.must_have(MEDIUM, some_bytes(8, len(MEDIUM)))


def test_the_same_name_size_and_time_with_other_bytes_where_the_car_hashes(station: Station) -> None:
    """After each re-imaging its clock begins in 1970 again."""
    car = MemorySource({"1.mcap": MEDIUM}, hashes=True)
    station.offload(car)
    car.files["1.mcap"] = some_bytes(8, len(MEDIUM))
    station.offload(car)
    station.must_have(MEDIUM, some_bytes(8, len(MEDIUM)))


def test_a_log_that_shrank_is_a_new_one(station: Station) -> None:
    car = MemorySource({"1.mcap": LARGE})
    station.offload(car)
    car.files["1.mcap"] = LARGE[:50_000]
    station.offload(car)
    station.must_have(LARGE, LARGE[:50_000])


@pytest.mark.parametrize(
    "then", [LARGE + b"more", LARGE[:100], some_bytes(4, len(LARGE)), some_bytes(4, 200_000), some_bytes(4, 30_000)]
)
@pytest.mark.parametrize("proves", [True, False])
def test_a_log_that_is_another_one_when_the_link_is_back(station: Station, then: bytes, proves: bool) -> None:
    """What was pulled of it before is no part of it, unless it was only written on."""
    car = MemorySource({"1.mcap": LARGE}, proves=proves)
    car.cuts = [50_000, 0, 0, 0, 0, 0, 0]
    station.offload(car)
    car.cuts = []
    car.files["1.mcap"] = then
    if len(then) == len(LARGE):
        car.modified["1.mcap"] = 8
    station.offload(car)
    station.must_have(then)


def test_bytes_that_changed_while_they_were_pulled_are_no_log(station: Station) -> None:
    car = MemorySource({"1.mcap": LARGE})

    def overwrite(name: str, offset: int) -> None:
        if offset > 50_000:
            car.files["1.mcap"], car.modified["1.mcap"] = MEDIUM, 8
            car.reading = lambda name, offset: None

    car.reading = overwrite
    station.offload(car)
    station.must_have(MEDIUM)


def test_a_partial_file_with_wrong_bytes_is_found_out(station: Station) -> None:
    car = MemorySource({"1.mcap": LARGE})
    car.cuts = [50_000, *[0] * 6]
    station.offload(car)
    (partial,) = (station.folder / "partial").iterdir()
    partial.write_bytes(partial.read_bytes()[:-10] + b"\0" * 10)
    car.cuts = []
    station.offload(car)
    station.must_have(LARGE)


def test_a_log_whose_copy_somebody_took_away_is_pulled_again(station: Station) -> None:
    station.offload(MemorySource({"1.mcap": LARGE}))
    with open_ledger(station.folder) as ledger:
        (log,) = ledger.logs()
        ledger.waiting(log.sha256, "http://cloud", "the server lost it")
        ledger.path_of(log).unlink()
    station.stored.clear()
    station.offload(MemorySource({"1.mcap": LARGE}))
    station.must_have(LARGE)


def test_a_log_of_an_unreachable_car_is_pulled_when_it_comes_back(station: Station) -> None:
    car = MemorySource({"1.mcap": LARGE})
    car.is_away = True
    station.offload(car)
    assert station.lines == ["memory is away: the car is away It is waited for."]
    car.is_away = False
    station.offload(car)
    station.must_have(LARGE)

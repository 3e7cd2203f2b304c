"""The station's HTTP source at the car's real server: what is pulled is what lies there."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from paddock.basestation.car.service import Car
from paddock.basestation.sources.directory import DirectorySource
from paddock.basestation.sources.opening import open_source
from paddock.basestation.sources.source import SeenFile, Source
from paddock.domain.sidecar import read_sidecar
from paddock.errors import Conflict, NotFound, Unavailable
from tests.basestation.car.cars import Garage, S
from tests.basestation.car.serving import served
from tests.basestation.car.test_folder import STRANGE
from tests.basestation.car.test_watch import Recording, hash_all
from tests.logs import small_log

pytestmark = pytest.mark.anyio


@pytest.fixture
def car(garage: Garage) -> Car:
    (garage.logs / "a day").mkdir(parents=True)
    for number, name in enumerate(STRANGE):
        (garage.logs / "a day" / name).write_bytes(small_log(number))
    (garage.logs / "big.mcap").write_bytes(os.urandom(3_000_001))
    (garage.logs / "empty.mcap").write_bytes(b"")
    (garage.logs / "big.mcap.json").write_text('{"metadata": {"driver": "Adam"}, "clock_offset_ns": 5}')
    made = garage.car()
    made.look()
    hash_all(made)
    return made


@pytest.fixture
async def source(car: Car) -> AsyncIterator[Source]:
    with served(car) as client:
        opened = open_source(str(client.base_url))
        yield opened
        await opened.close()


async def pulled(source: Source, seen: SeenFile, offset: int = 0) -> bytes:
    return b"".join([piece async for piece in source.read(seen, offset)])


async def test_all_that_lies_there_is_pulled_byte_by_byte(source: Source, garage: Garage) -> None:
    seen = await source.look()
    assert len(seen) == len(STRANGE) + 2
    for file in seen:
        content = (garage.logs / file.name).read_bytes()
        assert await pulled(source, file) == content
        assert await pulled(source, file, file.size_bytes // 2) == content[file.size_bytes // 2 :]
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        half = file.size_bytes // 2
        assert await source.beginning_sha256(file, half) == hashlib.sha256(content[:half]).hexdigest()
    assert await source.free_bytes()


async def test_the_same_as_from_the_card_itself(source: Source, garage: Garage) -> None:
    """What the car says besides is whether it is closed, and its hash."""
    own = {file.name: file for file in await source.look()}
    card = {file.name: file for file in await DirectorySource(garage.logs).look()}
    assert own.keys() == card.keys()
    for name, file in own.items():
        there = card[name]
        assert (file.size_bytes, file.modified_ns) == (there.size_bytes, there.modified_ns)
        assert (file.metadata, file.clock_offset_ns) == (there.metadata, there.clock_offset_ns)
        assert (file.closed, there.closed) == (True, None)


async def test_what_is_being_recorded_is_not_closed(source: Source, garage: Garage, car: Car) -> None:
    recording = Recording(garage, "next.mcap")
    car.look()
    (seen,) = [file for file in await source.look() if file.name == "next.mcap"]
    assert seen.closed is False
    with pytest.raises(Conflict):
        await source.remove(seen)
    recording.close()


async def test_what_changed_since_is_neither_read_nor_removed(source: Source, garage: Garage) -> None:
    (seen,) = [file for file in await source.look() if file.name == "big.mcap"]
    (garage.logs / "big.mcap").write_bytes(os.urandom(3_000_001))
    with pytest.raises(Conflict):
        await pulled(source, seen)
    with pytest.raises(Conflict):
        await source.remove(seen)
    (garage.logs / "big.mcap").unlink()
    with pytest.raises(NotFound):
        await pulled(source, seen)


async def test_removed_with_its_sidecar(source: Source, garage: Garage) -> None:
    for file in await source.look():
        await source.remove(file)
    assert [path for path in garage.logs.rglob("*") if path.is_file()] == []
    assert await source.look() == []


async def test_looking_tells_the_car_what_time_it_is(source: Source, garage: Garage, car: Car) -> None:
    garage.machine.wall_ns = 37 * S
    car.describe({"driver": "Adam"})
    recording = Recording(garage, "next.mcap")
    car.look()
    before_ns = time.time_ns()
    await source.look()
    car.look()
    recording.close()
    beside = read_sidecar(garage.logs / "next.mcap")
    assert beside is not None and beside.clock_offset_ns is not None
    assert 0 <= beside.clock_offset_ns + 37 * S - before_ns < 60 * S
    (seen,) = [file for file in await source.look() if file.name == "next.mcap"]
    assert (seen.clock_offset_ns, seen.metadata) == (beside.clock_offset_ns, {"driver": "Adam"})


async def test_a_car_that_cannot_look_is_away_and_has_not_no_logs(
    source: Source, garage: Garage, car: Car, tmp_path: Path
) -> None:
    assert await source.look()
    garage.logs.rename(tmp_path / "unplugged")
    car.look()
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot be read"):
            await source.look()
    (tmp_path / "unplugged").rename(garage.logs)
    car.look()
    assert await source.look()


async def test_a_disk_that_does_not_answer_hides_no_logs(
    source: Source, car: Car, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(car, "disk", lambda: None)
    assert len(await source.look()) == len(STRANGE) + 2

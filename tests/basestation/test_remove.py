"""What may go off a car: nothing but what the server says anew that it has stored with this hash."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock.basestation.look import Place
from paddock.basestation.remove import Remover
from paddock.basestation.sources.directory import DirectorySource
from paddock.basestation.status import CarStatus
from paddock.domain.keys import raw_key
from tests.basestation.station import Station
from tests.basestation.station import here as here
from tests.logs import small_log
from tests.servers.bad_proxy import bad_proxy, response
from tests.web.browsing import Site, served

NAMES = ("1.mcap", "2.mcap", "3.mcap")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("served"), with_worker=True) as served_site:
        yield served_site


class Car:
    """A folder of logs that the station has pulled; those that are named were sent, too."""

    def __init__(self, folder: Path, here: Station) -> None:
        folder.mkdir()
        self.folder = folder
        self.here = here
        for number, name in enumerate(NAMES):
            (folder / name).write_bytes(small_log(driver=f"{folder}{name}"))
            os.utime(folder / name, ns=(number, number))
        self.place = Place(DirectorySource(folder), here.ledger, here.observed, 0.0)
        here.observed.cars[self.place.name] = CarStatus(place=self.place.name, name="car")
        asyncio.run(self.place.look())
        for file in here.ledger.files(self.place.name):
            here.pulled_from(file, (folder / file.seen.name).read_bytes())

    def remove(self, server: str, keep_free_bytes: int | None = None, *, dry_run: bool = False) -> int:
        remover = Remover(
            self.place, self.here.ledger, server, keep_free_bytes, self.here.said.append, dry_run=dry_run
        )
        return asyncio.run(self._look_and(remover))

    async def _look_and(self, remover: Remover) -> int:
        await self.place.look()
        return await remover.remove()

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def car(tmp_path: Path, here: Station) -> Car:
    return Car(tmp_path / "car", here)


def test_all_that_is_stored_goes_the_oldest_first_after_it_was_said(site: Site, here: Station, car: Car) -> None:
    (car.folder / "1.mcap.json").write_text('{"metadata": {"driver": "Adam"}}')
    assert car.remove(site.url) == 0 and here.said == []
    here.send_once(site.url)
    here.said.clear()
    assert car.remove(site.url, dry_run=True) == 0 and len(car.names) == 4
    (line,) = here.said
    assert "would be removed" in line and "3 logs" in line and "1.mcap, 2.mcap, 3.mcap" in line
    here.said.clear()
    assert car.remove(site.url) == 3
    assert "is being removed" in here.said[0]
    assert [line.split()[0] for line in here.said[1:]] == ["1.mcap", "2.mcap", "3.mcap"]
    assert car.names == []
    assert {file.step for file in here.ledger.files(car.place.name)} == {"removed"}


def test_no_more_goes_than_the_room_needs(
    site: Site, here: Station, car: Car, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.send_once(site.url)
    size_bytes = (car.folder / "1.mcap").stat().st_size
    free = [1_000_000]

    async def free_bytes() -> int:
        return free[0]

    monkeypatch.setattr(car.place.source, "free_bytes", free_bytes)
    assert car.remove(site.url, 1_000_000) == 0
    assert car.remove(site.url, 1_000_000 + size_bytes + 1) == 2
    assert car.names == ["3.mcap"]

    async def unknown() -> None:
        return None

    monkeypatch.setattr(car.place.source, "free_bytes", unknown)
    assert car.remove(site.url, 10**12) == 0 and "how much room" in here.said[-1]


def test_a_file_that_is_not_what_was_pulled_stays(site: Site, here: Station, car: Car) -> None:
    here.send_once(site.url)
    grown = car.folder / "1.mcap"
    grown.write_bytes(grown.read_bytes() + b"more")
    # As many bytes and the same time: a card of 1970 knows no other.
    other, status = car.folder / "2.mcap", (car.folder / "2.mcap").stat()
    other.write_bytes(b"x" * status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert car.remove(site.url) == 1
    assert car.names == ["1.mcap", "2.mcap"]
    assert any("2.mcap stays" in line and "others than those that were pulled" in line for line in here.said)


def test_what_the_server_has_lost_since_stays_and_is_sent_again(site: Site, here: Station, car: Car) -> None:
    here.send_once(site.url)
    lost = here.ledger.files(car.place.name)[-1]
    assert lost.sha256 is not None and lost.seen.name == "1.mcap"
    site.run(site.context.objects.delete(raw_key(lost.sha256)))
    assert car.remove(site.url) == 2 and car.names == ["1.mcap"]
    assert here.states(site.url)["1.mcap"] == "waiting"
    here.send_once(site.url)
    assert car.remove(site.url) == 1 and car.names == []


@pytest.mark.parametrize("standing", ["on_the_way", "unknown", "stored"])
def test_only_stored_with_this_hash_counts(site: Site, here: Station, car: Car, standing: str) -> None:
    here.send_once(site.url)
    with bad_proxy(site.url) as liar:
        for log in here.ledger.logs():
            here.ledger.confirmed(log.sha256, liar.url)
        files = here.ledger.removable(car.place.name, liar.url)
        items = [
            {"sha256": file.sha256, "standing": standing, "recording": "0" * 64 if standing == "stored" else None}
            for file in files
        ]
        liar.answer("POST", response(200, json.dumps({"items": items}).encode(), "application/json"))
        assert car.remove(liar.url) == 0
    assert car.names == list(NAMES)


def test_without_an_answer_nothing_goes(site: Site, here: Station, car: Car) -> None:
    here.send_once(site.url)
    with bad_proxy(site.url) as away:
        away.is_cut = True
        for log in here.ledger.logs():
            here.ledger.confirmed(log.sha256, away.url)
        assert car.remove(away.url) == 0
    assert car.names == list(NAMES) and "does not answer" in here.said[-1]


def test_what_is_open_again_stays(site: Site, here: Station, car: Car) -> None:
    here.send_once(site.url)
    car.place._settle_s = 3600.0
    (car.folder / "3.mcap").touch()
    assert car.remove(site.url) == 2
    assert car.names == ["3.mcap"]

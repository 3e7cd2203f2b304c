"""Whatever happens on its way, every closed log is in the cloud in the end, with equal hash, once.

Small: one log is enough for most of it. ``python -m tests.scripts.offload_faults`` is all of it at full size.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator

import pytest

from tests.basestation import faults
from tests.basestation.cars import CARS, SftpCar
from tests.basestation.faults import KIB, evening
from tests.basestation.impatient import IMPATIENT
from tests.basestation.trackside import Trackside, trackside
from tests.servers.link import needed

SIZES = {"a.mcap": 300 * KIB, "b.mcap": 3 * KIB}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trackside]:
    needed()
    with trackside(tmp_path_factory.mktemp("trackside"), paddock=IMPATIENT) as three:
        yield three


@pytest.fixture
def chance() -> random.Random:
    return random.Random(13)


@pytest.mark.parametrize("kind", ["sftp", "paddock car"])
def test_a_link_that_was_cut(here: Trackside, kind: str, chance: random.Random) -> None:
    with evening(here, f"cut {kind}", CARS[kind], SIZES) as run:
        faults.link_cut(run, chance)
        run.finish()


def test_a_server_that_was_killed(here: Trackside, chance: random.Random) -> None:
    with evening(here, "server", CARS["nginx as JSON"], SIZES) as run:
        faults.server_killed(run, chance)
        run.finish()


def test_an_uplink_that_was_cut(here: Trackside, chance: random.Random) -> None:
    with evening(here, "uplink", CARS["directory"], SIZES) as run:
        faults.uplink_cut(run, chance)
        run.finish()


def test_an_agent_that_was_killed(here: Trackside, chance: random.Random) -> None:
    with evening(here, "killed", CARS["sftp"], SIZES) as run:
        faults.agent_killed(run, chance, 3)
        run.finish()


def test_a_link_as_bad_as_a_paddock_has_it(here: Trackside) -> None:
    with evening(here, "bad", CARS["sftp"], {**SIZES, "a.mcap": 150 * KIB}) as run:
        here.pit.set(loss=0.03, delay_ms=20, bytes_per_s=200_000)
        here.uplink.set(loss=0.03, delay_ms=150)
        run.finish()


def test_a_disk_that_is_full(here: Trackside) -> None:
    with evening(here, "disk", CARS["directory"], SIZES) as run:
        faults.disk_full(run, [48 * KIB, 200 * KIB])


def test_a_log_that_grows_shrinks_or_is_another_one(here: Trackside) -> None:
    with evening(
        here, "changing", CARS["sftp"], dict.fromkeys(("grows.mcap", "shrinks.mcap", "1.mcap"), 40 * KIB)
    ) as run:
        assert run.once() == 0
        former = run.hashes
        with (here.logs / "grows.mcap").open("ab") as log:
            log.write(b"more" * KIB)
        faults.write(here, "shrinks.mcap", 20 * KIB)
        faults.write(here, "1.mcap", 40 * KIB)
        run.finish()
        assert len(run.hashes | former) == 6, "all that was closed once is in the cloud"


def test_a_log_that_changes_while_it_is_pulled(here: Trackside) -> None:
    with evening(here, "replaced", CARS["sftp"], {"1.mcap": 300 * KIB}) as run:
        here.pit.set(bytes_per_s=300 * KIB)
        faults.changes_while_pulled(run, lambda: faults.write(here, "1.mcap", 200 * KIB), 100 * KIB)
        here.mend()
        run.finish()


@pytest.mark.parametrize("kind", ["sftp", "nginx as JSON", "paddock car"])
def test_strange_names_and_links_and_a_clock_in_1970(here: Trackside, kind: str) -> None:
    with evening(here, f"names {kind}", CARS[kind], dict.fromkeys(faults.STRANGE_NAMES, KIB)) as run:
        forbidden = faults.symlinks(here) if kind != "nginx as JSON" else set()
        faults.in_1970(here)
        run.hashes = {hashlib.sha256((here.logs / name).read_bytes()).hexdigest() for name in faults.STRANGE_NAMES}
        run.finish()
        here.must_not_be_there(forbidden)


def test_many_small_logs(here: Trackside) -> None:
    names = [f"{number:04}.mcap" for number in range(60)]
    with evening(here, "many", CARS["sftp"], dict.fromkeys(names, KIB)) as run:
        here.pit.set(delay_ms=50)
        run.finish()


def test_a_host_key_that_changed_is_refused_and_explained(here: Trackside) -> None:
    with evening(here, "host key", SftpCar, {"a.mcap": KIB}) as run:
        told = faults.host_key_changed(run)
        assert "host key" in told, told
        assert "ssh-keygen -R" in told, told
        assert len(told.splitlines()) < 12, told
        run.finish()

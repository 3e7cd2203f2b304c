"""``paddock offload`` as people and cron run it: what it says, how it ends, and what a kill leaves."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from paddock.basestation.ledger import open_ledger
from paddock.client.upload import sha256_of
from tests.basestation.impatient import IMPATIENT
from tests.basestation.trackside import PADDOCK, made_log
from tests.cli.running import WAIT_S, Running

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("up") / "data")
    yield running
    running.end(signal.SIGTERM)


@pytest.fixture
def car(tmp_path: Path) -> Path:
    (tmp_path / "car").mkdir()
    return tmp_path / "car"


def command(car: Path, *arguments: str, server: str = NOBODY, paddock: Sequence[str] = IMPATIENT) -> list[str]:
    places = ("--source", str(car), "--server", server, "--data", str(car.parent / "ledger"))
    return [*paddock, "offload", "--settle", "0s", *places, *arguments]


def offload(car: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(car, *arguments, **options), capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def stored(up: Running, hashes: set[str]) -> Counter[str]:
    with up.client() as client:
        return Counter(recording.id for recording in client.search() if recording.id in hashes)


def test_once_ends_with_0_when_all_is_stored(up: Running, car: Path) -> None:
    for number in range(3):
        (car / f"{number}.mcap").write_bytes(made_log(number, 20_000))
    (car / "again.mcap").write_bytes(made_log(0, 20_000))
    run = offload(car, "--once", server=up.url, paddock=PADDOCK)
    assert (run.returncode, run.stderr) == (0, "")
    assert f"1.mcap is stored at {up.url}" in run.stdout
    assert "has stored every one." in run.stdout.splitlines()[-1]
    hashes = {sha256_of(path, lambda _: None)[0] for path in car.iterdir()}
    assert stored(up, hashes) == dict.fromkeys(hashes, 1)


def test_once_ends_with_1_and_a_line_for_each_that_is_not(car: Path) -> None:
    (car / "first run.mcap").write_bytes(b"one")
    (car / "two\nlines.mcap").write_bytes(b"two")
    (car / "empty.mcap").touch()
    run = offload(car, "--once", "--source", str(car.parent / "no stick"))
    assert run.returncode == 1
    lines = sorted(run.stderr.splitlines())
    assert len(lines) == 3
    assert re.match(rf"paddock: first run\.mcap: here, not at {NOBODY}: \S+ does not answer", lines[1])
    assert re.match(rf"paddock: two lines\.mcap: here, not at {NOBODY}: \S+ does not answer", lines[2])
    assert lines[0] == (
        f"paddock: {car.parent}/no stick: away, so that nobody knows what is on it: "
        f"{car.parent}/no stick is not there: No such file or directory."
    )


def test_a_second_one_with_the_same_ledger_is_refused(car: Path) -> None:
    with open_ledger(car.parent / "ledger"):
        run = offload(car, "--once")
    assert run.returncode == 1
    assert run.stderr.startswith(f"paddock: Another `paddock offload` works with {car.parent}/ledger: stop it")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "ftp://car/logs"], "'ftp://car/logs' is no place for logs"),
        (["--source", "sftp://pi:secret@car/logs"], "A password in the name of a place"),
        (["--settle", "soon"], "'soon' is no"),
        (["--keep-free", "much"], "'much' is no"),
    ],
)
def test_what_is_wrong_is_said(car: Path, arguments: list[str], said: str) -> None:
    run = offload(car, "--once", *arguments)
    assert run.returncode in (1, 2)
    assert said in run.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_until_it_is_told_to_end(car: Path, number: int) -> None:
    (car / "1.mcap").write_bytes(b"one")
    running = subprocess.Popen(
        command(car, "--screen", "none"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert running.stdout is not None
        while "is here" not in running.stdout.readline():
            assert running.poll() is None
        running.send_signal(number)
        _, errors = running.communicate(timeout=WAIT_S)
        assert (running.returncode, errors) == (0, "")
    finally:
        running.kill()
        running.wait()


def test_kill_9_at_random_moments(up: Running, car: Path) -> None:
    for number in range(4):
        (car / f"{number}.mcap").write_bytes(made_log(100 + number, 12_000_000))
    choose = random.Random(3)
    for _ in range(8):
        running = subprocess.Popen(command(car, "--once", server=up.url), stdout=subprocess.DEVNULL)
        time.sleep(choose.uniform(0.6, 1.6))
        running.kill()
        running.wait()
    run = offload(car, "--once", server=up.url)
    assert run.returncode == 0, run.stderr
    hashes = {sha256_of(path, lambda _: None)[0] for path in car.iterdir()}
    assert stored(up, hashes) == dict.fromkeys(hashes, 1)
    ledger = car.parent / "ledger"
    assert not list((ledger / "partial").iterdir())
    assert {sha256_of(path, lambda _: None)[0] for path in (ledger / "files").iterdir()} == hashes
    with open_ledger(ledger) as opened:
        counts = opened.counts()
    assert counts["pulled_bytes"] - counts["kept_bytes"] < 0.01 * 48_000_000

"""``paddock sync`` beside two real ``paddock up``: a log goes up, people edit on both sides, somebody chooses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paddock.client import Client
from tests.cli.running import Running, wait_until
from tests.logs import small_log


def sync(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paddock", "sync", *arguments], capture_output=True, text=True, timeout=120
    )


def up(*starts: tuple[Path | str, ...]) -> list[Running]:
    """One Paddock for each, started at the same time; its data directory is first."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda start: Running(Path(start[0]), *map(str, start[1:])), starts))


def test_an_evening_at_the_track_and_a_night_in_the_cloud(tmp_path: Path) -> None:
    log = tmp_path / "1.mcap"
    log.write_bytes(small_log())
    folders = [tmp_path / name for name in ("pit", "cloud")]
    for folder in folders:
        folder.mkdir()
    pit, cloud = up(*((folder / "data",) for folder in folders))
    both = ("--here", pit.url, "--server", cloud.url)
    try:
        with Client(pit.url) as here:
            run = here.upload(log, metadata={"event": "Endurance"}).wait()
            run.edit(driver="Mei")
            setup = tmp_path / "setup.txt"
            setup.write_text("camber -2")
            run.add_file(setup)
            here.add_field("Tyre set")
            done = sync(*both, "--json")
            assert done.returncode == 0, done.stderr
            counts = json.loads(done.stdout)
            assert (counts["sent"], counts["files"], counts["setup"], counts["problems"]) == (1, 1, 1, [])
            with Client(cloud.url) as there:
                copy = there.get(run.id).wait()
                assert (copy["driver"], copy["event"], copy.health) == ("Mei", "Endurance", "intact")
                assert [file.name for file in copy.files] == ["setup.txt"]
                copy.edit(notes="seen at home", driver="Zoe")
            run.refresh().edit(driver="Luis", tyre_set="R25B")
            asks = sync(*both)
            assert asks.returncode == 3 and "1 value to choose" in asks.stderr
            assert run.refresh()["notes"] == "seen at home" and run.refresh()["driver"] == "Luis"
            cloud.end(signal.SIGKILL)
            away = sync(*both)
            assert (away.returncode, away.stderr.count("\n")) == (1, 1) and "does not answer" in away.stderr
            cloud = Running(folders[1] / "data")
            both = ("--here", pit.url, "--server", cloud.url)
            shown = sync("--here", pit.url, "--show")
            assert "driver" in shown.stdout and "Luis" in shown.stdout and "Zoe" in shown.stdout
            assert sync("--here", pit.url, "--keep", "cloud", "nothing").returncode == 1
            assert sync("--here", pit.url, "--keep", "cloud", "all").returncode == 0
            # The address of the cloud is another one now: its older question goes with the next sync all the same.
            assert sync(*both).returncode == 0
            assert run.refresh()["driver"] == "Zoe"
            assert sync("--here", pit.url, "--show").stdout == "Nothing to choose.\n"
            with Client(cloud.url) as there:
                copy = there.get(run.id)
                assert (copy["driver"], copy["tyre_set"]) == ("Zoe", "R25B")
                assert sorted(str(each.after) for each in copy.history()) == sorted(
                    str(each.after) for each in run.refresh().history()
                )
            assert "nothing to do" in sync(*both).stdout
    finally:
        pit.end(signal.SIGTERM)
        cloud.end(signal.SIGTERM)


def test_killed_while_a_log_is_on_its_way(tmp_path: Path) -> None:
    """The original is sent once more as far as it did not arrive, and is there once."""
    for name in ("pit", "cloud"):
        (tmp_path / name).mkdir()
    pit, cloud = up((tmp_path / "pit" / "data",), (tmp_path / "cloud" / "data", "--no-worker"))
    both = ("--here", pit.url, "--server", cloud.url)
    try:
        with Client(pit.url) as here, Client(cloud.url) as there:
            for number in range(4):
                log = tmp_path / f"{number}.mcap"
                log.write_bytes(small_log(200 + number))
                here.upload(log)
            wait_until(lambda: all(found.original for found in here.search()))
            killed = subprocess.Popen([sys.executable, "-m", "paddock", "sync", *both])
            wait_until(lambda: bool(list(there.search())) or killed.poll() is not None)
            killed.kill()
            killed.wait(60)
            done = sync(*both)
            assert done.returncode == 0, done.stderr
            assert [found.id for found in there.search()] == [found.id for found in here.search()]
    finally:
        pit.end(signal.SIGTERM)
        cloud.end(signal.SIGTERM)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--server"),
        (("--server", "x", "--since", "yesterday"), "2026-04-18"),
    ],
)
def test_wrong_usage_says_what_is_right(arguments: tuple[str, ...], said: str) -> None:
    done = sync(*arguments)
    assert done.returncode == 2 and said in done.stderr

"""``paddock upload`` as a person meets it: where the log is, what was kept, and that one bad file stops nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock import Client
from tests.logs import small_log
from tests.web.browsing import Site, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("served"), with_worker=True) as served_site:
        yield served_site


def upload(site: Site, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    address = site.url.removeprefix("http://")
    return subprocess.run(
        [sys.executable, "-m", "paddock", "upload", "--server", address, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_the_page_of_a_log_is_said_and_waited_for(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log(driver="Eve"))
    run = upload(site, log, "--wait")
    (row,) = run.stdout.splitlines()
    short_id, status, *_, url, name = row.split()
    assert (run.returncode, run.stderr, status, name) == (0, "", "ready", "run.mcap")
    assert url == f"{site.url}/recordings/{short_id}"
    with Client(site.url) as client:
        assert client.get(short_id).url == url


def test_what_metadata_was_kept_is_said_and_replaced_when_asked(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log(driver="Nina"))
    assert upload(site, log, "--wait").returncode == 0
    run = upload(site, log, "--set", "driver=Adam", "--set", "event=Endurance")
    assert run.returncode == 0
    assert run.stderr.splitlines() == [
        "paddock: run.mcap: driver stays 'Nina'; --replace makes it 'Adam'.",
        "paddock: run.mcap: event is 'Endurance' now.",
    ]
    replaced = upload(site, log, "--set", "driver=Adam", "--set", "event=Endurance", "--replace")
    assert replaced.stderr == "paddock: run.mcap: driver is 'Adam' now, it was 'Nina'.\n"
    emptied = upload(site, log, "--set", "event=")
    assert emptied.stderr == "paddock: run.mcap: event stays 'Endurance'; --replace makes it ''.\n"
    with Client(site.url) as client:
        (found,) = client.search("Adam", event="Endurance")
        assert [change.before for change in found.history()] == ["Nina"]


def test_one_bad_file_does_not_stop_the_others(site: Site, tmp_path: Path) -> None:
    """A name that is not UTF-8, as from an old stick, a folder that only looks like a log, and no log at all."""
    folder = tmp_path / "stick"
    folder.mkdir()
    for number, name in enumerate([b"a.mcap", b"N\xfcrburgring.mcap", b"z.mcap"]):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(small_log(driver=f"of {number}"))
    (folder / "b.mcap").mkdir()
    (folder / "c.mcap").symlink_to("nowhere")
    (folder / "d.mcap").write_bytes(b"no log" * 100)
    os.mkfifo(folder / "e.mcap")  # whoever opens it waits
    run = upload(site, folder, tmp_path / "missing.mcap")
    assert run.returncode == 1
    assert [row.split()[-1] for row in run.stdout.splitlines()] == ["N\ufffdrburgring.mcap", "a.mcap", "z.mcap"]
    assert [row.split(": ")[1] for row in run.stderr.splitlines()] == ["b.mcap", "c.mcap", "d.mcap", "missing.mcap"]


def test_a_sidecar_goes_along_and_a_bad_one_keeps_no_log_back(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log(driver="Ines"))
    beside = tmp_path / "run.mcap.json"
    beside.write_text(
        '{"metadata": {"event": "Skidpad", "venue": "Lot 7", "tyres": "wet"}, "clock_offset_ns": 1000}'
    )
    run = upload(site, tmp_path, "--set", "event=Endurance", "--wait")
    assert run.returncode == 0 and "run.mcap.json: 'tyres' is no metadata field" in run.stderr
    with Client(site.url) as client:
        recording = client.get(run.stdout.split()[0])
        values = {name: (value.value, value.source) for name, value in recording.metadata.items()}
    assert values["event"] == ("Endurance", "person") and values["venue"] == ("Lot 7", "base_station")
    assert recording.started_at.endswith("00.000001Z")

    log.write_bytes(small_log(driver="Ida"))
    beside.write_text('{"metdata": {}}')
    run = upload(site, log)
    assert run.returncode == 0 and run.stdout.split()[-1] == "run.mcap"
    assert "run.mcap.json beside the log" in run.stderr and "metdata" in run.stderr

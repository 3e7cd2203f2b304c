"""``paddock backup`` and ``paddock mirror`` as people type them, beside a Paddock that runs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from paddock.adapters.sqlite import SqliteDocuments
from paddock.cli import group
from paddock.client import Client
from paddock.domain.job import Job
from paddock.errors import PaddockError
from tests.cli.running import running
from tests.logs import small_log

SIGNAL = "Pedals.throttle"


def paddock(*arguments: str | Path, data: Path, code: int = 0, **settings: str) -> str:
    """What a command says on both streams."""
    run = subprocess.run(
        [sys.executable, "-m", "paddock", *map(str, arguments), "--data", str(data)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout + run.stderr


def seen(client: Client, url: str, folder: Path) -> dict[str, object]:
    """All that somebody can have of the recordings: lists, pages, plots, files, history."""
    found: dict[str, object] = {}
    for listed in client.search():
        run = listed.refresh()
        seconds, values = run.signal(SIGNAL).numpy()
        plot = httpx.get(f"{url}/api/recordings/{run.id}/plot", params={"signals": SIGNAL})
        page = httpx.get(f"{url}/recordings/{run.id}")
        found[run.id] = (
            (run.name, run.status, run.metadata, listed["event"]),
            [(change.field, change.before, change.after, change.principal) for change in run.history()],
            [(file.name, run.download(folder / "files", file).read_bytes()) for file in run.files],
            run.download(folder / "originals").read_bytes(),
            (seconds.tolist(), values.tolist()),
            (plot.status_code, page.status_code),
            run.export("csv").wait().save(folder / "exports").read_bytes(),
        )
    bundles = re.findall(r'<li id="b-(\w+)"', httpx.get(f"{url}/jobs").text)
    return {**found, "bundles": bundles}


def test_a_team_loses_its_machine_and_has_everything_again(tmp_path: Path) -> None:
    old, new, place = tmp_path / "old" / "data", tmp_path / "new" / "data", tmp_path / "disk"
    old.parent.mkdir()
    new.parent.mkdir()
    (tmp_path / "setup.pdf").write_bytes(b"%PDF-1.7 wing 12")
    for driver in ("Adam", "Mei"):
        (tmp_path / f"{driver}.mcap").write_bytes(small_log(driver=driver))
    with running(old) as up, up.client() as client:
        runs = [client.upload(tmp_path / f"{driver}.mcap").wait() for driver in ("Adam", "Mei")]
        runs[0].edit(notes="wet, gusty", event="Endurance")
        runs[0].add_file(tmp_path / "setup.pdf")
        bundle = client.export_many(runs, "csv", rate_hz=5).wait()
        assert len(bundle.files) == 2
        before = seen(client, up.url, tmp_path / "before")
        # Beside the Paddock that runs.
        said = paddock("backup", "create", place, data=old)
        backup_id = re.search(r"Backup (\S+)", said)
        assert backup_id and "documents" in said
        assert "good" in paddock("backup", "list", place, data=old)
        assert json.loads(paddock("backup", "list", place, "--json", data=old))[0]["id"] == backup_id[1]
        assert "2 originals" in paddock("backup", "verify", place, "--all", data=old)
        assert "there already" in paddock("mirror", place, "--all", data=old)
        key = paddock("backup", "key", data=old).strip()
    shutil.rmtree(old)

    assert "--foreign" in paddock("backup", "restore", place, data=new, code=1)
    said = paddock("backup", "restore", place, data=new, PADDOCK_BACKUP_KEY=key)
    assert f"{backup_id[1]} is restored" in said and "original_missing" in said
    assert "0 there already" in paddock("mirror", "--back", "--all", place, data=new)
    assert paddock("fsck", data=new) == "Documents and objects agree.\n"
    with running(new) as up, up.client() as client:
        assert seen(client, up.url, tmp_path / "after") == before
        assert httpx.get(f"{up.url}/health").json()["backups"] == "good"
    assert "empty database only" in paddock("backup", "restore", place, data=new, code=1, PADDOCK_BACKUP_KEY=key)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backup", "create"), "Say where backups are"),
        (("backup", "list", "s3://"), "is no place for copies"),
        (("backup", "list", "/nowhere/at/all"), "There is no directory /nowhere/at/all"),
        (("backup", "create", "/etc/hostname"), "There is no directory /etc/hostname"),
        (("backup", "create", "OWN/objects"), "keeps its own objects"),
        (("mirror", "OWN/objects"), "keeps its own objects"),
        (("backup", "create", "OWN/b", "--keep", "7"), "like 7,4,12"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    data = tmp_path / "data"
    given = [argument.replace("OWN", str(data)) for argument in arguments]
    with pytest.raises(PaddockError, match=said):
        group.main([*given, "--data", str(data)], standalone_mode=False)


def test_a_place_that_cannot_be_used_is_a_failed_backup_for_the_site(tmp_path: Path) -> None:
    (tmp_path / "disk").write_text("not mounted")
    arguments = ["backup", "create", str(tmp_path / "disk"), "--data", str(tmp_path / "data")]
    with pytest.raises(PaddockError):
        group.main(arguments, standalone_mode=False)
    documents = SqliteDocuments(tmp_path / "data" / "paddock.sqlite")
    assert asyncio.run(documents.is_empty()), "a machine that waits for its restore stays empty"
    asyncio.run(documents.jobs.insert(Job("j", "ingest", "s", 0, 0)))
    with pytest.raises(PaddockError):
        group.main(arguments, standalone_mode=False)
    (run,) = asyncio.run(documents.backups.find()).items
    assert run.error and "There is no directory" in run.error.message


def test_a_backup_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    data, place = tmp_path / "data", tmp_path / "disk"
    assert "nothing to back up" in paddock("backup", "create", place, data=data)
    documents = SqliteDocuments(data / "paddock.sqlite")
    asyncio.run(documents.jobs.insert(Job("j", "ingest", "s", 0, 0)))
    paddock("backup", "create", place, data=data)
    shutil.rmtree(place / ".aside")
    assert "good" in paddock("backup", "list", place, data=data)
    assert "is whole" in paddock("backup", "verify", place, data=data)
    assert [path.name for path in place.iterdir()] == ["backups"], "nothing is made there"


def test_a_new_paddock_offers_the_backups_that_there_are(tmp_path: Path) -> None:
    old, new, place = tmp_path / "old", tmp_path / "new" / "data", tmp_path / "disk"
    new.parent.mkdir()
    assert "nothing to back up" in paddock("backup", "create", place, data=old)
    documents = SqliteDocuments(old / "paddock.sqlite")
    asyncio.run(documents.jobs.insert(Job("j", "ingest", "s", 0, 0)))
    paddock("backup", "create", place, data=old)
    with running(new, env={**os.environ, "PADDOCK_BACKUP_TO": str(place)}) as up:
        httpx.get(f"{up.url}/health")
    log = (new.parent / "up.log").read_text()
    assert "the database is empty, and there are backups in" in log and "Nothing is restored by itself" in log

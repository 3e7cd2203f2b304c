"""A data directory that the previous version wrote opens, lists, plots, exports and reprocesses."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.client import Client
from tests.cli.running import Running, running, wait_until
from tests.previous_version import made

NEW_BY_FIELD = {
    "names": {"outdated", "kind", "setup", "checks", "failed_checks"},
    "more_topics": {"checks"},
    "can_undo": {"origin"},
    "purpose": {"decoded_by"},
    "element_of": {"maths_version", "outdated"},
}
"""What answers say that those of the previous version did not, by a field that tells which they are."""
NEW_ROLES = frozenset({"yaw_rate"})
"""Roles of signals that the previous version did not know: it said that these signals had none."""


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was left behind: made by that version itself, or as it was recorded where the history is not here."""
    folder = tmp_path_factory.mktemp("left")
    (made.make if made.has_history() else made.unpack)(folder)
    return folder


@pytest.fixture(scope="module")
def data(left: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(left / made.DATA, tmp_path_factory.mktemp("opened") / "data"))


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Running]:
    with running(data) as started:
        yield started


def paddock(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "paddock", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


def test_it_answers_as_before(up: Running, left: Path) -> None:
    before: dict[str, Any] = json.loads((left / made.ANSWERS).read_text())
    now = made.answers(up.url)
    assert now.keys() == before.keys()
    for path, said in before.items():
        assert _without_new(now[path]) == said, path


def _without_new(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_without_new(each) for each in answer]
    if isinstance(answer, dict):
        new = set().union(*(added for mark, added in NEW_BY_FIELD.items() if mark in answer))
        answer = {name: _without_new(value) for name, value in answer.items() if name not in new}
        return answer | {"role": "none"} if answer.get("role") in NEW_ROLES else answer
    return answer


def test_what_was_not_finished_is_finished(up: Running) -> None:
    with Client(up.url) as client:
        (last,) = client.search("last.mcap")
        assert last.wait().message_count == 5_000


def test_pages_show_it(up: Running) -> None:
    with httpx.Client(base_url=up.url, timeout=60, headers={"Accept": "text/html"}) as client:
        listed = client.get("/api/recordings").json()["items"]
        ids = [item["id"][:16] for item in listed]
        paths = ["/", "/?topic=ins", "/deleted", "/jobs", "/storage", "/signals?show=unknown"]
        paths += [f"/recordings/{each}" for each in ids] + [f"/compare?a={ids[0]}&b={ids[1]}"]
        pages = {path: client.get(path) for path in paths}
    assert {answer.status_code for answer in pages.values()} == {200}
    damaged = next(item["id"][:16] for item in listed if item["name"] == "damaged.mcap")
    page = pages[f"/recordings/{damaged}"].text
    for text in ("notes.txt", "/ins/backup", "recovered", "Michigan", 'id="loss"'):
        assert text in page, text


def test_it_plots_exports_and_is_edited(up: Running, tmp_path: Path) -> None:
    with Client(up.url) as client:
        (whole,) = client.search("whole.mcap")
        seconds, values = whole.signal("ins.velocity.x").numpy()
        assert len(seconds) == len(values) == 15
        whole.export("csv", signals=["ins.*"]).wait().save(tmp_path)
        assert [path.suffix for path in tmp_path.iterdir()] == [".csv"]
        whole = whole.refresh()
        (attachment,), (file,) = whole.attachments, whole.files
        whole.download(tmp_path / "beside.txt", file)
        whole.download(tmp_path / "inside.txt", attachment)
        assert (tmp_path / "beside.txt").read_bytes() == b"camber 1.5"
        assert (tmp_path / "inside.txt").read_bytes() == b"box this lap"
        assert {change.field for change in whole.history()} == {"notes", "driver", "file"}
        assert whole.edit(car="HT09")["car"] == "HT09"


def test_it_is_reprocessed_and_whole(up: Running, data: Path, tmp_path: Path) -> None:
    with Client(up.url) as client:
        (driven,) = client.search("driven.mcap")
        topics = [channel.topic for channel in driven.refresh().channels]
        assert len(topics) > 20
        driven.reprocess()
        wait_until(lambda: not driven.refresh().outdated)
        assert [channel.topic for channel in driven.refresh().wait().channels] == topics
        wait_until(lambda: all(job.state == "done" for job in client.jobs("queued", "running")))
    said = paddock("fsck", "--json", "--data", str(data))
    assert (said.returncode, json.loads(said.stdout)) == (0, []), said.stdout + said.stderr
    saved = paddock("backup", "create", str(tmp_path), "--data", str(data))
    assert saved.returncode == 0, saved.stderr
    assert paddock("backup", "verify", str(tmp_path), "--all", "--data", str(data)).returncode == 0


def test_it_takes_users_and_its_history_is_in_the_audit(left: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(left / made.DATA, data)
    with running(data, "--no-worker") as up, httpx.Client(base_url=up.url, timeout=60) as client:
        for asked in ({}, {"kind": "recording"}, {"person": "local"}):
            changes = client.get("/api/audit", params=asked).json()["items"]
            assert {"notes", "driver", "file"} <= {each["field"] for each in changes}, asked
            assert {each["kind"] for each in changes} == {"recording"}
        page = client.get("/audit")
        assert page.status_code == 200 and "driver" in page.text
        link = paddock("users", "--data", str(data), "add", "Ada", "--role", "admin").stdout
        wait_until(lambda: client.get("/api/recordings").status_code == 401)
        form = {"link": link.strip().partition("link=")[2], "password": "four laps in the wet"}
        assert client.post("/sign-in/link", data=form | {"again": form["password"]}).status_code == 303
        assert client.get("/api/recordings").status_code == 200
        assert client.get("/api/audit", params={"kind": "person"}).json()["items"]


def test_its_backup_is_restored(left: Path, tmp_path: Path) -> None:
    """Recordings in it have their contents inside."""
    data = tmp_path / "restored"
    shutil.copytree(left / made.DATA / "objects", data / "objects")
    restored = paddock(
        "backup", "restore", str(left / made.BACKUPS), "--data", str(data), PADDOCK_BACKUP_KEY=made.BACKUP_KEY
    )
    assert restored.returncode == 0, restored.stderr
    before = json.loads((left / made.ANSWERS).read_text())
    with running(data, "--no-worker") as up, httpx.Client(base_url=up.url, timeout=60) as client:
        for path in (path for path in before if path.startswith("/api/recordings/") and path.count("/") == 3):
            now = client.get(path).json()
            for name in ("channels", "attachments", "file_metadata", "loss", "notices", "metadata", "health"):
                assert now[name] == before[path][name], (path, name)


def test_the_previous_version_refuses_what_was_rewritten(left: Path, tmp_path: Path) -> None:
    """It would show recordings without channels."""
    data = tmp_path / "data"
    shutil.copytree(left / made.DATA, data)
    assert paddock("migrate", "--data", str(data)).returncode == 0
    with sqlite3.connect(data / "paddock.sqlite") as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] > 1
    if (left / made.CODE).exists():
        with pytest.raises(subprocess.CalledProcessError) as refused:
            made.run_it(left, "jobs", "--data", str(data))
        assert "newer Paddock" in refused.value.stderr

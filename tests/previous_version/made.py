"""What the version before 0.3.0 leaves behind: a data directory, a backup, and what its API answered.

It is made by a checkout of that version, where the history is there: ``python -m tests.previous_version.made``
records it anew beside this file, so that a clone without history has it too.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests.cli.running import wait_until
from tests.conftest import REPOSITORY
from tests.logs import small_log
from tests.readers.mcap.builders import LogBuilder, car_log

COMMIT = "a315a6961be7676c8036562f2fa9c635ad402712"
RECORDED = Path(__file__).with_name("left.tar.xz")
BACKUP_KEY = "a key of a test, long enough"
DATA, BACKUPS, ANSWERS, CODE = "data", "backups", "answers.json", "code"
OF_A_RECORDING = ("", "/signals", "/overview", "/coverage", "/history")


def has_history() -> bool:
    """Whether that version can be checked out here; a clone may be shallow."""
    command = ["git", "-C", str(REPOSITORY), "cat-file", "-e", f"{COMMIT}^{{commit}}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unpack(folder: Path) -> None:
    """What was recorded."""
    with tarfile.open(RECORDED) as tar:
        tar.extractall(folder, filter="data")


def make(folder: Path) -> None:
    """The same anew, by that version's own code; its worker is killed in the middle of its work."""
    _check_out(folder / CODE)
    logs = folder / "logs"
    logs.mkdir()
    for name, content in _logs().items():
        (logs / name).write_bytes(content)
    run_it(folder, "simulate", "--duration", "6", "--rate", "0.05", "-o", str(logs / "driven.mcap"))
    up = subprocess.Popen(
        _command("up", "--port", "0", "--data", str(folder / DATA)),
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=(folder / "up.log").open("wb"),
        text=True,
    )
    assert up.stdout is not None
    try:
        found = re.search(r"http://\S+", up.stdout.readline())
        assert found, (folder / "up.log").read_text()
        fill = [sys.executable, str(Path(__file__).with_name("fill.py")), found[0], str(logs)]
        subprocess.run(fill, env=_environment(folder), check=True)
        run_it(folder, "backup", "create", str(folder / BACKUPS), "--data", str(folder / DATA))
        (folder / ANSWERS).write_text(json.dumps(answers(found[0]), indent=1, sort_keys=True))
    finally:
        up.send_signal(signal.SIGKILL)
        up.wait()
        up.stdout.close()
        # What it has started ends a moment later, and closes the database.
        wait_until(lambda: not _is_open(folder / DATA))


def _is_open(data: Path) -> bool:
    """Whether any process has a file of the directory open."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.readlink().is_relative_to(data):
                return True
    return False


def run_it(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of that version."""
    return subprocess.run(
        _command(*arguments), env=_environment(folder), capture_output=True, text=True, check=True, timeout=120
    )


def answers(url: str) -> dict[str, Any]:
    """What the API says of everything that is settled."""
    with httpx.Client(base_url=url, timeout=60) as client:

        def get(path: str) -> Any:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            return answer.json()

        listed = wait_until(lambda: _settled(get("/api/recordings")["items"]))
        said = {"/api/recordings?deleted=true": get("/api/recordings?deleted=true")}
        for topic in ("ins", "Pedals", "VNData", "nowhere"):
            path = f"/api/recordings?fields=id&topic={topic}"
            said[path] = get(path)
        for recording in listed:
            for rest in OF_A_RECORDING:
                path = f"/api/recordings/{recording['id']}{rest}"
                said[path] = get(path)
        return said


def _settled(items: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Without the last upload, which nobody waited for."""
    waited_for = [item for item in items if "last.mcap" not in item["names"]]
    return waited_for if all(item["status"] in ("ready", "failed") for item in waited_for) else None


def _logs() -> dict[str, bytes]:
    silent = LogBuilder()
    silent.channel("lap")
    damaged = car_log(80)
    return {
        "whole.mcap": car_log(60),
        "damaged.mcap": damaged[: len(damaged) * 2 // 3],
        "deleted.mcap": small_log(),
        "silent.mcap": silent.finish(),
        "last.mcap": small_log(5_000, driver="Zoe"),
        "setup.txt": b"camber 1.5",
    }


def _check_out(code: Path) -> None:
    archive = ["git", "-C", str(REPOSITORY), "archive", COMMIT, "service"]
    packed = subprocess.run(archive, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(code, filter="data")


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "paddock", *arguments]


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder / CODE / "service"), "PADDOCK_BACKUP_KEY": BACKUP_KEY}


def record() -> None:
    """Put what was left beside this file."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make(folder)
        # Keys are made anew; nobody was given a link that this one signed.
        (folder / DATA / "secret").unlink()
        with tarfile.open(RECORDED, "w:xz", preset=9) as tar:
            for name in (DATA, BACKUPS, ANSWERS):
                tar.add(folder / name, name, filter=_of_nobody)


def _of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    record()

"""``paddock car`` as a process: small, and safe to kill."""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from paddock.domain.sidecar import parse_sidecar
from tests.cli.running import wait_until
from tests.logs import small_log

MOST_MEMORY_KB = 60_000
HEAVY = (
    "boto3",
    "botocore",
    "h5py",
    "httpx",
    "litestar",
    "numpy",
    "ptars",
    "pyarrow",
    "pymongo",
    "rich",
    "structlog",
)


class CarProcess:
    """One start of ``paddock car``."""

    def __init__(self, logs: Path, *arguments: str) -> None:
        logs.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "paddock", "car", "--logs", str(logs), "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"paddock car said {line!r}"
        self.client = httpx.Client(base_url=found[0], trust_env=False)

    def all_hashed(self) -> bool:
        files = self.client.get("/logs").json()["files"]
        return bool(files) and all(each["sha256"] for each in files)

    def end(self, number: int) -> int:
        self.client.close()
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def on_the_car(logs: Path, *arguments: str) -> Iterator[CarProcess]:
    car = CarProcess(logs, *arguments)
    try:
        yield car
    finally:
        if car.process.poll() is None:
            car.end(signal.SIGTERM)


def test_small_with_five_hundred_logs(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    log = small_log()
    for number in range(500):
        (logs / f"HT09_{number:04d}.mcap").write_bytes(log + bytes(number))
        (logs / f"HT09_{number:04d}.mcap.json").write_text('{"metadata": {"driver": "Adam", "event": "endurance"}}')
    with on_the_car(logs) as car:
        wait_until(car.all_hashed)
        assert car.client.get("/").status_code == car.client.get("/state").status_code == 200
        status = Path(f"/proc/{car.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        assert int(found[1]) < MOST_MEMORY_KB
        files = car.client.get("/logs").json()["files"]
        assert {each["metadata"]["driver"] for each in files} == {"Adam"}
        assert files[0]["sha256"] in {hashlib.sha256(log + bytes(number)).hexdigest() for number in range(500)}


def test_nothing_heavy_is_imported() -> None:
    """It starts in under a second on a slow board: most of that is imports."""
    program = (
        "import sys, paddock.cli.car, paddock.basestation.car.recorders.http\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(tmp_path: Path, number: int) -> None:
    with on_the_car(tmp_path / "logs") as car:
        assert car.end(number) == 0


def test_killed_at_any_moment_no_sidecar_is_half_and_no_log_goes_without(tmp_path: Path) -> None:
    """A recorder goes on while the program is killed again and again."""
    logs, state = tmp_path / "logs", tmp_path / "state"
    moments = random.Random(13)
    metadata = {"driver": "Adam", "notes": "x" * 3000}
    with on_the_car(logs, "--state", str(state)) as car:
        assert car.client.put("/metadata", json={"metadata": metadata}).status_code == 200
        wait_until(lambda: car.client.get("/state").json()["disk"])
    for number in range(4):
        with on_the_car(logs, "--state", str(state)) as car:
            file = (logs / f"{number}.mcap").open("wb")
            file.write(small_log(number))
            time.sleep(moments.uniform(0, 0.8))
            car.end(signal.SIGKILL)
            for beside in logs.glob("*.json"):
                assert parse_sidecar(beside.read_bytes(), beside.name).metadata == metadata
            with file, on_the_car(logs, "--state", str(state)):
                # Whoever is started next sees that it is being recorded, and makes up for it.
                wait_until((logs / f"{number}.mcap.json").exists)
    with on_the_car(logs, "--state", str(state)) as car:
        wait_until(car.all_hashed)
        files = car.client.get("/logs").json()["files"]
        assert [each["metadata"] for each in files] == [metadata] * 4
    assert [path for path in logs.iterdir() if path.name.startswith(".")] == []


def test_a_recording_goes_on_when_the_program_ends(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    how = ("--recorder", f"command:exec sleep 60 > {logs}/run.mcap", "--recorder-stop", "TERM")
    with on_the_car(logs, *how) as car:
        assert car.client.post("/recording/start").json()["doing"] == "recording"
        car.end(signal.SIGTERM)
    with on_the_car(logs, *how) as car:
        wait_until(lambda: car.client.get("/state").json()["recorder"]["doing"] == "recording")
        assert car.client.post("/recording/stop").json()["doing"] == "stopped"
        wait_until(lambda: car.client.get("/logs").json()["files"][0]["closed"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--recorder", "frob"), "--recorder takes systemd:UNIT"),
        (("--gps", "nonsense:x"), "--gps takes HOST:PORT"),
        (("--state", "/dev/null/state"), "Choose another --state"),
    ],
)
def test_what_cannot_work_is_one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "paddock", "car", "--logs", str(tmp_path), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert said in run.stderr


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with on_the_car(tmp_path / "logs") as car:
        run = subprocess.run(
            [
                *(sys.executable, "-m", "paddock", "car", "--logs", str(tmp_path / "logs")),
                *("--port", str(car.client.base_url.port), "--state", str(tmp_path / "other")),
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert "choose another --port" in run.stderr

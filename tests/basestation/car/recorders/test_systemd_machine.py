"""README's unit of the car and a recorder that is another unit, under a real systemd in a container."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from paddock.domain.sidecar import parse_sidecar
from tests.cli.running import wait_until
from tests.conftest import REPOSITORY
from tests.nix.container import Container, container

LOGS = "/var/lib/paddock/logs"
CAR = "http://127.0.0.1:8090"
RECORDER = f"""[Service]
ExecStart=/bin/sh -c 'exec 3> {LOGS}/run_$$$$.mcap; while :; do head -c 4000 /dev/zero >&3; sleep 0.1; done'
"""
TARGET = "[Unit]\nWants=car.service\n"


def units_of_readme() -> dict[str, str]:
    (unit,) = re.findall(r"^```ini\n(.*?)^```$", (REPOSITORY / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    here = unit.replace("/opt/paddock/bin/paddock ", "/opt/paddock/bin/python -m paddock ")
    car = here.replace("/data/logs", LOGS)
    return {"paddock.target": TARGET, "car.service": car, "mcap-recorder.service": RECORDER}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("car")
    for name in ("units", "store/nix", "machine-files"):
        (folder / name).mkdir(parents=True)
    for name, text in units_of_readme().items():
        (folder / "units" / name).write_text(text)
    bomb = REPOSITORY / "tests" / "nix" / "bomb.py"
    with container(folder / "machine-files", folder / "units", folder / "store", bomb) as started:
        started.run("mkdir", "-p", LOGS)
        started.run("systemctl", "restart", "car.service")
        yield started


def asked(machine: Container, path: str, method: str = "GET", body: object = None) -> Any:
    data = [] if body is None else ["--data", json.dumps(body)]
    done = machine.reach("curl", "--silent", "--noproxy", "*", "-X", method, *data, f"{CAR}{path}", check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def doing(machine: Container) -> str:
    return str(asked(machine, "/state")["recorder"]["doing"])


def test_the_phone_starts_and_stops_it_and_sees_it_die(machine: Container) -> None:
    assert machine.shown("car.service", "ActiveState") == "active", machine.journal()[-3000:]
    wait_until(lambda: doing(machine) == "stopped")
    asked(machine, "/metadata", "PUT", {"metadata": {"driver": "Adam"}})
    for _ in range(2):
        assert asked(machine, "/recording/start", "POST")["doing"] == "recording"
    name = wait_until(lambda: asked(machine, "/logs")["recording"])
    beside = machine.run("cat", f"{LOGS}/{name}.json").stdout
    assert parse_sidecar(beside, name).metadata == {"driver": "Adam"}
    for _ in range(2):
        assert asked(machine, "/recording/stop", "POST")["doing"] == "stopped"
    wait_until(lambda: asked(machine, "/logs")["files"][0]["sha256"])
    asked(machine, "/recording/start", "POST")
    machine.run("systemctl", "kill", "--signal=SEGV", "mcap-recorder.service")
    wait_until(lambda: doing(machine) == "died")
    assert "by signal 11." in asked(machine, "/state")["recorder"]["detail"]


def test_it_is_there_again_after_a_kill_and_the_recording_goes_on(machine: Container) -> None:
    asked(machine, "/recording/start", "POST")
    before, recorder = machine.pid("car.service"), machine.pid("mcap-recorder.service")
    machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "car.service")
    wait_until(lambda: machine.pid("car.service") not in (0, before))
    wait_until(lambda: asked(machine, "/state"))
    wait_until(lambda: doing(machine) == "recording")
    assert machine.pid("mcap-recorder.service") == recorder
    assert asked(machine, "/state")["metadata"] == {"driver": "Adam"}

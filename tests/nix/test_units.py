"""Our units as the module renders them: how hard they are, and the product under them, killed in every way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import wait_until
from tests.conftest import REPOSITORY
from tests.logs import small_log
from tests.nix.container import Container, container
from tests.nix.nix import Nix

SITE = "http://127.0.0.1:8080"
EXPOSURE = 15
"""Tenths; systemd calls it OK up to 50, and gives a unit without any of it 96."""
HERE_OR_THERE = (
    'if [ -x /opt/paddock/bin/python ]; then exec /opt/paddock/bin/python -m paddock \\"$@\\"; fi; '
    f'exec {sys.executable} -m paddock \\"$@\\"'
)
"""The Paddock of the container, and outside the one that runs these tests."""
PLACE = "/var/lib/paddock/nightly"
BACKUPS = f'backup = {{ enable = true; to = "{PLACE}"; }};'
TELL = "while read -r line; do echo TOLD: $line; done"

SLOW_READER = """
import socket, sys, time
taking = socket.socket()
taking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
taking.connect(("127.0.0.1", 8080))
taking.sendall(f"GET {sys.argv[1]} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n".encode())
print(taking.recv(1).decode(), flush=True)
time.sleep(600)
"""


def rendered(nix: Nix, module: str) -> Path:
    """A folder with the text of every unit of ours, and who wants them as NixOS links it."""
    return nix.build(
        f"""
        let
          ours = lib.filterAttrs (name: _: lib.hasPrefix "paddock" name)
            (machine {{
              services.paddock = {{
                enable = true;
                package = pkgs.writeShellScriptBin "paddock" "{HERE_OR_THERE}";
                alertCommand = "{TELL}";
                {module}
              }};
            }}).systemd.units;
        in
        pkgs.runCommand "units" {{ }} ''
          mkdir -p $out/paddock.target.wants
          cd $out
          ${{lib.concatStrings (
            lib.mapAttrsToList (name: unit: "cp ${{pkgs.writeText "unit" unit.text}} '${{name}}'\n") ours
          )}}
          for unit in $(grep -l '^WantedBy=paddock.target' *.service); do ln -s ../$unit paddock.target.wants; done
        ''
        """
    )


@pytest.fixture(scope="module")
def units(nix: Nix) -> Path:
    mongod = 'pkgs.writeShellScriptBin "mongod" "exec /opt/paddock/bin/python ${./tests/nix/mongod.py} \\"$@\\""'
    return rendered(nix, f'{BACKUPS} mongodb = {{ enable = true; address = "10.20.0.10"; package = {mongod}; }};')


def test_every_unit_is_hard(units: Path) -> None:
    services = [str(each) for each in sorted(units.glob("*.service"))]
    assert len(services) >= 7
    run = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", *services],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def machine(nix: Nix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("machine")
    bomb = REPOSITORY / "tests" / "nix" / "bomb.py"
    with container(folder, rendered(nix, BACKUPS), nix.store, bomb) as started:
        wait_until(lambda: answers(started))
        yield started


def answers(machine: Container) -> bool:
    return machine.reach("curl", "--silent", "--fail", f"{SITE}/health", check=False).returncode == 0


def kill(machine: Container, unit: str) -> None:
    """At once, until systemd has started it again."""
    killed = machine.pid(unit)
    machine.run("systemctl", "kill", "--signal=KILL", unit)
    wait_until(lambda: machine.pid(unit) not in (0, killed))


def upload(machine: Container, log: Path, *options: str) -> None:
    machine.reach(sys.executable, "-m", "paddock", "upload", log, "--server", SITE, *options)


def recordings(machine: Container) -> dict[str, str]:
    """Status by name."""
    answer = machine.reach("curl", "--silent", f"{SITE}/api/recordings?fields=name,status", check=False).stdout
    items: list[dict[str, Any]] = json.loads(answer)["items"] if answer.startswith("{") else []
    return {item["name"]: item["status"] for item in items}


@pytest.fixture
def long_log(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Another one for each test, which takes long enough to be hit in the middle."""
    log = tmp_path / f"{request.node.name}.mcap"
    log.write_bytes(small_log(60_000, driver=request.node.name))
    return log


def test_systemd_understands_all_of_it(machine: Container, units: Path, nix: Nix) -> None:
    """Its exit status says nothing about keys that it does not know; its text does."""
    files = [Path("/") / each.relative_to(nix.store) for each in units.iterdir() if each.is_file()]
    found = machine.run("systemd-analyze", "verify", *files)
    assert found.stdout + found.stderr == ""


def test_an_upload_is_converted(machine: Container, tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log())
    upload(machine, log, "--wait")
    assert recordings(machine)["run.mcap"] == "ready"
    assert machine.run("stat", "-c", "%a %U", "/var/lib/paddock/site").stdout == "700 paddock\n"
    priorities = {
        json.loads(line)["PRIORITY"] for line in machine.journal("-o", "json", "-u", "paddock-worker").splitlines()
    }
    assert priorities == {"6"}


def test_paddock_at_roots_prompt_is_the_sites(machine: Container, nix: Nix) -> None:
    wrapper = nix.build(
        f"""builtins.head (builtins.filter (each: each.name == "paddock") (machine {{
          services.paddock = {{ enable = true; package = pkgs.writeShellScriptBin "paddock" "{HERE_OR_THERE}"; }};
        }}).environment.systemPackages)"""
    )
    # It asks systemd as any other program does; every NixOS has the bus for that.
    machine.run("systemctl", "start", "dbus.socket")
    command = Path("/") / wrapper.relative_to(nix.store) / "bin" / "paddock"
    assert machine.run(command, "fsck").stdout.startswith("Documents and objects agree")
    assert machine.run(command, "frob", check=False).returncode == 2
    made = machine.run(command, "backup", "create", "/var/lib/paddock/site/backups")
    assert made.returncode == 0
    assert machine.run("stat", "-c", "%U", "/var/lib/paddock/site/backups").stdout == "paddock\n"


@pytest.mark.parametrize("unit", ["paddock-site", "paddock-worker"])
def test_a_killed_unit_is_there_again_and_told_of(machine: Container, long_log: Path, unit: str) -> None:
    upload(machine, long_log)
    wait_until(lambda: recordings(machine)[long_log.name] in ("converting", "ready"))
    kill(machine, unit)
    wait_until(lambda: answers(machine))
    wait_until(lambda: recordings(machine)[long_log.name] == "ready")
    wait_until(lambda: f"TOLD: Paddock on paddock-test: {unit} failed" in machine.journal("-u", "paddock-alert@*"))
    alert = machine.journal("-u", f"paddock-alert@{unit}", "-p", "alert")
    assert f"{unit} failed; journalctl -u {unit} says why." in alert


def asked(machine: Container, method: str, path: str, **body: Any) -> Any:
    """What the site answers to JSON."""
    sent = ("--header", "Content-Type: application/json", "--data", json.dumps(body)) if body else ()
    done = machine.reach("curl", "--silent", "--fail", "--request", method, *sent, f"{SITE}{path}", check=False)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None


def publish(machine: Container, device: str, token: str, number: int) -> bool:
    """Whether the endpoint acknowledged it."""
    words = ("-h", "127.0.0.1", "-u", device, "-P", token, "-t", f"devices/{device}/data", "-q", "1", "-m")
    message = json.dumps({"seq": number, "fl": 80.0 + number})
    return machine.reach("mosquitto_pub", *words, message, check=False).returncode == 0


def test_what_a_device_sends_is_a_recording_also_where_its_units_are_killed(machine: Container) -> None:
    device = asked(machine, "POST", "/api/devices", name="Tire temps", type="tires", car="HT09")["id"]
    token = asked(machine, "POST", f"/api/devices/{device}/token")["token"]
    wait_until(lambda: publish(machine, device, token, 0))
    kill(machine, "paddock-recorder")
    wait_until(lambda: publish(machine, device, token, 1))
    kill(machine, "paddock-broker")
    wait_until(lambda: publish(machine, device, token, 2))
    asked(machine, "POST", f"/api/devices/{device}/cut")

    def made() -> dict[str, Any] | None:
        answer = asked(machine, "GET", "/api/recordings?car=HT09&q=tire") or {"items": []}
        return next((run for run in answer["items"] if run["status"] == "ready"), None)

    run = wait_until(made)
    assert asked(machine, "GET", f"/api/recordings/{run['id']}")["message_count"] == 3


def test_a_worker_that_takes_all_memory_does_not_take_the_site(machine: Container) -> None:
    site, worker = machine.pid("paddock-site"), machine.pid("paddock-worker")
    machine.run("touch", "/var/lib/paddock/site/fuse")
    wait_until(lambda: machine.pid("paddock-worker") not in (0, worker))
    assert answers(machine)
    assert machine.pid("paddock-site") == site, "it did not even stop"


def test_a_database_gets_its_keys_and_users_under_its_units(machine: Container, units: Path, nix: Nix) -> None:
    """Beside the site, which keeps its own: the imitation knows users, and no documents."""
    there = Path("/") / units.relative_to(nix.store)
    # The stub's python3 is Debian's, without pymongo.
    packages = (
        "printf '[Service]\\nEnvironment=PYTHONPATH=/opt/packages\\n' >paddock-mongodb-init.service.d/packages.conf"
    )
    machine.run(
        "sh",
        "-c",
        f"cd /run/systemd/system && cp {there}/paddock-mongodb*.service . && "
        f"mkdir paddock-mongodb-init.service.d && {packages} && systemctl daemon-reload",
    )
    machine.run("systemctl", "start", "paddock-mongodb-init")
    found = machine.run(
        "sh", "-c", "cd /var/lib/paddock && stat -c '%a %U %n' mongodb mongodb-keys mongodb-keys/site-url"
    )
    assert found.stdout.splitlines() == [
        "700 mongodb mongodb",
        "700 mongodb mongodb-keys",
        "600 mongodb mongodb-keys/site-url",
    ]
    kill(machine, "paddock-mongodb")


def test_a_power_cut_while_converting_loses_nothing(machine: Container, long_log: Path) -> None:
    upload(machine, long_log)
    wait_until(lambda: recordings(machine)[long_log.name] in ("converting", "ready"))
    before = set(recordings(machine))
    machine.cut_power()
    machine.start()
    wait_until(lambda: set(recordings(machine)) == before)
    wait_until(lambda: set(recordings(machine).values()) == {"ready"})


def test_a_backup_is_made_at_night_and_when_the_machine_stops_and_comes_back_when_somebody_asks(
    machine: Container, tmp_path: Path
) -> None:
    log = tmp_path / "kept.mcap"
    log.write_bytes(small_log(driver="kept"))
    upload(machine, log, "--wait")
    before = recordings(machine)
    machine.run("install", "--directory", "--owner=paddock", "--group=paddock", "--mode=0700", PLACE)
    machine.run("systemctl", "start", "paddock-backup", "paddock-backup-at-stop")
    machine.run("systemctl", "stop", "paddock.target", "paddock-site", "paddock-worker", "paddock-backup-at-stop")
    assert machine.shown("paddock-backup-at-stop", "Result") == "success"
    made = machine.run("find", PLACE, "-name", "manifest.json").stdout.splitlines()
    assert len(made) == 2, machine.journal("-u", "paddock-backup*")
    machine.run("find", "/var/lib/paddock/site", "-name", "paddock.sqlite*", "-delete")
    machine.run("systemctl", "start", "paddock-restore")
    wait_until(lambda: answers(machine))
    assert recordings(machine) == before
    again = machine.run("systemctl", "start", "paddock-restore", check=False)
    assert again.returncode == 1
    assert "an empty database only" in machine.journal("-u", "paddock-restore")
    machine.run("systemctl", "start", "paddock.target", "paddock-site", "paddock-worker")
    wait_until(lambda: answers(machine))


def test_a_failing_health_check_is_told(machine: Container) -> None:
    machine.run("systemctl", "start", "paddock-health")
    machine.run("systemctl", "stop", "paddock-site")
    failed = machine.run("systemctl", "start", "paddock-health", check=False)
    assert failed.returncode == 1
    wait_until(
        lambda: "TOLD: Paddock on paddock-test: paddock-health failed" in machine.journal("-u", "paddock-alert@*")
    )
    assert "The site does not answer" in machine.journal("-u", "paddock-health")
    machine.run("systemctl", "start", "paddock-site")


def test_all_of_it_stops_in_good_order_beside_an_open_download(machine: Container, long_log: Path) -> None:
    wait_until(lambda: answers(machine))
    upload(machine, long_log)
    wait_until(lambda: recordings(machine)[long_log.name] == "ready")
    found = machine.reach("curl", "--silent", f"{SITE}/api/recordings?fields=original&limit=1").stdout
    url = SITE + json.loads(found)["items"][0]["original"]["url"]
    where = ("curl", "--silent", "--head", "--location", "--output", "/dev/null", "--write-out", "%{url_effective}")
    link = machine.reach(*where, url).stdout
    reader = machine.entered(("--net",), (sys.executable, "-c", SLOW_READER, link.removeprefix(SITE)))
    with subprocess.Popen(reader, stdout=subprocess.PIPE) as reading:
        assert reading.stdout is not None
        assert reading.stdout.readline() == b"H\n"
        machine.run("systemctl", "stop", "paddock.target", "paddock-site", "paddock-worker")
        reading.kill()
    for unit in ("paddock-site", "paddock-worker"):
        assert machine.shown(unit, "ActiveState") == "inactive", "a unit that had to be killed has failed"
        assert machine.shown(unit, "Result") == "success"

"""What the machine in the cloud does by scripts of ours: its settings from AWS, and its data volume."""

import os
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from infra.names import NAMES
from tests.conftest import REPOSITORY
from tests.nix.nix import Nix

EXPOSURE = 20
"""Tenths: what systemd may find of 100 that a unit of ours could reach."""
ACCOUNT, REGION = "123456789012", "eu-central-1"


class Metadata(BaseHTTPRequestHandler):
    """EC2's metadata service, version 2: nothing without a token."""

    answers: ClassVar = {
        "/dynamic/instance-identity/document": f'{{"accountId": "{ACCOUNT}", "region": "{REGION}"}}',
        "/meta-data/public-ipv4": "203.0.113.7",
    }

    def do_PUT(self) -> None:
        seconds = self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self._answer("token" if self.path == "/api/token" and seconds == "60" else None)

    def do_GET(self) -> None:
        known = self.headers["X-aws-ec2-metadata-token"] == "token"
        self._answer(self.answers.get(self.path) if known else None)

    def _answer(self, text: str | None) -> None:
        self.send_response(200 if text else 401)
        self.end_headers()
        self.wfile.write((text or "").encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def metadata() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def script(name: str, path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", REPOSITORY / "nix" / name],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_machine_calls_bucket_and_queues_as_the_stacks_do(metadata: str, tmp_path: Path) -> None:
    for program in ("curl", "jq"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    names = str(REPOSITORY / "nix" / "names.json")
    run = script(
        "cloud-settings.sh", os.environ["PATH"], METADATA=metadata, NAMES=names, RUNTIME_DIRECTORY=str(tmp_path)
    )
    assert run.returncode == 0, run.stderr
    file = tmp_path / "settings.env"
    queue = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
    assert dict(line.split("=", 1) for line in file.read_text().splitlines()) == {
        "AWS_DEFAULT_REGION": REGION,
        "PADDOCK_AWS_REGION": REGION,
        "PADDOCK_S3_BUCKET": NAMES.buckets["recordings"].format(account=ACCOUNT, region=REGION),
        "PADDOCK_INGEST_QUEUE_URL": f"{queue}/{NAMES.queues['ingest']}",
        "PADDOCK_EXPORT_QUEUE_URL": f"{queue}/{NAMES.queues['export']}",
        "PADDOCK_VPN_ENDPOINT": f"203.0.113.7:{NAMES.vpn.port}",
        "PADDOCK_BACKUP_TO": f"s3://{NAMES.buckets['backups'].format(account=ACCOUNT, region=REGION)}",
        "SECRETS_BUCKET": NAMES.buckets["secrets"].format(account=ACCOUNT, region=REGION),
    }
    checked = subprocess.run(
        [sys.executable, "-m", "paddock", "config", "check", file], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_machine_is_where_the_stacks_say_and_keeps_what_they_give_it(nix: Nix) -> None:
    machine = nix.value(
        """let cloud = flake.nixosConfigurations.cloud.config; in {
          mongod = cloud.systemd.services.paddock-mongodb.serviceConfig;
          url = cloud.systemd.services.paddock-functions-url.serviceConfig.ExecStart;
          settings = cloud.services.paddock.settings;
          filter = cloud.networking.nftables.ruleset;
          volumes = cloud.fileSystems;
          season = cloud.systemd.services.paddock-season.serviceConfig.ExecStart;
        }"""
    )
    assert f"--port={NAMES.mongodb.port}" in machine["mongod"]["ExecStart"]
    assert f"--bind_ip=127.0.0.1,{NAMES.vpc.host}" in machine["mongod"]["ExecStart"]
    assert machine["mongod"]["IPAddressAllow"] == ["localhost", NAMES.vpc.functions]
    assert machine["url"].endswith(f" {NAMES.mongodb.url_key}")
    assert machine["season"].endswith(f"/bin/paddock season --glue {NAMES.season}")
    assert machine["settings"]["PADDOCK_PUBLIC_URL"] == NAMES.site
    assert machine["settings"]["PADDOCK_VPN_NETWORKS"] == ", ".join(NAMES.vpn.networks)
    assert f"udp dport {NAMES.vpn.port} accept" in machine["filter"]
    volume = machine["volumes"][NAMES.data_volume.mount]
    assert volume["device"] == f"/dev/disk/by-label/{NAMES.data_volume.label}"
    assert "nofail" in volume["options"]


def test_the_functions_are_who_the_database_lets_in() -> None:
    init = runpy.run_path(str(REPOSITORY / "nix" / "mongodb_init.py"))
    assert init["DATABASE"] == NAMES.mongodb.database
    assert init["RIGHTS"][NAMES.mongodb.functions_user] == "readWrite"
    keys = (REPOSITORY / "nix" / "mongodb-keys.sh").read_text()
    assert f"{NAMES.mongodb.functions_user}-url" in keys


def test_the_functions_url_lies_where_they_read_it(tmp_path: Path) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    (tmp_path / "url").write_text("mongodb://functions:secret@10.20.0.10/paddock\n")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        environment = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        store = boto3.client(
            "s3",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="a",
            aws_secret_access_key="b",
            region_name="us-east-1",
        )
        store.create_bucket(Bucket="secrets")
        subprocess.run(
            [
                sys.executable,
                REPOSITORY / "nix" / "hand_over_url.py",
                tmp_path / "url",
                "secrets",
                NAMES.mongodb.url_key,
            ],
            env=environment,
            check=True,
        )
        left = store.get_object(Bucket="secrets", Key=NAMES.mongodb.url_key)["Body"].read()
        assert left == (tmp_path / "url").read_bytes()
    finally:
        server.stop()


def test_the_image_becomes_this_machine_once_and_nothing_updates_it_by_itself(nix: Nix) -> None:
    cloud = "flake.nixosConfigurations.cloud.config"
    assert nix.value(f"[ {cloud}.virtualisation.amazon-init.enable {cloud}.system.autoUpgrade.enable ]") == [
        False,
        False,
    ]


@pytest.mark.parametrize("machine", ["cloud", "base-station"])
def test_every_unit_of_ours_is_hard(nix: Nix, tmp_path: Path, machine: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    units = nix.value(
        f"""lib.mapAttrs (_: unit: unit.text) (lib.filterAttrs
          (name: _: lib.hasPrefix "paddock" name && lib.hasSuffix ".service" name)
          flake.nixosConfigurations.{machine}.config.systemd.units)"""
    )
    assert units
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    found = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}"]
        + [str(tmp_path / name) for name in units],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


class Disks:
    """Stand-ins for the programs that look at disks: what each disk holds, and what was done."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.done = folder, folder / "done"
        self.done.touch()

    def format(self, holds: dict[str, str], *, parts: int = 1) -> subprocess.CompletedProcess[str]:
        listing = "".join(f"{disk} disk\n" for disk in holds)
        self._program("lsblk", f'case "$*" in *--nodeps*) printf "{listing}";; *) seq {parts};; esac')
        cases = "".join(f'{disk}) printf "{found}";; ' for disk, found in holds.items())
        self._program("wipefs", f'case "${{!#}}" in {cases} esac')
        for program in ("mkfs.ext4", "udevadm", "systemctl"):
            self._program(program, f'echo {program} "$@" >> {self.done}')
        return script("format-data-volume.sh", f"{self.folder}:{os.environ['PATH']}", LABEL="paddock-no-such-label")

    def _program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (self.folder / name).chmod(0o755)


def test_the_one_empty_disk_becomes_the_data_volume(tmp_path: Path) -> None:
    disks = Disks(tmp_path)
    run = disks.format({"/dev/nvme0n1": "gpt", "/dev/nvme1n1": "", "/dev/zram0": ""})
    assert run.returncode == 0, run.stderr
    assert disks.done.read_text().splitlines() == [
        "mkfs.ext4 -q -L paddock-no-such-label /dev/nvme1n1",
        "udevadm settle",
        "systemctl restart paddock.target",
    ]


@pytest.mark.parametrize(
    ("holds", "parts"),
    [
        ({"/dev/nvme0n1": "gpt", "/dev/nvme1n1": "ext4"}, 1),
        ({"/dev/nvme1n1": "", "/dev/nvme2n1": ""}, 1),
        ({"/dev/nvme1n1": ""}, 2),
        ({}, 1),
    ],
    ids=["holds a file system", "two are empty", "has a partition", "no disk"],
)
def test_no_disk_that_may_hold_something_is_formatted(tmp_path: Path, holds: dict[str, str], parts: int) -> None:
    disks = Disks(tmp_path)
    run = disks.format(holds, parts=parts)
    assert run.returncode == 1
    assert "exactly one empty disk" in run.stderr
    assert disks.done.read_text() == ""

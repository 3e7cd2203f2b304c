"""The VPN in network namespaces: members in through TLS, strangers out, by the texts that the flake renders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.nix.nix import Nix
from tests.nix.rendered import firewall, proxy
from tests.servers.namespaces import OUR_NETWORK

PROGRAMS = ("ip", "nft", "nginx", "nsenter", "unshare", "wg", "wg-quick", "wireguard-go")
MISSING = [program for program in PROGRAMS if not shutil.which(program)]
MACHINE = "(machine { services.paddock = { enable = true; vpn.enable = true; }; })"

in_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or bool(MISSING) or not Path("/dev/net/tun").exists(),
    reason=f"makes networks as root; missing: {', '.join(MISSING) or 'rights or /dev/net/tun'}",
)


def links() -> str:
    return subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout


def processes_with(text: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in words and process.name != str(os.getpid()):
            found.append(process.name)
    return found


@in_namespaces
def test_members_in_and_strangers_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = links()
    ran = subprocess.run(
        [*OUR_NETWORK, sys.executable, "-m", "tests.nix.vpn_scenario", tmp_path],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=REPOSITORY,
    )
    logs = "\n".join(f"{log.name}: {log.read_text()[-3000:]}" for log in tmp_path.glob("*.log"))
    assert ran.returncode == 0, f"{ran.stderr}\n{logs}"
    with capsys.disabled():
        figures = json.loads(ran.stdout.splitlines()[-1])
        print(f"\nVPN, seconds until in and until out: {figures}")
    assert links() == before and processes_with(str(tmp_path)) == []


@in_namespaces
def test_nothing_is_left_of_one_that_is_killed(tmp_path: Path) -> None:
    before = links()
    hold = (
        "import sys, time; from tests.nix.vpn_scenario import *; Team(Path(sys.argv[1])); print(1); time.sleep(99)"
    )
    ran = subprocess.Popen(
        [*OUR_NETWORK, sys.executable, "-uc", hold, tmp_path], stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    assert ran.stdout is not None and ran.stdout.readline() == b"1\n"
    ran.kill()
    ran.wait(60)
    ran.stdout.read()  # until the last process that writes there is gone
    assert links() == before and processes_with(str(tmp_path)) == []


def test_the_flake_renders_the_texts_that_ran(nix: Nix) -> None:
    machine = nix.value(
        f"{{ firewall = {MACHINE}.networking.nftables.ruleset; proxy = {MACHINE}.services.nginx.config; }}"
    )
    assert machine["firewall"] == firewall()
    credentials = "/run/credentials/nginx.service"
    assert machine["proxy"] == proxy(certificate=f"{credentials}/site.crt", key=f"{credentials}/site.key")

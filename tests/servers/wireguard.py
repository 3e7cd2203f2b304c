"""A WireGuard tunnel between two machines of ``link.py``: what a member's computer has to the team's Paddock.

It is UDP, so it is what a network that blocks UDP blocks.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.namespaces import Machine, wait_until

DEVICE = "vpn"
MEMBER, SERVER = "10.66.0.2", "10.66.0.1"
_PORT = 51820


def tunnel(member: Machine, server: Machine, endpoint: str, folder: Path) -> tuple[str, str]:
    """The addresses of both ends, member first, of a tunnel that the member opens to ``endpoint`` of the server."""
    missing = [program for program in ("wg", "wireguard-go") if not shutil.which(program)]
    if missing:
        pytest.skip(f"makes a WireGuard tunnel; missing: {', '.join(missing)}")
    folder.mkdir(exist_ok=True)
    keys = {machine: _private_key(folder / f"{machine.name}.key") for machine in (member, server)}
    for machine, address in ((member, MEMBER), (server, SERVER)):
        _make_device(machine, folder / f"{machine.name}.log")
        machine.run("wg", "set", DEVICE, "private-key", keys[machine], "listen-port", str(_PORT))
        machine.address(f"{address}/24", DEVICE)
    # Kept alive, or the member would open it anew only when it has something to send.
    to_server = ["endpoint", f"{endpoint}:{_PORT}", "persistent-keepalive", "1"]
    member.run("wg", "set", DEVICE, "peer", _public_key(keys[server]), "allowed-ips", f"{SERVER}/32", *to_server)
    server.run("wg", "set", DEVICE, "peer", _public_key(keys[member]), "allowed-ips", f"{MEMBER}/32")
    return MEMBER, SERVER


def _make_device(machine: Machine, log: Path) -> None:
    machine.run("mkdir", "-p", "/var/run/wireguard")
    machine.start("wireguard-go", "--foreground", DEVICE, log=log)
    wait_until(lambda: DEVICE in machine.run("ip", "-brief", "link"), f"the tunnel of {machine.name} (see {log})")
    machine.run("ip", "link", "set", DEVICE, "mtu", "1420", "up")


def _private_key(file: Path) -> Path:
    file.touch(0o600)
    file.write_bytes(subprocess.run(["wg", "genkey"], capture_output=True, check=True).stdout)
    return file


def _public_key(private: Path) -> str:
    made = subprocess.run(["wg", "pubkey"], input=private.read_bytes(), capture_output=True, check=True)
    return made.stdout.decode().strip()

"""``paddock vpn`` on a machine without the VPN's interface: the file, what is printed, and what is refused."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paddock.bootstrap import open_vpn
from paddock.cli import group
from paddock.domain.peers import parse_peers
from paddock.domain.principal import LOCAL_USER
from paddock.errors import PaddockError
from paddock.settings import read_settings
from paddock.usecases.people.members import add


class Machine:
    """A folder with a peers file, and the settings that name it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.peers = folder / "peers"
        self.environment = {
            "PADDOCK_DATA": str(folder / "data"),
            "PADDOCK_PEERS_FILE": str(self.peers),
            "PADDOCK_VPN_ENDPOINT": "vpn.example.org",
        }

    def vpn(self, *words: str, **settings: str) -> Result:
        return CliRunner(env=self.environment | settings).invoke(group, ["vpn", *words])

    def says(self, *words: str) -> str:
        done = self.vpn(*words)
        assert done.exit_code == 0, done.exception
        return done.stdout

    def refuses(self, *words: str, **settings: str) -> str:
        done = self.vpn(*words, **settings)
        assert isinstance(done.exception, PaddockError), (words, done.output)
        return done.exception.message


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def values(configuration: str) -> dict[str, str]:
    return dict(line.split(" = ", 1) for line in configuration.splitlines() if " = " in line)  # type: ignore[misc]


def test_a_member_comes_gets_a_new_key_and_goes(machine: Machine) -> None:
    first = values(machine.says("add", "Mei Lin"))
    assert first["Address"] == "10.77.0.2/32, fd77:7061:6464::2/128"
    assert first["Endpoint"] == "vpn.example.org:51820"
    everything = "".join(path.read_text() for path in machine.folder.rglob("*") if path.is_file())
    assert first["PrivateKey"] not in everything, "the server never keeps it"
    (listed,) = json.loads(machine.says("list", "--json"))
    assert listed["name"] == "Mei Lin" and listed["last_handshake"] is None
    second = values(machine.says("rotate", "mei lin"))
    assert second["Address"] == first["Address"] and second["PublicKey"] == first["PublicKey"]
    assert second["PrivateKey"] != first["PrivateKey"]
    shown = machine.says("show", "Mei Lin")
    assert listed["key"] not in shown and "never keeps" in shown
    assert "Mei Lin is out: 10.77.0.2" in machine.says("remove", "Mei Lin")
    assert parse_peers(machine.peers.read_text()).entries == ()


def test_what_is_refused_changes_nothing(machine: Machine) -> None:
    machine.says("add", "Adam")
    before = machine.peers.read_bytes()
    for words, why in (
        (("add", "adam"), "a member already"),
        (("add", "a#b"), "cannot be a member's name"),
        (("add", "Zoe", "--public-key", "abc"), "no public key"),
        (("add", "Zoe", "--address", "10.77.0.2"), "address of Adam"),
        (
            ("add", "Zoe", "--public-key", (machine.folder / "data/vpn/server.pub").read_text().strip()),
            "server's own",
        ),
        (("show", "Zoe"), "no member"),
        (("remove", "Zoe"), "no member"),
        (("rotate", "Zoe"), "no member"),
    ):
        assert why in machine.refuses(*words)
    for settings, why in (
        ({"PADDOCK_VPN_ENDPOINT": ""}, "PADDOCK_VPN_ENDPOINT"),
        ({"PADDOCK_VPN_NETWORKS": "10.77.0.0/30"}, "All addresses of 10.77.0.0/30"),
        ({"PADDOCK_PEERS_FILE": ""}, "PADDOCK_PEERS_FILE"),
        ({"PADDOCK_VPN_DIRECTORY": str(machine.peers)}, "cannot be made"),
    ):
        assert why in machine.refuses("add", "Zoe", **settings)
    assert machine.peers.read_bytes() == before


def test_who_brings_a_key_keeps_the_private_one(machine: Machine) -> None:
    key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
    given = machine.vpn("add", "Adam", "--public-key", key)
    assert f"key={key}" in machine.peers.read_text() and "never keeps" in given.stdout
    assert machine.vpn("rotate", "Adam", "--public-key", key, "--png", "x.png").exit_code == 2


def test_a_network_still_lets_in_who_was_removed_and_that_is_said(machine: Machine) -> None:
    machine.peers.write_text("10.77.0.0/24 team\n")
    machine.says("add", "Adam")
    assert "lets 10.77.0.2 in as team" in machine.vpn("remove", "Adam").stderr


def test_the_code_is_on_the_terminal_or_in_a_picture_for_its_owner_alone(machine: Machine) -> None:
    ours, theirs = pty.openpty()
    added = subprocess.Popen(
        [sys.executable, "-m", "paddock", "vpn", "add", "Adam", "--png", machine.folder / "adam"],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=os.environ | machine.environment,
    )
    os.close(theirs)
    printed = b""
    try:
        while piece := os.read(ours, 65_536):
            printed += piece
    except OSError:  # a terminal whose last program has ended
        pass
    finally:
        os.close(ours)
    assert added.wait(120) == 0 and "▄".encode() in printed
    picture = machine.folder / "adam.png"
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_mode & 0o077 == 0


def test_many_at_once_get_an_address_each(machine: Machine) -> None:
    machine.says("add", "first")
    settings = read_settings(machine.environment)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add(open_vpn(settings), LOCAL_USER, f"member {number}"), range(40)))
    entries = parse_peers(machine.peers.read_text()).entries
    assert len({entry.where for entry in entries}) == len(entries) == 41


def test_a_broken_file_is_never_replaced(machine: Machine) -> None:
    machine.peers.write_text("slipped while editing\n")
    assert "Line 1" in machine.refuses("add", "Adam")
    assert machine.peers.read_text() == "slipped while editing\n"

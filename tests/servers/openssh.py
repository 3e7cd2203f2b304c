"""A real OpenSSH server for the tests: on loopback, or on a machine of ``link.py``; with keys of its own.

Killed, it takes its sessions along, as a car that loses power does.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.daemon import Daemon, free_port
from tests.servers.namespaces import Machine

CONFIGURATION = """\
ListenAddress {address}
Port {port}
HostKey {host_key}
AuthorizedKeysFile {authorized}
StrictModes no
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
Subsystem sftp internal-sftp
"""


class OpenSshServer:
    """A server that may be killed, started again and given another host key.

    Args:
        folder: for keys and its log.
        machine: where it runs; this one where None.
        address: that it listens at.
    """

    def __init__(self, folder: Path, machine: Machine | None = None, address: str = "127.0.0.1") -> None:
        sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
        if os.geteuid() != 0 or sshd is None:
            pytest.skip("openssh-server is not installed, or the tests do not run as root, which it needs")
        self._folder = folder
        self._machine = machine
        self.address = address
        self.port = free_port() if machine is None else 22
        self.user = getpass.getuser()
        self.client_key = folder / "client_key"
        """A private key that it takes."""
        folder.mkdir(parents=True, exist_ok=True)
        _make_key(self.client_key)
        shutil.copy(folder / "client_key.pub", folder / "authorized_keys")
        self.new_host_key()
        # Processes of its own: its sessions are no children that would end with it.
        alone = ("unshare", "--pid", "--fork", "--kill-child")
        self._daemon = Daemon(
            [*alone, sshd, "-D", "-e", "-f", folder / "sshd_config"],
            folder / "sshd.log",
            address,
            self.port,
            machine,
        )

    @property
    def known_hosts(self) -> Path:
        """As ``~/.ssh/known_hosts`` of somebody who knows the key it has now, or had when this was read."""
        kind, key, *_ = (self._folder / "host_key.pub").read_text().split()
        host = self.address if self.port == 22 else f"[{self.address}]:{self.port}"
        known = self._folder / "known_hosts"
        known.write_text(f"{host} {kind} {key}\n")
        return known

    def url(self, path: Path | str) -> str:
        """As ``--source`` takes it, of an absolute path."""
        port = "" if self.port == 22 else f":{self.port}"
        return f"sftp://{self.user}@{self.address}{port}{path}"

    def new_host_key(self) -> None:
        """As after the car's computer was set up anew; for the next start."""
        for old in self._folder.glob("host_key*"):
            old.unlink()
        _make_key(self._folder / "host_key")

    def start(self) -> None:
        """Start it, and wait until it listens."""
        (self._folder / "sshd_config").write_text(
            CONFIGURATION.format(
                address=self.address,
                port=self.port,
                host_key=self._folder / "host_key",
                authorized=self._folder / "authorized_keys",
            )
        )
        needed = ("mkdir", "-p", "/run/sshd")
        if self._machine is None:
            subprocess.run(needed, check=True)
        else:
            self._machine.run(*needed)
        self._daemon.start()

    def kill(self) -> None:
        """End it and all its sessions."""
        self._daemon.kill()


@contextlib.contextmanager
def running(folder: Path, machine: Machine | None = None, address: str = "127.0.0.1") -> Iterator[OpenSshServer]:
    """Args: as for the server."""
    server = OpenSshServer(folder, machine, address)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _make_key(file: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file], check=True, capture_output=True
    )

"""Cables between machines that are network namespaces: a clean one, and one that loses, delays and is cut.

The clean one (``wire``) is the kernel's own veth pair. The other one (``Link``) is a program in Go (``cable/``)
between two TUN devices, because not every kernel has netem (``tc qdisc add … netem`` then answers "Specified qdisc
kind is unknown") and because it can be cut after a given byte.

``with linked("car", "base", loss=0.03, delay_ms=100) as (car, base, link):`` is all that most tests need;
``car.run`` and ``base.start`` run programs on either side, at ``link.left`` and ``link.right``. Machines use cubic
where they may (``namespaces.CONGESTION_CONTROL``).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.building import built_from
from tests.servers.namespaces import Machine, wait_until

SOURCE = Path(__file__).with_name("cable")
_PROGRAMS = ("ip", "nsenter", "unshare", "setpriv")
_TUN = Path("/dev/net/tun")
_TUNSETIFF = 0x400454CA
_IFF_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
_NAMES_OF_DEVICES = iter(range(1, 250))
_USUAL_MTU = 1500


def needed() -> None:
    """Skips the test on a machine that cannot make networks."""
    missing = [program for program in _PROGRAMS if not shutil.which(program)]
    if os.geteuid() != 0 or not _TUN.exists() or missing:
        pytest.skip(f"makes networks as root; missing: {', '.join(missing) or f'rights or {_TUN}'}")


@dataclass(frozen=True)
class Way:
    """What arrived in one direction since the cable was laid, in IP packets, and what did not."""

    packets: int
    bytes: int
    payload: int
    """Bytes in TCP segments, without any headers; what TCP sent again counts again."""
    lost: int
    """By the loss that was asked for."""
    overflown: int
    """Because more came than the rate lets through and the queue holds (200 ms, at least 64 KiB)."""
    refused: int
    """UDP while that is blocked."""
    cut: int
    """Because the cable was cut, those on their way then among them."""


@dataclass(frozen=True)
class Carried:
    """What a cable has carried."""

    cut: bool
    to_right: Way
    to_left: Way

    @property
    def bytes(self) -> int:
        return self.to_right.bytes + self.to_left.bytes


class Link:
    """A cable between two machines, as bad as asked. A machine may have several; each is a network of its own.

    Args:
        mtu: in bytes; with a large one a lost packet is more than what a real network loses.
        seed: the same one loses the same packets, as far as the same are sent.
        conditions: as for ``set``.
    """

    def __init__(
        self, left: Machine, right: Machine, *, mtu: int = _USUAL_MTU, seed: int = 1, **conditions: Any
    ) -> None:
        needed()
        number = next(_NAMES_OF_DEVICES)
        self.left, self.right = f"10.77.{number}.1", f"10.77.{number}.2"
        self._ends = ((left, self.left), (right, self.right))
        self._device = f"link{number}"
        files = [machine.within(lambda: _tun(self._device)) for machine, _ in self._ends]
        try:
            self._process = _started(files, seed)
        finally:
            for file in files:
                os.close(file)
        for machine, address in self._ends:
            _plug(machine, self._device, address, mtu)
        self.set(**conditions)

    def set(
        self,
        *,
        loss: float | None = None,
        delay_ms: float | None = None,
        bytes_per_s: float | None = None,
        udp: bool | None = None,
        cut: bool | None = None,
        cut_after: int | None = None,
    ) -> Carried:
        """Change some conditions; the others stay.

        Args:
            loss: share of packets that are lost, each way.
            delay_ms: each way.
            bytes_per_s: each way; 0 is as fast as it goes.
            udp: whether it passes.
            cut: nothing arrives any more, and nobody is told, as when a radio loses its other side.
            cut_after: bytes, both ways together, that it still carries before it is cut.
        """
        named = {
            "loss": loss,
            "delay_ms": delay_ms,
            "bytes_per_s": bytes_per_s,
            "udp": udp,
            "cut": cut,
            "cut_after": cut_after,
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        changes = {name: value for name, value in named.items() if value is not None}
        self._process.stdin.write(json.dumps(changes) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        return Carried(told["cut"], *(Way(**way) for way in told["ways"]))

    def carried(self) -> Carried:
        return self.set()

    def cut(self) -> None:
        self.set(cut=True)

    def heal(self) -> None:
        """Ends a cut; loss, delay and rate stay as they are."""
        self.set(cut=False, cut_after=-1)

    def wait_until_cut(self) -> None:
        """Return once ``cut_after`` has cut it."""
        wait_until(lambda: self.carried().cut, "the cut")

    def unplug(self) -> None:
        """Pull it out on the left: whoever sends there is told at once."""
        self._ends[0][0].run("ip", "link", "set", self._device, "down")

    def plug(self) -> None:
        self._ends[0][0].run("ip", "link", "set", self._device, "up")

    def end(self) -> None:
        """Take it away; its devices and addresses go with it."""
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def machines(*names: str) -> Iterator[tuple[Machine, ...]]:
    """Machines without any network yet; what was started on them is to be ended before."""
    needed()
    made: list[Machine] = []
    try:
        for name in names:
            made.append(Machine(name))
        yield tuple(made)
    finally:
        for machine in made:
            machine.end()


@contextlib.contextmanager
def linked(left: str, right: str, **options: Any) -> Iterator[tuple[Machine, Machine, Link]]:
    """Two machines and a ``Link`` between them, with its options."""
    with machines(left, right) as (one, other):
        link = Link(one, other, **options)
        try:
            yield one, other, link
        finally:
            link.end()


def wire(left: Machine, right: Machine) -> tuple[str, str]:
    """A clean cable between two machines, as fast as the kernel, and the addresses of its ends."""
    number = next(_NAMES_OF_DEVICES)
    device, addresses = f"wire{number}", (f"10.77.{number}.1", f"10.77.{number}.2")
    left.run("ip", "link", "add", device, "type", "veth", "peer", "name", device, "netns", str(right.pid))
    for machine, address in zip((left, right), addresses, strict=True):
        _plug(machine, device, address, _USUAL_MTU)
    return addresses


def _plug(machine: Machine, device: str, address: str, mtu: int) -> None:
    # The kernel would announce itself over IPv6, and packets that nobody sent would be counted.
    machine.run("sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{device}/disable_ipv6")
    machine.run("ip", "link", "set", device, "mtu", str(mtu), "up")
    machine.address(f"{address}/24", device)


def _tun(name: str) -> int:
    """A device of the network that the thread is in; it goes when nobody has it open."""
    file = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(file, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_WITHOUT_HEADER))
    return file


def _started(files: list[int], seed: int) -> subprocess.Popen[str]:
    program = built_from(SOURCE)
    return subprocess.Popen(
        [program, str(seed), *map(str, files)],
        pass_fds=files,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

"""Machines that are network namespaces, on one bridge or with links of their own (``link.py``).

On a bridge all is inside namespaces of one process (``OUR_NETWORK``); without, nothing is made where the tests run.
A machine ends with the process that made it, however that ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

OUR_NETWORK = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
"""What a scenario with a bridge runs under. Its first process ended or killed, the kernel ends all others and all
networks.
"""
HANG_GUARD_S = 60
NO_ANSWER_S = 0.5
"""A dropped packet says nothing; on one machine an answer takes a millisecond."""
_CLONE_NEWNET = 0x40000000
_BRIDGE = "bridge"
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""What a program is started under that ends with the thread that started it."""
CONGESTION_CONTROL = ("cubic", "reno")
"""The first of them that a namespace may have. Cubic is Debian's usual; without a choice it would be the machine's,
and bbr hardly minds a lost packet. ``sysctl -w net.ipv4.tcp_allowed_congestion_control="reno cubic"`` allows it.
"""

T = TypeVar("T")


class Machine:
    """One network namespace, with a ``/run`` of its own.

    Args:
        name: of at most 10 letters.
        addresses: on the bridge, with their networks; none where it is not on the bridge.
        path: programs that come before the system's.
    """

    def __init__(self, name: str, addresses: Sequence[str] = (), path: Path | None = None) -> None:
        self.name = name
        self._path = path
        hold = "mount -t tmpfs run /run && echo && exec sleep infinity"
        self._holder = subprocess.Popen(
            [*ENDS_WITH_US, "unshare", "--net", "--mount", "sh", "-c", hold], stdout=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        self._holder.stdout.readline()
        self.run("ip", "link", "set", "lo", "up")
        self.congestion_control = self.within(_choose_congestion_control)
        if addresses:
            link = ["ip", "link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns"]
            _run([*link, str(self.pid)])
            _run(["ip", "link", "set", f"v-{name}", "master", _BRIDGE, "up"])
            self.run("ip", "link", "set", "eth0", "up")
        for address in addresses:
            self.address(address, "eth0")

    @property
    def pid(self) -> int:
        """The process that holds its namespaces; below ``/proc/PID/root`` are its files, its own mounts too."""
        return self._holder.pid

    def end(self) -> None:
        """Its networks are gone once all processes are that were started on it."""
        self._holder.kill()
        self._holder.communicate()

    def address(self, address: str, device: str) -> None:
        self.run("ip", "address", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def command(self, *words: str | Path) -> list[str]:
        """Words that run others on this machine."""
        path = [f"PATH={self._path}:{os.environ['PATH']}"] if self._path else []
        enter = ["nsenter", "--target", str(self.pid), "--net", "--mount", f"--wd={Path.cwd()}"]
        return [*enter, "env", *path, *map(str, words)]

    def run(self, *words: str | Path, **options: Any) -> str:
        return _run(self.command(*words), **options)

    def start(self, *words: str | Path, log: Path, **options: Any) -> subprocess.Popen[bytes]:
        """A process of this machine that ends with the thread that started it; its id is that of the program."""
        with log.open("ab") as file:
            command = [*ENDS_WITH_US, *self.command(*words)]
            return subprocess.Popen(command, **{"stdout": file, "stderr": file, **options})

    def within(self, act: Callable[[], T]) -> T:
        """What ``act`` comes to on a thread that is on this machine; its sockets are this machine's."""
        came: list[T] = []
        failed: list[BaseException] = []

        def enter() -> None:
            try:
                with Path(f"/proc/{self.pid}/ns/net").open() as network:
                    assert ctypes.CDLL(None).setns(network.fileno(), _CLONE_NEWNET) == 0
                came.append(act())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=enter, daemon=True)
        thread.start()
        thread.join(HANG_GUARD_S)
        if failed:
            raise failed[0]
        assert came, f"{self.name} hangs"
        return came[0]

    def listens(self, *ports: int) -> None:
        """Take connections at every address, where otherwise nobody would: a refusal is then the filter's."""

        def listen() -> None:
            for port in ports:
                listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
                threading.Thread(target=_take_all, args=[listener], daemon=True).start()

        self.within(listen)

    def reached(self, targets: Sequence[tuple[str, int]], source: str = "") -> list[tuple[str, int]]:
        """Those of the targets that take a connection; all are tried at once.

        Args:
            targets: addresses and ports.
            source: the address they are to come from.
        """
        answered: list[tuple[str, int]] = []

        def reach(target: tuple[str, int]) -> None:
            own = (source, 0) if source else None
            try:
                socket.create_connection(target, NO_ANSWER_S, own).close()
            except OSError:
                return
            answered.append(target)

        def reach_all() -> bool:
            tries = [threading.Thread(target=reach, args=[target]) for target in targets]
            for each in tries:
                each.start()
            for each in tries:
                each.join()
            return True

        self.within(reach_all)
        return sorted(answered)


def make_bridge() -> None:
    """What all machines are on; asked for first."""
    _run(["ip", "link", "add", _BRIDGE, "type", "bridge"])
    _run(["ip", "link", "set", _BRIDGE, "up"])


def wait_until(holds: Callable[[], Any], what: str) -> Any:
    """What ``holds`` answers once it is true."""
    deadline = time.monotonic() + HANG_GUARD_S
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"{what} never came"
        time.sleep(0.02)
    return answer


def _choose_congestion_control() -> str:
    setting = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    for name in reversed(CONGESTION_CONTROL):
        with contextlib.suppress(OSError):
            setting.write_text(name)
    return setting.read_text().strip()


def _take_all(listener: socket.socket) -> None:
    while True:
        listener.accept()[0].close()


def _run(command: Sequence[str], hang_guard_s: float = HANG_GUARD_S, **options: Any) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, timeout=hang_guard_s, **options
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout

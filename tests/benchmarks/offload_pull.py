"""Logs off a car over SFTP and HTTP beside rsync over ssh: ``python -m tests.benchmarks.offload_pull``.

As root. Car and base station are network namespaces; the same files come over the same link, turn by turn: by the
SFTP source and by rsync from one OpenSSH server, by the HTTP source from nginx. Nothing is hashed or sent on; what
``paddock offload`` takes in all says ``tests.benchmarks.offload``. Each turn begins with its connection. Beside the
seconds stands what crossed the link towards the base station beyond the bytes of the logs, headers of all kinds and
packets that were sent again among them. Congestion control is the namespaces' (cubic, where they may).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddock.basestation.sources.opening import open_source
from paddock.basestation.sources.place import SshLogin
from paddock.basestation.sources.source import SeenFile, Source
from tests.servers import nginx, openssh
from tests.servers.link import Link, machines, wire
from tests.servers.namespaces import Machine

SMALL_BYTES = 4 * 1024 * 1024
AT_ONCE = 24
HANG_GUARD_S = 1200


@dataclass(frozen=True)
class Case:
    """Logs over a link; ``conditions`` are those of ``Link``, none for the kernel's own cable."""

    name: str
    sizes: tuple[int, ...]
    conditions: dict[str, Any]


CASES = (
    Case("clean", (120_000_000, 120_000_000), {}),
    Case("clean, 1000 small logs", (30_000,) * 1000, {}),
    Case("3 % loss, 100 ms", (6_000_000,) * 2, {"loss": 0.03, "delay_ms": 50}),
    Case("300 ms", (6_000_000,) * 2, {"delay_ms": 150}),
    Case("300 ms, 300 small logs", (3_000,) * 300, {"delay_ms": 150}),
    Case("50 kB/s", (500_000,) * 2, {"bytes_per_s": 50_000}),
)


def run(case: Case, folder: Path, turns: int) -> None:
    """Print the seconds of each way, and how many times as fast as rsync it is."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    for number, size_bytes in enumerate(case.sizes):
        (logs / f"{number}.mcap").write_bytes(random.Random(number).randbytes(size_bytes))
    with (
        machines("car", "base") as (car, base),
        _cable(car, base, case) as (address, link),
        openssh.running(folder / "ssh", car, address) as ssh,
        nginx.running(folder / "nginx", logs, car, address, json=True) as web,
    ):
        (folder / "home/.ssh").mkdir(parents=True)
        shutil.copy(ssh.known_hosts, folder / "home/.ssh/known_hosts")
        pull = [sys.executable, "-m", "tests.benchmarks.offload_pull", "--pull"]
        shell = f"ssh -i {ssh.client_key} -o UserKnownHostsFile={ssh.known_hosts} -o BatchMode=yes"
        ways = {
            "rsync": ["rsync", "-aW", "-e", shell, f"{ssh.user}@{address}:{logs}/"],
            "SFTP": [*pull, ssh.url(logs), str(ssh.client_key)],
            "HTTP": [*pull, web.url, str(ssh.client_key)],
        }
        took: dict[str, list[float]] = {}
        for _ in range(turns):
            for way, command in ways.items():
                here = folder / "here"
                before = link.carried().to_right.bytes if link else 0
                environment = ["env", f"HOME={folder / 'home'}"]
                begun = time.monotonic()
                base.run(*environment, *command, f"{here}/", hang_guard_s=HANG_GUARD_S)
                took.setdefault(way, []).append(time.monotonic() - begun)
                beyond = (link.carried().to_right.bytes - before) / sum(case.sizes) - 1 if link else 0
                _say(f"  {way}: {took[way][-1]:.1f} s" + (f", {beyond:.1%} beyond the logs" if link else ""))
                subprocess.run(["diff", "-r", logs, here], check=True)
                shutil.rmtree(here)
    for way, seconds in took.items():
        times = statistics.median(took["rsync"]) / statistics.median(seconds)
        rate = sum(case.sizes) / statistics.median(seconds) / 1e6
        _say(f"{case.name}: {way} {statistics.median(seconds):.1f} s, {rate:.2f} MB/s, {times:.2f} times as fast")


@contextmanager
def _cable(car: Machine, base: Machine, case: Case) -> Iterator[tuple[str, Link | None]]:
    """The car's address, and the link where it counts."""
    if not case.conditions:
        yield wire(car, base)[0], None
        return
    link = Link(car, base, **case.conditions)
    try:
        yield link.left, link
    finally:
        link.end()


async def pull_all(place: str, key: Path, here: Path) -> None:
    """As the agent pulls: the large ones one after the other, small ones side by side."""
    source = open_source(place, SshLogin(key))
    here.mkdir()
    seen = await source.look()
    at_once = asyncio.Semaphore(AT_ONCE)
    small = [_pull(source, each, here, at_once) for each in seen if each.size_bytes <= SMALL_BYTES]

    async def large() -> None:
        for each in seen:
            if each.size_bytes > SMALL_BYTES:
                await _pull(source, each, here, asyncio.Semaphore())

    await asyncio.gather(large(), *small)
    await source.close()


async def _pull(source: Source, seen: SeenFile, here: Path, at_once: asyncio.Semaphore) -> None:
    async with at_once:
        with (here / seen.name).open("wb") as file:
            write: Callable[[bytes], int] = file.write
            async for piece in source.read(seen, 0):
                await asyncio.to_thread(write, piece)


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--pull", nargs=3, metavar=("PLACE", "KEY", "HERE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.pull:
        asyncio.run(pull_all(given.pull[0], Path(given.pull[1]), Path(given.pull[2])))
        return
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(CASES):
            if case.name.startswith(given.only):
                run(case, Path(folder) / str(number), given.turns)


if __name__ == "__main__":
    main()

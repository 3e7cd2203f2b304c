"""Sending beside a single stream: ``python -m tests.benchmarks.offload_send``, as root.

Base station and cloud are network namespaces; the cloud is ``paddock up`` with its logs in a directory, or with
``--store s3`` in an S3 server (versitygw). As many logs of the same sizes go there as ``aws s3 cp`` would bring
them, each whole in one stream after the other, and by the station's sender, which ends when the cloud has proved
every hash. One link is as fast as the kernel's; the other loses 3 % of the packets each way, and a round trip takes
100 ms. With ``--cuts`` it says how many bytes went beyond the minimum over a link that is cut so often.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx

from paddock.basestation import send
from paddock.client import Client
from tests.adapters import s3_sides
from tests.basestation.station import Station, station
from tests.basestation.trackside import PADDOCK, made_log
from tests.servers import versitygw
from tests.servers.link import Link, machines, wire
from tests.servers.namespaces import Machine, wait_until
from tests.servers.versitygw import REGION

MIB = 1024 * 1024
PORT = 8080
BUCKET = "paddock"

T = TypeVar("T")


@contextlib.contextmanager
def paddock(cloud: Machine, base: str, address: str, folder: Path, store: str) -> Iterator[str]:
    """``paddock up`` on the cloud's machine; its URL."""
    with contextlib.ExitStack() as opened:
        peers = folder / "peers"
        peers.write_text(f"{base} base station\n{address} engineer\n")
        environment = {"PADDOCK_PEERS_FILE": str(peers), "HOME": str(folder), "PATH": "/usr/bin:/bin"}
        if store == "s3":
            s3 = opened.enter_context(versitygw.running_on(cloud, address, folder / "s3"))
            cloud.within(lambda: s3_sides.client(s3).create_bucket(Bucket=BUCKET))
            environment |= {**s3.environment(), "PADDOCK_S3_BUCKET": BUCKET, "PADDOCK_S3_ENDPOINT": s3.endpoint}
            environment |= {"PADDOCK_S3_PATH_STYLE": "true", "PADDOCK_AWS_REGION": REGION}
        log = folder / "cloud.log"
        command: list[str | Path] = [
            *PADDOCK,
            "up",
            "--host",
            address,
            "--port",
            str(PORT),
            "--data",
            folder / "cloud",
        ]
        process = cloud.start(*command, log=log, env=environment)
        try:
            wait_until(lambda: b"Paddock is at" in log.read_bytes(), f"the cloud (see {log})")
            yield f"http://{address}:{PORT}"
        finally:
            process.terminate()
            process.wait(30)


def single_stream(url: str, logs: Sequence[tuple[str, Path]]) -> float:
    """Seconds for one log after the other over one connection, each in one part of its own size."""
    began = time.monotonic()
    with httpx.Client(base_url=url, timeout=600, trust_env=False) as http:
        for sha256, path in logs:
            size_bytes = path.stat().st_size
            body = {"sha256": sha256, "size_bytes": size_bytes, "name": path.name, "part_size_bytes": size_bytes}
            plan = http.post("/api/uploads", json=body).raise_for_status().json()
            (part,) = plan["parts"]
            with path.open("rb") as file:
                headers = {"Content-Length": str(size_bytes)}
                http.put(part["url"], content=file, headers=headers).raise_for_status()
            http.post(f"/api/uploads/{plan['id']}/complete").raise_for_status()
    return time.monotonic() - began


def sender(here: Station, url: str) -> tuple[float, float]:
    """Seconds until the cloud has all bytes of what is here, as a stream ends, and until it has proved them."""
    began = time.monotonic()
    ends = threading.Event()
    sent_s: list[float] = []

    def watch() -> None:
        while here.ledger.to_send(url) and not ends.wait(0.05):
            pass
        sent_s.append(time.monotonic() - began)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for _ in range(100):
            here.send_once(url)
            if set(here.states(url).values()) == {"confirmed"}:
                break
    finally:
        ends.set()
        watching.join()
    return sent_s[0], time.monotonic() - began


def patiently(machine: Machine, act: Callable[[], T]) -> T:
    """What ``act`` comes to on a machine, however long it takes."""
    came: list[T] = []

    def begun() -> threading.Thread:
        # A thread is on the machine of the one that starts it.
        thread = threading.Thread(target=lambda: came.append(act()))
        thread.start()
        return thread

    machine.within(begun).join()
    return came[0]


def run(
    name: str, folder: Path, sizes: Sequence[int], store: str, link_of: dict[str, Any] | None, cuts: int
) -> None:
    """Print seconds, ratio and bytes beyond the minimum."""
    with machines("base", "cloud") as (base, cloud), contextlib.ExitStack() as opened:
        link: Link | None = None
        if link_of is None:
            left, right = wire(base, cloud)
        else:
            link = Link(base, cloud, **link_of)
            opened.callback(link.end)
            left, right = link.left, link.right
        url = opened.enter_context(paddock(cloud, left, right, folder, store))
        here = opened.enter_context(station(folder / "ledger"))
        seed = random.randrange(10**6)
        theirs = []
        for number, size_bytes in enumerate(sizes):
            path = folder / f"their {number}.mcap"
            path.write_bytes(made_log(seed + number, size_bytes))
            theirs.append((_sha256(path), path))
            here.pulled(f"our {number}.mcap", made_log(seed + 1000 + number, size_bytes))
        single_s = None if cuts else patiently(base, lambda: single_stream(url, theirs))
        # What the cloud still proves and converts of them would slow ours down.
        cloud.within(lambda: _wait_until_ready(url, [sha256 for sha256, _ in theirs[: 0 if cuts else None]]))
        before = link.carried().to_right if link else None
        total = sum(sizes)
        if cuts and link:
            opened.enter_context(_cutting(link, cuts, total))
        ours_s, proved_s = patiently(base, lambda: sender(here, url))
        words = f"{name}, {store}: {total / 1e6:.0f} MB in {len(sizes)} logs: ours {ours_s:.1f} s"
        words += f", proved after {proved_s:.1f} s"
        if single_s is not None:
            words += f", a single stream {single_s:.1f} s: {single_s / ours_s:.2f} times as fast"
        if link and before:
            after = link.carried().to_right
            beyond = after.payload - before.payload - total
            words += f"; {beyond / total:+.2%} beyond the minimum in TCP's payload, what it sends again included"
        print(words, flush=True)


@contextlib.contextmanager
def _cutting(link: Link, cuts: int, total: int) -> Iterator[None]:
    """Cut the cable at so many random bytes, each time for a second."""
    ends = threading.Event()

    def cut() -> None:
        for _ in range(cuts):
            link.set(cut_after=random.randrange(1, 2 * total // cuts))
            while not ends.wait(0.1) and not link.carried().cut:
                pass
            if ends.wait(1.0):
                break
            link.heal()
        link.heal()

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


def _wait_until_ready(url: str, hashes: Sequence[str]) -> None:
    with Client(url) as client:
        wait_until(
            lambda: all(each.status in ("ready", "failed") for each in client.known(hashes).values()), "their logs"
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("directory", "s3"), default="directory")
    parser.add_argument("--clean-mib", type=int, default=120, help="size of all logs over the clean link")
    parser.add_argument("--lossy-mib", type=int, default=12, help="size of all logs over the lossy link")
    parser.add_argument("--cuts", type=int, default=0, help="only a link of 4 MB/s that is cut so often")
    given = parser.parse_args()
    send._ASK_EVERY_S = 0.5
    with tempfile.TemporaryDirectory() as folder:

        def place(name: str) -> Path:
            made = Path(folder) / name
            made.mkdir()
            return made

        clean = [given.clean_mib * MIB // 4] * 4
        if given.cuts:
            link = {"bytes_per_s": 4_000_000, "delay_ms": 20}
            run(f"cut {given.cuts} times", place("cut"), clean, given.store, link, given.cuts)
            return
        run("clean", place("clean"), clean, given.store, None, 0)
        lossy = [given.lossy_mib * MIB // 2] * 2
        run("3 % loss, 100 ms", place("lossy"), lossy, given.store, {"loss": 0.03, "delay_ms": 50}, 0)


if __name__ == "__main__":
    main()

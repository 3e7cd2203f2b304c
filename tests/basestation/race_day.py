"""A race day's machines: a car without a clock, a base station with a Paddock of its own, the team's in the cloud.

The cloud's Paddock answers in the VPN alone (WireGuard, which is UDP); its logs lie in an S3 server that the
internet reaches. The internet is one cable from the station, which the day cuts, makes worse and mends.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from paddock.basestation.verdict import Kind
from paddock.client import Client
from paddock.domain.instants import NS_PER_S
from paddock.simulator.log import simulate
from tests.adapters import s3_sides
from tests.basestation.trackside import PADDOCK, power_off
from tests.servers import versitygw
from tests.servers.link import Link, machines
from tests.servers.namespaces import Machine, wait_until
from tests.servers.versitygw import REGION, S3Server
from tests.servers.wireguard import tunnel

BUCKET = "paddock"
PORT = 8080
"""Every Paddock's."""
CAR_PORT = SCREEN_PORT = 8090
BOOTED_S = 1800
"""So long the car has been on when the day begins, by its clock: half an hour after 1970 began."""
HERE = f"http://127.0.0.1:{PORT}"
LONGEST_S = 300
"""Nothing of the day takes longer; a step that does has failed."""

T = TypeVar("T")


@dataclass
class Log:
    """One log that the car has written."""

    name: str
    sha256: str
    written_ns: int
    """When it was closed, by a clock that is right."""
    is_driven: bool
    is_cut: bool
    on_car: bool = True


@dataclass
class RaceDay:
    """``race_day`` makes one."""

    folder: Path
    car: Machine
    base: Machine
    cloud: Machine
    pit: Link
    """From the car (left) to the station."""
    internet: Link
    """From the station (left) to the cloud."""
    server: str
    """The team's Paddock, in the VPN."""
    store: S3Server
    paddock: Sequence[str] = PADDOCK
    """The command on the station and of the team's worker."""
    logs: list[Log] = field(default_factory=list)
    greens: int = 0
    """How often the screen was asked and said that the car may be powered off."""
    _booted: float = 0.0
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def on_car(self) -> Path:
        return self.folder / "car"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def place(self) -> str:
        return f"http://{self.pit.left}:{CAR_PORT}/"

    # ---- the car

    def boot_car(self) -> None:
        """Switch it on: its clock has no battery and begins in 1970."""
        self._booted = time.time() - BOOTED_S
        faketime = shutil.which("faketime")
        if faketime is None:
            pytest.skip("gives the car a clock in 1970; faketime is not installed")
        # To a program this is another start of the machine, as it knows its starts by this number.
        boot_id = self.folder / f"boot-{uuid.uuid4()}"
        boot_id.write_text(f"{uuid.uuid4()}\n")
        self.car.run("mount", "--bind", boot_id, "/proc/sys/kernel/random/boot_id")
        begins = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(BOOTED_S))
        self._start(
            "paddock car",
            self.car,
            [faketime, "-f", f"@{begins}", *PADDOCK, "car", "--logs", self.on_car, "--host", self.pit.left],
            TZ="UTC",
            NO_FAKE_STAT="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
        )

    def cut_power_of_car(self) -> None:
        self._end("paddock car")

    def record(self, name: str, *, cut: float | None = None, **options: Any) -> Log:
        """What the recorder leaves of one outing: a log whose times are those of the car's clock."""
        target, aside = self.on_car / name, self.folder / "recorded.mcap"
        clock_s = time.time() - self._booted
        duration_s = options.get("duration_s") or 60.0
        simulate(
            aside, driver="", event="", truncate=cut, started_ns=int((clock_s - duration_s) * NS_PER_S), **options
        )
        data = aside.read_bytes()
        # A recorder has its log open all the time: one that nobody has open is closed, and is taken as it is.
        with target.open("ab", buffering=0) as recorder:
            self._write(recorder, data[: len(data) // 4])
            # A run takes minutes: what watches the logs has seen this one long before it ends, or the power does.
            self.until(lambda: name in self._listed_by_car(), f"{name} on the car")
            self._write(recorder, data[len(data) // 4 :])
        sha256 = hashlib.sha256(data).hexdigest()
        log = Log(name, sha256, time.time_ns(), not options.get("parked", False), cut is not None)
        self.logs.append(log)
        return log

    def _write(self, recorder: io.FileIO, data: bytes) -> None:
        assert recorder.write(data) == len(data)
        modified_ns = int((time.time() - self._booted) * NS_PER_S)
        os.utime(recorder.fileno(), ns=(modified_ns, modified_ns))

    def _listed_by_car(self) -> set[str]:
        answer = self.ask(self.car, lambda http: http.get(f"{self.place}logs").json())
        return {log["name"] for log in answer["files"]}

    def wipe_car(self) -> None:
        """Set its computer up anew: the numbering begins again."""
        self.cut_power_of_car()
        shutil.rmtree(self.on_car)
        self.on_car.mkdir()
        for log in self.logs:
            log.on_car = False
        self.boot_car()

    # ---- the station

    def start_here(self) -> None:
        """The whole product on the base station, for the engineers at the track."""
        self._start("paddock here", self.base, [*PADDOCK, "up", "--data", self.folder / "here"])

    def start_offload(self, *arguments: str) -> None:
        servers = ("--server", HERE, "--server", self.server)
        bucket = ("--bucket", f"s3://{BUCKET}?endpoint={self.store.endpoint}", "--bucket-after", "2s")
        screen = ("--screen", f"127.0.0.1:{SCREEN_PORT}")
        self._start(
            "paddock offload",
            self.base,
            [
                *(*self.paddock, "offload", "--source", self.place, *servers, *bucket, *screen),
                *("--data", str(self.ledger), "--settle", "1s", *arguments),
            ],
            **self.store.environment(),
        )

    def kill_offload(self) -> None:
        power_off(self._processes.pop("paddock offload"))

    def screen(self) -> dict[str, Any]:
        """What the pit screen says now; a green one is compared with what is on the disks."""
        said = self.ask(self.base, lambda http: http.get(f"http://127.0.0.1:{SCREEN_PORT}/status").json())
        assert isinstance(said, dict)
        self._must_not_be_green_early(said)
        return said

    def _must_not_be_green_early(self, said: dict[str, Any]) -> None:
        """Green: what was closed when somebody looked lies here, with the bytes that it has on the car."""
        looked = {car["place"]: car["looked_ns"] for car in said["status"]["cars"]}
        for verdict in said["verdicts"]:
            if verdict["kind"] != Kind.SAFE:
                continue
            self.greens += 1
            for log in self.logs:
                if log.on_car and log.written_ns < looked[verdict["place"]]:
                    kept = next(iter(sorted((self.ledger / "files").glob(f"{log.sha256}*"))), None)
                    assert kept is not None, f"green, and {log.name} is not here"
                    assert hashlib.sha256(kept.read_bytes()).hexdigest() == log.sha256, (
                        f"green, {log.name} is damaged"
                    )

    def verdict(self) -> str:
        (verdict,) = self.screen()["verdicts"]
        return str(verdict["kind"])

    def say_stint(self, **values: str) -> None:
        """What somebody types on the screen: it holds from now on."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        change = {"places": [self.place], "from_at": now, "values": values}
        where = f"http://127.0.0.1:{SCREEN_PORT}"
        answer = self.ask(
            self.base, lambda http: http.post(f"{where}/stints", json=change, headers={"Origin": where})
        )
        assert answer.status_code == 204, answer.text

    def at_track(self, act: Callable[[Client], T]) -> T:
        """What an engineer at the track gets of the Paddock there."""
        return self._of_paddock(self.base, HERE, act)

    # ---- the cloud

    def at_home(self, act: Callable[[Client], T]) -> T:
        return self._of_paddock(self.cloud, self.server, act)

    @cached_property
    def _bucket(self) -> Any:
        return s3_sides.client(self.store)

    def _keys(self) -> list[str]:
        return [
            each["Key"]
            for prefix in ("raw/", "incoming/")
            for each in self._bucket.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        ]

    def count_in_bucket(self) -> int:
        """How many objects lie there, which is asked more quickly than what they are."""
        return len(self.cloud.within(self._keys))

    def in_bucket(self) -> dict[str, str]:
        """SHA-256 of all that lies in the bucket as an original or is still to be looked at, by key."""

        def read() -> dict[str, str]:
            found = {}
            for key in self._keys():
                # What is taken in meanwhile is under another key when it is asked for the next time.
                with contextlib.suppress(self._bucket.exceptions.NoSuchKey):
                    found[key] = hashlib.sha256(
                        self._bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read()
                    ).hexdigest()
            return found

        return self.cloud.within(read)

    def start_cloud(self) -> None:
        peers = self.folder / "peers"
        peers.write_text("10.66.0.2 base station\n10.66.0.1 engineer\n")
        data: list[str | Path] = ["--data", self.folder / "cloud"]
        settings = {
            "PADDOCK_PEERS_FILE": str(peers),
            "PADDOCK_S3_BUCKET": BUCKET,
            "PADDOCK_S3_ENDPOINT": self.store.endpoint,
            "PADDOCK_S3_PATH_STYLE": "true",
            "PADDOCK_AWS_REGION": REGION,
            **self.store.environment(),
        }
        site = [*PADDOCK, "up", "--no-worker", "--host", "10.66.0.1", *data]
        self._start("cloud", self.cloud, site, **settings)
        self._start("worker", self.cloud, [*self.paddock, "worker", *data], **settings)

    # ---- all of them

    def wait_until_up(self) -> None:
        """Return once each of the Paddocks answers, and the car; they may start at the same time."""
        answers = [(self.cloud, f"{self.server}/health"), (self.car, f"{self.place}logs")]
        answers += [(self.base, f"{HERE}/health"), (self.base, f"http://127.0.0.1:{SCREEN_PORT}/status")]
        for machine, url in answers:
            machine.within(partial(self._answers, url))

    def run(self, machine: Machine, *words: str | Path) -> str:
        """What a command of Paddock prints there."""
        return machine.run(*PADDOCK, *words, env=self._environment(), hang_guard_s=LONGEST_S)

    def until(self, holds: Callable[[], Any], what: str, longest_s: float = LONGEST_S) -> float:
        """Wait, and ask the screen meanwhile; how long it took, in seconds."""
        begun = time.monotonic()
        while not holds():
            assert time.monotonic() - begun < longest_s, f"{what}: not after {longest_s:.0f} s"
            if "paddock offload" in self._processes:
                self.screen()
            time.sleep(0.2)
        return time.monotonic() - begun

    def end(self) -> None:
        """Stop everything; machines and cables are gone after it."""
        for name in list(self._processes):
            self._end(name)

    def tail(self) -> str:
        """The last that each process said."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-1500:]}" for log in sorted(self.folder.glob("*.log")))

    def _start(self, name: str, machine: Machine, command: Sequence[str | Path], **environment: str) -> None:
        self._processes[name] = machine.start(
            *command,
            log=self.folder / f"{name.replace(' ', '-')}.log",
            env={**self._environment(), **environment},
            start_new_session=True,
        )

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        mine = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**mine, "HOME": str(home), "NO_PROXY": "*"}

    def _answers(self, url: str) -> bool:
        def answered() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                return httpx.get(url, trust_env=False, verify=False, timeout=10).status_code < 500
            return False

        wait_until(answered, url)
        return True

    def ask(self, machine: Machine, act: Callable[[httpx.Client], T]) -> T:
        def ask() -> T:
            # Nothing here speaks TLS, and a client that may reads all certificates of the machine first.
            with httpx.Client(trust_env=False, verify=False, timeout=30) as http:
                return act(http)

        return machine.within(ask)

    def _of_paddock(self, machine: Machine, url: str, act: Callable[[Client], T]) -> T:
        def ask() -> T:
            with Client(url) as client:
                return act(client)

        return machine.within(ask)


@contextlib.contextmanager
def race_day(folder: Path, paddock: Sequence[str] = PADDOCK) -> Iterator[RaceDay]:
    """The machines before the day begins: the cloud starts, and neither the car nor the station."""
    with machines("car", "base", "cloud") as (car, base, cloud), contextlib.ExitStack() as ends:
        pit = Link(car, base)
        ends.callback(pit.end)
        internet = Link(base, cloud)
        ends.callback(internet.end)
        _, server = tunnel(base, cloud, internet.right, folder / "vpn")
        store = ends.enter_context(versitygw.running_on(cloud, internet.right, folder / "s3"))
        cloud.within(lambda: s3_sides.client(store).create_bucket(Bucket=BUCKET))
        day = RaceDay(folder, car, base, cloud, pit, internet, f"http://{server}:{PORT}", store, paddock)
        ends.callback(day.end)
        day.on_car.mkdir()
        day.start_cloud()
        yield day

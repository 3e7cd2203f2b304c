"""Car, base station and cloud, each a machine of its own, with cables between them that can be bad.

The car's logs, the station's ledger and the cloud's data are folders of the test; the cloud is a real ``paddock
up`` that knows the station by its address. In the end ``must_be_safe`` fails unless the cloud has every closed log,
with equal hash, exactly once.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from mcap.writer import CompressionType, Writer

from paddock.client import Client
from paddock.domain.instants import NS_PER_S
from tests.logs import small_log
from tests.servers.link import Link, machines, wire
from tests.servers.namespaces import Machine, wait_until

PADDOCK = (sys.executable, "-m", "paddock")
CLOUD_PORT = 8080
NOT_YET = ("verifying",)
"""Status of what is not proved yet."""

T = TypeVar("T")


def made_log(number: int, size_bytes: int) -> bytes:
    """A log that converts quickly whatever its size: few messages, and random bytes as an attachment."""
    small = small_log(5, driver=f"driver {number}")
    rest = size_bytes - 1500
    if rest <= len(small):
        return small

    target = io.BytesIO()
    writer = Writer(target, compression=CompressionType.NONE)
    writer.start()
    schema = writer.register_schema("Pedals", "jsonschema", b'{"type": "object"}')
    channel = writer.register_channel("Pedals", "json", schema)
    for step in range(5):
        writer.add_message(channel, (step + number) * NS_PER_S, b'{"throttle": 0.5}', (step + number) * NS_PER_S)
    writer.add_attachment(0, 0, "camera.bin", "application/octet-stream", random.Random(number).randbytes(rest))
    writer.finish()
    return target.getvalue()


class Trackside:
    """The three machines; ``trackside`` makes one.

    Args:
        folder: everything lies below it.
        car: without any network yet, as the others.
        base: the station.
        cloud: where the team's Paddock is.
        clean: what is sent goes over cables as fast as the kernel's, which nothing happens to.
        paddock: the command on the station.
    """

    def __init__(
        self,
        folder: Path,
        car: Machine,
        base: Machine,
        cloud: Machine,
        *,
        clean: bool = False,
        paddock: Sequence[str] = PADDOCK,
    ) -> None:
        self.folder = folder
        self._paddock = paddock
        self.car, self.base, self.cloud = car, base, cloud
        self.cloud_data = folder / "cloud"
        self.begin("first")
        self.pit = Link(car, base)
        """From the car (left) to the station."""
        self.uplink = Link(base, cloud)
        """From the station (left) to the cloud."""
        self.car_address, self.station_address = self.pit.left, self.uplink.left
        self.cloud_address = self.uplink.right
        if clean:
            self.car_address, _ = wire(car, base)
            self.station_address, self.cloud_address = wire(base, cloud)
        self.server = f"http://{self.cloud_address}:{CLOUD_PORT}"
        self._cloud: subprocess.Popen[bytes] | None = None

    def begin(self, name: str) -> None:
        """Another car and another ledger, both empty; the cloud stays."""
        self.here = self.folder / name.replace(" ", "-")
        self.logs = self.here / "car"
        """What the car has."""
        self.ledger = self.here / "ledger"
        """The station's data directory."""
        self.logs.mkdir(parents=True)
        self.ledger.mkdir()

    def mend(self) -> None:
        """Both cables carry everything, at once."""
        for cable in (self.pit, self.uplink):
            cable.set(loss=0, delay_ms=0, bytes_per_s=0, udp=True, cut=False, cut_after=-1)

    # ---- the cloud

    def start_cloud(self, *arguments: str, **settings: str) -> None:
        """``paddock up`` on the cloud's machine; it lets in who comes from the station's or its own address."""
        peers = self.folder / "peers"
        peers.write_text(f"{self.station_address} base station\n{self.cloud_address} engineer\n")
        log = self.folder / "cloud.log"
        up: list[str | Path] = [
            *PADDOCK,
            "up",
            "--host",
            self.cloud_address,
            "--port",
            str(CLOUD_PORT),
            "--data",
            self.cloud_data,
            *arguments,
        ]
        environment = {**self.environment(), "PADDOCK_PEERS_FILE": str(peers), **settings}
        self._cloud = self.cloud.start(*up, log=log, env=environment)
        wait_until(lambda: b"Paddock is at" in log.read_bytes(), f"the cloud (see {log})")

    def stop_cloud(self) -> None:
        """End it in good order."""
        if self._cloud is not None:
            self._cloud.send_signal(signal.SIGTERM)
            self._cloud.wait(60)
            self._cloud = None

    def in_cloud(self, act: Callable[[Client], T]) -> T:
        """What somebody gets who sits beside the cloud."""

        def ask() -> T:
            with Client(self.server) as client:
                return act(client)

        return self.cloud.within(ask)

    # ---- the station

    def environment(self) -> dict[str, str]:
        """For everything that is started: a home of its own, and no proxy of this machine's."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        mine = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**mine, "HOME": str(home), "NO_PROXY": "*"}

    def start_offload(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[bytes]:
        """``paddock offload`` on the station, towards the cloud; what it says goes to ``offload.log``."""
        server = () if "--server" in arguments else ("--server", self.server)
        command = [*self._paddock, "offload", *server, "--data", self.ledger, *arguments]
        return self.base.start(
            *command,
            log=self.here / "offload.log",
            env={**self.environment(), **environment},
            start_new_session=True,
        )

    def offload_once(self, *arguments: str | Path, hang_guard_s: float = 120, **environment: str) -> int:
        """The exit code of ``paddock offload --once``."""
        process = self.start_offload("--once", *arguments, **environment)
        try:
            return process.wait(hang_guard_s)
        finally:
            power_off(process)

    def said(self) -> str:
        """All that offload has printed so far."""
        log = self.here / "offload.log"
        return log.read_text(errors="replace") if log.exists() else ""

    # ---- what must be so in the end

    def closed_logs(self) -> dict[str, str]:
        """SHA-256 by name, of all that lies on the car; what a link leads to elsewhere does not."""
        return {
            str(path.relative_to(self.logs)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.logs.rglob("*"))
            if path.suffix.lower() == ".mcap" and path.is_file() and path.resolve().is_relative_to(self.logs)
        }

    def wait_until_proved(self) -> None:
        """Return once the cloud has looked at everything that it was sent."""
        wait_until(
            lambda: self.in_cloud(lambda client: not any(run.status in NOT_YET for run in client.search())),
            "the cloud's proof",
        )

    def must_be_safe(self, hashes: Iterable[str]) -> None:
        """Fails unless the cloud has each of these logs once, with its bytes."""
        wanted = set(hashes)
        self.wait_until_proved()
        listed = Counter(self.in_cloud(lambda client: [run.id for run in client.search()]))
        assert wanted <= set(listed), f"not in the cloud: {sorted(wanted - set(listed))}"
        assert set(listed.values()) == {1}
        originals = {path.name.partition(".")[0]: path for path in (self.cloud_data / "objects" / "raw").iterdir()}
        assert set(originals) == set(listed)
        for sha256 in wanted:
            assert hashlib.sha256(originals[sha256].read_bytes()).hexdigest() == sha256

    def must_not_be_there(self, hashes: Iterable[str]) -> None:
        """Fails where the cloud has one of these logs."""
        assert not set(hashes) & set(self.in_cloud(lambda client: [run.id for run in client.search()]))


def power_off(process: subprocess.Popen[bytes]) -> None:
    """``kill -9`` for it and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def trackside(
    folder: Path, *, clean: bool = False, paddock: Sequence[str] = PADDOCK, **settings: str
) -> Iterator[Trackside]:
    """Three machines, and a cloud that runs.

    Args:
        folder: of the test.
        clean, paddock: as for ``Trackside``.
        settings: more of the cloud's.
    """
    with machines("car", "base", "cloud") as (car, base, cloud):
        here = Trackside(folder, car, base, cloud, clean=clean, paddock=paddock)
        try:
            here.start_cloud(**settings)
            yield here
        finally:
            here.stop_cloud()
            here.pit.end()
            here.uplink.end()

"""The ways in which a car shows its logs: servers on its machine that tests kill and start again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.basestation.trackside import PADDOCK, Trackside
from tests.servers.daemon import Daemon
from tests.servers.nginx import NginxServer
from tests.servers.openssh import OpenSshServer

CAR_PORT = 8090


class Car(Protocol):
    """What shows the logs of a ``Trackside``."""

    @property
    def place(self) -> str:
        """As ``--source`` takes it."""
        ...

    def start(self) -> None: ...

    def kill(self) -> None: ...


class Mounted:
    """A folder that the station has itself, such as a USB stick's; there is nothing to kill."""

    def __init__(self, here: Trackside) -> None:
        self.place = str(here.logs)

    def start(self) -> None:
        pass

    def kill(self) -> None:
        pass


class SftpCar:
    """OpenSSH, whose host key the station knows."""

    def __init__(self, here: Trackside) -> None:
        self._home = Path(here.environment()["HOME"]) / ".ssh"
        self._home.mkdir(mode=0o700, exist_ok=True)
        self.server = OpenSshServer(here.here / "sshd", here.car, here.car_address)
        self.place = self.server.url(here.logs)
        self.know()

    def know(self) -> None:
        """Let the station know the host key that the server has now."""
        (self._home / "known_hosts").write_bytes(self.server.known_hosts.read_bytes())
        key = self._home / "id_ed25519"
        key.write_bytes(self.server.client_key.read_bytes())
        key.chmod(0o600)

    def start(self) -> None:
        self.server.start()

    def kill(self) -> None:
        self.server.kill()


class FileServerCar(NginxServer):
    """nginx that lists folders as pages, or as JSON."""

    def __init__(self, here: Trackside, *, json: bool = False) -> None:
        super().__init__(here.here / "nginx", here.logs, here.car, here.car_address, json=json)
        self.place = self.url


class PaddockCar(Daemon):
    """``paddock car``.

    Args:
        here: where.
        arguments: more of the command's.
        environment: more of it.
        before: what the command runs under, such as a wrong clock.
    """

    def __init__(
        self,
        here: Trackside,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        before: tuple[str, ...] = (),
    ) -> None:
        address = here.car_address
        listens = ["--host", address, "--port", str(CAR_PORT)]
        command = [*before, *PADDOCK, "car", "--logs", str(here.logs), *listens, *arguments]
        of_its_own = {**here.environment(), **(environment or {})}
        super().__init__(command, here.here / "car.log", address, CAR_PORT, here.car, of_its_own)
        self.place = f"http://{address}:{CAR_PORT}/"


CARS: Mapping[str, Callable[[Trackside], Car]] = {
    "directory": Mounted,
    "sftp": SftpCar,
    "nginx": FileServerCar,
    "nginx as JSON": partial(FileServerCar, json=True),
    "paddock car": PaddockCar,
}
"""Each way by its name."""
